//! Where keys come from.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;

use crate::keys::{KeySet, KeySetError};

/// What [`FetchKeys::fetch`] gives.
pub type Fetching<'f> = Pin<Box<dyn Future<Output = Result<KeySet, FetchError>> + Send + 'f>>;

/// A source of an issuer's keys.
pub trait FetchKeys: Send + Sync + 'static {
    /// Gets the current set.
    ///
    /// # Errors
    /// Whatever stands in the way; the caller keeps the set it has.
    fn fetch(&self) -> Fetching<'_>;
}

/// Why keys could not be had. Every waiter of one fetch gets a copy.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No connection, no answer in time, or an answer that broke off.
    #[error("key server cannot be reached")]
    Unreachable(#[source] Arc<dyn Error + Send + Sync>),
    /// An answer other than 200; redirects are not followed.
    #[error("key server answered {0}")]
    Status(u16),
    /// An answer that is no usable key set.
    #[error("key server's answer is not usable")]
    KeySet(#[source] KeySetError),
    /// No answer in ten seconds.
    #[error("key server did not answer in time")]
    TooSlow,
    /// The fetch ended without a result: the process is going down.
    #[error("fetching keys was interrupted")]
    Interrupted,
}
