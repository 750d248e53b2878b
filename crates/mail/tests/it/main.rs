//! Mail as a server gets it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it fails"
)]

mod outbox;
#[cfg(feature = "ses")]
mod ses;
mod smtp;
mod support;
mod templates;
