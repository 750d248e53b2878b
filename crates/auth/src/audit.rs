//! One line for every sign-in, refresh, sign-out, decision and refusal.
//!
//! Events go to the `cogward::audit` target of `tracing`. A session is named
//! by its public handle and a person by `sub`; tokens, cookies, codes and
//! addresses of e-mail never stand in an event.

use std::fmt;
use std::net::IpAddr;

use cogward_session::{Handle, LookupKey};
use tokio::task::futures::TaskLocalFuture;
use tracing::Span;

use crate::authorize::Answer;

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

/// As `X-Request-Id` has it.
struct RequestId(u128);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:024x}", self.0)
    }
}

/// With commas between them.
struct Names<'a>(&'a [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.0.iter().enumerate() {
            let between = if at == 0 { "" } else { "," };
            write!(f, "{between}{name}")?;
        }
        Ok(())
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
            request_id = %RequestId(*request_id),
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

/// What was decided of whom.
pub(crate) struct Judged<'a> {
    pub(crate) sub: &'a str,
    pub(crate) session: Option<Handle>,
    pub(crate) action: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) answer: &'a Answer,
}

/// There are many of these: the cause stands in the event, no span is made for it.
pub(crate) fn decision(judged: &Judged<'_>) {
    let Judged {
        sub,
        action,
        kind,
        resource,
        answer,
        ..
    } = *judged;
    let cause = CAUSE.try_with(|cause| *cause).ok();
    let session = judged.session.as_ref().map(tracing::field::display);
    let peer = cause.and_then(|it| it.peer).map(tracing::field::display);
    let request_id = cause.map(|it| tracing::field::display(RequestId(it.request_id)));
    tracing::info!(
        target: "cogward::audit",
        event = "decision",
        request_id,
        peer,
        sub,
        session,
        action,
        resource_type = kind,
        resource,
        allowed = answer.decision.allowed,
        policies = %Names(&answer.decision.determining),
        failed = %Names(&answer.decision.failed),
        reason = %answer.reason,
        "decision"
    );
}

/// A change of a person's record was not written: after a sign-in, sign-up, …
pub(crate) fn not_written(what: &str, sub: Option<&str>, reason: &dyn fmt::Display) {
    span().in_scope(|| {
        tracing::warn!(target: "cogward::audit", event = "not_written", what, sub, %reason, "record of a {what} not written");
    });
}

/// A request was turned away before there was a session to name.
pub fn refused(what: &str, reason: &dyn fmt::Display) {
    span().in_scope(|| {
        tracing::warn!(target: "cogward::audit", event = "refused", what, %reason, "{what} refused");
    });
}
