use serde_json::{Map, Value};

use super::{Shape, Structure, Text, pattern};
use crate::error::{ApiError, Result};

/// The longest part of a value that a message repeats: messages stand in a header too.
const SHOWN: usize = 128;

/// Checks the members of a structure that lies `at` a place of the input.
pub(super) fn members(
    structure: &Structure,
    values: &Map<String, Value>,
    at: &str,
    failures: &mut Vec<String>,
) -> Result<()> {
    for (name, shape) in &structure.members {
        let at = within(at, &lower_first(name));
        match values.get(name) {
            None | Some(Value::Null) => {
                if structure.required.contains(name) {
                    failures.push(fails(" null", &at, "Member must not be null"));
                }
            }
            Some(value) => check(shape, value, &at, failures)?,
        }
    }
    Ok(())
}

fn check(shape: &Shape, value: &Value, at: &str, failures: &mut Vec<String>) -> Result<()> {
    match (shape, value) {
        (Shape::String(text), Value::String(value)) => {
            failures.extend(fault(text, value).map(|fault| fails(&shown(text, value), at, &fault)));
        }
        (Shape::Integer { min, max }, value) => {
            let number = value.as_i64().ok_or_else(|| not_convertible("Integer"))?;
            let fault = if min.is_some_and(|min| number < min) {
                Some("Member must have value greater than or equal to")
            } else if max.is_some_and(|max| number > max) {
                Some("Member must have value less than or equal to")
            } else {
                None
            };
            if let (Some(fault), Some(bound)) = (fault, bound(number, *min, *max)) {
                failures.push(fails(
                    &format!(" '{number}'"),
                    at,
                    &format!("{fault} {bound}"),
                ));
            }
        }
        (Shape::Boolean, Value::Bool(_)) | (Shape::Document, _) => {}
        (Shape::List { member, min, max }, Value::Array(items)) => {
            if let Some(fault) = length_fault(items.len(), *min, *max) {
                failures.push(fails("", at, &fault));
            }
            for (index, item) in items.iter().enumerate() {
                let at = format!("{at}.{}.member", index + 1);
                check(member, item, &at, failures)?;
            }
        }
        (Shape::Map { key, value: of }, Value::Object(entries)) => {
            map(key, of, entries, at, failures)?;
        }
        (Shape::Structure(structure), Value::Object(values)) => {
            members(structure, values, at, failures)?;
        }
        (Shape::String(_), _) => return Err(not_convertible("String")),
        (Shape::Boolean, _) => return Err(not_convertible("Boolean")),
        (Shape::List { .. }, _) => return Err(not_convertible("List")),
        (Shape::Map { .. }, _) => return Err(not_convertible("Map")),
        (Shape::Structure(structure), _) => return Err(not_convertible(&structure.name)),
    }
    Ok(())
}

/// A map's values may be null: such an entry is as good as absent.
fn map(
    key: &Text,
    of: &Text,
    entries: &Map<String, Value>,
    at: &str,
    failures: &mut Vec<String>,
) -> Result<()> {
    for (name, value) in entries {
        if let Some(fault) = fault(key, name) {
            failures.push(fails(&shown(key, name), at, &fault));
        }
        match value {
            Value::Null => {}
            Value::String(value) => failures.extend(
                fault(of, value).map(|fault| fails(&shown(of, value), &within(at, name), &fault)),
            ),
            _ => return Err(not_convertible("String")),
        }
    }
    Ok(())
}

/// What is wrong with a text.
fn fault(rule: &Text, value: &str) -> Option<String> {
    if let Some(fault) = length_fault(value.chars().count(), rule.min, rule.max) {
        return Some(fault.replace("size", "length"));
    }
    if let Some(pattern) = &rule.pattern
        && !pattern::matches(pattern, value)
    {
        return Some(format!(
            "Member must satisfy regular expression pattern: {pattern}"
        ));
    }
    (!rule.values.is_empty() && !rule.values.iter().any(|one| one == value)).then(|| {
        format!(
            "Member must satisfy enum value set: [{}]",
            rule.values.join(", ")
        )
    })
}

fn length_fault(length: usize, min: Option<usize>, max: Option<usize>) -> Option<String> {
    if let Some(min) = min.filter(|min| length < *min) {
        return Some(format!(
            "Member must have size greater than or equal to {min}"
        ));
    }
    max.filter(|max| length > *max)
        .map(|max| format!("Member must have size less than or equal to {max}"))
}

fn bound(number: i64, min: Option<i64>, max: Option<i64>) -> Option<i64> {
    min.filter(|min| number < *min).or(max)
}

fn fails(value: &str, at: &str, fault: &str) -> String {
    format!("Value{value} at '{at}' failed to satisfy constraint: {fault}")
}

fn shown(rule: &Text, value: &str) -> String {
    if rule.sensitive {
        return String::new();
    }
    let shown: String = value.chars().take(SHOWN).collect();
    format!(" '{shown}'")
}

fn not_convertible(kind: &str) -> ApiError {
    ApiError::new(
        "SerializationException",
        format!("A value can not be converted to a {kind}"),
    )
}

fn within(at: &str, name: &str) -> String {
    if at.is_empty() {
        name.to_owned()
    } else {
        format!("{at}.{name}")
    }
}

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().collect::<String>() + chars.as_str()
    })
}
