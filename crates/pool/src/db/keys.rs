use rusqlite::{Connection, Result, params};

/// A stored signing key; the highest generation signs.
#[derive(Clone)]
pub(crate) struct StoredKey {
    pub(crate) kid: String,
    pub(crate) purpose: String,
    pub(crate) pkcs8: Vec<u8>,
    pub(crate) generation: i64,
}

/// How many generations verify; what earlier ones signed is not known any more.
pub(super) const GENERATIONS_KEPT: i64 = 10;

/// Newest generation first.
pub(crate) fn list(db: &Connection) -> Result<Vec<StoredKey>> {
    db.prepare_cached(
        "SELECT kid, purpose, pkcs8, generation FROM signing_keys
         ORDER BY generation DESC, purpose",
    )?
    .query_map([], |row| {
        Ok(StoredKey {
            kid: row.get(0)?,
            purpose: row.get(1)?,
            pkcs8: row.get(2)?,
            generation: row.get(3)?,
        })
    })?
    .collect()
}

pub(crate) fn insert(db: &Connection, key: &StoredKey) -> Result<()> {
    db.execute(
        "INSERT INTO signing_keys (kid, purpose, pkcs8, generation) VALUES (?1, ?2, ?3, ?4)",
        params![key.kid, key.purpose, key.pkcs8, key.generation],
    )?;
    db.execute(
        "DELETE FROM signing_keys WHERE generation <= ?1",
        [key.generation - GENERATIONS_KEPT],
    )
    .map(drop)
}
