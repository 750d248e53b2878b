//! No secret in anything printed.

use aws_lc_rs::rand::SystemRandom;
use cogward_config::{Mode, generate_secret, load};

use crate::{from_env, from_toml, least, with};

/// Stands in every secret of these tests.
const MARKER: &str = "s3cr3tMARKER";

const SECRETS: [(&str, &str); 10] = [
    ("SESSION_SECRET", "session.secret"),
    ("SESSION_ENCRYPTION_KEY", "session.encryption_key"),
    ("COGNITO_CLIENT_SECRET", "cognito.client_secret"),
    ("REDIS_URL", "session.redis_url"),
    ("POSTGRES_URL", "session.postgres_url"),
    ("SERVICE_TOKEN", "policy.service_token"),
    (
        "COGWARD_POLICY_ENTITY_POSTGRES_URL",
        "policy.entity_postgres_url",
    ),
    ("AWS_ACCESS_KEY_ID", "aws.access_key_id"),
    ("AWS_SECRET_ACCESS_KEY", "aws.secret_access_key"),
    ("AWS_SESSION_TOKEN", "aws.session_token"),
];

/// Loads, and gives everything that could be printed on the way.
fn printed(sources: &cogward_config::Sources) -> String {
    match load(sources) {
        Ok(config) => format!("{sources:?} {config:?} {config:#?} {}", config.show()),
        Err(faults) => format!("{sources:?} {faults} {faults:?}"),
    }
}

#[test]
fn good_secrets_are_not_printed() {
    let mut sources = from_env(&least());
    // Who has a database set asks nobody or somebody, but says which.
    sources.env.insert("ENTITY_PROVIDER".into(), "none".into());
    for (name, _) in SECRETS {
        let value = match name {
            "REDIS_URL" => format!("rediss://user:{MARKER}@redis.example:6379/0"),
            "POSTGRES_URL" | "COGWARD_POLICY_ENTITY_POSTGRES_URL" => {
                format!("postgres://user:{MARKER}@db.example/cogward")
            }
            _ => format!("{MARKER}0123456789"),
        };
        sources.env.insert(name.to_owned(), value);
    }
    assert!(load(&sources).is_ok());
    assert!(!printed(&sources).contains(MARKER));
    let session = format!("[session]\nencryption_key = '{MARKER}0123456789'\n");
    assert!(load(&from_toml(&session)).is_ok());
    assert!(!printed(&from_toml(&session)).contains(MARKER));
}

#[test]
fn bad_secrets_are_not_printed() {
    for (name, key) in SECRETS {
        for value in [
            MARKER.to_owned(),
            format!("{MARKER}\u{7}0123456789"),
            format!("redis://u:{MARKER}@h:x"),
            format!("redis://u:p#{MARKER}"),
            format!("postgres://u:p@{MARKER}@h"),
            format!("{MARKER},{MARKER}"),
        ] {
            let mut sources = from_env(&least());
            sources.env.insert(name.to_owned(), value.clone());
            assert!(!printed(&sources).contains(MARKER), "{name}={value}");

            // The secret itself where a file's name belongs.
            let mut sources = from_env(&least());
            sources.env.remove(name);
            sources.env.insert(format!("{name}_FILE"), value.clone());
            assert!(load(&sources).is_err());
            let told = load(&sources).unwrap_err().to_string();
            assert!(!told.contains(MARKER), "{told}");
        }
        for line in [
            format!("{key} = {{ a = '{MARKER}' }}"),
            format!("{key} = [1.5, '{MARKER}']"),
            format!("{key} = '{MARKER}"),
            format!("{key} = {MARKER}"),
            format!("{key} = \"\\q{MARKER}\""),
            format!("{key} = '''{MARKER}"),
            format!("{key} '{MARKER}'"),
            format!("{key} = '{MARKER}'\n{key} = '{MARKER}'"),
            format!("{key} = '{MARKER}' {MARKER}"),
        ] {
            let mut sources = from_toml(&line);
            sources.env.remove(name);
            assert!(
                !printed(&sources).contains(MARKER),
                "{line}: {}",
                printed(&sources)
            );
        }
    }
}

#[test]
fn a_bad_file_of_a_secret_is_not_printed() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{MARKER}\u{7}")).unwrap();
    for (name, _) in SECRETS {
        let mut sources = from_env(&least());
        sources.env.remove(name);
        sources
            .env
            .insert(format!("{name}_FILE"), file.path().to_str().unwrap().into());
        assert!(load(&sources).is_err());
        assert!(!printed(&sources).contains(MARKER), "{name}");
    }
}

#[test]
fn passwords_in_urls_are_not_printed() {
    for name in [
        "FRONTEND_URL",
        "COGNITO_ENDPOINT",
        "COGNITO_DOMAIN",
        "DYNAMODB_ENDPOINT",
    ]
    .into_iter()
    .chain([
        "API_CALLBACK_URL",
        "CALLBACK_ALLOWED_ORIGINS",
        "COGWARD_POOL_ISSUER",
        "PORT",
    ]) {
        for value in [
            format!("https://user:{MARKER}@host.example"),
            format!("https://user:{MARKER}@host.example:x"),
            format!("https://user:p@{MARKER}@host.example"),
            format!("https://user:p#{MARKER}@host.example"),
            format!("https://user:{MARKER},p@host.example"),
            format!("https://host.example/?password={MARKER}"),
            format!("user:{MARKER}@host.example"),
        ] {
            let mut sources = from_env(&least());
            sources.env.insert(name.to_owned(), value.clone());
            let told = load(&sources).expect_err(&value).to_string();
            assert!(!told.contains(MARKER), "{told}");
        }
    }
}

#[test]
fn a_broken_rule_prints_no_secret() {
    let mut sources = from_env(&crate::production());
    sources
        .env
        .insert("SESSION_SECRET".into(), format!("{MARKER}0123456789"));
    sources
        .env
        .insert("COGNITO_CLIENT_SECRET".into(), format!("{MARKER}-secret"));
    assert!(load(&sources).is_err());
    assert!(!printed(&sources).contains(MARKER));
    sources.mode = Mode::Dev;
    assert!(!printed(&sources).contains(MARKER));
}

#[test]
fn a_generated_secret_is_good_for_production_and_new_each_time() {
    let rng = SystemRandom::new();
    let first = generate_secret(&rng).unwrap();
    assert_eq!(first.expose().len(), 43);
    assert!(!format!("{first:?}").contains(first.expose()));
    assert_ne!(first.expose(), generate_secret(&rng).unwrap().expose());
    let mut sources = from_env(&crate::production());
    sources
        .env
        .insert("SESSION_SECRET".into(), first.expose().to_owned());
    assert!(load(&sources).is_ok());
    assert!(with(least(), &[]).is_ok());
}
