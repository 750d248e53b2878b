//! What the service model says of each operation: its input, with every constraint, and the
//! errors it declares. `tests/sdk/model.py` writes `cognito-idp.json` from botocore.

mod constraint;
mod pattern;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::{ApiError, Result};

/// The operations this pool offers, and the names of those it does not.
#[derive(Deserialize)]
pub(crate) struct Model {
    operations: BTreeMap<String, OperationModel>,
    others: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct OperationModel {
    /// Called without AWS credentials: a browser may.
    pub(crate) unsigned: bool,
    /// `false`: success is an empty body.
    pub(crate) has_output: bool,
    pub(crate) errors: Vec<String>,
    input: Shape,
}

/// The shape of a value (Smithy's words).
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Shape {
    String(Text),
    Integer {
        min: Option<i64>,
        max: Option<i64>,
    },
    Boolean,
    Document,
    List {
        member: Box<Shape>,
        min: Option<usize>,
        max: Option<usize>,
    },
    Map {
        key: Text,
        value: Text,
    },
    Structure(Structure),
}

#[derive(Deserialize)]
struct Structure {
    name: String,
    required: Vec<String>,
    members: BTreeMap<String, Shape>,
}

/// Lengths are of characters.
#[derive(Deserialize)]
struct Text {
    min: Option<usize>,
    max: Option<usize>,
    pattern: Option<String>,
    #[serde(rename = "enum", default)]
    values: Vec<String>,
    /// The value stays out of messages.
    #[serde(default)]
    sensitive: bool,
}

#[expect(
    clippy::expect_used,
    reason = "the file is part of the program and a test reads it"
)]
static MODEL: LazyLock<Model> = LazyLock::new(|| {
    serde_json::from_str(include_str!("cognito-idp.json"))
        .expect("the embedded model is well formed")
});

pub(crate) fn model() -> &'static Model {
    &MODEL
}

/// Whether an operation would take an input; else why not.
pub(crate) fn accepts(operation: &str, input: &Value) -> std::result::Result<(), String> {
    let (Some((_, operation)), Value::Object(members)) = (model().operation(operation), input)
    else {
        return Err(format!("{operation} takes no such input"));
    };
    operation
        .check(members)
        .map_err(|error| error.message.into_owned())
}

impl Model {
    pub(crate) fn operation(&self, name: &str) -> Option<(&str, &OperationModel)> {
        self.operations
            .get_key_value(name)
            .map(|(name, operation)| (name.as_str(), operation))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.operations.keys().map(String::as_str)
    }

    /// An operation of Cognito that is not offered here.
    pub(crate) fn is_other(&self, name: &str) -> bool {
        self.others.iter().any(|other| other == name)
    }
}

impl OperationModel {
    pub(crate) fn declares(&self, error: &str) -> bool {
        self.errors.iter().any(|declared| declared == error)
    }

    /// Checks a whole input.
    ///
    /// # Errors
    /// `SerializationException` for a value of the wrong type, else `InvalidParameterException`
    /// with every constraint that failed.
    pub(crate) fn check(&self, input: &Map<String, Value>) -> Result<()> {
        let mut failures = Vec::new();
        if let Shape::Structure(structure) = &self.input {
            constraint::members(structure, input, "", &mut failures)?;
        }
        match failures.len() {
            0 => Ok(()),
            n => Err(ApiError::invalid_parameter(format!(
                "{n} validation error{} detected: {}",
                if n == 1 { "" } else { "s" },
                failures.join("; ")
            ))),
        }
    }
}
