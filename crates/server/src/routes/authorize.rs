//! `POST /auth/authorize` and its batch: may the caller do this?

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::authorize::{
    Answer, Asked, MAX_QUESTIONS, authorize as decide, authorize_all as decide_all,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::answer;
use crate::App;
use crate::error::{Code, Error, OwnWords, TokenHandlerProblem, Undecided};
use crate::extract::{Json, SignedIn};
use crate::layers::Counted;

/// A decision.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Decided<'a> {
    /// The caller may.
    authorized: bool,
    /// Why, for people.
    reason: String,
    diagnostics: Diagnostics<'a>,
}

/// Names of policies, as their `@id` has them.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Diagnostics<'a> {
    /// Those that decided.
    reason: &'a [String],
    /// Those that could not be evaluated.
    errors: &'a [String],
}

/// Questions of one caller.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct Questions {
    /// At most 100.
    questions: Vec<Asked>,
}

/// As many answers as there were questions, in their order, all by the same policies.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Answers<'a> {
    answers: Vec<Either<'a>>,
}

/// One of both.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(crate) enum Either<'a> {
    Decided(Decided<'a>),
    Undecided(Undecided),
}

/// Whether the caller may do something, by the policies. Every decision is in the audit log.
#[utoipa::path(
    post, path = "", operation_id = "authorize", tag = "Token Handler",
    security(("session" = []), ("bearer" = [])),
    params(("X-L42-CSRF" = String, Header, description = "Exactly `1`")),
    request_body = Asked,
    responses(
        (status = 200, description = "Yes", body = Decided<'_>),
        (status = 400, description = "No action of the schema, or a resource or context that does not fit it; or not exactly one bearer token", body = TokenHandlerProblem),
        (
            status = 401, description = "Not signed in, or the token is refused", body = TokenHandlerProblem,
            headers(("WWW-Authenticate" = String, description = "`Cookie`, or `Bearer` with what is wrong with the token")),
        ),
        (status = 403, description = "No; or (`error`) the header is missing", body = Decided<'_>),
        (status = 415, description = "The body is not JSON", body = TokenHandlerProblem),
        (status = 500, description = "What is known of the resource does not fit the schema", body = Undecided),
        (status = 503, description = "No policies are in force; or store, Cognito or its signing keys do not answer", body = Undecided),
    ),
)]
pub(crate) async fn authorize(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    asked: Result<Json<Asked>, Error>,
) -> Result<Response, Error> {
    let Json(asked) = asked.map_err(too_large)?;
    if asked.action.is_empty() {
        return Err(Code::Action.into());
    }
    let decided = decide(&app.auth, &user.asking(), &asked).await;
    match decided {
        Ok(given) => {
            let mut said = answer(&decided_of(&given))?;
            if !given.decision.allowed {
                *said.status_mut() = StatusCode::FORBIDDEN;
                said.extensions_mut().insert(OwnWords);
            }
            Ok(said)
        }
        Err(error) => Err(error.into()),
    }
}

/// The same for many questions at once: the answer to each is in the body.
#[utoipa::path(
    post, path = "", operation_id = "authorizeBatch", tag = "Token Handler",
    security(("session" = []), ("bearer" = [])),
    params(("X-L42-CSRF" = String, Header, description = "Exactly `1`")),
    request_body = Questions,
    responses(
        (status = 200, description = "An answer to each question", body = Answers<'_>),
        (status = 400, description = "No question, or more than 100; or not exactly one bearer token", body = TokenHandlerProblem),
        (
            status = 401, description = "Not signed in, or the token is refused", body = TokenHandlerProblem,
            headers(("WWW-Authenticate" = String, description = "`Cookie`, or `Bearer` with what is wrong with the token")),
        ),
        (status = 403, description = "The header is missing", body = TokenHandlerProblem),
        (status = 413, description = "The body is too large", body = TokenHandlerProblem),
        (status = 415, description = "The body is not JSON", body = TokenHandlerProblem),
        (status = 503, description = "No policies are in force; or store, Cognito or its signing keys do not answer", body = Undecided),
    ),
)]
pub(crate) async fn authorize_all(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    counted: Counted,
    Json(Questions { questions }): Json<Questions>,
) -> Result<Response, Error> {
    if !(1..=MAX_QUESTIONS).contains(&questions.len()) {
        return Err(Code::Questions.into());
    }
    let further = u32::try_from(questions.len() - 1).unwrap_or(u32::MAX);
    counted.further(&app, further)?;
    let given = match decide_all(&app.auth, &user.asking(), &questions).await {
        Ok(given) => given,
        Err(error) => return Err(error.into()),
    };
    let answers = given.iter().map(|given| match given {
        Ok(given) => Either::Decided(decided_of(given)),
        Err(error) => Either::Undecided(Undecided::of(error.into())),
    });
    answer(&Answers {
        answers: answers.collect(),
    })
}

fn decided_of(answer: &Answer) -> Decided<'_> {
    Decided {
        authorized: answer.decision.allowed,
        reason: answer.reason.to_string(),
        diagnostics: Diagnostics {
            reason: &answer.decision.determining,
            errors: &answer.decision.failed,
        },
    }
}

/// An action of a megabyte is none.
fn too_large(error: Error) -> Error {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Code::ActionTooLarge.into(),
        _ => error,
    }
}
