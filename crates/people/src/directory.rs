use std::error::Error;

use async_trait::async_trait;
use cogward_session::Timestamp;

use crate::code::{CodeKey, OneTimeCode};
use crate::person::{Person, Seen};

/// Where records of people are kept. `contract` says exactly how one behaves.
///
/// A failure is an error, never "not found". A write stands, durably, once it has been answered,
/// and is done wholly or not at all.
#[async_trait]
pub trait UserDirectory: Send + Sync + 'static {
    /// Makes the record, or brings it in step with what was seen; what was told earlier than what
    /// the record holds changes neither address nor names.
    ///
    /// An address has one record: whoever had it loses it, unless he was told of later, or his
    /// is verified and this one is not. Then it is not taken.
    async fn keep(&self, seen: Seen) -> Result<(), DirectoryError>;

    /// Notes that the address, in canonical form, of a person who signed up with it is verified;
    /// whether there is one. Of whom Cognito has told since, it alone says what is verified:
    /// another person may have given this address for his.
    async fn verified(&self, email: &str) -> Result<bool, DirectoryError>;

    /// The record of this person.
    async fn by_sub(&self, sub: &str) -> Result<Option<Person>, DirectoryError>;

    /// The record with this address, in canonical form.
    async fn by_email(&self, email: &str) -> Result<Option<Person>, DirectoryError>;

    /// At most so many records by the order of their `sub`s, from the one behind `after` on.
    async fn page(&self, after: Option<&str>, limit: usize) -> Result<Vec<Person>, DirectoryError>;

    /// Removes the record, and the person's codes; whether there was one.
    async fn delete(&self, sub: &str) -> Result<bool, DirectoryError>;

    /// Puts a code in place of the one before. Tries that were counted stay so; where none is
    /// left nothing is kept, and `false` answered.
    async fn put_code(
        &self,
        key: &CodeKey,
        code: &OneTimeCode,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, DirectoryError>;

    /// Counts a try and gives what it is to be compared with: nothing when there is no code that
    /// is good at `now`, or [`TRIES`](crate::TRIES) have been counted.
    async fn try_code(
        &self,
        key: &CodeKey,
        now: Timestamp,
    ) -> Result<Option<OneTimeCode>, DirectoryError>;

    /// Uses up this very code; of many who do, one is told `true`.
    async fn spend_code(&self, key: &CodeKey, code: &OneTimeCode) -> Result<bool, DirectoryError>;

    /// Makes this very code, if it is spent and none came after it, good again, and its try one
    /// that did not count.
    async fn return_code(&self, key: &CodeKey, code: &OneTimeCode) -> Result<(), DirectoryError>;

    /// Removes at most `limit` codes that are over and whose tries count no longer; how many.
    async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, DirectoryError>;

    /// Whether the directory works.
    async fn ping(&self) -> Result<(), DirectoryError>;
}

/// Why a directory did not do as asked.
#[derive(Debug, thiserror::Error)]
#[error("the user directory is unavailable")]
pub struct DirectoryError(#[source] Box<dyn Error + Send + Sync>);

impl DirectoryError {
    /// Because of `source`.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}
