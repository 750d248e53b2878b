use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PasswordPolicy {
    pub(crate) minimum_length: i64,
    pub(crate) require_lowercase: bool,
    pub(crate) require_uppercase: bool,
    pub(crate) require_numbers: bool,
    pub(crate) require_symbols: bool,
    /// How many earlier passwords may not come again.
    pub(crate) history_size: i64,
    pub(crate) temporary_password_days: i64,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            minimum_length: 8,
            require_lowercase: true,
            require_uppercase: true,
            require_numbers: true,
            require_symbols: true,
            history_size: 0,
            temporary_password_days: 7,
        }
    }
}

impl PasswordPolicy {
    /// Every number, by the setting's name, and what it may be.
    pub(super) fn ranges(&self) -> [(&'static str, i64, RangeInclusive<i64>); 3] {
        [
            (
                "password_policy.minimum_length",
                self.minimum_length,
                6..=99,
            ),
            ("password_policy.history_size", self.history_size, 0..=24),
            (
                "password_policy.temporary_password_days",
                self.temporary_password_days,
                0..=365,
            ),
        ]
    }
}
