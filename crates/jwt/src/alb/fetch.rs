//! Where keys come from.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;

use super::key::{AlbKey, AlbKeyError, AlbKid};

/// What [`FetchAlbKey::fetch`] gives.
pub type KeyFuture<'f> =
    Pin<Box<dyn Future<Output = Result<Option<AlbKey>, AlbFetchError>> + Send + 'f>>;

/// A source of load balancers' keys.
pub trait FetchAlbKey: Send + Sync + 'static {
    /// Asks for the key of this name: `None` when there is none, an error when nothing can be
    /// said. It must come to an end by itself within seconds.
    fn fetch<'f>(&'f self, kid: &'f AlbKid) -> KeyFuture<'f>;
}

/// Why a key could not be had. Every waiter of one fetch gets a copy.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AlbFetchError {
    /// No connection, no answer within 3 seconds, or an answer that broke off.
    #[error("key server cannot be reached")]
    Unreachable(#[source] Arc<dyn Error + Send + Sync>),
    /// An answer other than 200, 403 and 404; redirects are not followed.
    #[error("key server answered {0}")]
    Status(u16),
    /// More than 4 KiB.
    #[error("key server's answer is too large for a key")]
    TooLarge,
    /// An answer that is no key.
    #[error("key server's answer is not usable")]
    Key(#[source] AlbKeyError),
    /// The fetch ended without a result: the process is going down.
    #[error("fetching the key was interrupted")]
    Interrupted,
}
