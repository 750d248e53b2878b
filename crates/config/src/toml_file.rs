//! `cogward.toml` as flat `section.name` values with the line of each.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::fault::{Fault, one_line};

/// One value of the file.
pub(crate) struct TomlValue {
    pub(crate) line: usize,
    /// The value as text, several for an array; the error names the type
    /// found when it is one that no setting has.
    pub(crate) items: Result<Vec<String>, &'static str>,
    pub(crate) shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Integer,
    Boolean,
    Array,
}

/// Reads the file; what cannot be read becomes a fault and the rest is kept.
pub(crate) fn read(
    path: &Path,
    text: &str,
    faults: &mut Vec<Fault>,
) -> BTreeMap<String, TomlValue> {
    let (table, errors) = DeTable::parse_recoverable(text);
    // Only the parser's own words and the line: the offending source line may
    // hold a secret.
    for error in errors.iter().take(10) {
        let line = error.span().map_or(0, |span| line_of(text, &span));
        let name = format!("{} line {line}", path.display());
        let problem = format!("is not valid TOML: {}", one_line(error.message()));
        faults.push(Fault::elsewhere(name, problem, String::new()));
    }
    let mut values = BTreeMap::new();
    for (key, value) in table.get_ref() {
        let line = line_of(text, &key.span());
        let section = key.get_ref().to_string();
        if let DeValue::Table(table) = value.get_ref() {
            for (key, value) in table {
                let line = line_of(text, &key.span());
                values.insert(
                    format!("{section}.{}", key.get_ref()),
                    flat(value.get_ref(), line),
                );
            }
        } else {
            values.insert(section, flat(value.get_ref(), line));
        }
    }
    values
}

fn flat(value: &DeValue<'_>, line: usize) -> TomlValue {
    let (items, shape) = match value {
        DeValue::Array(items) => (
            items.iter().map(|item| scalar(item.get_ref())).collect(),
            Shape::Array,
        ),
        DeValue::Integer(_) => (scalar(value).map(|text| vec![text]), Shape::Integer),
        DeValue::Boolean(_) => (scalar(value).map(|text| vec![text]), Shape::Boolean),
        _ => (scalar(value).map(|text| vec![text]), Shape::Text),
    };
    TomlValue { line, items, shape }
}

fn scalar(value: &DeValue<'_>) -> Result<String, &'static str> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Boolean(truth) => Ok(truth.to_string()),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map(|number| number.to_string())
            .map_err(|_| "a number too large"),
        DeValue::Float(_) => Err("a number with a fraction"),
        DeValue::Datetime(_) => Err("a date"),
        DeValue::Array(_) => Err("an array"),
        DeValue::Table(_) => Err("a table"),
    }
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    let before = text.as_bytes().iter().take(span.start);
    1 + before.filter(|byte| **byte == b'\n').count()
}
