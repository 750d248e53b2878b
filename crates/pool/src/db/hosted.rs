use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::{SWEPT, digest_of};

/// How many browsers are signed in at most; those that signed in longest ago are not any more.
pub(super) const KEPT: i64 = 100_000;
/// How many of one user.
pub(super) const KEPT_OF_USER: i64 = 1000;

/// A browser's session with the hosted pages.
pub(crate) struct HostedSession {
    pub(crate) sub: String,
    /// `false` while the account waits for its code: such a session signs nobody in.
    pub(crate) confirmed: bool,
    pub(crate) auth_time: i64,
    pub(crate) expires_at: i64,
    /// The user's when it began.
    pub(crate) epoch: i64,
}

pub(crate) fn insert(db: &Connection, token: &str, session: &HostedSession) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO hosted_sessions (hash, sub, confirmed, auth_time, expires_at, epoch)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        digest_of(token),
        session.sub,
        session.confirmed,
        session.auth_time,
        session.expires_at,
        session.epoch,
    ])?;
    db.prepare_cached("DELETE FROM hosted_sessions WHERE rowid <= ?1")?
        .execute([db.last_insert_rowid() - KEPT])?;
    db.prepare_cached(
        "DELETE FROM hosted_sessions WHERE sub = ?1 AND rowid <= (
           SELECT rowid FROM hosted_sessions WHERE sub = ?1
           ORDER BY rowid DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute(params![session.sub, KEPT_OF_USER])
    .map(drop)
}

pub(crate) fn get(db: &Connection, token: &str, now: i64) -> Result<Option<HostedSession>> {
    db.prepare_cached(
        "SELECT sub, confirmed, auth_time, expires_at, epoch FROM hosted_sessions
         WHERE hash = ?1 AND expires_at > ?2",
    )?
    .query_row(params![digest_of(token), now], |row| {
        Ok(HostedSession {
            sub: row.get(0)?,
            confirmed: row.get(1)?,
            auth_time: row.get(2)?,
            expires_at: row.get(3)?,
            epoch: row.get(4)?,
        })
    })
    .optional()
}

pub(crate) fn delete(db: &Connection, token: &str) -> Result<()> {
    db.prepare_cached("DELETE FROM hosted_sessions WHERE hash = ?1")?
        .execute([digest_of(token)])
        .map(drop)
}

pub(crate) fn delete_of_user(db: &Connection, sub: &str) -> Result<()> {
    db.prepare_cached("DELETE FROM hosted_sessions WHERE sub = ?1")?
        .execute([sub])
        .map(drop)
}

/// Some of them at a time: see [`SWEPT`].
pub(crate) fn purge(db: &Connection, now: i64) -> Result<()> {
    db.prepare_cached(
        "DELETE FROM hosted_sessions WHERE rowid IN (
           SELECT rowid FROM hosted_sessions WHERE expires_at <= ?1 LIMIT ?2)",
    )?
    .execute([now, SWEPT])
    .map(drop)
}
