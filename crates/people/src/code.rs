use std::fmt;

/// So many wrong codes an account may try within [`TRIES_SECONDS`], whatever codes are sent.
pub const TRIES: u32 = 5;
/// How long tries count, from the first on.
pub const TRIES_SECONDS: i64 = 3600;

/// Whose code it is, and what it is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeKey {
    /// The account's.
    pub sub: String,
    /// Such as `password_reset`.
    pub purpose: &'static str,
}

/// A one-time code as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeCode {
    /// Random, of this code alone.
    pub salt: [u8; 16],
    /// Slow to compute, from the salt and the code.
    pub hash: [u8; 32],
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(..)")
    }
}
