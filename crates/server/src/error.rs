//! One error, rendered as each route family says.
//!
//! A handler's error travels as an extension of an empty response; the
//! outermost layer, which knows the request id and the family, gives it a body
//! and logs it once.

use std::borrow::Cow;

use axum::Json;
use axum::response::{IntoResponse, Response};
use cogward_auth::{BearerError, LoginRefusal, SessionError, chain};
use cogward_jwt::bearer::Refusal;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

/// Why a request was not answered as asked.
#[derive(Clone, Debug)]
pub(crate) struct Error {
    status: StatusCode,
    /// The `error` member in the Token Handler family.
    label: &'static str,
    /// For people; in the Token Handler family only where [`Error::explain`] put it.
    message: Cow<'static, str>,
    explained: bool,
    /// A name of its own in place of the status's.
    code: Option<&'static str>,
    /// A bearer token is the matter: its words go before the others.
    refusal: Option<Box<Refusal>>,
    /// For routes whose clients know no more than `{"detail"}`.
    plain: bool,
    retry_after: Option<u32>,
    /// For the log alone.
    cause: Option<String>,
    /// The session is destroyed: take its cookie away.
    pub(crate) clears_session: bool,
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

/// What [`Error`] becomes on routes that services with bearer tokens call.
#[derive(Serialize)]
struct Plain<'e> {
    detail: &'e str,
}

impl Error {
    fn new(status: StatusCode, label: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            label,
            message: message.into(),
            explained: false,
            code: None,
            refusal: None,
            plain: false,
            retry_after: None,
            cause: None,
            clears_session: false,
        }
    }

    pub(crate) fn bad_request(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message, message)
    }

    /// With words of its own for the family that knows `message`.
    pub(crate) fn labelled(status: StatusCode, label: &'static str, message: String) -> Self {
        Self::new(status, label, message)
    }

    pub(crate) fn unauthenticated(label: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, label, message)
    }

    pub(crate) fn forbidden(message: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, message, message)
    }

    pub(crate) fn csrf(message: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "CSRF validation failed", message).explain()
    }

    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Not found",
            "there is nothing at this address",
        )
    }

    pub(crate) fn of_status(status: StatusCode, message: &'static str) -> Self {
        Self::new(status, message, message)
    }

    /// With a `code` that programs tell refusals of one status apart by.
    pub(crate) fn coded(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self {
            code: Some(code),
            ..Self::new(status, message, message)
        }
    }

    pub(crate) fn internal() -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(
            status,
            "Internal server error",
            "something went wrong on our side",
        )
    }

    pub(crate) fn unavailable(seconds: u32) -> Self {
        let message = "temporarily unavailable, please try again";
        let error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Service unavailable",
            message,
        );
        Self {
            retry_after: Some(seconds),
            ..error
        }
    }

    pub(crate) fn too_many(seconds: u32) -> Self {
        let message = match seconds {
            1 => "too many requests: again in a second".into(),
            _ => format!("too many requests: again in {seconds} seconds"),
        };
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests", message);
        Self {
            retry_after: Some(seconds),
            ..error
        }
    }

    /// Shows the message in the Token Handler family too.
    pub(crate) fn explain(self) -> Self {
        Self {
            explained: true,
            ..self
        }
    }

    pub(crate) fn caused_by(self, cause: &dyn std::error::Error) -> Self {
        let cause = Some(chain(cause));
        Self { cause, ..self }
    }

    /// Where nobody was found by a cookie, a bearer token would do as well.
    pub(crate) fn or_bearer(self) -> Self {
        let asks = self.status == StatusCode::UNAUTHORIZED && self.refusal.is_none();
        let wanted = asks.then(|| Box::new(Refusal::no_token().with_detail(self.label)));
        Self {
            refusal: wanted.or(self.refusal),
            ..self
        }
    }

    pub(crate) fn clearing_session(self) -> Self {
        Self {
            clears_session: true,
            ..self
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn message(&self) -> &str {
        let refusal = self.refusal.as_deref();
        refusal.map_or(&self.message, Refusal::detail)
    }

    fn label(&self) -> &str {
        let refusal = self.refusal.as_deref();
        refusal.map_or(self.label, Refusal::detail)
    }

    /// For a route whose clients know no more than `{"detail"}`.
    pub(crate) fn plain(self) -> Self {
        Self {
            plain: true,
            ..self
        }
    }

    /// One line in the log, where no answer of the envelope's tells it.
    pub(crate) fn log(&self, what: &str) {
        let (status, cause) = (self.status.as_u16(), self.cause());
        tracing::warn!(target: "cogward::request", status, cause, "{what}: {}", self.message());
    }

    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The `error` member in the backend-proxy family; also told to a frontend's error page.
    pub(crate) fn kind(&self) -> &'static str {
        if let Some(code) = self.code {
            return code;
        }
        match self.status {
            StatusCode::BAD_REQUEST => "bad_request",
            StatusCode::UNAUTHORIZED => "authentication_required",
            StatusCode::FORBIDDEN => "forbidden",
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
            StatusCode::REQUEST_TIMEOUT => "request_timeout",
            StatusCode::PAYLOAD_TOO_LARGE => "payload_too_large",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
            StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable",
            status if status.is_client_error() => "bad_request",
            _ => "internal_error",
        }
    }

    /// The body, as the routes around it have theirs.
    pub(crate) fn body(&self, in_token_handler: bool, request_id: String) -> Response {
        if self.plain {
            let detail = self.label();
            return Json(Plain { detail }).into_response();
        }
        match in_token_handler {
            true => Json(self.token_handler_problem(request_id)).into_response(),
            false => Json(self.problem(request_id)).into_response(),
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
        TokenHandlerProblem {
            error: self.label().to_owned(),
            message: self.explained.then(|| self.message().to_owned()),
            request_id: self.status.is_server_error().then_some(request_id),
        }
    }

    /// `Retry-After` and the challenge, RFC 9110 §10.2.3 and §11.6.1.
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if let Some(refusal) = &self.refusal {
            refusal.add_headers(headers);
        } else if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Cookie"));
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Seconds after which a client should come again when we could not serve it.
const RETRY_SECONDS: u32 = 2;

impl From<SessionError> for Error {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Anonymous => {
                Self::unauthenticated("Not authenticated", "Authentication required")
            }
            SessionError::Ended => Self::unauthenticated("Not authenticated", "Session expired"),
            SessionError::TokenExpired => {
                Self::unauthenticated("Token expired", "Session expired: its tokens ran out")
            }
            SessionError::RefreshRefused => Self::unauthenticated(
                "Refresh failed",
                "Session expired: the refresh token was refused",
            )
            .explain()
            .clearing_session(),
            SessionError::Store(_) | SessionError::Upstream => {
                Self::unavailable(RETRY_SECONDS).caused_by(&error)
            }
            SessionError::Internal => Self::internal().caused_by(&error),
        }
    }
}

impl From<LoginRefusal> for Error {
    fn from(refusal: LoginRefusal) -> Self {
        match refusal {
            LoginRefusal::ReturnPath(_) => {
                Self::bad_request("return_to must be a path on the frontend, such as /dashboard")
            }
            LoginRefusal::IdentityProvider => {
                Self::bad_request("identity_provider is not one that is configured")
            }
            LoginRefusal::Store(source) => SessionError::Store(source).into(),
            LoginRefusal::Internal => Self::internal().caused_by(&refusal),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let error = Self::new(refusal.status(), "", "");
        Self {
            refusal: Some(Box::new(refusal)),
            ..error
        }
    }
}

impl From<BearerError> for Error {
    fn from(error: BearerError) -> Self {
        match error {
            BearerError::Token(error) => Self::from(Refusal::of(&error)).caused_by(&error),
            BearerError::Unchecked(error) => error.into(),
        }
    }
}
