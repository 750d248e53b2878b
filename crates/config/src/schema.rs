//! The JSON Schema of `cogward.toml`.

use serde_json::{Map, Value, json};

use crate::sections::{self, Section};
use crate::setting::{About, Fallback, Kind};

/// The schema (draft 2020-12), for editors and for `config schema`.
#[must_use]
pub fn schema() -> Value {
    let tables: Map<_, _> = sections::ALL
        .iter()
        .map(|section| (section.name.to_owned(), table(section)))
        .collect();
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cogward.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": tables,
    });
    // The same text in every build: whether maps keep an order is up to other crates.
    schema.sort_all_objects();
    schema
}

fn table(section: &Section) -> Value {
    let mut properties = Map::new();
    for about in section.settings {
        properties.insert(about.name().to_owned(), property(about));
        if about.secret {
            let doc = format!("File that holds {}.", about.name());
            let file = json!({ "type": "string", "minLength": 1, "description": doc });
            properties.insert(format!("{}_file", about.name()), file);
        }
    }
    json!({
        "type": "object",
        "description": section.doc,
        "additionalProperties": false,
        "properties": properties,
    })
}

fn property(about: &About) -> Value {
    let one = scalar(about);
    let mut property = if about.list {
        let array = json!({ "type": "array", "items": one });
        json!({ "anyOf": [array, { "type": "string" }] })
    } else {
        one
    };
    if let Some(object) = property.as_object_mut() {
        object.insert("description".to_owned(), about.doc.into());
        if let Fallback::Text(text) = about.fallback {
            object.insert("default".to_owned(), typed(about, text));
        }
        if about.secret {
            object.insert("writeOnly".to_owned(), true.into());
        } else {
            object.insert("examples".to_owned(), json!([typed(about, about.example)]));
        }
    }
    property
}

fn scalar(about: &About) -> Value {
    let mut one = match about.kind {
        Kind::Integer => json!({ "type": "integer" }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Choice(words) => json!({ "type": "string", "enum": words }),
        Kind::UrlPath => json!({ "type": "string", "pattern": "^/" }),
        _ => json!({ "type": "string" }),
    };
    if let (Some((least, most)), Some(object)) = (about.range, one.as_object_mut()) {
        object.insert("minimum".to_owned(), least.into());
        object.insert("maximum".to_owned(), most.into());
    }
    one
}

/// A default or example as the file would have it.
fn typed(about: &About, text: &str) -> Value {
    if about.list {
        return text.split(',').collect();
    }
    match about.kind {
        Kind::Integer => text.parse::<u64>().map_or(Value::Null, Value::from),
        Kind::Boolean => (text == "true").into(),
        _ => text.into(),
    }
}
