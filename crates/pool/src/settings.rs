use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::db::meta;

/// What `POST /_local/settings` changes; kept in the database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) access_token_seconds: i64,
    pub(crate) id_token_seconds: i64,
    pub(crate) refresh_token_seconds: i64,
    pub(crate) refresh_rotation: bool,
    pub(crate) refresh_grace_seconds: i64,
    pub(crate) prevent_user_existence_errors: bool,
    pub(crate) mfa: Mfa,
    pub(crate) password_policy: PasswordPolicy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Mfa {
    Off,
    Optional,
    On,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct PasswordPolicy {
    pub(crate) minimum_length: i64,
    pub(crate) require_lowercase: bool,
    pub(crate) require_uppercase: bool,
    pub(crate) require_numbers: bool,
    pub(crate) require_symbols: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            access_token_seconds: 3600,
            id_token_seconds: 3600,
            refresh_token_seconds: 30 * 86400,
            refresh_rotation: false,
            refresh_grace_seconds: 0,
            prevent_user_existence_errors: true,
            mfa: Mfa::Off,
            password_policy: PasswordPolicy {
                minimum_length: 8,
                require_lowercase: true,
                require_uppercase: true,
                require_numbers: true,
                require_symbols: true,
            },
        }
    }
}

impl Settings {
    pub(crate) fn load(db: &Connection) -> rusqlite::Result<Self> {
        let stored = meta::get(db, "settings")?;
        Ok(stored
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default())
    }

    pub(crate) fn save(&self, db: &Connection) -> rusqlite::Result<()> {
        let text = serde_json::to_string(self)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        meta::set(db, "settings", &text)
    }

    /// Sets the members given.
    ///
    /// # Errors
    /// A sentence that names the first bad member and the valid ones.
    pub(crate) fn patch(&mut self, members: &Map<String, Value>) -> Result<(), String> {
        for (name, value) in members {
            match name.as_str() {
                "access_token_seconds" => {
                    self.access_token_seconds = within(name, value, 1..=86400)?;
                }
                "id_token_seconds" => self.id_token_seconds = within(name, value, 1..=86400)?,
                "refresh_token_seconds" => {
                    self.refresh_token_seconds = within(name, value, 1..=315_360_000)?;
                }
                "refresh_rotation" => self.refresh_rotation = switch(name, value, "DISABLED")?,
                "refresh_grace_seconds" => {
                    self.refresh_grace_seconds = within(name, value, 0..=60)?;
                }
                "prevent_user_existence_errors" => {
                    self.prevent_user_existence_errors = switch(name, value, "LEGACY")?;
                }
                "mfa" => {
                    self.mfa = Mfa::deserialize(value)
                        .map_err(|_| format!("{name} must be \"OFF\", \"OPTIONAL\" or \"ON\""))?;
                }
                "password_policy" => self.password_policy.patch(value)?,
                _ => return Err(unknown("setting", name, SETTINGS)),
            }
        }
        Ok(())
    }
}

impl PasswordPolicy {
    fn patch(&mut self, value: &Value) -> Result<(), String> {
        let members = value
            .as_object()
            .ok_or("password_policy must be an object")?;
        for (name, value) in members {
            let flag = match name.as_str() {
                "minimum_length" => {
                    self.minimum_length = within(name, value, 6..=99)?;
                    continue;
                }
                "require_lowercase" => &mut self.require_lowercase,
                "require_uppercase" => &mut self.require_uppercase,
                "require_numbers" => &mut self.require_numbers,
                "require_symbols" => &mut self.require_symbols,
                _ => return Err(unknown("password_policy member", name, POLICY)),
            };
            *flag = value
                .as_bool()
                .ok_or_else(|| format!("{name} must be true or false"))?;
        }
        Ok(())
    }
}

const SETTINGS: &str = "access_token_seconds, id_token_seconds, refresh_token_seconds, \
    refresh_rotation, refresh_grace_seconds, prevent_user_existence_errors, mfa, password_policy";
const POLICY: &str =
    "minimum_length, require_lowercase, require_uppercase, require_numbers, require_symbols";

fn unknown(what: &str, name: &str, valid: &str) -> String {
    format!("unknown {what} {name:?}; valid are: {valid}")
}

fn within(name: &str, value: &Value, range: std::ops::RangeInclusive<i64>) -> Result<i64, String> {
    value
        .as_i64()
        .filter(|number| range.contains(number))
        .ok_or_else(|| {
            format!(
                "{name} must be a whole number of {} to {}",
                range.start(),
                range.end()
            )
        })
}

/// A boolean, or Cognito's words for it.
fn switch(name: &str, value: &Value, off: &str) -> Result<bool, String> {
    match value {
        Value::Bool(on) => Ok(*on),
        Value::String(word) if word == "ENABLED" => Ok(true),
        Value::String(word) if word == off => Ok(false),
        _ => Err(format!(
            "{name} must be true, false, \"ENABLED\" or {off:?}"
        )),
    }
}
