//! What a caller adds to his question, which he may make up as he likes.

use cedar_policy::{Context, EntityUid, Schema};
use serde_json::{Map, Value};

use super::declared::Declared;
use crate::question::Invalid;

/// A context has no more values, one in the other no deeper.
const MAX_VALUES: usize = 1000;
const MAX_DEPTH: usize = 16;

/// # Errors
/// It is too much, names entities by Cedar's own escapes, or is not what the schema says.
pub(super) fn read(
    given: &Map<String, Value>,
    declared: &Declared,
    schema: &Schema,
    action: &EntityUid,
) -> Result<Context, Invalid> {
    let mut left = MAX_VALUES;
    members(given, MAX_DEPTH, &mut left).map_err(|wrong| Invalid::Context(wrong.to_owned()))?;
    let known = declared.only(given);
    if known.is_empty() {
        return Ok(Context::empty());
    }
    Context::from_json_value(Value::Object(known), Some((schema, action)))
        .map_err(|error| Invalid::Context(format!("does not fit the schema: {error}")))
}

fn members(map: &Map<String, Value>, depth: usize, left: &mut usize) -> Result<(), &'static str> {
    for (name, value) in map {
        if name.starts_with("__") {
            return Err("has a member that begins with `__`");
        }
        check(value, depth, left)?;
    }
    Ok(())
}

fn check(value: &Value, depth: usize, left: &mut usize) -> Result<(), &'static str> {
    let depth = depth.checked_sub(1).ok_or("is too deep")?;
    *left = left.checked_sub(1).ok_or("is too large")?;
    match value {
        Value::Object(map) => members(map, depth, left),
        Value::Array(values) => values.iter().try_for_each(|it| check(it, depth, left)),
        _ => Ok(()),
    }
}
