use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

/// How many of one user are kept.
pub(super) const KEPT_OF_USER: i64 = 100;

/// A device that was confirmed.
pub(crate) struct Device {
    pub(crate) device_key: String,
    pub(crate) sub: String,
    pub(crate) name: Option<String>,
    /// Of its secret; without one it cannot take the place of a second factor.
    pub(crate) verifier: Option<String>,
    pub(crate) remembered: bool,
    pub(crate) ip: String,
    pub(crate) created_at: i64,
    pub(crate) modified_at: i64,
    pub(crate) authenticated_at: i64,
}

pub(crate) fn insert(db: &Connection, device: &Device) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO devices (device_key, sub, name, verifier, remembered, ip, created_at,
           modified_at, authenticated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        device.device_key,
        device.sub,
        device.name,
        device.verifier,
        device.remembered,
        device.ip,
        device.created_at,
        device.modified_at,
        device.authenticated_at,
    ])
    .map(drop)
}

/// A user's own: another's is as good as none.
pub(crate) fn get(db: &Connection, sub: &str, device_key: &str) -> Result<Option<Device>> {
    db.prepare_cached("SELECT * FROM devices WHERE sub = ?1 AND device_key = ?2")?
        .query_row([sub, device_key], from_row)
        .optional()
}

/// In the order of creation, those after a `(created_at, device_key)`.
pub(crate) fn page(
    db: &Connection,
    sub: &str,
    after: Option<(i64, &str)>,
    limit: i64,
) -> Result<Vec<Device>> {
    let (created_at, device_key) = after.unwrap_or((i64::MIN, ""));
    db.prepare_cached(
        "SELECT * FROM devices WHERE sub = ?1 AND (created_at, device_key) > (?2, ?3)
         ORDER BY created_at, device_key LIMIT ?4",
    )?
    .query_map(params![sub, created_at, device_key, limit], from_row)?
    .collect()
}

pub(crate) fn set_remembered(
    db: &Connection,
    device_key: &str,
    remembered: bool,
    now: i64,
) -> Result<()> {
    db.prepare_cached("UPDATE devices SET remembered = ?2, modified_at = ?3 WHERE device_key = ?1")?
        .execute(params![device_key, remembered, now])
        .map(drop)
}

/// Somebody has signed in on it, from this address.
pub(crate) fn mark_authenticated(
    db: &Connection,
    device_key: &str,
    ip: &str,
    now: i64,
) -> Result<()> {
    db.prepare_cached("UPDATE devices SET authenticated_at = ?3, ip = ?2 WHERE device_key = ?1")?
        .execute(params![device_key, ip, now])
        .map(drop)
}

/// Of more than a user can have, those that signed in longest ago.
pub(crate) fn surplus(db: &Connection, sub: &str) -> Result<Vec<String>> {
    db.prepare_cached(
        "SELECT device_key FROM devices WHERE sub = ?1
         ORDER BY authenticated_at DESC, rowid DESC LIMIT -1 OFFSET ?2",
    )?
    .query_map(params![sub, KEPT_OF_USER], |row| row.get(0))?
    .collect()
}

pub(crate) fn delete(db: &Connection, device_key: &str) -> Result<()> {
    db.prepare_cached("DELETE FROM devices WHERE device_key = ?1")?
        .execute([device_key])
        .map(drop)
}

fn from_row(row: &Row<'_>) -> Result<Device> {
    Ok(Device {
        device_key: row.get("device_key")?,
        sub: row.get("sub")?,
        name: row.get("name")?,
        verifier: row.get("verifier")?,
        remembered: row.get("remembered")?,
        ip: row.get("ip")?,
        created_at: row.get("created_at")?,
        modified_at: row.get("modified_at")?,
        authenticated_at: row.get("authenticated_at")?,
    })
}
