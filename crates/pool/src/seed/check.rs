use std::collections::BTreeSet;

use serde_json::json;

use super::{File, SeedUser};
use crate::client::{Client, SCOPES};
use crate::clock::LATEST;
use crate::local::check_words;
use crate::model::accepts;
use crate::options::POOL_ID;
use crate::settings::Address;
use crate::srp::Verifier;
use crate::user::{check_attributes, take_username};

/// What stands in the file near the fault, and the fault.
type Fault = (String, String);

/// Checks what one member alone cannot tell.
pub(super) fn check(file: &File) -> Result<(), Fault> {
    file.pool
        .check()
        .map_err(|message| ("[pool]".to_owned(), message))?;
    let servers = file.resource_servers.iter().flatten();
    let scopes: BTreeSet<String> = servers
        .flat_map(|server| {
            let id = &server.identifier;
            server
                .scopes
                .iter()
                .map(move |scope| format!("{id}/{scope}"))
        })
        .chain(SCOPES.map(str::to_owned))
        .collect();
    let clients = file.clients.as_deref().unwrap_or_default();
    once(clients.iter().map(|client| client.id.as_str()), "client")?;
    for client in clients {
        check_client(client, &scopes).map_err(|message| (client.id.clone(), message))?;
    }
    let groups = file.groups.as_deref().unwrap_or_default();
    once(groups.iter().map(|group| group.name.as_str()), "group")?;
    let users = file.users.as_deref().unwrap_or_default();
    once(users.iter().map(|user| user.username.as_str()), "user")?;
    let devices = users.iter().flat_map(|user| &user.devices);
    once(devices.map(|device| device.key.as_str()), "device")?;
    let passkeys = users.iter().flat_map(|user| &user.passkeys);
    let passkeys: Vec<_> = passkeys.map(|passkey| passkey.id.text()).collect();
    once(passkeys.iter().map(String::as_str), "passkey")?;
    for group in groups {
        let input = json!({ "GroupName": group.name, "UserPoolId": POOL_ID });
        accepts("CreateGroup", &input).map_err(|message| (group.name.clone(), message))?;
    }
    for user in users {
        check_user(file, user).map_err(|message| (user.username.clone(), message))?;
    }
    Ok(())
}

fn once<'a>(names: impl Iterator<Item = &'a str>, what: &str) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.to_lowercase()) {
            return Err((name.to_owned(), format!("{what} {name:?} is there twice")));
        }
    }
    Ok(())
}

fn check_client(client: &Client, scopes: &BTreeSet<String>) -> Result<(), String> {
    let id = &client.id;
    let word = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+'))
    };
    if id.is_empty() || id.len() > 128 || !word(id) {
        return Err(format!(
            "client id {id:?} must be 1 to 128 letters, digits, _ or +"
        ));
    }
    let secrets = client.secrets();
    if secrets.len() > 2
        || secrets
            .iter()
            .any(|secret| !(24..=64).contains(&secret.len()) || !word(secret))
    {
        return Err(format!(
            "client {id}: secrets are one or two, of 24 to 64 letters, digits, _ or +"
        ));
    }
    if let Some(scope) = client.scopes.iter().find(|scope| !scopes.contains(*scope)) {
        return Err(format!(
            "client {id}: scope {scope:?} is of no resource server; known are: {}",
            scopes.iter().cloned().collect::<Vec<_>>().join(", ")
        ));
    }
    client
        .check()
        .map_err(|message| format!("client {id}: {message}"))
}

fn check_user(file: &File, user: &SeedUser) -> Result<(), String> {
    let name = &user.username;
    let told = |message: &str| format!("user {name:?}: {message}");
    let mut attributes = user.attributes.clone();
    check_words(name, &attributes, &user.groups).map_err(|message| told(&message))?;
    check_attributes(&attributes, None).map_err(|error| told(&error.message))?;
    take_username(&file.pool, name, name, &mut attributes).map_err(|error| told(&error.message))?;
    match (&user.password, &user.password_verifier) {
        (Some(_), Some(_)) => return Err(told("give password or password_verifier, not both")),
        (None, Some(_)) if user.sub.is_none() => {
            return Err(told("password_verifier needs the sub it was made for"));
        }
        (Some(password), None) => file
            .pool
            .password_policy
            .check(password)
            .map_err(|error| told(&error.message))?,
        _ => {}
    }
    check_kept(user).map_err(told)?;
    let needs = [Address::Email, Address::PhoneNumber]
        .into_iter()
        .find(|address| {
            user.attributes
                .get(address.verified())
                .is_some_and(|v| v == "true")
                && !attributes.contains_key(address.attribute())
        });
    match needs {
        Some(address) => Err(told(&format!(
            "{} without {}",
            address.verified(),
            address.attribute()
        ))),
        None => Ok(()),
    }
}

/// What mostly an export writes.
fn check_kept(user: &SeedUser) -> Result<(), &'static str> {
    if user.times().any(|time| !(0..=LATEST).contains(&time)) {
        return Err("times are seconds since 1970, up to the year 2200");
    }
    let verifiers = user
        .devices
        .iter()
        .filter_map(|device| device.verifier.as_ref());
    let verifiers = verifiers
        .chain(&user.password_verifier)
        .chain(&user.password_history);
    if verifiers
        .into_iter()
        .any(|verifier| Verifier::from_text(verifier).is_none())
    {
        return Err("a verifier is not one that an export has written");
    }
    if user
        .sub
        .as_ref()
        .is_some_and(|sub| uuid::Uuid::try_parse(sub).is_err())
    {
        return Err("sub must be a UUID");
    }
    if user.mfa.software_token.as_ref().is_some_and(|token| {
        token.secret.len() < 16
            || !token
                .secret
                .bytes()
                .all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7'))
    }) {
        return Err("mfa.software_token.secret must be 16 or more Base32 characters");
    }
    Ok(())
}
