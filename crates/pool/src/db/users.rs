use std::collections::BTreeMap;

use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension as _, Result, Row, params};
use serde::de::DeserializeOwned;

/// A user's state, in Cognito's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    Unconfirmed,
    Confirmed,
    ResetRequired,
    ForceChangePassword,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unconfirmed => "UNCONFIRMED",
            Self::Confirmed => "CONFIRMED",
            Self::ResetRequired => "RESET_REQUIRED",
            Self::ForceChangePassword => "FORCE_CHANGE_PASSWORD",
        }
    }
}

#[derive(Clone)]
pub(crate) struct User {
    pub(crate) sub: String,
    /// Canonical: trimmed of nothing, lower case.
    pub(crate) email: String,
    pub(crate) password_hash: String,
    pub(crate) status: Status,
    pub(crate) enabled: bool,
    /// Everything but `sub`, with `email_verified` as `"true"` or `"false"`.
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) groups: Vec<String>,
    pub(crate) created_at: i64,
    pub(crate) signed_in_at: Option<i64>,
}

impl User {
    pub(crate) fn email_verified(&self) -> bool {
        self.attributes
            .get("email_verified")
            .is_some_and(|value| value == "true")
    }
}

/// Finds by `sub` or by email in any case.
pub(crate) fn find(db: &Connection, name: &str) -> Result<Option<User>> {
    db.prepare("SELECT * FROM users WHERE sub = ?1 OR email = ?2")?
        .query_row([name, &name.to_lowercase()], from_row)
        .optional()
}

/// Inserts, or replaces the user with the same `sub`.
pub(crate) fn save(db: &Connection, user: &User) -> Result<()> {
    db.prepare(
        "INSERT INTO users (sub, email, password_hash, status, enabled, attributes, groups,
           created_at, signed_in_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (sub) DO UPDATE SET email = ?2, password_hash = ?3, status = ?4, enabled = ?5,
           attributes = ?6, groups = ?7, signed_in_at = ?9",
    )?
    .execute(params![
        user.sub,
        user.email,
        user.password_hash,
        user.status.name(),
        user.enabled,
        json(&user.attributes)?,
        json(&user.groups)?,
        user.created_at,
        user.signed_in_at,
    ])
    .map(drop)
}

/// Whether there was such a user.
pub(crate) fn delete(db: &Connection, sub: &str) -> Result<bool> {
    let rows = db
        .prepare("DELETE FROM users WHERE sub = ?1")?
        .execute([sub])?;
    Ok(rows > 0)
}

pub(crate) fn signed_in(db: &Connection, sub: &str, now: i64) -> Result<()> {
    db.prepare("UPDATE users SET signed_in_at = ?2 WHERE sub = ?1")?
        .execute(params![sub, now])
        .map(drop)
}

fn from_row(row: &Row<'_>) -> Result<User> {
    let status: String = row.get("status")?;
    Ok(User {
        sub: row.get("sub")?,
        email: row.get("email")?,
        password_hash: row.get("password_hash")?,
        status: parse(&format!("{status:?}"))?,
        enabled: row.get("enabled")?,
        attributes: parse(&row.get::<_, String>("attributes")?)?,
        groups: parse(&row.get::<_, String>("groups")?)?,
        created_at: row.get("created_at")?,
        signed_in_at: row.get("signed_in_at")?,
    })
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::ToSqlConversionFailure(error.into()))
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::FromSqlConversionFailure(0, Type::Text, error.into()))
}
