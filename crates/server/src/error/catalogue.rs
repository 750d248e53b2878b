//! Every error that Cogward answers, declared once. An [`Error`](super::Error) is made of
//! one of these or of a bearer token's refusal, and `docs/reference/errors.md` is written from here.
//! One that no code answers any more is found by the compiler: its variant is never constructed.

use http::StatusCode;

/// What is said of an error.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// Its name in the log and in the documentation.
    pub(super) code: &'static str,
    pub(super) status: StatusCode,
    pub(super) place: Place,
    /// `error` in the Token Handler family, where that is not the message.
    pub(super) label: Option<&'static str>,
    /// `message` and `detail` in the backend-proxy family.
    pub(super) message: &'static str,
    /// What the message tells instead, where it is not always the same.
    pub(super) varies: Option<&'static str>,
    /// The message stands in the Token Handler family too.
    pub(super) explained: bool,
    /// `error` in the backend-proxy family is the code, not the kind of the status.
    pub(super) named: bool,
    /// Seconds.
    pub(super) retry_after: Option<u32>,
    /// The session is destroyed: its cookie is taken away.
    pub(super) clears_session: bool,
    /// What came about and what to do, in Markdown.
    pub(super) cause: &'static str,
}

/// Which routes answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Those of both families.
    Anywhere,
    TokenHandler,
    Accounts,
}

impl Row {
    const fn of(place: Place) -> Self {
        Self {
            code: "",
            status: StatusCode::INTERNAL_SERVER_ERROR,
            place,
            label: None,
            message: "",
            varies: None,
            explained: false,
            named: matches!(place, Place::Accounts),
            retry_after: None,
            clears_session: false,
            cause: "",
        }
    }
}

macro_rules! errors {
    ($($place:ident {
        $($variant:ident $status:ident $code:literal $message:literal
            $({ $($field:ident: $value:expr),* })? $cause:literal;)*
    })*) => {
        /// Which error it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $($(#[doc = $cause] $variant,)*)*
        }

        impl Code {
            pub(super) fn row(self) -> &'static Row {
                match self {
                    $($(Self::$variant => const { &Row {
                        code: $code,
                        status: StatusCode::$status,
                        message: $message,
                        cause: $cause,
                        $($($field: $value,)*)?
                        ..Row::of(Place::$place)
                    } },)*)*
                }
            }
        }

        /// The same, to be read out.
        pub(super) const ROWS: &[Row] = &[
            $($(Row {
                code: $code,
                status: StatusCode::$status,
                message: $message,
                cause: $cause,
                $($($field: $value,)*)?
                ..Row::of(Place::$place)
            },)*)*
        ];
    };
}

const CSRF: Option<&str> = Some("CSRF validation failed");
const ANONYMOUS: Option<&str> = Some("Not authenticated");
const NO_ACTION: &str = "Missing or invalid action";
/// Seconds after which a client should come again when we could not serve it.
const SOON: Option<u32> = Some(2);

errors! {
    Anywhere {
        ReturnPath BAD_REQUEST "return_path_refused"
            "return_to must be a path on the frontend, such as /dashboard"
            "`return_to` of a sign-in leads elsewhere: send a path, not an address";
        IdentityProvider BAD_REQUEST "unknown_identity_provider"
            "identity_provider is not one that is configured"
            "add it to `login.identity_providers`, or leave it out";
        Query BAD_REQUEST "invalid_query"
            "a parameter stands twice in the query, or is too long"
            "send each parameter once, with at most 4096 bytes";
        BodyEnded BAD_REQUEST "body_incomplete" "the body ended early"
            "the connection broke, or `Content-Length` is not true: send it again";
        Body BAD_REQUEST "invalid_body" "the body is not JSON"
            { label: Some("the body is not the JSON expected here"), explained: true,
              varies: Some("the member that is missing, unknown, there twice or of another type") }
            "correct the member that is named; nothing of what was sent is repeated";
        NotUnderstood BAD_REQUEST "not_understood" "the request is not one that is understood here"
            "the path is not text once it is decoded; also in place of what a route of the application \
             answers with a 4xx, which keeps its status";
        NotAuthenticated UNAUTHORIZED "not_authenticated" "Authentication required"
            { label: ANONYMOUS }
            "no session cookie, or none that this server made: sign in";
        SessionEnded UNAUTHORIZED "session_ended" "Session expired" { label: ANONYMOUS }
            "signed out, revoked, idle for too long or too old: sign in";
        TokenExpired UNAUTHORIZED "token_expired" "Session expired: its tokens ran out"
            { label: Some("Token expired") }
            "the session has no refresh token and its tokens are over: sign in";
        NoRefreshToken UNAUTHORIZED "no_refresh_token"
            "This session has no refresh token: sign in again when it has expired"
            { label: Some("No refresh token") }
            "the session was begun without one; it goes on until its tokens end";
        RefreshFailed UNAUTHORIZED "refresh_failed" "Session expired: the refresh token was refused"
            { label: Some("Refresh failed"), explained: true, clears_session: true }
            "Cognito ended the sign-in (revoked, disabled, expired); the session is destroyed and its cookie taken away: sign in";
        OriginRefused FORBIDDEN "origin_refused" "requests from this origin are refused"
            { label: CSRF, explained: true }
            "`Origin` is not the frontend's nor one of `frontend.additional_origins`";
        CrossSite FORBIDDEN "cross_site_refused" "cross-site requests are refused"
            { label: CSRF, explained: true }
            "`Sec-Fetch-Site` says that another site's page sent it";
        RefererRefused FORBIDDEN "referer_refused" "requests from this page are refused"
            { label: CSRF, explained: true }
            "neither `Origin` nor `Sec-Fetch-Site` came, and `Referer` is not a page of an allowed origin";
        FormRefused FORBIDDEN "form_refused" "only application/json is accepted"
            { label: CSRF, explained: true }
            "the route takes no body, and the request has the content type of one that a form can send";
        NotFound NOT_FOUND "not_found" "there is nothing at this address" { label: Some("Not found") }
            "no such path, a family that is switched off, or a session that is not the caller's";
        NotThere NOT_FOUND "not_found" "there is nothing at this address"
            { varies: Some("what a route of the application says of its own") }
            "`Denied::not_found` in an application that lives in the same process";
        MethodNotAllowed METHOD_NOT_ALLOWED "method_not_allowed" "method not allowed here"
            "`Allow` names the methods of this path";
        RequestTimeout REQUEST_TIMEOUT "request_timeout" "the body took too long"
            "the body did not arrive within `server.request_timeout_seconds`";
        PayloadTooLarge PAYLOAD_TOO_LARGE "payload_too_large" "the body is too large"
            "more than `server.body_limit_bytes`";
        UnsupportedMediaType UNSUPPORTED_MEDIA_TYPE "unsupported_media_type"
            "the body must be application/json"
            "send `Content-Type: application/json`, once";
        Compressed UNSUPPORTED_MEDIA_TYPE "body_compressed" "the body must not be compressed"
            "send it without `Content-Encoding`";
        UriTooLong URI_TOO_LONG "uri_too_long" "the address is too long"
            "more than 16 KiB of path and query";
        TooManyRequests TOO_MANY_REQUESTS "too_many_requests" "too many requests: again in a second"
            { label: Some("Too many requests"), varies: Some("after how many seconds again") }
            "a [limit](../limits.md), or Cognito's own; come again after `Retry-After`";
        Internal INTERNAL_SERVER_ERROR "internal_error" "something went wrong on our side"
            { label: Some("Internal server error") }
            "a fault of the server or its configuration; the log has the cause beside the request id";
        Unavailable SERVICE_UNAVAILABLE "unavailable" "temporarily unavailable, please try again"
            { label: Some("Service unavailable"), retry_after: SOON }
            "store, Cognito or directory did not answer; sessions are kept, nobody is signed in or out";
    }
    TokenHandler {
        MissingTokens BAD_REQUEST "missing_tokens" "Missing access_token or id_token"
            "`POST /auth/session` takes both";
        RefreshTokenTooLong BAD_REQUEST "refresh_token_too_long" "refresh_token is too long"
            "more than 8192 bytes: none of Cognito's";
        AuthMethod BAD_REQUEST "invalid_auth_method"
            "auth_method must be direct, password or passkey"
            "send one of them, or none";
        Action BAD_REQUEST "invalid_action" "Missing or invalid action"
            "`action` is missing, no text, or none that the schema has";
        ActionTooLarge BAD_REQUEST "invalid_action" "the body is too large"
            { label: Some(NO_ACTION), explained: true }
            "more than `server.body_limit_bytes`";
        Questions BAD_REQUEST "invalid_questions" "questions must be 1 to 100" { explained: true }
            "ask more in several requests";
        Resource BAD_REQUEST "invalid_resource" "resource.id is too long"
            { label: Some("Invalid resource"), explained: true, varies: Some("which member is too long") }
            "a resource is named by at most 1024 bytes, its type by 256";
        Context BAD_REQUEST "invalid_context" "context is not what the schema has for this action"
            { label: Some("Invalid context"), explained: true, varies: Some("what is wrong with it") }
            "`context` is too large or deep, or not what the schema has for this action";
        Attestation BAD_REQUEST "invalid_attestation"
            "attestation_object and client_data_json must be those of a new passkey, in base64url"
            "send what `navigator.credentials.create` gave, in base64url";
        TokensRefused FORBIDDEN "token_verification_failed" "Token verification failed"
            "a token does not verify, or both are not of one person and app client; the log says which";
        CsrfHeader FORBIDDEN "csrf_header_missing" "Missing X-L42-CSRF header"
            { label: CSRF, explained: true }
            "every POST of this family needs the header, exactly `X-L42-CSRF: 1`";
        Evaluation INTERNAL_SERVER_ERROR "evaluation_failed" "Authorization evaluation failed"
            "what the entity provider told of the resource does not fit the schema, \
             or the policies took too long for all that was asked at once; \
             the body is `{error, authorized: false}`";
        NoPolicies SERVICE_UNAVAILABLE "policies_unavailable" "Authorization engine not available"
            { retry_after: Some(5) }
            "no policies are in force, the log of the start says why; \
             the body is `{error, authorized: false}`";
    }
    Accounts {
        InvalidEmail BAD_REQUEST "invalid_email" "email must be a single e-mail address"
            "one address, without a name before it";
        FirstName BAD_REQUEST "invalid_name" "first_name must be 1 to 100 characters of text"
            "as the sentence says";
        LastName BAD_REQUEST "invalid_name" "last_name must be 1 to 100 characters of text"
            "as the sentence says";
        Terms BAD_REQUEST "terms_not_accepted" "accept_terms must be true to register"
            "the person has to accept them";
        WrongOrLate BAD_REQUEST "invalid_code" "the code is wrong or has expired"
            "type it again, or ask for another; also for an address without an account";
        Mistyped BAD_REQUEST "invalid_code" "the code is wrong"
            "type it again";
        Late BAD_REQUEST "expired_code" "the code has expired: ask for another"
            "`POST …/auth/request-otp` sends one";
        NoTokens BAD_REQUEST "tokens_not_given"
            "tokens are not given here: ask with \"session\": true"
            "`accounts.tokens` is off";
        Continuation BAD_REQUEST "invalid_continuation"
            "the continuation is used, late, or another browser's: sign in again"
            "each continuation answers one step, for three minutes";
        Answer BAD_REQUEST "invalid_answer" "code is missing"
            { named: false, varies: Some("the member that is missing or not one of this step") }
            "send what the step's `challenge` asks for";
        NewPasswordMissing BAD_REQUEST "new_password_missing"
            "new_password is missing: the purpose password_reset sets one" { named: false }
            "send it with the code";
        NewPasswordUnused BAD_REQUEST "new_password_unused"
            "new_password goes with the purpose password_reset only" { named: false }
            "leave it out";
        NotAPasskey BAD_REQUEST "invalid_credential"
            "credential must be the browser's new passkey, as toJSON() gives it" { named: false }
            "send `(await navigator.credentials.create(…)).toJSON()`";
        AlreadyConfirmed BAD_REQUEST "already_confirmed" "the address is verified already"
            "sign in";
        PasswordPolicy BAD_REQUEST "password_policy" "the password does not keep the rules for passwords"
            "the user pool's rules: choose another";
        PasswordLength BAD_REQUEST "password_policy" "the password is too short"
            "the user pool's rules: choose another";
        PasswordLowercase BAD_REQUEST "password_policy" "the password needs a lower-case letter"
            "the user pool's rules: choose another";
        PasswordUppercase BAD_REQUEST "password_policy" "the password needs an upper-case letter"
            "the user pool's rules: choose another";
        PasswordNumber BAD_REQUEST "password_policy" "the password needs a digit"
            "the user pool's rules: choose another";
        PasswordSymbol BAD_REQUEST "password_policy" "the password needs a symbol"
            "the user pool's rules: choose another";
        PasswordUsed BAD_REQUEST "password_used_before"
            "this password was used before: choose another"
            "the user pool keeps a history of passwords";
        ByFunction BAD_REQUEST "refused_by_policy" "this is not allowed here"
            "a Lambda trigger of the user pool refused";
        Parameter BAD_REQUEST "invalid_parameter" "a value is not accepted"
            "Cognito's InvalidParameterException; its words are in the log";
        PasskeyLate BAD_REQUEST "passkey_expired" "this registration is used or over: begin again"
            "ask for new options";
        PasskeyRefused BAD_REQUEST "passkey_refused" "this passkey is not accepted"
            "Cognito did not take it: another relying party, or an unknown challenge";
        Credentials UNAUTHORIZED "invalid_credentials" "wrong address or password"
            "also for an address without an account";
        SessionOver UNAUTHORIZED "session_over" "sign in again"
            "Cognito takes the step's session, or the access token, no longer";
        Password FORBIDDEN "wrong_password" "the current password is wrong"
            "type it again";
        NotRecent FORBIDDEN "reauthentication_required" "sign in again to change how you sign in"
            "the sign-in is older than `accounts.recent_seconds`";
        Challenge FORBIDDEN "challenge_required"
            "this account signs in with a further step: use the hosted sign-in page"
            "a challenge of Cognito's that has no place in this API";
        Disabled FORBIDDEN "user_disabled" "this account is disabled"
            "an administrator disabled it";
        NotConfirmed FORBIDDEN "user_not_confirmed"
            "verify your address first: ask for a code with the purpose email_verification"
            "`POST …/auth/request-otp`, then `…/auth/verify-otp`";
        ResetRequired FORBIDDEN "password_reset_required"
            "choose another password first: ask for a code with the purpose password_reset"
            "an administrator reset it";
        Scope FORBIDDEN "insufficient_scope"
            "this sign-in may not change the account: it lacks the scope aws.cognito.signin.user.admin"
            "add the scope to `login.scopes` and to the app client, and sign in again";
        NotOffered FORBIDDEN "not_offered" "this is not switched on here"
            "the user pool or app client does not have this kind of sign-in";
        PasskeyModel FORBIDDEN "passkey_not_allowed" "this model of authenticator is not allowed"
            "not one of `passkey.aaguid_allowlist`";
        PasskeySynchronised FORBIDDEN "passkey_not_allowed"
            "passkeys that are synchronised between devices are not allowed"
            "`passkey.require_device_bound` wants one that stays on its device";
        UserNotFound NOT_FOUND "user_not_found" "there is no account with this address"
            "only where `accounts.hide_existing` is off";
        PasskeyNotFound NOT_FOUND "passkey_not_found" "you have no such passkey"
            "it is removed already, or somebody else's";
        UserExists CONFLICT "user_exists" "User already exists"
            "only where `accounts.hide_existing` is off";
        AliasExists CONFLICT "address_taken" "another account has this address"
            "the address is the alias of somebody else";
    }
}
