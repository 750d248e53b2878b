use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension as _, Result, Row, params};
use serde::de::DeserializeOwned;

use crate::settings::{Address, SecondFactor, Settings};

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
    /// The `sub` itself in a pool whose users sign in with an address.
    pub(crate) username: String,
    /// Empty: there is no password.
    pub(crate) password_hash: String,
    /// When it was set: a temporary one is good for some days.
    pub(crate) password_set_at: i64,
    /// Earlier ones, newest first.
    pub(crate) password_history: Vec<String>,
    pub(crate) status: Status,
    pub(crate) enabled: bool,
    /// Everything but `sub`, with `email_verified` as `"true"` or `"false"`.
    pub(crate) attributes: BTreeMap<String, String>,
    /// By precedence, then by name.
    pub(crate) groups: Vec<String>,
    pub(crate) mfa: UserMfa,
    pub(crate) created_at: i64,
    pub(crate) modified_at: i64,
    pub(crate) signed_in_at: Option<i64>,
    /// Raised by whatever voids the sign-ins under way: each remembers the one it began in.
    pub(crate) epoch: i64,
}

/// A user's second factors.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct UserMfa {
    pub(crate) enabled: BTreeSet<SecondFactor>,
    pub(crate) preferred: Option<SecondFactor>,
    pub(crate) software_token: Option<SoftwareToken>,
    /// The Base32 secret of an enrolment by access token that waits for its first code.
    pub(crate) pending_software_token: Option<String>,
    /// Came with an administrator's password, which he has replaced.
    pub(crate) invited: bool,
}

/// A verified authenticator app.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct SoftwareToken {
    /// Base32.
    pub(crate) secret: String,
    pub(crate) friendly_name: Option<String>,
    /// The last step a code was taken of: none is taken twice.
    #[serde(default)]
    pub(crate) last_step: u64,
}

impl UserMfa {
    pub(crate) fn is_empty(&self) -> bool {
        self.enabled.is_empty() && self.software_token.is_none() && !self.invited
    }
}

impl std::fmt::Debug for SoftwareToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SoftwareToken").finish_non_exhaustive()
    }
}

impl UserMfa {
    /// Without the address no code can be sent to it.
    pub(crate) fn forget(&mut self, address: Address) {
        let factor = match address {
            Address::Email => SecondFactor::EmailOtp,
            Address::PhoneNumber => SecondFactor::SmsMfa,
        };
        self.enabled.remove(&factor);
        self.preferred.take_if(|preferred| *preferred == factor);
    }
}

impl User {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    pub(crate) fn address(&self, address: Address) -> Option<&str> {
        self.attribute(address.attribute())
    }

    /// The address when it was verified.
    pub(crate) fn verified(&self, address: Address) -> Option<&str> {
        self.address(address)
            .filter(|_| self.attribute(address.verified()) == Some("true"))
    }

    pub(crate) fn set_verified(&mut self, address: Address, verified: bool) {
        self.attributes
            .insert(address.verified().to_owned(), verified.to_string());
    }

    /// What to call the person where a name is shown or a message is sent to.
    pub(crate) fn shown_name(&self) -> &str {
        self.address(Address::Email)
            .or_else(|| self.address(Address::PhoneNumber))
            .unwrap_or(&self.username)
    }

    /// A name the user is always found by, and the one to show where there is one to be read.
    pub(crate) fn sign_in_name(&self, settings: &Settings) -> &str {
        settings
            .username_attributes
            .iter()
            .find_map(|address| self.address(*address))
            .unwrap_or(&self.username)
    }

    /// Every name the user is found by, in lower case. The `sub` is one, so that nobody else can
    /// choose it.
    pub(crate) fn names(&self, settings: &Settings) -> BTreeSet<String> {
        let by = |addresses: &BTreeSet<Address>, of: fn(&Self, Address) -> Option<&str>| {
            addresses
                .iter()
                .filter_map(|address| of(self, *address))
                .map(str::to_lowercase)
                .collect::<Vec<_>>()
        };
        let mut names: BTreeSet<_> = [self.sub.clone(), self.username.to_lowercase()].into();
        names.extend(by(&settings.username_attributes, Self::address));
        // Somebody who has not confirmed yet takes no alias from others.
        if self.status != Status::Unconfirmed {
            names.extend(by(&settings.alias_attributes, Self::verified));
        }
        names
    }
}

/// Finds by `sub` or by a sign-in name in any case.
pub(crate) fn find(db: &Connection, name: &str) -> Result<Option<User>> {
    db.prepare_cached(&format!(
        "{SELECT} WHERE sub = COALESCE((SELECT sub FROM names WHERE name = ?2), ?1)"
    ))?
    .query_row([name, &name.to_lowercase()], from_row)
    .optional()
}

/// Whose sign-in name this is.
pub(crate) fn owner(db: &Connection, name: &str) -> Result<Option<String>> {
    db.prepare_cached("SELECT sub FROM names WHERE name = ?1")?
        .query_row([name.to_lowercase()], |row| row.get(0))
        .optional()
}

/// The first of the user's names that somebody else has.
pub(crate) fn taken(db: &Connection, user: &User, settings: &Settings) -> Result<Option<String>> {
    for name in user.names(settings) {
        if owner(db, &name)?.is_some_and(|sub| sub != user.sub) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Inserts, or replaces the user with the same `sub`. Ask [`taken`] before; a name that another
/// has is an error here. The epoch is left to [`raise_epoch`].
pub(crate) fn save(db: &Connection, user: &User, settings: &Settings) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO users (sub, username, password_hash, password_set_at, password_history, status,
           enabled, attributes, mfa, created_at, modified_at, signed_in_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (sub) DO UPDATE SET username = ?2, password_hash = ?3, password_set_at = ?4,
           password_history = ?5, status = ?6, enabled = ?7, attributes = ?8, mfa = ?9,
           modified_at = ?11, signed_in_at = ?12",
    )?
    .execute(params![
        user.sub,
        user.username,
        user.password_hash,
        user.password_set_at,
        json(&user.password_history)?,
        user.status.name(),
        user.enabled,
        json(&user.attributes)?,
        json(&user.mfa)?,
        user.created_at,
        user.modified_at,
        user.signed_in_at,
    ])?;
    db.prepare_cached("DELETE FROM names WHERE sub = ?1")?
        .execute([&user.sub])?;
    for name in user.names(settings) {
        db.prepare_cached("INSERT INTO names (name, sub) VALUES (?1, ?2)")?
            .execute([&name, &user.sub])?;
    }
    Ok(())
}

/// Whether there was such a user. What belongs to the user goes too.
pub(crate) fn delete(db: &Connection, sub: &str) -> Result<bool> {
    let rows = db
        .prepare_cached("DELETE FROM users WHERE sub = ?1")?
        .execute([sub])?;
    Ok(rows > 0)
}

pub(crate) fn signed_in(db: &Connection, sub: &str, now: i64) -> Result<()> {
    db.prepare_cached("UPDATE users SET signed_in_at = ?2 WHERE sub = ?1")?
        .execute(params![sub, now])
        .map(drop)
}

/// Voids what of the user's is under way.
pub(crate) fn raise_epoch(db: &Connection, sub: &str) -> Result<()> {
    db.prepare_cached("UPDATE users SET epoch = epoch + 1 WHERE sub = ?1")?
        .execute([sub])
        .map(drop)
}

/// `None`: there is no such user.
pub(crate) fn epoch(db: &Connection, sub: &str) -> Result<Option<i64>> {
    db.prepare_cached("SELECT epoch FROM users WHERE sub = ?1")?
        .query_row([sub], |row| row.get(0))
        .optional()
}

/// Changes a user's second factors as they are stored now, and nothing else.
pub(crate) fn change_mfa(
    db: &Connection,
    sub: &str,
    change: impl FnOnce(&mut UserMfa),
) -> Result<()> {
    let stored: Option<String> = db
        .prepare_cached("SELECT mfa FROM users WHERE sub = ?1")?
        .query_row([sub], |row| row.get(0))
        .optional()?;
    let Some(stored) = stored else { return Ok(()) };
    let mut mfa = parse(&stored)?;
    change(&mut mfa);
    db.prepare_cached("UPDATE users SET mfa = ?2 WHERE sub = ?1")?
        .execute(params![sub, json(&mfa)?])
        .map(drop)
}

pub(crate) fn count(db: &Connection) -> Result<i64> {
    db.prepare_cached("SELECT count(*) FROM users")?
        .query_row([], |row| row.get(0))
}

/// In the order of creation, those after `after` (a `sub`).
pub(crate) fn page(db: &Connection, after: Option<&str>, limit: i64) -> Result<Vec<User>> {
    db.prepare_cached(&format!(
        "{SELECT} WHERE ?1 IS NULL OR (created_at, sub) >
           (SELECT created_at, sub FROM users WHERE sub = ?1)
         ORDER BY created_at, sub LIMIT ?2"
    ))?
    .query_map(params![after, limit], from_row)?
    .collect()
}

pub(super) const SELECT: &str = "SELECT *, (SELECT json_group_array(name) FROM (
       SELECT name FROM memberships JOIN groups USING (name) WHERE memberships.sub = users.sub
       ORDER BY precedence IS NULL, precedence, name)) AS groups
     FROM users";

pub(super) fn from_row(row: &Row<'_>) -> Result<User> {
    let status: String = row.get("status")?;
    Ok(User {
        sub: row.get("sub")?,
        username: row.get("username")?,
        password_hash: row.get("password_hash")?,
        password_set_at: row.get("password_set_at")?,
        password_history: parse(&row.get::<_, String>("password_history")?)?,
        status: parse(&format!("{status:?}"))?,
        enabled: row.get("enabled")?,
        attributes: parse(&row.get::<_, String>("attributes")?)?,
        groups: parse(&row.get::<_, String>("groups")?)?,
        mfa: parse(&row.get::<_, String>("mfa")?)?,
        created_at: row.get("created_at")?,
        modified_at: row.get("modified_at")?,
        signed_in_at: row.get("signed_in_at")?,
        epoch: row.get("epoch")?,
    })
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::ToSqlConversionFailure(error.into()))
}

pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::FromSqlConversionFailure(0, Type::Text, error.into()))
}
