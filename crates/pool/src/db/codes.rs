use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

use super::SWEPT;

/// How many codes of names nobody has are kept at most; the oldest make room.
pub(super) const DECOYS_KEPT: i64 = 10_000;

/// A one-time code. It is kept in clear because the inbox beside it holds it anyway.
pub(crate) struct Code {
    pub(crate) code: String,
    /// The address it went to, which it verifies; blank when it was not sent.
    pub(crate) sent_to: String,
    /// What the user had in that place when it was sent; something else by now makes it void.
    pub(crate) instead_of: Option<String>,
    pub(crate) expires_at: i64,
    pub(crate) failures: u32,
    pub(crate) failures_since: i64,
}

pub(crate) fn get(db: &Connection, subject: &str, purpose: &str) -> Result<Option<Code>> {
    db.prepare_cached("SELECT * FROM codes WHERE subject = ?1 AND purpose = ?2")?
        .query_row([subject, purpose], from_row)
        .optional()
}

/// Replaces an earlier code, whose count of wrong tries stays and not that of the new one. Those of
/// names nobody has (`decoy`) are numbered, so that they make room for each other alone.
pub(crate) fn issue(
    db: &Connection,
    subject: &str,
    purpose: &str,
    code: &Code,
    decoy: bool,
) -> Result<()> {
    let number: Option<i64> = decoy
        .then(|| {
            db.prepare_cached("SELECT 1 + coalesce(max(decoy), 0) FROM codes")?
                .query_row([], |row| row.get(0))
        })
        .transpose()?;
    db.prepare_cached(
        "INSERT INTO codes (subject, purpose, code, sent_to, instead_of, expires_at, failures,
           failures_since, decoy)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (subject, purpose) DO UPDATE SET code = ?3, sent_to = ?4, instead_of = ?5,
           expires_at = ?6, decoy = ?9",
    )?
    .execute(params![
        subject,
        purpose,
        code.code,
        code.sent_to,
        code.instead_of,
        code.expires_at,
        code.failures,
        code.failures_since,
        number,
    ])?;
    db.prepare_cached("DELETE FROM codes WHERE decoy <= ?1")?
        .execute([number.map(|number| number - DECOYS_KEPT)])
        .map(drop)
}

/// Takes the code if it still is this one: nobody takes it twice.
pub(crate) fn take(
    db: &Connection,
    subject: &str,
    purpose: &str,
    code: &str,
) -> Result<Option<Code>> {
    db.prepare_cached(
        "DELETE FROM codes WHERE subject = ?1 AND purpose = ?2 AND code = ?3 RETURNING *",
    )?
    .query_row([subject, purpose, code], from_row)
    .optional()
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

pub(crate) fn expire(db: &Connection, subject: &str, purpose: &str, now: i64) -> Result<()> {
    db.prepare_cached(
        "UPDATE codes SET expires_at = min(expires_at, ?3) WHERE subject = ?1 AND purpose = ?2",
    )?
    .execute(params![subject, purpose, now])
    .map(drop)
}

/// Some of them at a time: see [`SWEPT`].
pub(crate) fn purge(db: &Connection, expired_before: i64) -> Result<()> {
    db.prepare_cached(
        "DELETE FROM codes WHERE rowid IN (
           SELECT rowid FROM codes WHERE expires_at < ?1 LIMIT ?2)",
    )?
    .execute([expired_before, SWEPT])
    .map(drop)
}

fn from_row(row: &Row<'_>) -> Result<Code> {
    Ok(Code {
        code: row.get("code")?,
        sent_to: row.get("sent_to")?,
        instead_of: row.get("instead_of")?,
        expires_at: row.get("expires_at")?,
        failures: row.get("failures")?,
        failures_since: row.get("failures_since")?,
    })
}
