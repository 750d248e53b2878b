//! Users in pages, some of them or all.

use rusqlite::types::Value;
use rusqlite::{Connection, Result, params_from_iter};

use super::users::{SELECT, User, from_row};

/// Where a user stands in every list: lists are in the order of creation.
pub(crate) fn place(user: &User) -> String {
    format!("{} {}", user.created_at, user.sub)
}

/// A condition that users in a list meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) column: Column,
    pub(crate) value: String,
    /// The column begins with the value.
    pub(crate) prefix: bool,
}

/// What users can be searched by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Username,
    Sub,
    Status,
    /// `Enabled` or `Disabled`.
    Enabled,
    Attribute(&'static str),
}

impl Column {
    /// Each is indexed with the order of the lists: the schema has the same words.
    fn expression(self) -> String {
        match self {
            Self::Username => "username".to_owned(),
            Self::Sub => "sub".to_owned(),
            Self::Status => "lower(status)".to_owned(),
            Self::Enabled => "iif(enabled, 'Enabled', 'Disabled')".to_owned(),
            Self::Attribute(name) => format!("json_extract(attributes, '$.{name}')"),
        }
    }
}

/// Those after a [`place`], which need not be a user's any more.
pub(crate) fn page(
    db: &Connection,
    condition: Option<&Condition>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<User>> {
    let mut clauses = Vec::new();
    let mut values = Vec::new();
    if let Some(condition) = condition {
        let expression = condition.column.expression();
        let value = match condition.column {
            Column::Status => condition.value.to_lowercase(),
            _ => condition.value.clone(),
        };
        if condition.prefix {
            clauses.push(format!("{expression} >= ?"));
            if let Some(beyond) = beyond(&value) {
                clauses.push(format!("{expression} < ?"));
                values.push(Value::from(value));
                values.push(beyond.into());
            } else {
                values.push(value.into());
            }
        } else {
            clauses.push(format!("{expression} = ?"));
            values.push(value.into());
        }
    }
    let ranged = condition.is_some_and(|condition| condition.prefix);
    run(db, clauses, values, ranged, after, limit)
}

/// The first text, byte by byte, behind all that begin with a prefix; none is behind every text.
fn beyond(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // There are no characters from D800 to DFFF.
        let next = match u32::from(last) + 1 {
            0xD800 => 0xE000,
            next => next,
        };
        if let Some(next) = char::from_u32(next) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

/// A group's members after a [`place`].
pub(crate) fn page_of_group(
    db: &Connection,
    group: &str,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<User>> {
    let member = "sub IN (SELECT sub FROM memberships WHERE name = ?)";
    run(
        db,
        vec![member.to_owned()],
        vec![Value::from(group.to_owned())],
        false,
        after,
        limit,
    )
}

fn run(
    db: &Connection,
    mut clauses: Vec<String>,
    mut values: Vec<Value>,
    ranged: bool,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<User>> {
    if let Some((created_at, sub)) = after.and_then(|place| place.split_once(' ')) {
        // Those that begin so are in no order: the plus keeps them from being looked for by place.
        let by_place = if ranged { "+created_at" } else { "created_at" };
        clauses.push(format!("({by_place}, sub) > (CAST(? AS INTEGER), ?)"));
        values.push(Value::from(created_at.to_owned()));
        values.push(Value::from(sub.to_owned()));
    }
    values.push(limit.into());
    let condition = match clauses.is_empty() {
        true => String::new(),
        false => format!("WHERE {}", clauses.join(" AND ")),
    };
    // Found by an index first, so that whole users are read of one page only.
    db.prepare_cached(&format!(
        "{SELECT} WHERE rowid IN (
           SELECT rowid FROM users {condition} ORDER BY created_at, sub LIMIT ?)
         ORDER BY created_at, sub"
    ))?
    .query_map(params_from_iter(values), from_row)?
    .collect()
}
