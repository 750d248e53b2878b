//! Who or what causes what is done.

use std::net::IpAddr;

use tokio::task::futures::TaskLocalFuture;
use tracing::Span;

use super::{RequestId, Trail};

tokio::task_local! { static CAUSE: Cause; }

/// What causes what is done, and where that is told. It stands in the events, also in those of
/// work that goes on behind the answer.
#[derive(Clone)]
pub struct Cause {
    pub(super) by: By,
    pub(super) trail: Option<Trail>,
    behind: bool,
}

/// Who or what it is.
#[derive(Clone, Copy, Debug)]
pub enum By {
    /// A request.
    Request {
        /// `X-Request-Id` of the answer.
        id: RequestId,
        /// The other end of the connection.
        peer: Option<IpAddr>,
        /// The caller's address, as far as it can be believed: behind a proxy not the peer's.
        address: Option<IpAddr>,
    },
    /// Somebody who has the store, or the machine.
    Operator,
    /// The server itself.
    Server,
}

impl Cause {
    /// Without a trail, events go to the log.
    pub fn new(by: By, trail: Option<Trail>) -> Self {
        Self {
            by,
            trail,
            behind: false,
        }
    }

    /// Does `work` for this cause.
    pub fn of<F: Future>(self, work: F) -> TaskLocalFuture<Self, F> {
        CAUSE.scope(self, work)
    }

    /// Tells something for this cause.
    pub(crate) fn tells(self, tell: impl FnOnce()) {
        CAUSE.sync_scope(self, tell);
    }

    /// That of what is done now, unless nobody named one.
    pub(super) fn now() -> Option<Self> {
        CAUSE.try_with(Self::clone).ok()
    }

    /// The same for work that goes on behind the answer.
    pub(crate) fn going_on() -> Option<Self> {
        Self::now().map(|cause| Self {
            behind: true,
            ..cause
        })
    }
}

/// The cause as a span. It is made when there is something to tell: the many
/// requests that only read pay for none.
pub(crate) fn span() -> Span {
    let span = CAUSE.try_with(|cause| match cause.by {
        // Behind the answer the work is in the span that it was begun with.
        By::Request { id, peer, .. } if !cause.behind => {
            let peer = peer.map(tracing::field::display);
            // With the target of the events, so that both are written at every log level.
            tracing::info_span!(
                target: "cogward::audit",
                "request",
                request_id = %id,
                peer,
            )
        }
        _ => Span::current(),
    });
    span.unwrap_or_else(|_| Span::current())
}
