//! Questions with the answers that are expected, in TOML.

use std::ops::Range;
use std::path::Path;

use cogward_policy::{Fault, Place};
use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::asking::Asking;
use super::nearest;

const MEMBERS: [&str; 9] = [
    "name",
    "principal",
    "groups",
    "email",
    "action",
    "resource",
    "context",
    "expected",
    "policies",
];
const RESOURCE: [&str; 4] = ["id", "type", "owner", "attributes"];

/// A question and its answer.
pub(super) struct Case {
    /// As it is called, or where it stands.
    pub(super) name: String,
    pub(super) asking: Asking,
    pub(super) allowed: bool,
    /// Exactly these decide.
    pub(super) policies: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    case: Vec<Spanned<Written>>,
}

#[derive(Deserialize)]
struct Written {
    name: Option<String>,
    principal: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    email: Option<String>,
    action: String,
    #[serde(default)]
    resource: WrittenResource,
    context: Option<toml::Table>,
    expected: Expected,
    policies: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
struct WrittenResource {
    id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    owner: Option<String>,
    attributes: Option<toml::Table>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Allow,
    Deny,
}

/// Reads a file.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn read(path: &Path) -> Result<Vec<Case>, Vec<Fault>> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| vec![Fault::new(&name, error)])?;
    let fault =
        |bytes: Range<usize>, message: &str| Fault::new(&name, message).at(Place::of(&text, bytes));
    let (table, errors) = DeTable::parse_recoverable(&text);
    let broken = |error: &toml::de::Error| fault(error.span().unwrap_or(0..0), error.message());
    let mut faults: Vec<Fault> = errors.iter().map(broken).collect();
    if faults.is_empty() {
        let unknown = unknown(table.get_ref()).into_iter();
        faults.extend(unknown.map(|(bytes, message, near)| {
            let fault = fault(bytes, &message);
            match near {
                Some(near) => fault.hint(near),
                None => fault,
            }
        }));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let file: File = toml::from_str(&text).map_err(|error| vec![broken(&error)])?;
    if file.case.is_empty() {
        let none = Fault::new(&name, "there is no case in it");
        return Err(vec![none.hint("a case begins with [[case]]")]);
    }
    let cases = file.case.into_iter().map(|written| {
        let line = Place::of(&text, written.span()).line;
        case(written.into_inner(), line)
    });
    Ok(cases.collect())
}

type Unknown = (Range<usize>, String, Option<String>);

/// Members that there are not.
fn unknown(file: &DeTable<'_>) -> Vec<Unknown> {
    let mut found = others(file, &["case"], "the file");
    let cases = file.get("case").map(Spanned::get_ref);
    for case in cases.and_then(DeValue::as_array).into_iter().flatten() {
        let Some(case) = case.get_ref().as_table() else {
            continue;
        };
        found.extend(others(case, &MEMBERS, "a case"));
        let resource = case.get("resource").map(Spanned::get_ref);
        if let Some(resource) = resource.and_then(DeValue::as_table) {
            found.extend(others(resource, &RESOURCE, "a resource"));
        }
    }
    found
}

fn others(table: &DeTable<'_>, known: &[&str], of: &str) -> Vec<Unknown> {
    let others = table
        .keys()
        .filter(|key| !known.contains(&key.get_ref().as_ref()));
    let others = others.map(|key| {
        let name = key.get_ref();
        let message = format!("`{name}` is no member of {of}");
        let near = nearest(name, known.iter().copied());
        let near = near.unwrap_or_else(|| format!("there are {}", known.join(", ")));
        (key.span(), message, Some(near))
    });
    others.collect()
}

fn case(written: Written, line: usize) -> Case {
    let resource = written.resource;
    Case {
        name: written
            .name
            .unwrap_or_else(|| format!("line {line}: {}", written.action)),
        asking: Asking {
            sub: written.principal.unwrap_or_else(|| "somebody".to_owned()),
            email: written.email,
            groups: written.groups,
            action: written.action,
            id: resource.id,
            kind: resource.kind,
            owner: resource.owner,
            attributes: resource.attributes.map(members),
            context: written.context.map(members),
        },
        allowed: matches!(written.expected, Expected::Allow),
        policies: written.policies,
    }
}

fn members(table: toml::Table) -> Map<String, Value> {
    let members = table.into_iter();
    members.map(|(name, value)| (name, json(value))).collect()
}

fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(values) => values.into_iter().map(json).collect(),
        toml::Value::Table(table) => Value::Object(members(table)),
    }
}
