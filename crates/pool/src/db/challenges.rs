//! Sign-ins under way: what waits for the answer to a challenge.

use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::SWEPT;

/// How many wait at most; the oldest make room, so that nobody fills the pool with them.
pub(super) const KEPT: i64 = 50_000;

/// A sign-in under way, as JSON. Each is found by the hash of its session.
pub(crate) struct Waiting {
    pub(crate) state: String,
    pub(crate) expires_at: i64,
    pub(crate) used: bool,
}

pub(crate) fn insert(db: &Connection, hash: &[u8], state: &str, expires_at: i64) -> Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO challenges (hash, state, expires_at, used) VALUES (?1, ?2, ?3, 0)",
    )?
    .execute(params![hash, state, expires_at])?;
    db.prepare_cached("DELETE FROM challenges WHERE id <= ?1")?
        .execute([db.last_insert_rowid() - KEPT])
        .map(drop)
}

pub(crate) fn get(db: &Connection, hash: &[u8]) -> Result<Option<Waiting>> {
    db.prepare_cached("SELECT state, expires_at, used FROM challenges WHERE hash = ?1")?
        .query_row([hash], |row| {
            Ok(Waiting {
                state: row.get(0)?,
                expires_at: row.get(1)?,
                used: row.get(2)?,
            })
        })
        .optional()
}

/// Marks as used. What it held is forgotten.
pub(crate) fn spend(db: &Connection, hash: &[u8]) -> Result<()> {
    db.prepare_cached("UPDATE challenges SET used = 1, state = '' WHERE hash = ?1")?
        .execute([hash])
        .map(drop)
}

/// Puts a session that was spent on a wrong code back to wait.
pub(crate) fn give_back(db: &Connection, hash: &[u8], state: &str) -> Result<()> {
    db.prepare_cached("UPDATE challenges SET used = 0, state = ?2 WHERE hash = ?1")?
        .execute(params![hash, state])
        .map(drop)
}

/// Some of them at a time: see [`SWEPT`].
pub(crate) fn purge(db: &Connection, expired_before: i64) -> Result<()> {
    db.prepare_cached(
        "DELETE FROM challenges WHERE rowid IN (
           SELECT rowid FROM challenges WHERE expires_at < ?1 LIMIT ?2)",
    )?
    .execute([expired_before, SWEPT])
    .map(drop)
}
