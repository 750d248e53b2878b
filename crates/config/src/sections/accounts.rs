//! `[accounts]`

use std::time::Duration;

use crate::read::Reader;
use crate::sections::Section;
use crate::sections::account_limits::{self, AccountLimits};
use crate::sections::aws::Aws;
use crate::sections::stores::AwsCredentials;
use crate::setting::Setting;
use crate::sources::Mode;
use crate::value::choice;

choice! {
    /// Whose codes another password is chosen with.
    Reset {
        /// Cognito's.
        Cognito = "cognito",
        /// Our own, in the directory of people.
        Database = "database",
    }
}

/// Sign-up and sign-in on the application's own pages.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// The accounts API is served.
    pub enabled: bool,
    /// A stranger learns from no answer whether an address has an account.
    pub hide_existing: bool,
    /// A sign-in that does not say what it wants makes a session, and gives no tokens.
    pub session_by_default: bool,
    /// A sign-in may give tokens.
    pub tokens: bool,
    /// What could tell of an account is answered at full multiples of this.
    pub answer_step: Duration,
    /// How often an account may be tried, and written to.
    pub limits: AccountLimits,
    /// The account can be changed so many seconds after a sign-in.
    pub recent_seconds: u32,
    /// Administrators' calls are made on the user pool, with AWS credentials.
    pub admin: bool,
    /// For them; without, AWS's SDK looks where it always does.
    pub credentials: Option<AwsCredentials>,
    /// Whose codes another password is chosen with.
    pub reset: Reset,
}

pub(crate) static SECTION: Section = Section {
    name: "accounts",
    doc: "Sign-up and sign-in on the application's own pages: `register`, `verify-otp`, \
          `request-otp` and `login` below the backend-proxy family's `/auth`.",
    settings: &[
        &ENABLED.about,
        &HIDE_EXISTING.about,
        &SESSION_BY_DEFAULT.about,
        &TOKENS.about,
        &ANSWER_STEP.about,
        &account_limits::ATTEMPTS.about,
        &account_limits::ATTEMPTS_REFILL.about,
        &account_limits::MESSAGES.about,
        &account_limits::MESSAGES_REFILL.about,
        &account_limits::ALL_MESSAGES.about,
        &account_limits::ALL_MESSAGES_REFILL.about,
        &RECENT_SECONDS.about,
        &ADMIN.about,
        &RESET.about,
    ],
};

pub(crate) static ENABLED: Setting<bool> = Setting::new(
    "accounts.enabled",
    "Serve the accounts API. On in `cogward dev`, off elsewhere, unless it is set. The app client \
     must allow `ALLOW_USER_PASSWORD_AUTH`.",
)
.example("true");
static HIDE_EXISTING: Setting<bool> = Setting::new(
    "accounts.hide_existing",
    "Let no answer tell a stranger whether an address has an account, by its words or its time. \
     Off, registering a taken address is answered 409.",
)
.default("true")
.example("false");
static SESSION_BY_DEFAULT: Setting<bool> = Setting::new(
    "accounts.session_by_default",
    "A sign-in without `session` in its body sets the session cookie and gives no tokens.",
)
.default("false")
.example("true");
pub(crate) static TOKENS: Setting<bool> = Setting::new(
    "accounts.tokens",
    "Let a sign-in give tokens to an application that keeps them itself. Off, every sign-in has to \
     ask for a session, and no token leaves the server this way.",
)
.default("true")
.example("false");
static ANSWER_STEP: Setting<u32> = Setting::new(
    "accounts.answer_step_ms",
    "Milliseconds. With `hide_existing`, an answer that depends on an account is held back to the \
     next full multiple of this since its call came: choose it longer than Cognito takes to \
     send a message. 0 holds nothing back.",
)
.default("1000")
.check(step)
.example("500");

static RECENT_SECONDS: Setting<u32> = Setting::new(
    "accounts.recent_seconds",
    "An account is deleted, and a second factor or passkey set up or taken away, at most so many \
     seconds after a sign-in; later the person has to sign in again.",
)
.default("600")
.check(recent)
.example("300");

pub(crate) static ADMIN: Setting<bool> = Setting::new(
    "accounts.admin",
    "Make administrators' calls on the user pool with AWS credentials, which need \
     `cognito-idp:AdminGetUser`, `AdminSetUserPassword` and `AdminUserGlobalSignOut` on it: then \
     another password ends everything begun with the old one, second factor or not. On in \
     `cogward dev`, off elsewhere, unless it is set.",
)
.example("true");
pub(crate) static RESET: Setting<Reset> = Setting::new(
    "accounts.reset",
    "Whose codes another password is chosen with. `cognito` has Cognito send its own; `database` \
     makes codes of eight digits, keeps them in the directory of people and mails them, and needs \
     `people.directory`, `mail.backend` and `accounts.admin`.",
)
.default("cognito")
.example("database");

pub(crate) fn load(r: &mut Reader<'_>, aws: &Aws) -> Accounts {
    let dev = r.mode() == Mode::Dev;
    Accounts {
        enabled: r.given(&ENABLED).unwrap_or(dev),
        hide_existing: r.value(&HIDE_EXISTING),
        session_by_default: r.value(&SESSION_BY_DEFAULT),
        tokens: r.value(&TOKENS),
        answer_step: Duration::from_millis(r.value(&ANSWER_STEP).into()),
        limits: account_limits::load(r),
        recent_seconds: r.value(&RECENT_SECONDS),
        admin: r.given(&ADMIN).unwrap_or(dev),
        credentials: aws.credentials(),
        reset: r.value(&RESET),
    }
}

fn step(text: &str) -> Result<(), String> {
    match text.parse::<u32>() {
        Ok(0..=5000) => Ok(()),
        _ => Err("must be milliseconds, at most 5000".to_owned()),
    }
}

fn recent(text: &str) -> Result<(), String> {
    match text.parse::<u32>() {
        Ok(30..=86400) => Ok(()),
        _ => Err("must be seconds, 30 to 86400".to_owned()),
    }
}
