use serde_json::{Value, json};

use super::page::Page;
use super::user_type;
use crate::core::Core;
use crate::db::user_lists::{self, Column, Condition};
use crate::db::users::User;
use crate::error::{ApiError, Result};
use crate::ops::input::Input;

/// Attributes that can be searched by, besides what is no attribute.
const SEARCHABLE: [&str; 6] = [
    "email",
    "family_name",
    "given_name",
    "name",
    "phone_number",
    "preferred_username",
];

pub(in crate::ops) fn run(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    let filter = input.get("Filter").unwrap_or_default();
    let condition = condition(filter)?;
    let page = Page::of(input, &format!("ListUsers {filter}"), "PaginationToken")?;
    let found = core.db.run(|tx| {
        user_lists::page(tx, condition.as_ref(), page.after.as_deref(), page.fetch)
            .map_err(ApiError::from)
    })?;
    let wanted = input.texts("AttributesToGet");
    let all = input.document("AttributesToGet").is_none();
    Ok(page.answer("Users", found, user_lists::place, |user| {
        if all {
            user_type(user)
        } else {
            with_attributes(user, &wanted)
        }
    }))
}

/// With these attributes alone; one that a user does not have is left out.
fn with_attributes(user: &User, wanted: &[&str]) -> Value {
    let mut shown = user_type(user);
    if let Some(Value::Array(attributes)) = shown.get_mut("Attributes") {
        attributes.retain(|attribute| wanted.iter().any(|name| attribute["Name"] == json!(name)));
    }
    shown
}

/// `NAME = "VALUE"`, or with `^=` for a beginning; quotation marks and backslashes in the value
/// stand after a backslash. Blank: everybody.
fn condition(filter: &str) -> Result<Option<Condition>> {
    let filter = filter.trim();
    if filter.is_empty() {
        return Ok(None);
    }
    let (name, rest) = filter
        .split_once('=')
        .ok_or_else(|| unreadable("it has no = or ^="))?;
    let (name, prefix) = match name.strip_suffix('^') {
        Some(name) => (name, true),
        None => (name, false),
    };
    let name = name.trim();
    let name = name
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
        .unwrap_or(name);
    let column = match name {
        "username" => Column::Username,
        "sub" => Column::Sub,
        "status" => Column::Enabled,
        "cognito:user_status" => Column::Status,
        _ => SEARCHABLE
            .into_iter()
            .find(|searchable| *searchable == name)
            .map(Column::Attribute)
            .ok_or_else(|| unreadable("its attribute is not one to search by"))?,
    };
    let value = quoted(rest.trim()).ok_or_else(|| unreadable("its value is not in quotes"))?;
    Ok(Some(Condition {
        column,
        value,
        prefix,
    }))
}

/// What stands between quotation marks.
fn quoted(text: &str) -> Option<String> {
    let inside = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut value = String::new();
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return None,
            '\\' => value.push(chars.next()?),
            c => value.push(c),
        }
    }
    Some(value)
}

fn unreadable(why: &str) -> ApiError {
    ApiError::invalid_parameter(format!(
        "Error while parsing filter: {why}. Write NAME = \"VALUE\" or NAME ^= \"VALUE\"."
    ))
}
