//! The settings, one section a file.

pub(crate) mod account_limits;
pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod aws;
pub(crate) mod bearer;
pub(crate) mod callback;
pub(crate) mod cognito;
pub(crate) mod context;
pub(crate) mod cookie;
pub(crate) mod entities;
pub(crate) mod families;
pub(crate) mod frontend;
pub(crate) mod limits;
pub(crate) mod log;
pub(crate) mod login;
pub(crate) mod mail;
pub(crate) mod passkey;
pub(crate) mod people;
pub(crate) mod policy;
pub(crate) mod pool;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod stores;

use std::collections::BTreeSet;

use crate::setting::About;

/// A table of `cogward.toml`.
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) settings: &'static [&'static About],
}

/// All of them, in the order they are documented.
pub(crate) static ALL: &[&Section] = &[
    &server::SECTION,
    &cognito::SECTION,
    &login::SECTION,
    &callback::SECTION,
    &frontend::SECTION,
    &families::SECTION,
    &bearer::SECTION,
    &accounts::SECTION,
    &limits::SECTION,
    &people::SECTION,
    &passkey::SECTION,
    &policy::SECTION,
    &context::SECTION,
    &mail::SECTION,
    &session::SECTION,
    &aws::SECTION,
    &cookie::SECTION,
    &log::SECTION,
    &audit::SECTION,
    &pool::SECTION,
];

pub(crate) fn settings() -> impl Iterator<Item = &'static About> {
    ALL.iter()
        .flat_map(|section| section.settings.iter().copied())
}

/// Every environment name of every setting.
pub(crate) fn env_names() -> BTreeSet<String> {
    let with_files = |about: &About| {
        let names = about.env_names();
        let files: Vec<_> = names.iter().map(|name| format!("{name}_FILE")).collect();
        names
            .into_iter()
            .chain(files.into_iter().filter(|_| about.secret))
            .collect::<Vec<_>>()
    };
    settings().flat_map(with_files).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::setting::Fallback;
    use crate::{Mode, Source, Sources, example, load};

    const LEAST: [(&str, &str); 4] = [
        ("COGNITO_USER_POOL_ID", "eu-west-1_AbCdEfGhI"),
        ("COGNITO_CLIENT_ID", "abc"),
        ("COGNITO_DOMAIN", "a.example"),
        ("SESSION_SECRET", "0123456789abcdef"),
    ];

    fn sources(env: &[(&str, &str)], mode: Mode) -> Sources {
        let env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Sources {
            toml: None,
            env: env.collect(),
            flags: BTreeMap::new(),
            mode,
        }
    }

    #[test]
    fn names_are_unique_and_stand_in_their_section() {
        let (mut keys, mut names) = (BTreeSet::new(), BTreeSet::new());
        for section in ALL {
            for about in section.settings {
                assert_eq!(about.key.split_once('.').unwrap().0, section.name);
                assert!(keys.insert(about.key), "{}", about.key);
                for name in about.env_names() {
                    assert!(names.insert(name.clone()), "{name}");
                }
            }
        }
    }

    #[test]
    fn every_declared_setting_is_read_for_every_command() {
        for mode in [Mode::Serve, Mode::Dev, Mode::Pool] {
            let config = load(&sources(&LEAST, mode)).unwrap();
            for about in settings() {
                assert!(
                    config.source(about.key).is_some(),
                    "{} in {mode:?}",
                    about.key
                );
            }
        }
    }

    /// The least, and where a setting needs another by its side, that too.
    fn in_company(key: &str) -> Sources {
        let other: &[_] = match key {
            "policy.entity_sqlite_path" | "policy.entity_postgres_url" => {
                &[("ENTITY_PROVIDER", "none")]
            }
            "context.url" => &[("COGWARD_CONTEXT_NAMES", "recipes")],
            "context.names" => &[("COGWARD_CONTEXT_URL", "https://iam.example")],
            "context.credentials" => &[("COGWARD_CONTEXT_SERVICE_TOKEN", "0123456789abcdef")],
            _ => &[],
        };
        sources(&[&LEAST, other].concat(), Mode::Serve)
    }

    /// Also what lets `Reader::value` rely on defaults.
    #[test]
    fn every_default_and_example_is_accepted() {
        for about in settings() {
            assert!(
                about.secret || !about.example.is_empty(),
                "{} has no example",
                about.key
            );
            let mut texts = vec![about.example];
            if let Fallback::Text(text) = about.fallback {
                texts.push(text);
            }
            for text in texts.into_iter().filter(|text| !text.is_empty()) {
                let mut sources = in_company(about.key);
                sources.env.insert(about.canonical_env(), text.to_owned());
                // Production wants more than the least.
                let accepted = load(&sources);
                assert!(
                    accepted.is_ok() || text == "production",
                    "{}: {accepted:?}",
                    about.key
                );
            }
            let path = "cogward.toml".into();
            let line = example::in_toml(about);
            if !line.contains("_file = ") {
                let mut sources = in_company(about.key);
                sources.env.remove(&about.canonical_env());
                sources.toml = Some((path, line.replace("production", "development")));
                let config = load(&sources).unwrap_or_else(|faults| panic!("{line}: {faults}"));
                assert!(
                    matches!(config.source(about.key), Some(Source::File { .. })),
                    "{line}"
                );
            }
        }
    }
}
