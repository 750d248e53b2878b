use minijinja::{Value, context};
use rusqlite::{Connection, OptionalExtension as _, Result, params};

use crate::clock::rfc3339;

pub(super) const KEPT: i64 = 1000;

/// A code as its reader would have found it in a mail.
#[derive(serde::Serialize)]
pub(crate) struct Message {
    recipient: String,
    kind: String,
    code: String,
    sent_at: String,
}

impl Message {
    pub(crate) fn for_page(&self) -> Value {
        let Self {
            recipient,
            kind,
            code,
            sent_at,
        } = self;
        context! { recipient, kind => kind.replace('_', " "), code, sent_at }
    }
}

pub(crate) fn send(
    db: &Connection,
    recipient: &str,
    kind: &str,
    code: &str,
    now: i64,
) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO messages (recipient, kind, code, sent_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![recipient, kind, code, now])?;
    db.prepare_cached("DELETE FROM messages WHERE id <= ?1")?
        .execute([db.last_insert_rowid() - KEPT])
        .map(drop)
}

pub(crate) fn newest_code(db: &Connection, recipient: &str) -> Result<Option<String>> {
    db.prepare_cached("SELECT code FROM messages WHERE recipient = ?1 ORDER BY id DESC LIMIT 1")?
        .query_row([recipient.to_lowercase()], |row| row.get(0))
        .optional()
}

/// Newest first, of one recipient (in any case) or of all.
pub(crate) fn list(db: &Connection, recipient: Option<&str>) -> Result<Vec<Message>> {
    db.prepare_cached(
        "SELECT recipient, kind, code, sent_at FROM messages
         WHERE ?1 IS NULL OR recipient = ?1 ORDER BY id DESC",
    )?
    .query_map([recipient.map(str::to_lowercase)], |row| {
        Ok(Message {
            recipient: row.get(0)?,
            kind: row.get(1)?,
            code: row.get(2)?,
            sent_at: rfc3339(row.get(3)?),
        })
    })?
    .collect()
}
