//! `POST …/auth/login`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::accounts::{self, Answer, LoggedIn, Login};
use cogward_auth::login::LOGIN_SECONDS;
use cogward_cognito::TokenText;
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::mfa::Totp;
use crate::App;
use crate::cookies::Which;
use crate::error::{Error, Problem};
use crate::extract::{Caller, Json};
use crate::routes::{Success, answer};

/// What a sign-in comes to.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(crate) enum Outcome<'a> {
    Tokens(IssuedTokens<'a>),
    Session(Success),
    Step(NextStep<'a>),
}

/// A further step, which Cognito asks for.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct NextStep<'a> {
    /// Cognito's name of it, such as `SOFTWARE_TOKEN_MFA`.
    challenge: &'a str,
    /// Goes back with the answer, once.
    continuation: &'a str,
    /// What Cognito tells about it, such as where a code went.
    parameters: &'a BTreeMap<String, String>,
    /// What `SELECT_CHALLENGE` offers.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    options: &'a [String],
    /// For `MFA_SETUP`: the app to set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    totp: Option<Totp>,
    /// Seconds it waits.
    expires_in: i64,
}

/// Who signs in. A member that is misspelt is refused: without a password, something else begins.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    email: String,
    /// Without one, the answer says what else there is to sign in by (`SELECT_CHALLENGE`), or asks
    /// for what is `preferred`.
    password: Option<String>,
    /// Without a password: `WEB_AUTHN` (a passkey), `EMAIL_OTP`, `SMS_OTP`, or `CUSTOM_CHALLENGE`
    /// for what the pool's own functions ask.
    preferred: Option<String>,
    /// `true`: the session cookie and no token; `false`: tokens. Without it the deployment's
    /// setting `accounts.session_by_default` says which.
    session: Option<bool>,
}

/// Cognito's tokens, for an application that keeps them itself.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct IssuedTokens<'a> {
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    token_type: &'static str,
    /// Seconds the access token lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<i64>,
}

/// Sign in by address and password, or without a password by what else the account has.
#[utoipa::path(
    post, path = "", operation_id = "passwordLogin", tag = "Accounts",
    request_body = Credentials,
    responses(
        (status = 200, description = "Signed in: tokens, or (`\"session\":true`) `{\"success\":true}` and the session cookie; or a further step, to be answered with `…/login/continue`", body = Outcome<'static>),
        (status = 400, description = "`invalid_email`, `tokens_not_given`, …", body = Problem),
        (status = 401, description = "`invalid_credentials`", body = Problem),
        (status = 403, description = "`user_not_confirmed`: the address is to be verified first; `challenge_required`", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The body is not JSON", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when again", body = Problem),
        (status = 503, description = "Cognito or the session store does not answer", body = Problem),
    ),
)]
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Json(credentials): Json<Credentials>,
) -> Result<Response, Error> {
    let cookies = &app.site.cookies;
    let ask = Login {
        email: &credentials.email,
        password: credentials.password.as_deref(),
        preferred: credentials.preferred.as_deref(),
        session: credentials.session,
        previous: &cookies.sessions(&headers),
        login_cookie: cookies.read(&headers, Which::Login),
    };
    let outcome = accounts::login(&app.auth, &ask, caller.into_client()).await?;
    answered(&app, outcome)
}

/// The answer to a step, in the part that the step needs.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct StepAnswer {
    continuation: String,
    /// For `SOFTWARE_TOKEN_MFA`, `SMS_MFA`, `EMAIL_OTP`, `SMS_OTP`; for `MFA_SETUP` the new
    /// app's first.
    code: Option<String>,
    /// For `NEW_PASSWORD_REQUIRED`.
    new_password: Option<String>,
    /// For `NEW_PASSWORD_REQUIRED`: the attributes it asks for, by name.
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    /// For `SELECT_CHALLENGE`, `SELECT_MFA_TYPE` and `CUSTOM_CHALLENGE`.
    answer: Option<String>,
    /// For `PASSWORD`, and with the choice `PASSWORD` of `SELECT_CHALLENGE`.
    password: Option<String>,
    /// For `MFA_SETUP` in place of an app, where the pool takes it: where codes are to go.
    email: Option<String>,
    /// For `MFA_SETUP`: what the app is called.
    device_name: Option<String>,
    /// For `WEB_AUTHN`: the credential as the browser gives it (`toJSON()`).
    #[schema(value_type = Option<Object>)]
    credential: Option<serde_json::Value>,
}

/// Answer a further step of a sign-in.
///
/// A wrong code leaves the continuation good, five times in all; anything else uses it up.
#[utoipa::path(
    post, path = "", operation_id = "continueLogin", tag = "Accounts",
    request_body = StepAnswer,
    responses(
        (status = 200, description = "As `POST …/login` answers", body = Outcome<'static>),
        (status = 400, description = "`invalid_code`, `password_policy`, `invalid_continuation`, …", body = Problem),
        (status = 401, description = "`session_over`: begin again", body = Problem),
        (status = 403, description = "The account may not sign in", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The body is not JSON", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when again", body = Problem),
        (status = 503, description = "Cognito or the session store does not answer", body = Problem),
    ),
)]
pub(crate) async fn proceed(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Json(given): Json<StepAnswer>,
) -> Result<Response, Error> {
    let cookies = &app.site.cookies;
    let credential = given.credential.as_ref().map(ToString::to_string);
    let attributes = given.attributes.iter();
    let answer = Answer {
        code: given.code.as_deref(),
        new_password: given.new_password.as_deref(),
        attributes: attributes
            .map(|(name, value)| (&**name, &**value))
            .collect(),
        answer: given.answer.as_deref(),
        password: given.password.as_deref(),
        email: given.email.as_deref(),
        device_name: given.device_name.as_deref(),
        credential: credential.as_deref(),
    };
    let previous = cookies.sessions(&headers);
    let outcome = accounts::proceed(
        &app.auth,
        &given.continuation,
        &answer,
        cookies.read(&headers, Which::Login),
        caller.into_client(),
        &previous,
    );
    answered(&app, outcome.await?)
}

pub(super) fn answered(app: &App, outcome: LoggedIn) -> Result<Response, Error> {
    let cookies = &app.site.cookies;
    match outcome {
        LoggedIn::Session(started) => {
            let mut response = answer(&Outcome::Session(Success::PLAIN))?;
            let (cookie, seconds) = (&started.cookie, started.seconds);
            cookies.set(response.headers_mut(), Which::Session, cookie, seconds);
            Ok(response)
        }
        LoggedIn::Tokens(tokens) => answer(&Outcome::Tokens(IssuedTokens {
            access_token: tokens.access_token.expose(),
            refresh_token: tokens.refresh_token.as_ref().map(TokenText::expose),
            id_token: tokens.id_token.as_ref().map(TokenText::expose),
            token_type: "Bearer",
            expires_in: tokens.expires_in,
        })),
        LoggedIn::Step(step) => {
            let mut response = answer(&Outcome::Step(NextStep {
                challenge: &step.challenge,
                continuation: &step.continuation,
                parameters: &step.parameters,
                options: &step.options,
                totp: step.enrolment.as_ref().map(|it| Totp::new(app, it)),
                expires_in: step.expires_in,
            }))?;
            let headers = response.headers_mut();
            cookies.set(headers, Which::Login, &step.cookie, LOGIN_SECONDS);
            Ok(response)
        }
    }
}
