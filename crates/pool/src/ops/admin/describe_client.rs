//! What the pool says of its clients.

use serde_json::{Value, json};

use super::page::Page;
use crate::client::{AuthFlow, Client, Lifetimes};
use crate::core::Core;
use crate::definition::{self, Times};
use crate::error::{ApiError, Result};
use crate::ops::input::Input;
use crate::options::POOL_ID;
use crate::settings::Settings;

pub(in crate::ops) fn run(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    let client = core.client(input.text("ClientId"))?;
    let times = core
        .db
        .run(|tx| definition::times(tx).map_err(ApiError::from))?;
    let mut described = describe(&client, &core.definition().settings, &times);
    if let Some(members) = described.as_object_mut() {
        for (name, listed, of_pool) in [
            ("CallbackURLs", &client.callback_urls, &core.callback_urls),
            ("LogoutURLs", &client.logout_urls, &core.logout_urls),
        ] {
            let of_pool = of_pool.iter().filter(|_| client.loopback_urls);
            let urls = listed.iter().chain(of_pool);
            members.insert(name.to_owned(), urls.map(|url| json!(url)).collect());
        }
    }
    Ok(json!({ "UserPoolClient": described }))
}

pub(in crate::ops) fn list(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    // No client registers itself here.
    let kind = input.get("ClientType").unwrap_or("REGULAR");
    let page = Page::of(input, &format!("ListUserPoolClients {kind}"), "NextToken")?;
    let definition = core.definition();
    let fetch = usize::try_from(page.fetch).unwrap_or_default();
    let found = definition
        .clients
        .values()
        .filter(|client| kind == "REGULAR" && page.after.as_ref().is_none_or(|id| client.id > *id))
        .take(fetch)
        .collect();
    Ok(page.answer(
        "UserPoolClients",
        found,
        |client| client.id.clone(),
        |client| json!({ "ClientId": client.id, "ClientName": client.name, "UserPoolId": POOL_ID }),
    ))
}

/// `UserPoolClientType`, without the URLs.
fn describe(client: &Client, settings: &Settings, times: &Times) -> Value {
    let lifetimes = client.lifetimes(settings);
    let [access, id, refresh] = [lifetimes.access, lifetimes.id, lifetimes.refresh].map(validity);
    let members = [
        ("UserPoolId", json!(POOL_ID)),
        ("ClientId", json!(client.id)),
        ("ClientName", json!(client.name)),
        ("ClientSecret", json!(client.secrets().first())),
        ("CreationDate", json!(times.created_at)),
        ("LastModifiedDate", json!(times.modified_at)),
        ("AccessTokenValidity", json!(access.0)),
        ("IdTokenValidity", json!(id.0)),
        ("RefreshTokenValidity", json!(refresh.0)),
        (
            "TokenValidityUnits",
            json!({ "AccessToken": access.1, "IdToken": id.1, "RefreshToken": refresh.1 }),
        ),
        ("ReadAttributes", json!(client.read_attributes)),
        ("WriteAttributes", json!(client.write_attributes)),
        ("ExplicitAuthFlows", json!(flows(client, lifetimes))),
        ("SupportedIdentityProviders", json!(["COGNITO"])),
        ("AllowedOAuthFlows", json!(client.oauth_flows)),
        ("AllowedOAuthScopes", json!(client.scopes)),
        (
            "AllowedOAuthFlowsUserPoolClient",
            json!(!client.oauth_flows.is_empty()),
        ),
        (
            "PreventUserExistenceErrors",
            json!(if client.hides_names(settings) {
                "ENABLED"
            } else {
                "LEGACY"
            }),
        ),
        ("EnableTokenRevocation", json!(true)),
        ("EnablePropagateAdditionalUserContextData", json!(false)),
        (
            "AuthSessionValidity",
            json!(minutes(settings.auth_session_seconds)),
        ),
        ("RefreshTokenRotation", rotation(lifetimes)),
        ("ClientType", json!("REGULAR")),
    ];
    members
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .collect()
}

/// `ExplicitAuthFlows`. With rotation on, refreshing is no flow of InitiateAuth.
fn flows(client: &Client, lifetimes: Lifetimes) -> Vec<String> {
    client
        .flows
        .iter()
        .filter(|flow| !(lifetimes.rotation && **flow == AuthFlow::RefreshToken))
        .filter_map(|flow| Some(format!("ALLOW_{}", json!(flow).as_str()?)))
        .collect()
}

fn rotation(lifetimes: Lifetimes) -> Value {
    if lifetimes.rotation {
        json!({ "Feature": "ENABLED", "RetryGracePeriodSeconds": lifetimes.grace })
    } else {
        json!({ "Feature": "DISABLED" })
    }
}

/// A time in the largest unit that it is a whole number of.
fn validity(seconds: i64) -> (i64, &'static str) {
    [(86400, "days"), (3600, "hours"), (60, "minutes")]
        .into_iter()
        .find(|(unit, _)| seconds % unit == 0)
        .map_or((seconds, "seconds"), |(unit, name)| (seconds / unit, name))
}

/// Rounded up: what is shorter than a minute is one.
fn minutes(seconds: i64) -> i64 {
    (seconds + 59) / 60
}
