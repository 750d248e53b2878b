use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::{SWEPT, digest_of};

/// How many wait at most; the oldest make room, also where the time stands still.
pub(super) const KEPT: i64 = 10_000;

/// What an authorization code stands for.
pub(crate) struct AuthCode {
    pub(crate) sub: String,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    pub(crate) nonce: Option<String>,
    /// PKCE S256 challenge.
    pub(crate) challenge: Option<String>,
    /// What the access token is for (RFC 8707).
    pub(crate) resource: Option<String>,
    pub(crate) auth_time: i64,
    pub(crate) expires_at: i64,
    /// The user's when it was given.
    pub(crate) epoch: i64,
}

pub(crate) fn insert(db: &Connection, code: &str, of: &AuthCode) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO auth_codes (hash, sub, client_id, redirect_uri, scope, nonce, challenge,
           resource, auth_time, expires_at, epoch)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        digest_of(code),
        of.sub,
        of.client_id,
        of.redirect_uri,
        of.scope,
        of.nonce,
        of.challenge,
        of.resource,
        of.auth_time,
        of.expires_at,
        of.epoch,
    ])?;
    db.prepare_cached("DELETE FROM auth_codes WHERE rowid <= ?1")?
        .execute([db.last_insert_rowid() - KEPT])
        .map(drop)
}

/// Takes the code of this client: it works once.
pub(crate) fn take(db: &Connection, code: &str, client_id: &str) -> Result<Option<AuthCode>> {
    db.prepare_cached(
        "DELETE FROM auth_codes WHERE hash = ?1 AND client_id = ?2
         RETURNING sub, client_id, redirect_uri, scope, nonce, challenge, resource,
           auth_time, expires_at, epoch",
    )?
    .query_row(params![digest_of(code), client_id], |row| {
        Ok(AuthCode {
            sub: row.get(0)?,
            client_id: row.get(1)?,
            redirect_uri: row.get(2)?,
            scope: row.get(3)?,
            nonce: row.get(4)?,
            challenge: row.get(5)?,
            resource: row.get(6)?,
            auth_time: row.get(7)?,
            expires_at: row.get(8)?,
            epoch: row.get(9)?,
        })
    })
    .optional()
}

/// Some of them at a time: see [`SWEPT`].
pub(crate) fn purge(db: &Connection, now: i64) -> Result<()> {
    db.prepare_cached(
        "DELETE FROM auth_codes WHERE rowid IN (
           SELECT rowid FROM auth_codes WHERE expires_at <= ?1 LIMIT ?2)",
    )?
    .execute([now, SWEPT])
    .map(drop)
}
