//! One line for every sign-in, refresh, sign-out and refusal.
//!
//! Events go to the `cogward::audit` target of `tracing`. A session is named
//! by its public handle and a person by `sub`; tokens, cookies, codes and
//! addresses of e-mail never stand in an event.

use std::net::IpAddr;

use cogward_session::LookupKey;
use tokio::task::futures::TaskLocalFuture;
use tracing::Span;

tokio::task_local! { static CAUSE: Cause; }

/// The request that causes what is done. It stands in the events, also in those
/// of work that goes on behind the answer.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// `X-Request-Id` of the answer, 24 digits in hex.
    pub request_id: u128,
    /// The other end of the connection.
    pub peer: Option<IpAddr>,
}

impl Cause {
    /// Does `work` for this cause.
    pub fn of<F: Future>(self, work: F) -> TaskLocalFuture<Self, F> {
        CAUSE.scope(self, work)
    }
}

/// The cause as a span. It is made when there is something to tell: the many
/// requests that only read pay for none.
pub(crate) fn span() -> Span {
    let span = CAUSE.try_with(|Cause { request_id, peer }| {
        let peer = peer.map(tracing::field::display);
        // With the target of the events, so that both are written at every log level.
        tracing::info_span!(
            target: "cogward::audit",
            "request",
            request_id = format_args!("{request_id:024x}"),
            peer,
        )
    });
    // Behind the answer the work is in the span that it was begun with.
    span.unwrap_or_else(|_| Span::current())
}

/// What happened to a session, or in one to its owner's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A session began.
    SignedIn,
    /// Its tokens were renewed.
    Refreshed,
    /// Cognito could not be asked; the session stays.
    RefreshPostponed,
    /// Cognito refused the refresh token; the session is gone.
    RefreshRefused,
    /// The person signed out.
    SignedOut,
    /// The person, or an operator, ended it from elsewhere.
    Revoked,
    /// The person signed out everywhere: tokens issued up to now are refused.
    TokensRevoked,
    /// A new sign-in of the same browser took its place.
    Replaced,
    /// The person chose another password.
    PasswordChanged,
    /// The person set up something more to sign in by.
    FactorAdded,
    /// The person took away something to sign in by.
    FactorRemoved,
    /// The person deleted the account.
    AccountDeleted,
    /// A stored record did not open with the cookie that names it.
    Unreadable,
}

impl Event {
    fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::Refreshed => "refreshed",
            Self::RefreshPostponed => "refresh_postponed",
            Self::RefreshRefused => "refresh_refused",
            Self::SignedOut => "signed_out",
            Self::Revoked => "revoked",
            Self::TokensRevoked => "tokens_revoked",
            Self::Replaced => "replaced",
            Self::PasswordChanged => "password_changed",
            Self::FactorAdded => "factor_added",
            Self::FactorRemoved => "factor_removed",
            Self::AccountDeleted => "account_deleted",
            Self::Unreadable => "unreadable",
        }
    }
}

pub(crate) fn session(event: Event, sub: &str, key: &LookupKey, reason: &str) {
    let (event, session) = (event.name(), key.handle());
    span().in_scope(|| {
        tracing::info!(target: "cogward::audit", event, sub, %session, reason, "session {event}");
    });
}

/// A change of a person's record was not written: after a sign-in, sign-up, …
pub(crate) fn not_written(what: &str, sub: Option<&str>, reason: &dyn std::fmt::Display) {
    span().in_scope(|| {
        tracing::warn!(target: "cogward::audit", event = "not_written", what, sub, %reason, "record of a {what} not written");
    });
}

/// A request was turned away before there was a session to name.
pub fn refused(what: &str, reason: &dyn std::fmt::Display) {
    span().in_scope(|| {
        tracing::warn!(target: "cogward::audit", event = "refused", what, %reason, "{what} refused");
    });
}
