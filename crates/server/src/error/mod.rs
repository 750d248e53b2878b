//! One error, rendered as each route family says.
//!
//! Which errors there are stands in the [`catalogue`]; no other can be made. A handler's
//! error travels as an extension of an empty response; the outermost layer, which knows the
//! request id and the family, gives it a body and logs it once.

mod catalogue;
mod causes;
mod reference;

use std::borrow::Cow;

use axum::Json;
use axum::response::{IntoResponse, Response};
use cogward_auth::{Limited, chain};
use cogward_jwt::bearer::{Reason, Refusal};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

use crate::layers::{LIMIT, REMAINING, RESET};

pub(crate) use catalogue::Code;
pub use reference::errors;

/// Why a request was not answered as asked.
#[derive(Clone, Debug)]
pub(crate) struct Error {
    why: Why,
    status: StatusCode,
    /// For people; in the Token Handler family only where the catalogue says so.
    message: Cow<'static, str>,
    shape: Shape,
    retry_after: Option<u32>,
    limited: Option<Box<Limited>>,
    /// What was sent to sign in with is none of ours, or nothing was.
    pub(crate) of_credentials: bool,
    /// For the log alone.
    cause: Option<String>,
    /// The session is destroyed: take its cookie away.
    pub(crate) clears_session: bool,
}

#[derive(Clone, Debug)]
enum Why {
    Known(Code),
    /// A bearer token is the matter, or would help: status and words are its own.
    Bearer(Box<Refusal>),
}

/// Of the body.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// As the family around the route has it.
    OfFamily,
    /// [`Undecided`].
    Undecided,
    /// [`Plain`].
    Plain,
}

/// In the extensions of an answer that is no error, though its status says no: its body stays.
#[derive(Clone, Copy)]
pub(crate) struct OwnWords;

/// What [`Error`] becomes in the backend-proxy family.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Problem {
    /// `bad_request`, `authentication_required`, `forbidden`, `not_found`, …
    error: &'static str,
    /// For people.
    message: String,
    /// The message again, for clients of the original protocol.
    detail: String,
    /// Names this answer in the server's log.
    request_id: String,
}

/// What [`Error`] becomes in the Token Handler family.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct TokenHandlerProblem {
    /// What went wrong, in words.
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// There is no decision: that is a no.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Undecided {
    /// What went wrong, in words.
    error: &'static str,
    /// `false`.
    authorized: bool,
}

/// What [`Error`] becomes on routes that services with bearer tokens call.
#[derive(Serialize)]
struct Plain<'e> {
    detail: &'e str,
}

impl Code {
    /// With a sentence made for this request.
    pub(crate) fn saying(self, message: impl Into<Cow<'static, str>>) -> Error {
        debug_assert!(self.row().varies.is_some(), "{self:?} has one sentence");
        Error {
            message: message.into(),
            ..self.into()
        }
    }

    fn label(self) -> &'static str {
        let row = self.row();
        row.label.unwrap_or(row.message)
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        let row = code.row();
        Self {
            why: Why::Known(code),
            status: row.status,
            message: row.message.into(),
            shape: match code {
                Code::Evaluation | Code::NoPolicies => Shape::Undecided,
                _ => Shape::OfFamily,
            },
            retry_after: row.retry_after,
            limited: None,
            of_credentials: code == Code::NotAuthenticated,
            cause: None,
            clears_session: row.clears_session,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: refusal.status(),
            // What ran out or was revoked was good once.
            of_credentials: matches!(
                refusal.reason(),
                Reason::Repeated | Reason::Malformed | Reason::UnknownKey | Reason::Invalid
            ),
            why: Why::Bearer(Box::new(refusal)),
            message: Cow::Borrowed(""),
            shape: Shape::OfFamily,
            retry_after: None,
            limited: None,
            cause: None,
            clears_session: false,
        }
    }
}

impl Undecided {
    pub(crate) fn of(code: Code) -> Self {
        Self {
            error: code.label(),
            authorized: false,
        }
    }
}

impl Error {
    pub(crate) fn too_many(seconds: u32) -> Self {
        let code = Code::TooManyRequests;
        let error = match seconds {
            1 => code.into(),
            _ => code.saying(format!("too many requests: again in {seconds} seconds")),
        };
        Self {
            retry_after: Some(seconds),
            ..error
        }
    }

    /// A limit of ours was met.
    pub(crate) fn limited(limited: Limited) -> Self {
        Self {
            limited: Some(Box::new(limited)),
            ..Self::too_many(limited.seconds)
        }
    }

    /// In place of this one, in the same way of speaking.
    pub(crate) fn then_limited(&self, limited: Limited) -> Self {
        Self {
            shape: self.shape,
            ..Self::limited(limited)
        }
    }

    /// Of a status that the router answers, or a route of the application.
    pub(crate) fn of_status(status: StatusCode) -> Option<Self> {
        match status {
            StatusCode::NOT_FOUND => Some(Code::NotFound.into()),
            StatusCode::METHOD_NOT_ALLOWED => Some(Code::MethodNotAllowed.into()),
            _ if status.is_client_error() => Some(Self {
                status,
                ..Code::NotUnderstood.into()
            }),
            _ => None,
        }
    }

    pub(crate) fn caused_by(self, cause: &dyn std::error::Error) -> Self {
        self.because(chain(cause))
    }

    /// With words for the log alone.
    pub(crate) fn because(self, cause: String) -> Self {
        let cause = Some(cause);
        Self { cause, ..self }
    }

    /// Where nobody was found by a cookie, a bearer token would do as well.
    pub(crate) fn or_bearer(self) -> Self {
        match &self.why {
            Why::Known(code) if self.status == StatusCode::UNAUTHORIZED => {
                let refusal = Refusal::from(Reason::NoToken).with_detail(code.label());
                let why = Why::Bearer(Box::new(refusal));
                Self { why, ..self }
            }
            _ => self,
        }
    }

    /// For a route whose clients know no more than `{"detail"}`.
    pub(crate) fn plain(self) -> Self {
        let shape = Shape::Plain;
        Self { shape, ..self }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Its name in the catalogue.
    pub(crate) fn code(&self) -> &'static str {
        match &self.why {
            Why::Known(code) => code.row().code,
            Why::Bearer(refusal) => refusal.reason().code(),
        }
    }

    pub(crate) fn message(&self) -> &str {
        match &self.why {
            Why::Known(_) => &self.message,
            Why::Bearer(refusal) => refusal.detail(),
        }
    }

    /// The `error` member in the Token Handler family.
    fn label(&self) -> &str {
        match &self.why {
            Why::Known(code) => code.row().label.unwrap_or(&self.message),
            Why::Bearer(refusal) => refusal.detail(),
        }
    }

    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The `error` member in the backend-proxy family; also told to a frontend's error page.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.why {
            Why::Known(code) if code.row().named => code.row().code,
            _ => kind(self.status),
        }
    }

    /// One line in the log, where no answer of the envelope's tells it.
    pub(crate) fn log(&self, what: &str) {
        let (status, code, cause) = (self.status.as_u16(), self.code(), self.cause());
        tracing::warn!(target: "cogward::request", status, code, cause, "{what}: {}", self.message());
    }

    /// The body, as the routes around it have theirs.
    pub(crate) fn body(&self, in_token_handler: bool, request_id: String) -> Response {
        match (self.shape, &self.why, in_token_handler) {
            (Shape::Plain, ..) => Json(Plain {
                detail: self.label(),
            })
            .into_response(),
            (Shape::Undecided, Why::Known(code), _) => Json(Undecided::of(*code)).into_response(),
            (_, _, true) => Json(self.token_handler_problem(request_id)).into_response(),
            (_, _, false) => Json(self.problem(request_id)).into_response(),
        }
    }

    fn problem(&self, request_id: String) -> Problem {
        Problem {
            error: self.kind(),
            message: self.message().to_owned(),
            detail: self.message().to_owned(),
            request_id,
        }
    }

    fn token_handler_problem(&self, request_id: String) -> TokenHandlerProblem {
        let explained = matches!(&self.why, Why::Known(code) if code.row().explained);
        TokenHandlerProblem {
            error: self.label().to_owned(),
            message: explained.then(|| self.message().to_owned()),
            request_id: self.status.is_server_error().then_some(request_id),
        }
    }

    /// `Retry-After` and the challenge, RFC 9110 §10.2.3 and §11.6.1.
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            self.add_limit(headers);
        }
        if let Why::Bearer(refusal) = &self.why {
            refusal.add_headers(headers);
        } else if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(COOKIE));
        }
    }

    /// The limit that was met; nothing where it is Cognito's.
    /// The draft's own fields (draft-ietf-httpapi-ratelimit-headers-11) name it as well.
    fn add_limit(&self, headers: &mut HeaderMap) {
        let Some(limited) = self.limited.as_deref() else {
            return;
        };
        let Limited {
            name,
            most,
            window,
            seconds,
        } = limited;
        headers.insert(LIMIT, (*most).into());
        headers.insert(REMAINING, 0.into());
        headers.insert(RESET, (*seconds).into());
        for (field, value) in [
            (
                "ratelimit-policy",
                format!("\"{name}\";q={most};w={window}"),
            ),
            ("ratelimit", format!("\"{name}\";r=0;t={seconds}")),
        ] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(field, value);
            }
        }
    }
}

/// The challenge where a session is what is missing.
const COOKIE: &str = "Cookie";

fn kind(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "bad_request",
        StatusCode::UNAUTHORIZED => "authentication_required",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::REQUEST_TIMEOUT => "request_timeout",
        StatusCode::PAYLOAD_TOO_LARGE => "payload_too_large",
        StatusCode::URI_TOO_LONG => "uri_too_long",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
        StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        status if status.is_client_error() => "bad_request",
        _ => "internal_error",
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for Code {
    fn into_response(self) -> Response {
        Error::from(self).into_response()
    }
}
