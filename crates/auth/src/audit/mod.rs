//! What was done, by whom and to whom: every sign-in, renewal, sign-out, change of an account,
//! decision and refusal.
//!
//! Where there is a [`Trail`], an event is a line of it, in the words of OCSF; without one it goes
//! to the `cogward::audit` target of `tracing`. A session is named by its public handle and a
//! person by `sub`; tokens, cookies, codes and addresses of e-mail never stand in an event.

mod beginning;
mod cause;
mod hex;
pub mod kinds;
mod ocsf;
mod plain;
#[cfg(test)]
mod tests;
mod trail;

use std::fmt;

use cogward_session::{Handle, LookupKey};

use crate::authorize::Answer;
pub(crate) use cause::span;
pub use cause::{By, Cause};
pub use hex::Hex;
pub use kinds::{Changed, Event, Refused};
use kinds::{Decided, Records};
use ocsf::{More, Told};
pub use plain::is_plain;
pub use trail::{Open, Trail, Whose};

/// Of an answer, as `X-Request-Id` has it.
pub type RequestId = Hex<24>;

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

/// To the trail of what causes this; otherwise to the log.
fn tell(told: &Told<'_>, log: impl FnOnce(Option<&Cause>)) {
    let cause = Cause::now();
    let trail = cause.as_ref().and_then(|it| Some((it, it.trail.as_ref()?)));
    let taken = trail.is_some_and(|(cause, trail)| trail.tell(told, &cause.by));
    if !taken {
        log(cause.as_ref());
    }
}

/// In a session, or to one.
pub(crate) fn session(event: Event, sub: &str, key: &LookupKey, reason: &str) {
    in_session(event, sub, key, reason, More::Nothing);
}

/// A session began. The method is how the person signed in.
pub(crate) fn signed_in(sub: &str, key: &LookupKey, method: &str, user_agent: Option<&str>) {
    let more = More::SignIn { method, user_agent };
    in_session(Event::SignedIn, sub, key, method, more);
}

fn in_session(event: Event, sub: &str, key: &LookupKey, reason: &str, more: More<'_>) {
    let session = key.handle();
    let told = Told {
        kind: event.kind(),
        sub: Some(sub),
        session: Some(session),
        detail: detail(&reason),
        more,
    };
    tell(&told, |_| {
        let event = event.kind().code;
        span().in_scope(|| {
            tracing::info!(target: "cogward::audit", event, sub, %session, reason, "session {event}");
        });
    });
}

/// To an account, without a session; of whom, as far as that is known.
pub(crate) fn account(event: Event, sub: Option<&str>, reason: &str) {
    let told = Told {
        kind: event.kind(),
        sub,
        session: None,
        detail: detail(&reason),
        more: More::Nothing,
    };
    tell(&told, |_| {
        let event = event.kind().code;
        span().in_scope(|| {
            tracing::info!(target: "cogward::audit", event, sub, reason, "account {event}");
        });
    });
}

fn detail<'a>(reason: &'a &str) -> Option<&'a dyn fmt::Display> {
    (!reason.is_empty()).then_some(reason)
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
    let decided = match judged.answer.decision.allowed {
        true => Decided::Allowed,
        false => Decided::Denied,
    };
    let told = Told {
        kind: decided.kind(),
        sub: Some(judged.sub),
        session: judged.session,
        detail: Some(&judged.answer.reason),
        more: More::Decision(judged),
    };
    tell(&told, |cause| log_decision(judged, cause));
}

fn log_decision(judged: &Judged<'_>, cause: Option<&Cause>) {
    let Judged {
        sub,
        action,
        kind,
        resource,
        answer,
        ..
    } = *judged;
    let (request_id, peer) = match cause.map(|cause| cause.by) {
        Some(By::Request { id, peer, .. }) => (Some(id), peer),
        _ => (None, None),
    };
    let session = judged.session.as_ref().map(tracing::field::display);
    let peer = peer.map(tracing::field::display);
    let request_id = request_id.map(tracing::field::display);
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

/// What somebody may do, of all actions.
pub(crate) struct Listed<'a> {
    pub(crate) sub: &'a str,
    pub(crate) session: Option<Handle>,
    pub(crate) kind: &'a str,
    pub(crate) resource: &'a str,
    /// Those that are permitted,
    pub(crate) actions: &'a [String],
    /// by these policies,
    pub(crate) policies: &'a [String],
    /// and those that failed.
    pub(crate) failed: &'a [String],
}

/// One event for all of them.
pub(crate) fn permissions(listed: &Listed<'_>) {
    let told = Told {
        kind: Decided::Listed.kind(),
        sub: Some(listed.sub),
        session: listed.session,
        detail: None,
        more: More::Permissions(listed),
    };
    tell(&told, |_| {
        let Listed {
            sub,
            kind,
            resource,
            ..
        } = *listed;
        let session = listed.session.as_ref().map(tracing::field::display);
        span().in_scope(|| {
            tracing::info!(
                target: "cogward::audit",
                event = "permissions",
                sub,
                session,
                resource_type = kind,
                resource,
                actions = %Names(listed.actions),
                policies = %Names(listed.policies),
                failed = %Names(listed.failed),
                "permissions"
            );
        });
    });
}

/// What the server goes by was read anew.
pub(crate) fn changed(what: Changed, detail: &dyn fmt::Display) {
    let told = Told {
        kind: what.kind(),
        sub: None,
        session: None,
        detail: Some(detail),
        more: More::Nothing,
    };
    tell(&told, |_| {
        let event = what.kind().code;
        tracing::info!(target: "cogward::audit", event, %detail, "{event}");
    });
}

/// A change of a person's record was not written: after a sign-in, sign-up, …
pub(crate) fn not_written(what: &str, sub: Option<&str>, reason: &dyn fmt::Display) {
    let detail = format!("{what}: {reason}");
    let told = Told {
        kind: Records::NotWritten.kind(),
        sub,
        session: None,
        detail: Some(&detail),
        more: More::Nothing,
    };
    tell(&told, |_| {
        span().in_scope(|| {
            tracing::warn!(target: "cogward::audit", event = "not_written", what, sub, %reason, "record of a {what} not written");
        });
    });
}

/// Somebody was turned away, or something came to nothing, where nobody is known to name.
pub fn refused(what: Refused, reason: &dyn fmt::Display) {
    refused_to(what, None, None, reason);
}

/// The same of a person, perhaps in a session.
pub fn refused_to(
    what: Refused,
    sub: Option<&str>,
    session: Option<Handle>,
    reason: &dyn fmt::Display,
) {
    let told = Told {
        kind: what.kind(),
        sub,
        session,
        detail: Some(reason),
        more: More::Nothing,
    };
    tell(&told, |_| {
        let what = what.what();
        let session = session.as_ref().map(tracing::field::display);
        span().in_scope(|| {
            tracing::warn!(target: "cogward::audit", event = "refused", what, sub, session, %reason, "{what} refused");
        });
    });
}
