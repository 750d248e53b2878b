//! Registrations of passkeys that wait for their answer.

use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::users::{json, parse};
use super::{SWEPT, digest_of};
use crate::web_authn::Ceremony;

/// How many wait at most; the oldest make room.
pub(super) const KEPT: i64 = 10_000;

/// Keeps it in place of the one that was begun with the same `token`.
pub(crate) fn keep(db: &Connection, sub: &str, token: &str, ceremony: &Ceremony) -> Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO web_authn_ceremonies (challenge, sub, token, ceremony, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        ceremony.challenge,
        sub,
        digest_of(token),
        json(ceremony)?,
        ceremony.expires_at,
    ])?;
    db.prepare_cached("DELETE FROM web_authn_ceremonies WHERE rowid <= ?1")?
        .execute([db.last_insert_rowid() - KEPT])
        .map(drop)
}

/// Takes it: nobody else can.
pub(crate) fn take(db: &Connection, sub: &str, challenge: &str) -> Result<Option<Ceremony>> {
    let taken: Option<String> = db
        .prepare_cached(
            "DELETE FROM web_authn_ceremonies WHERE challenge = ?1 AND sub = ?2
             RETURNING ceremony",
        )?
        .query_row([challenge, sub], |row| row.get(0))
        .optional()?;
    taken.map(|ceremony| parse(&ceremony)).transpose()
}

/// Some of them at a time: see [`SWEPT`].
pub(crate) fn purge(db: &Connection, now: i64) -> Result<()> {
    db.prepare_cached(
        "DELETE FROM web_authn_ceremonies WHERE rowid IN (
           SELECT rowid FROM web_authn_ceremonies WHERE expires_at <= ?1 LIMIT ?2)",
    )?
    .execute([now, SWEPT])
    .map(drop)
}
