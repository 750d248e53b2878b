use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::SWEPT;

/// How many names are counted at most; those that failed longest ago make room.
pub(super) const KEPT: i64 = 50_000;

/// Failed password attempts of one sign-in name.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Attempts {
    pub(crate) failures: u32,
    pub(crate) failed_at: i64,
    pub(crate) locked_until: i64,
}

pub(crate) fn get(db: &Connection, subject: &str) -> Result<Attempts> {
    db.prepare_cached("SELECT failures, failed_at, locked_until FROM attempts WHERE subject = ?1")?
        .query_row([subject], |row| {
            Ok(Attempts {
                failures: row.get(0)?,
                failed_at: row.get(1)?,
                locked_until: row.get(2)?,
            })
        })
        .optional()
        .map(Option::unwrap_or_default)
}

pub(crate) fn set(db: &Connection, subject: &str, attempts: Attempts) -> Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO attempts (subject, failures, failed_at, locked_until)
         VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        subject,
        attempts.failures,
        attempts.failed_at,
        attempts.locked_until
    ])?;
    db.prepare_cached("DELETE FROM attempts WHERE rowid <= ?1")?
        .execute([db.last_insert_rowid() - KEPT])
        .map(drop)
}

pub(crate) fn clear(db: &Connection, subject: &str) -> Result<()> {
    db.prepare_cached("DELETE FROM attempts WHERE subject = ?1")?
        .execute([subject])
        .map(drop)
}

/// Some of them at a time: see [`SWEPT`].
pub(crate) fn purge(db: &Connection, failed_before: i64) -> Result<()> {
    db.prepare_cached(
        "DELETE FROM attempts WHERE rowid IN (
           SELECT rowid FROM attempts WHERE failed_at < ?1 LIMIT ?2)",
    )?
    .execute([failed_before, SWEPT])
    .map(drop)
}
