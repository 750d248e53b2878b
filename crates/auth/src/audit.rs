//! One line for every sign-in, refresh, sign-out and refusal.
//!
//! Events go to the `cogward::audit` target of `tracing`. A session is named
//! by its public handle and a person by `sub`; tokens, cookies, codes and
//! addresses of e-mail never stand in an event.

use cogward_session::LookupKey;

/// What happened to a session.
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
    /// A new sign-in of the same browser took its place.
    Replaced,
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
            Self::Replaced => "replaced",
            Self::Unreadable => "unreadable",
        }
    }
}

pub(crate) fn session(event: Event, sub: &str, key: &LookupKey, reason: &str) {
    tracing::info!(
        target: "cogward::audit",
        event = event.name(),
        sub,
        session = %key.handle(),
        reason,
        "session {}",
        event.name(),
    );
}

/// A request was turned away before there was a session to name.
pub fn refused(what: &str, reason: &dyn std::fmt::Display) {
    tracing::warn!(target: "cogward::audit", event = "refused", what, %reason, "{what} refused");
}
