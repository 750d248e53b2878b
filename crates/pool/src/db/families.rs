use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

use super::{SWEPT, digest_of};

/// How many sign-ins are remembered at most; the oldest go first. So a pool that is driven for
/// days does not grow without bound.
pub(super) const KEPT: i64 = 100_000;
/// How many of one user.
pub(super) const KEPT_OF_USER: i64 = 1000;
/// How many refresh tokens of one sign-in, replaced ones too: an older one is unknown.
pub(super) const TOKENS_KEPT: i64 = 100;

/// Everything that came from one sign-in: Cognito revokes it as one, by `origin_jti`.
pub(crate) struct Family {
    pub(crate) origin_jti: String,
    /// What ListUserSessions calls it: `tkn` and 25 characters.
    pub(crate) session_id: String,
    pub(crate) sub: String,
    pub(crate) client_id: String,
    pub(crate) scope: String,
    pub(crate) event_id: String,
    pub(crate) auth_time: i64,
    /// Of the refresh token; a rotated one keeps it.
    pub(crate) expires_at: i64,
    pub(crate) revoked: bool,
    /// The device it came from, when devices are remembered.
    pub(crate) device_key: Option<String>,
    pub(crate) last_active_at: i64,
    /// From the hosted pages, not the API.
    pub(crate) hosted: bool,
    /// What the access tokens are for (RFC 8707): their `aud`.
    pub(crate) resource: Option<String>,
}

pub(crate) fn insert(db: &Connection, family: &Family) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO families (origin_jti, session_id, sub, client_id, scope, event_id, auth_time,
           expires_at, revoked, device_key, last_active_at, hosted,
           resource)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        family.origin_jti,
        family.session_id,
        family.sub,
        family.client_id,
        family.scope,
        family.event_id,
        family.auth_time,
        family.expires_at,
        family.revoked,
        family.device_key,
        family.last_active_at,
        family.hosted,
        family.resource,
    ])?;
    db.prepare_cached("DELETE FROM families WHERE id <= ?1")?
        .execute([db.last_insert_rowid() - KEPT])?;
    db.prepare_cached(
        "DELETE FROM families WHERE sub = ?1 AND id <= (
           SELECT id FROM families WHERE sub = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute(params![family.sub, KEPT_OF_USER])
    .map(drop)
}

pub(crate) fn get(db: &Connection, origin_jti: &str) -> Result<Option<Family>> {
    db.prepare_cached("SELECT * FROM families WHERE origin_jti = ?1")?
        .query_row([origin_jti], from_row)
        .optional()
}

/// The family of a refresh token, and when that token was replaced.
pub(crate) fn of_refresh_token(
    db: &Connection,
    token: &str,
) -> Result<Option<(Family, Option<i64>)>> {
    db.prepare_cached(
        "SELECT families.*, replaced_at FROM refresh_tokens JOIN families USING (origin_jti)
         WHERE hash = ?1",
    )?
    .query_row([digest_of(token)], |row| {
        Ok((from_row(row)?, row.get("replaced_at")?))
    })
    .optional()
}

/// A user's living sign-ins, newest first, those before one that need not live any more.
pub(crate) fn page(
    db: &Connection,
    sub: &str,
    before: Option<i64>,
    limit: i64,
    now: i64,
) -> Result<Vec<Family>> {
    db.prepare_cached(
        "SELECT * FROM families
         WHERE sub = ?1 AND id < ?2 AND NOT revoked AND expires_at > ?3 ORDER BY id DESC LIMIT ?4",
    )?
    .query_map(
        params![sub, before.unwrap_or(i64::MAX), now, limit],
        from_row,
    )?
    .collect()
}

/// Where a sign-in of the user, living or not, stands among them.
pub(crate) fn place(db: &Connection, sub: &str, session_id: &str) -> Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM families WHERE session_id = ?1 AND sub = ?2")?
        .query_row([session_id, sub], |row| row.get(0))
        .optional()
}

/// A living sign-in of the user.
pub(crate) fn of_session(
    db: &Connection,
    sub: &str,
    session_id: &str,
    now: i64,
) -> Result<Option<Family>> {
    db.prepare_cached(
        "SELECT * FROM families
         WHERE session_id = ?1 AND sub = ?2 AND NOT revoked AND expires_at > ?3",
    )?
    .query_row(params![session_id, sub, now], from_row)
    .optional()
}

pub(crate) fn add_refresh_token(db: &Connection, token: &str, origin_jti: &str) -> Result<()> {
    db.prepare_cached("INSERT INTO refresh_tokens (hash, origin_jti) VALUES (?1, ?2)")?
        .execute(params![digest_of(token), origin_jti])?;
    db.prepare_cached(
        "DELETE FROM refresh_tokens WHERE origin_jti = ?1 AND rowid <= (
           SELECT rowid FROM refresh_tokens WHERE origin_jti = ?1
           ORDER BY rowid DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute(params![origin_jti, TOKENS_KEPT])
    .map(drop)
}

/// The first replacement counts: a retry does not lengthen the grace period.
pub(crate) fn mark_replaced(db: &Connection, token: &str, now: i64) -> Result<()> {
    db.prepare_cached(
        "UPDATE refresh_tokens SET replaced_at = ?2 WHERE hash = ?1 AND replaced_at IS NULL",
    )?
    .execute(params![digest_of(token), now])
    .map(drop)
}

/// Tokens were asked for now.
pub(crate) fn mark_active(db: &Connection, origin_jti: &str, now: i64) -> Result<()> {
    db.prepare_cached("UPDATE families SET last_active_at = ?2 WHERE origin_jti = ?1")?
        .execute(params![origin_jti, now])
        .map(drop)
}

pub(crate) fn revoke(db: &Connection, origin_jti: &str) -> Result<()> {
    db.prepare_cached("UPDATE families SET revoked = 1 WHERE origin_jti = ?1")?
        .execute([origin_jti])
        .map(drop)
}

/// Whether a living sign-in of the user came from this device.
pub(crate) fn has_device(db: &Connection, sub: &str, device_key: &str, now: i64) -> Result<bool> {
    db.prepare_cached(
        "SELECT 1 FROM families
         WHERE sub = ?1 AND device_key = ?2 AND NOT revoked AND expires_at > ?3",
    )?
    .exists(params![sub, device_key, now])
}

/// What came from this device is refreshed no more; its access tokens live on for a while.
pub(crate) fn end_device(db: &Connection, sub: &str, device_key: &str, now: i64) -> Result<()> {
    db.prepare_cached(
        "UPDATE families SET expires_at = min(expires_at, ?3) WHERE sub = ?1 AND device_key = ?2",
    )?
    .execute(params![sub, device_key, now])
    .map(drop)
}

pub(crate) fn revoke_all(db: &Connection, sub: &str) -> Result<()> {
    db.prepare_cached("UPDATE families SET revoked = 1 WHERE sub = ?1")?
        .execute([sub])
        .map(drop)
}

/// Some of them at a time: see [`SWEPT`].
pub(crate) fn purge(db: &Connection, expired_before: i64) -> Result<()> {
    db.prepare_cached(
        "DELETE FROM families WHERE rowid IN (
           SELECT rowid FROM families WHERE expires_at < ?1 LIMIT ?2)",
    )?
    .execute([expired_before, SWEPT])
    .map(drop)
}

fn from_row(row: &Row<'_>) -> Result<Family> {
    Ok(Family {
        origin_jti: row.get("origin_jti")?,
        session_id: row.get("session_id")?,
        sub: row.get("sub")?,
        client_id: row.get("client_id")?,
        scope: row.get("scope")?,
        event_id: row.get("event_id")?,
        auth_time: row.get("auth_time")?,
        expires_at: row.get("expires_at")?,
        revoked: row.get("revoked")?,
        device_key: row.get("device_key")?,
        last_active_at: row.get("last_active_at")?,
        hosted: row.get("hosted")?,
        resource: row.get("resource")?,
    })
}
