use serde::{Deserialize, Serialize};

/// What Cognito limits.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// After five wrong passwords or codes of a second factor.
    pub(crate) lockout: bool,
    /// How often an hour a user may try a code.
    pub(crate) attempts: bool,
    /// How often an hour a code is sent to a user.
    pub(crate) messages: bool,
    /// Calls a second of each category, and of each user.
    pub(crate) requests: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lockout: true,
            attempts: true,
            messages: false,
            requests: false,
        }
    }
}
