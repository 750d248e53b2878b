//! What a browser is shown of a sign-in under way on the pages.

use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::{SWEPT, digest_of};

/// How many wait at most; the oldest make room.
pub(super) const KEPT: i64 = 10_000;

/// Under the session of the sign-in, which itself stays with the browser.
pub(crate) fn insert(db: &Connection, session: &str, state: &str, expires_at: i64) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO hosted_challenges (hash, state, expires_at) VALUES (?1, ?2, ?3)",
    )?
    .execute(params![digest_of(session), state, expires_at])?;
    db.prepare_cached("DELETE FROM hosted_challenges WHERE id <= ?1")?
        .execute([db.last_insert_rowid() - KEPT])
        .map(drop)
}

pub(crate) fn get(db: &Connection, session: &str, now: i64) -> Result<Option<String>> {
    db.prepare_cached("SELECT state FROM hosted_challenges WHERE hash = ?1 AND expires_at > ?2")?
        .query_row(params![digest_of(session), now], |row| row.get(0))
        .optional()
}

pub(crate) fn delete(db: &Connection, session: &str) -> Result<()> {
    db.prepare_cached("DELETE FROM hosted_challenges WHERE hash = ?1")?
        .execute([digest_of(session)])
        .map(drop)
}

/// Some of them at a time: see [`SWEPT`].
pub(crate) fn purge(db: &Connection, now: i64) -> Result<()> {
    db.prepare_cached(
        "DELETE FROM hosted_challenges WHERE rowid IN (
           SELECT rowid FROM hosted_challenges WHERE expires_at <= ?1 LIMIT ?2)",
    )?
    .execute([now, SWEPT])
    .map(drop)
}
