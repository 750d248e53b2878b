//! Users' passkeys.

use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

use super::users::{json, parse};
use crate::web_authn::{Base64Url, Credential};

/// A passkey and where it stands in its user's list.
pub(crate) struct Kept {
    pub(crate) position: i64,
    pub(crate) credential: Credential,
}

pub(crate) fn insert(db: &Connection, sub: &str, credential: &Credential) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO web_authn (credential_id, sub, credential, created_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        credential.id.text(),
        sub,
        json(credential)?,
        credential.created_at
    ])
    .map(drop)
}

/// Puts the passkey as it is now in the place of what was kept.
pub(crate) fn update(db: &Connection, credential: &Credential) -> Result<()> {
    db.prepare_cached("UPDATE web_authn SET credential = ?2 WHERE credential_id = ?1")?
        .execute(params![credential.id.text(), json(credential)?])
        .map(drop)
}

/// The passkey of this id and whose it is.
pub(crate) fn get(db: &Connection, id: &Base64Url) -> Result<Option<(String, Credential)>> {
    db.prepare_cached("SELECT sub, credential FROM web_authn WHERE credential_id = ?1")?
        .query_row([id.text()], |row| {
            Ok((row.get(0)?, parse(&row.get::<_, String>(1)?)?))
        })
        .optional()
}

/// All of a user's, oldest first.
pub(crate) fn of_user(db: &Connection, sub: &str) -> Result<Vec<Credential>> {
    let kept = page(db, sub, 0, i64::MAX)?;
    Ok(kept.into_iter().map(|kept| kept.credential).collect())
}

/// A user's oldest first, those that stand after a position.
pub(crate) fn page(db: &Connection, sub: &str, after: i64, limit: i64) -> Result<Vec<Kept>> {
    db.prepare_cached(
        "SELECT rowid, credential FROM web_authn WHERE sub = ?1 AND rowid > ?2
         ORDER BY rowid LIMIT ?3",
    )?
    .query_map(params![sub, after, limit], from_row)?
    .collect()
}

/// Whether the user had such a passkey.
pub(crate) fn delete(db: &Connection, sub: &str, id: &str) -> Result<bool> {
    let rows = db
        .prepare_cached("DELETE FROM web_authn WHERE sub = ?1 AND credential_id = ?2")?
        .execute([sub, id])?;
    Ok(rows > 0)
}

fn from_row(row: &Row<'_>) -> Result<Kept> {
    Ok(Kept {
        position: row.get(0)?,
        credential: parse(&row.get::<_, String>(1)?)?,
    })
}
