//! Records of an application's people, beside what Cognito keeps of them, and the one-time codes
//! of ours that they are sent.
//!
//! Cognito's word counts: [`UserDirectory::keep`] brings a record in step with it. No record
//! holds a password, a token or a key.

mod code;
#[cfg(feature = "contract")]
pub mod contract;
mod directory;
mod person;

pub use code::{CodeKey, OneTimeCode, TRIES, TRIES_SECONDS};
pub use directory::{DirectoryError, UserDirectory};
pub use person::{Person, Seen};
