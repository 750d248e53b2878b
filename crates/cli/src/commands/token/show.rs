//! Header and claims, a line each.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::moment::{TIMES, relative, utc};
use crate::printable::printable;

/// Names beyond this do not push the other values away.
const WIDEST: usize = 24;
/// Longer values are cut: `--json` has them whole.
const LONGEST: usize = 300;

/// A line for each member: its name, its value as JSON, and for a time what it means.
pub(super) fn members(object: &Map<String, Value>, now: i64) -> String {
    let dim = anstyle::Style::new().dimmed();
    let names: Vec<String> = object.keys().map(|name| shown_name(name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max();
    let width = width.unwrap_or_default().min(WIDEST);
    let mut lines = String::new();
    for (shown, (name, value)) in names.iter().zip(object) {
        let time = value.as_i64().filter(|_| TIMES.contains(&name.as_str()));
        let time = time.and_then(|at| when(name, at, now)).unwrap_or_default();
        let value = shown_value(value);
        // Writing into a string does not fail.
        let _written = writeln!(lines, "  {dim}{shown:<width$}{dim:#}  {value}{time}");
    }
    lines
}

/// A value as JSON on one line, nothing in it that a terminal acts on.
pub(super) fn shown_value(value: &Value) -> String {
    cut(&printable(&value.to_string()))
}

/// As [`shown_value`], of a claim that may not be there.
pub(super) fn shown_claim(claims: &Map<String, Value>, name: &str) -> String {
    claims.get(name).map_or("nothing".to_owned(), shown_value)
}

fn shown_name(name: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "_-:./".contains(char);
    match !name.is_empty() && name.chars().all(plain) {
        true => cut(name),
        false => shown_value(&name.into()),
    }
}

fn when(name: &str, at: i64, now: i64) -> Option<String> {
    let verb = match name {
        "exp" if at <= now => "expired ",
        "exp" => "expires ",
        _ => "",
    };
    Some(format!("  {}, {verb}{}", utc(at)?, relative(at, now)))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
        None => text.to_owned(),
    }
}
