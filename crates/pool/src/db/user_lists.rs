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
        clauses.push(if condition.prefix {
            format!("substr({expression}, 1, length(?)) = ?")
        } else {
            format!("{expression} = ?")
        });
        let value = match condition.column {
            Column::Status => condition.value.to_lowercase(),
            _ => condition.value.clone(),
        };
        if condition.prefix {
            values.push(Value::from(value.clone()));
        }
        values.push(value.into());
    }
    run(db, clauses, values, after, limit)
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
        after,
        limit,
    )
}

fn run(
    db: &Connection,
    mut clauses: Vec<String>,
    mut values: Vec<Value>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<User>> {
    if let Some((created_at, sub)) = after.and_then(|place| place.split_once(' ')) {
        clauses.push("(created_at, sub) > (CAST(? AS INTEGER), ?)".to_owned());
        values.push(Value::from(created_at.to_owned()));
        values.push(Value::from(sub.to_owned()));
    }
    values.push(limit.into());
    let condition = match clauses.is_empty() {
        true => String::new(),
        false => format!("WHERE {}", clauses.join(" AND ")),
    };
    db.prepare_cached(&format!(
        "{SELECT} {condition} ORDER BY created_at, sub LIMIT ?"
    ))?
    .query_map(params_from_iter(values), from_row)?
    .collect()
}
