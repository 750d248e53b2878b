//! Configuration as its users meet it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "tests, with tables of cases"
)]

mod arbitrary;
mod documents;
mod faults;
mod loading;
mod mail;
mod policy;
mod rules;
mod secrets;
mod session_keys;
mod stores;

use std::collections::BTreeMap;

use cogward_config::{Config, Faults, Mode, Sources, load};

/// 43 characters, as `cogward keys new` makes them.
const KEY: &str = "n3Jp7Vq0XkT5wZrB9sLdHf2GmYc8UaEi6oQxRtWvC1M";

/// The least that `serve` starts with.
fn least() -> Vec<(&'static str, &'static str)> {
    vec![
        ("COGNITO_USER_POOL_ID", "eu-west-1_AbCdEfGhI"),
        ("COGNITO_CLIENT_ID", "1a2b3c4d5e6f7g8h9i0j1k2l3m"),
        ("COGNITO_DOMAIN", "myapp.auth.eu-west-1.amazoncognito.com"),
        ("SESSION_SECRET", KEY),
    ]
}

/// The least that starts in production.
fn production() -> Vec<(&'static str, &'static str)> {
    let more = [
        ("ENVIRONMENT", "production"),
        (
            "API_CALLBACK_URL",
            "https://auth.example.com/api/v1/auth/callback",
        ),
        ("FRONTEND_URL", "https://app.example.com"),
    ];
    least().into_iter().chain(more).collect()
}

fn from_env(env: &[(&str, &str)]) -> Sources {
    let env = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Sources {
        toml: None,
        env: env.collect(),
        flags: BTreeMap::new(),
        mode: Mode::Serve,
    }
}

/// `base` with other values in it; later ones win.
fn with(
    base: Vec<(&'static str, &'static str)>,
    more: &[(&'static str, &'static str)],
) -> Result<Config, Faults> {
    let all: Vec<_> = base.into_iter().chain(more.iter().copied()).collect();
    load(&from_env(&all))
}

/// The text of what is wrong.
fn told(outcome: Result<Config, Faults>) -> String {
    outcome.expect_err("should be refused").to_string()
}

fn from_toml(text: &str) -> Sources {
    let mut sources = from_env(&least());
    sources.toml = Some(("cogward.toml".into(), text.to_owned()));
    sources
}
