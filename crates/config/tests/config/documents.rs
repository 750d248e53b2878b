//! What is generated from the declarations.

use std::path::Path;

use cogward_config::{reference, schema};
use serde_json::Value;

use crate::{least, with};

fn file(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn the_reference_page_is_current() {
    let hint = "stale: run cargo run -p xtask -- generate";
    assert!(
        file("configuration.md") == reference(),
        "configuration.md is {hint}"
    );
    // In whatever order: that is one of features of other crates in the same build.
    let written: Value = serde_json::from_str(&file("cogward.schema.json")).unwrap();
    assert!(written == schema(), "cogward.schema.json is {hint}");
}

#[test]
fn page_and_schema_have_every_setting() {
    let (page, schema) = (reference(), schema());
    let show = with(least(), &[]).unwrap().show();
    assert!(show.0.len() > 50);
    for shown in show.0 {
        assert!(
            page.contains(&format!("\n### `{}`\n", shown.key)),
            "{}",
            shown.key
        );
        let pointer = format!("/properties/{}", shown.key.replace('.', "/properties/"));
        let property = schema.pointer(&pointer).unwrap();
        assert!(
            property["description"].as_str().unwrap().ends_with('.'),
            "{}",
            shown.key
        );
    }
}

#[test]
fn the_page_has_every_name_of_the_documents() {
    let page = reference();
    for name in "COGNITO_USER_POOL_ID COGNITO_CLIENT_ID COGNITO_CLIENT_SECRET COGNITO_DOMAIN \
                 COGNITO_REGION AWS_REGION API_CALLBACK_URL FRONTEND_URL SESSION_SECRET \
                 SESSION_ENCRYPTION_KEY SESSION_BACKEND REDIS_URL DYNAMODB_TABLE \
                 DYNAMODB_ENDPOINT COOKIE_DOMAIN SECURE_COOKIES SESSION_HTTPS_ONLY PORT \
                 ENVIRONMENT AUTH_PATH_PREFIX CALLBACK_USE_ORIGIN CALLBACK_ALLOWED_ORIGINS \
                 ADDITIONAL_AUDIENCE AAGUID_ALLOWLIST REQUIRE_DEVICE_BOUND SERVICE_TOKEN \
                 ENTITY_TABLE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"
        .split_whitespace()
    {
        let names = page
            .lines()
            .filter_map(|line| line.strip_prefix("- Environment: "));
        let listed = names
            .flat_map(|names| names.split(", "))
            .any(|n| n == format!("`{name}`"));
        assert!(listed, "{name}");
    }
}
