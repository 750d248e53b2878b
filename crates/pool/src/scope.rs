//! What scopes there are, and what they open.

use crate::client::{Client, SCOPES};
use crate::definition::Definition;

/// Whether a space-separated list has it.
pub(crate) fn has(scopes: &str, scope: &str) -> bool {
    scopes.split(' ').any(|granted| granted == scope)
}

/// What a user's client gets: all of its scopes when none are `asked` for, each once, in the
/// order asked. One that its resource server no longer has is left out, as in Cognito.
///
/// `None` when one is not the client's, or `email`, `phone` or `profile` comes without `openid`.
pub(crate) fn of_user(
    definition: &Definition,
    client: &Client,
    asked: Option<&str>,
) -> Option<String> {
    let granted = granted(definition, client, asked)?;
    let needs_openid = ["email", "phone", "profile"]
        .iter()
        .any(|scope| granted.contains(scope));
    (!granted.is_empty() && (!needs_openid || granted.contains(&"openid")))
        .then(|| granted.join(" "))
}

/// What a client gets for itself: scopes of resource servers alone.
pub(crate) fn of_client(
    definition: &Definition,
    client: &Client,
    asked: Option<&str>,
) -> Option<String> {
    let mut granted = granted(definition, client, asked)?;
    if asked.is_none() {
        granted.retain(|scope| !SCOPES.contains(scope));
    }
    (!granted.is_empty() && !granted.iter().any(|scope| SCOPES.contains(scope)))
        .then(|| granted.join(" "))
}

/// Whether an attribute may be told: `email` and `phone` open their own, `profile` all, and so
/// does a list without any of the three.
pub(crate) fn opens(scopes: &str, attribute: &str) -> bool {
    let (email, phone) = (has(scopes, "email"), has(scopes, "phone"));
    if has(scopes, "profile") || !(email || phone) {
        return true;
    }
    match attribute {
        "email" | "email_verified" => email,
        "phone_number" | "phone_number_verified" => phone,
        _ => false,
    }
}

/// Whether the client may read what `email` and `phone` open; else its codes are refused.
pub(crate) fn readable(scopes: &str, client: &Client) -> bool {
    [
        ("email", ["email", "email_verified"]),
        ("phone", ["phone_number", "phone_number_verified"]),
    ]
    .into_iter()
    .filter(|(scope, _)| has(scopes, scope))
    .flat_map(|(_, attributes)| attributes)
    .all(|attribute| client.may_read(attribute))
}

fn granted<'a>(
    definition: &Definition,
    client: &'a Client,
    asked: Option<&'a str>,
) -> Option<Vec<&'a str>> {
    let mut granted: Vec<&str> = match asked {
        None => client.scopes.iter().map(String::as_str).collect(),
        Some(asked) => asked.split(' ').filter(|scope| !scope.is_empty()).collect(),
    };
    if granted.iter().any(|scope| !client.scopes.contains(*scope)) {
        return None;
    }
    let mut seen = std::collections::BTreeSet::new();
    granted.retain(|scope| seen.insert(*scope) && exists(definition, scope));
    Some(granted)
}

fn exists(definition: &Definition, scope: &str) -> bool {
    SCOPES.contains(&scope)
        || definition.resource_servers.iter().any(|(id, scopes)| {
            scope
                .strip_prefix(id.as_str())
                .and_then(|rest| rest.strip_prefix('/'))
                .is_some_and(|name| scopes.iter().any(|scope| scope == name))
        })
}
