//! What a person signs in with: how its field looks.

use minijinja::{Value, context};

use crate::settings::{Address, Settings};

/// Label, type, keyboard and example of the field for the sign-in name. `new`: of somebody who
/// signs up, and has no alias yet.
pub(super) fn field(settings: &Settings, new: bool) -> Value {
    let addresses = &settings.username_attributes;
    let aliases = &settings.alias_attributes;
    let (email, phone) = (Address::Email, Address::PhoneNumber);
    let own = addresses.is_empty();
    let with =
        |address| addresses.contains(&address) || (!new && own && aliases.contains(&address));
    let (label, kind, mode) = match (own, with(email), with(phone)) {
        (true, true, true) => ("User name, email or phone number", "text", "text"),
        (true, true, false) => ("User name or email", "text", "email"),
        (true, false, true) => ("User name or phone number", "text", "text"),
        (true, false, false) => ("User name", "text", "text"),
        (false, true, true) => ("Email or phone number", "text", "email"),
        (false, false, true) => ("Phone number", "tel", "tel"),
        (false, _, false) => ("Email", if new { "email" } else { "text" }, "email"),
    };
    let autocomplete = match (new, label) {
        (true, "Email") => "email",
        (true, "Phone number") => "tel",
        _ => "username",
    };
    context! {
        label, kind, mode, autocomplete,
        phone => with(phone),
    }
}

/// The addresses a person who signs up under a name of his own gives besides: attribute, label
/// and type.
pub(super) fn addresses(settings: &Settings) -> Vec<(&'static str, &'static str, &'static str)> {
    if !settings.username_attributes.is_empty() {
        return Vec::new();
    }
    settings
        .auto_verified_attributes
        .union(&settings.alias_attributes)
        .map(|address| match address {
            Address::Email => ("email", "Email", "email"),
            Address::PhoneNumber => ("phone_number", "Phone number", "tel"),
        })
        .collect()
}

/// What the pool requires of who signs up and no other field asks for: attribute and label.
pub(super) fn required(settings: &Settings) -> Vec<(String, String)> {
    let known = [Address::Email, Address::PhoneNumber]
        .into_iter()
        .filter(|address| settings.username_attributes.contains(address))
        .map(Address::attribute)
        .chain(addresses(settings).into_iter().map(|(name, ..)| name))
        .chain(NAMES);
    let known: Vec<_> = known.collect();
    settings
        .required_attributes
        .iter()
        .filter(|name| !known.contains(&name.as_str()))
        .map(|name| (name.clone(), attribute(name)))
        .collect()
}

/// The fields that are there for everybody.
pub(super) const NAMES: [&str; 2] = ["given_name", "family_name"];

/// What a person calls an attribute.
pub(super) fn attribute(name: &str) -> String {
    match name {
        "given_name" => "First name".to_owned(),
        "family_name" => "Last name".to_owned(),
        "phone_number" => "Phone number".to_owned(),
        _ => {
            let words = name.replace('_', " ");
            let mut letters = words.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_uppercase().chain(letters).collect()
            })
        }
    }
}
