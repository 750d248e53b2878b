//! Every kind of event, and what OCSF 1.8.0 calls it: the table of `docs/audit.md`.

use super::beginning::Beginning;

/// A class of OCSF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The trail itself.
    EventLog,
    /// How a person signs in, or that there is an account at all.
    AccountChange,
    /// Sign-in, renewal, sign-out.
    Authentication,
    /// Calls, and decisions about them.
    ApiActivity,
}

impl Class {
    /// `class_uid` and `class_name`.
    pub fn id(self) -> (u32, &'static str) {
        match self {
            Self::EventLog => (1008, "Event Log Activity"),
            Self::AccountChange => (3001, "Account Change"),
            Self::Authentication => (3002, "Authentication"),
            Self::ApiActivity => (6003, "API Activity"),
        }
    }

    /// `category_uid` and `category_name`.
    pub fn category(self) -> (u32, &'static str) {
        match self {
            Self::EventLog => (1, "System Activity"),
            Self::AccountChange | Self::Authentication => (3, "Identity & Access Management"),
            Self::ApiActivity => (6, "Application Activity"),
        }
    }
}

/// `activity_id` and `activity_name` in a class.
#[derive(Clone, Copy, Debug)]
pub struct Activity {
    /// The class.
    pub class: Class,
    /// 99 for what OCSF has no number for.
    pub id: u32,
    /// As OCSF has it; with 99 our own.
    pub name: &'static str,
}

/// `severity_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// As every day.
    Informational,
    /// Somebody was refused something.
    Low,
    /// To be looked into.
    Medium,
    /// To be looked into now.
    High,
}

impl Severity {
    /// Number and name.
    pub fn id(self) -> (u32, &'static str) {
        match self {
            Self::Informational => (1, "Informational"),
            Self::Low => (2, "Low"),
            Self::Medium => (3, "Medium"),
            Self::High => (4, "High"),
        }
    }
}

/// `status_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was done.
    Success,
    /// It was refused, or did not come about.
    Failure,
}

impl Status {
    /// Number and name.
    pub fn id(self) -> (u32, &'static str) {
        match self {
            Self::Success => (1, "Success"),
            Self::Failure => (2, "Failure"),
        }
    }
}

/// What is the same in all events of a kind.
#[derive(Debug)]
pub struct Kind {
    /// `metadata.event_code`.
    pub code: &'static str,
    /// Class and activity.
    pub activity: Activity,
    /// How bad that is.
    pub severity: Severity,
    /// What came of it.
    pub status: Status,
    /// `message`.
    pub message: &'static str,
    /// All of it as events have it, written at the first one.
    pub(super) beginning: Beginning,
}

const fn activity(class: Class, id: u32, name: &'static str) -> Activity {
    Activity { class, id, name }
}

const fn log(id: u32, name: &'static str) -> Activity {
    activity(Class::EventLog, id, name)
}

const fn account(id: u32, name: &'static str) -> Activity {
    activity(Class::AccountChange, id, name)
}

const fn authentication(id: u32, name: &'static str) -> Activity {
    activity(Class::Authentication, id, name)
}

const CREATE: Activity = account(1, "Create");
const ENABLE: Activity = account(2, "Enable");
const PASSWORD_CHANGE: Activity = account(3, "Password Change");
const PASSWORD_RESET: Activity = account(4, "Password Reset");
const DELETE: Activity = account(6, "Delete");
const FACTOR_ENABLE: Activity = account(10, "MFA Factor Enable");
const FACTOR_DISABLE: Activity = account(11, "MFA Factor Disable");
const LOGON: Activity = authentication(1, "Logon");
const LOGOFF: Activity = authentication(2, "Logoff");
const RENEW: Activity = authentication(5, "Service Ticket Renew");

const fn call(name: &'static str) -> Activity {
    activity(Class::ApiActivity, 99, name)
}

const UPDATE: Activity = activity(Class::ApiActivity, 3, "Update");

/// An enum of kinds with the `Kind` of each: code, activity, severity, status, message.
macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident {
        $($kind:ident = $code:literal, $activity:expr, $severity:ident, $status:ident,
          $message:literal;)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!($message, ".")] $kind,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// What is the same in all events of it.
            pub fn kind(self) -> &'static Kind {
                match self {
                    $(Self::$kind => {
                        static KIND: Kind = Kind {
                            code: $code,
                            activity: $activity,
                            severity: Severity::$severity,
                            status: Status::$status,
                            message: $message,
                            beginning: Beginning::new(),
                        };
                        &KIND
                    })*
                }
            }
        }
    };
}

kinds! {
    /// What was done, in a session or to somebody's account.
    Event {
        SignedIn = "signed_in", LOGON, Informational, Success, "A session began";
        TokensGiven = "tokens_given", LOGON, Informational, Success,
            "A person signed in and was given tokens, not a session";
        Refreshed = "refreshed", RENEW, Informational, Success, "The tokens of a session were renewed";
        RefreshPostponed = "refresh_postponed", RENEW, Low, Failure,
            "Cognito could not be asked for new tokens: the session stays";
        RefreshRefused = "refresh_refused", RENEW, Medium, Failure,
            "Cognito refused the refresh token: the session is gone";
        SignedOut = "signed_out", LOGOFF, Informational, Success, "The person signed out";
        Revoked = "revoked", LOGOFF, Informational, Success,
            "A session was ended from elsewhere, by its person or an operator";
        TokensRevoked = "tokens_revoked", authentication(99, "Tokens Revoked"), Informational, Success,
            "Tokens that were issued to the person up to now are refused";
        Looked = "sessions_listed", authentication(99, "Sessions Listed"), Informational, Success,
            "An operator looked at a person's sessions";
        Forgotten = "context_forgotten", authentication(99, "Context Forgotten"), Informational,
            Success, "An operator had user contexts forgotten";
        Replaced = "replaced", LOGOFF, Informational, Success,
            "A new sign-in of the same browser took the place of a session";
        Unreadable = "unreadable", authentication(99, "Record Unreadable"), Medium, Failure,
            "A stored record did not open with the cookie that names it";
        SignedUp = "signed_up", CREATE, Informational, Success, "A person signed up";
        AddressVerified = "address_verified", ENABLE, Informational, Success,
            "The address of a new account was verified";
        PasswordChanged = "password_changed", PASSWORD_CHANGE, Informational, Success,
            "The person chose another password";
        ResetAsked = "reset_asked", account(99, "Password Reset Asked"), Informational, Success,
            "A code to choose another password with was asked for";
        PasswordReset = "password_reset", PASSWORD_RESET, Informational, Success,
            "Another password was chosen with a code";
        FactorAdded = "factor_added", FACTOR_ENABLE, Informational, Success,
            "The person set up something more to sign in by";
        FactorRemoved = "factor_removed", FACTOR_DISABLE, Informational, Success,
            "The person took away something to sign in by";
        AccountDeleted = "account_deleted", DELETE, Informational, Success,
            "The person deleted the account";
    }
}

kinds! {
    /// What was refused, or came to nothing.
    Refused {
        SignIn = "sign_in_refused", LOGON, Low, Failure, "A sign-in was refused";
        SignInStep = "sign_in_step_refused", LOGON, Low, Failure, "A step of a sign-in was refused";
        Session = "session_refused", LOGON, Low, Failure,
            "Tokens that a browser handed over made no session";
        Bearer = "bearer_refused", authentication(99, "Token Check"), Low, Failure,
            "A bearer token was refused";
        SignOutAfterReset = "sign_out_after_reset_failed", LOGOFF, Medium, Failure,
            "Sessions live on that were begun with an old password";
        Registration = "registration_refused", CREATE, Low, Failure, "A sign-up was refused";
        Password = "password_change_refused", PASSWORD_CHANGE, Low, Failure,
            "Another password was refused";
        Passkey = "passkey_refused", FACTOR_ENABLE, Low, Failure, "A passkey was refused";
        Code = "code_refused", account(99, "Code Check"), Low, Failure,
            "A code was refused, or not sent";
        Account = "account_refused", account(99, "Account Call"), Low, Failure,
            "A call about an account was refused";
        Request = "request_refused", call("Request"), Low, Failure, "A request was refused";
        Authorization = "authorization_refused", call("Authorize"), Low, Failure,
            "A question was not one that policies can be asked";
        Undecided = "authorization_unavailable", call("Authorize"), Medium, Failure,
            "There were no policies to ask: nothing is permitted";
    }
}

impl Refused {
    /// As lines of the log have it.
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::SignInStep => "sign-in step",
            Self::Session => "session",
            Self::Bearer => "bearer token",
            Self::SignOutAfterReset => "sign-out after a reset",
            Self::Registration => "registration",
            Self::Password => "change of password",
            Self::Passkey => "passkey",
            Self::Code => "code",
            Self::Account => "account",
            Self::Request => "request",
            Self::Authorization => "authorization",
            Self::Undecided => "authorization without policies",
        }
    }
}

kinds! {
    /// What policies decided.
    Decided {
        Allowed = "decision", call("Authorize"), Informational, Success, "Policies allowed a call";
        Denied = "decision", call("Authorize"), Low, Failure, "Policies denied a call";
        Listed = "permissions", call("List Permissions"), Informational, Success,
            "Policies told what a person may do";
    }
}

kinds! {
    /// What the server goes by, read anew while it runs.
    Changed {
        PoliciesTaken = "policies_taken", UPDATE, Informational, Success,
            "Policies were read anew and are in force";
        PoliciesRefused = "policies_refused", UPDATE, Medium, Failure,
            "Policies were read anew and are no good: nothing changes";
        Keys = "keys_changed", UPDATE, Informational, Success, "The session keys are others";
    }
}

kinds! {
    /// What a record of a person lacks.
    Records {
        NotWritten = "not_written", account(99, "Record Not Written"), Medium, Failure,
            "A change of a person's record was not written";
    }
}

kinds! {
    /// The trail's own.
    Itself {
        Begun = "trail_begun", log(6, "Start"), Informational, Success, "The audit trail begins";
        Reopened = "trail_reopened", log(5, "Rotate"), Informational, Success,
            "The file of the audit trail was opened again";
        Lost = "events_lost", log(99, "Events Lost"), High, Failure,
            "Events were lost: they came faster than they could be written";
        Ended = "trail_ended", log(7, "Stop"), Informational, Success, "The audit trail ends";
    }
}

/// Every kind of event there is.
pub fn all() -> impl Iterator<Item = &'static Kind> {
    let events = Event::ALL.iter().map(|it| it.kind());
    let refused = Refused::ALL.iter().map(|it| it.kind());
    let decided = Decided::ALL.iter().map(|it| it.kind());
    let changed = Changed::ALL.iter().map(|it| it.kind());
    let records = Records::ALL.iter().map(|it| it.kind());
    let own = Itself::ALL.iter().map(|it| it.kind());
    events
        .chain(refused)
        .chain(decided)
        .chain(changed)
        .chain(records)
        .chain(own)
}
