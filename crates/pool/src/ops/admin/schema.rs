//! `SchemaAttributes`: what every pool has. Custom attributes are not declared here: any
//! `custom:` name is taken.

use serde_json::{Value, json};

use crate::settings::{Address, Settings};

/// Texts of any length Cognito takes.
const TEXTS: [&str; 17] = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "gender",
    "zoneinfo",
    "locale",
    "phone_number",
    "address",
    "birthdate",
    "identities",
];

pub(super) fn attributes(settings: &Settings) -> Value {
    let sub = text("sub", "1", false, true);
    let texts = TEXTS
        .into_iter()
        .map(|name| text(name, "0", true, is_required(settings, name)));
    let flags = ["email_verified", "phone_number_verified"]
        .into_iter()
        .map(|name| attribute(name, "Boolean", true, false));
    let mut updated_at = attribute("updated_at", "Number", true, false);
    if let Some(members) = updated_at.as_object_mut() {
        let least = json!({ "MinValue": "0" });
        members.insert("NumberAttributeConstraints".to_owned(), least);
    }
    std::iter::once(sub)
        .chain(texts)
        .chain(flags)
        .chain([updated_at])
        .collect()
}

/// What the settings say, and the one address that everybody signs in with; of two, each has one
/// or the other.
fn is_required(settings: &Settings, name: &str) -> bool {
    if settings.required_attributes.contains(name) {
        return true;
    }
    let names = &settings.username_attributes;
    names.len() == 1 && Address::of_attribute(name).is_some_and(|address| names.contains(&address))
}

fn text(name: &str, shortest: &str, mutable: bool, required: bool) -> Value {
    let mut text = attribute(name, "String", mutable, required);
    if let Some(members) = text.as_object_mut() {
        let lengths = match name {
            "birthdate" => json!({ "MinLength": "10", "MaxLength": "10" }),
            "identities" => json!({}),
            _ => json!({ "MinLength": shortest, "MaxLength": "2048" }),
        };
        members.insert("StringAttributeConstraints".to_owned(), lengths);
    }
    text
}

fn attribute(name: &str, kind: &str, mutable: bool, required: bool) -> Value {
    json!({
        "Name": name,
        "AttributeDataType": kind,
        "DeveloperOnlyAttribute": false,
        "Mutable": mutable,
        "Required": required,
    })
}
