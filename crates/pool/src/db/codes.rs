use rusqlite::{Connection, OptionalExtension as _, Result, params};

/// A one-time code. It is kept in clear because the inbox beside it holds it anyway.
pub(crate) struct Code {
    pub(crate) code: String,
    pub(crate) expires_at: i64,
    pub(crate) failures: u32,
    pub(crate) failures_since: i64,
}

pub(crate) fn get(db: &Connection, subject: &str, purpose: &str) -> Result<Option<Code>> {
    db.prepare_cached(
        "SELECT code, expires_at, failures, failures_since FROM codes
         WHERE subject = ?1 AND purpose = ?2",
    )?
    .query_row([subject, purpose], |row| {
        Ok(Code {
            code: row.get(0)?,
            expires_at: row.get(1)?,
            failures: row.get(2)?,
            failures_since: row.get(3)?,
        })
    })
    .optional()
}

/// Replaces an earlier code, whose count of wrong tries stays.
pub(crate) fn issue(
    db: &Connection,
    subject: &str,
    purpose: &str,
    code: &str,
    expires_at: i64,
) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO codes (subject, purpose, code, expires_at, failures, failures_since)
         VALUES (?1, ?2, ?3, ?4, 0, 0)
         ON CONFLICT (subject, purpose) DO UPDATE SET code = ?3, expires_at = ?4",
    )?
    .execute(params![subject, purpose, code, expires_at])
    .map(drop)
}

pub(crate) fn set_failures(
    db: &Connection,
    subject: &str,
    purpose: &str,
    failures: u32,
    since: i64,
) -> Result<()> {
    db.prepare_cached(
        "UPDATE codes SET failures = ?3, failures_since = ?4 WHERE subject = ?1 AND purpose = ?2",
    )?
    .execute(params![subject, purpose, failures, since])
    .map(drop)
}

pub(crate) fn delete(db: &Connection, subject: &str, purpose: &str) -> Result<()> {
    db.prepare_cached("DELETE FROM codes WHERE subject = ?1 AND purpose = ?2")?
        .execute([subject, purpose])
        .map(drop)
}

pub(crate) fn purge(db: &Connection, expired_before: i64) -> Result<()> {
    db.prepare_cached("DELETE FROM codes WHERE expires_at < ?1")?
        .execute([expired_before])
        .map(drop)
}
