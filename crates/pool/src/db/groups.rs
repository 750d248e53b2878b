use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

/// A group of users.
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// The lowest decides whose role a user gets.
    pub(crate) precedence: Option<i64>,
    pub(crate) role_arn: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) modified_at: i64,
}

pub(crate) fn get(db: &Connection, name: &str) -> Result<Option<Group>> {
    db.prepare_cached("SELECT * FROM groups WHERE name = ?1")?
        .query_row([name], from_row)
        .optional()
}

/// By name, those after `after`.
pub(crate) fn page(db: &Connection, after: Option<&str>, limit: i64) -> Result<Vec<Group>> {
    db.prepare_cached("SELECT * FROM groups WHERE ?1 IS NULL OR name > ?1 ORDER BY name LIMIT ?2")?
        .query_map(params![after, limit], from_row)?
        .collect()
}

/// A user's groups, by precedence and then by name.
pub(crate) fn of_user(db: &Connection, sub: &str) -> Result<Vec<Group>> {
    db.prepare_cached(
        "SELECT groups.* FROM memberships JOIN groups USING (name) WHERE sub = ?1
         ORDER BY precedence IS NULL, precedence, name",
    )?
    .query_map([sub], from_row)?
    .collect()
}

/// A user's groups by name, those after `after`.
pub(crate) fn page_of_user(
    db: &Connection,
    sub: &str,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Group>> {
    db.prepare_cached(
        "SELECT groups.* FROM memberships JOIN groups USING (name)
         WHERE sub = ?1 AND (?2 IS NULL OR name > ?2) ORDER BY name LIMIT ?3",
    )?
    .query_map(params![sub, after, limit], from_row)?
    .collect()
}

/// Inserts, or replaces the group of that name.
pub(crate) fn save(db: &Connection, group: &Group) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO groups (name, description, precedence, role_arn, created_at, modified_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (name) DO UPDATE SET description = ?2, precedence = ?3, role_arn = ?4,
           modified_at = ?6",
    )?
    .execute(params![
        group.name,
        group.description,
        group.precedence,
        group.role_arn,
        group.created_at,
        group.modified_at,
    ])
    .map(drop)
}

/// Whether there was such a group. Its members are members no more.
pub(crate) fn delete(db: &Connection, name: &str) -> Result<bool> {
    let rows = db
        .prepare_cached("DELETE FROM groups WHERE name = ?1")?
        .execute([name])?;
    Ok(rows > 0)
}

/// Makes the user a member; the group has to be there.
pub(crate) fn add(db: &Connection, name: &str, sub: &str) -> Result<()> {
    db.prepare_cached("INSERT OR IGNORE INTO memberships (name, sub) VALUES (?1, ?2)")?
        .execute([name, sub])
        .map(drop)
}

pub(crate) fn remove(db: &Connection, name: &str, sub: &str) -> Result<()> {
    db.prepare_cached("DELETE FROM memberships WHERE name = ?1 AND sub = ?2")?
        .execute([name, sub])
        .map(drop)
}

/// Makes these the user's groups; one that is not there yet is made.
pub(crate) fn set(db: &Connection, sub: &str, names: &[String], now: i64) -> Result<()> {
    db.prepare_cached("DELETE FROM memberships WHERE sub = ?1")?
        .execute([sub])?;
    for name in names {
        db.prepare_cached(
            "INSERT OR IGNORE INTO groups (name, created_at, modified_at) VALUES (?1, ?2, ?2)",
        )?
        .execute(params![name, now])?;
        add(db, name, sub)?;
    }
    Ok(())
}

fn from_row(row: &Row<'_>) -> Result<Group> {
    Ok(Group {
        name: row.get("name")?,
        description: row.get("description")?,
        precedence: row.get("precedence")?,
        role_arn: row.get("role_arn")?,
        created_at: row.get("created_at")?,
        modified_at: row.get("modified_at")?,
    })
}
