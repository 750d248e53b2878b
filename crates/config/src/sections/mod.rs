//! The settings, one section a file.

pub(crate) mod callback;
pub(crate) mod cognito;
pub(crate) mod cookie;
pub(crate) mod families;
pub(crate) mod frontend;
pub(crate) mod log;
pub(crate) mod login;
pub(crate) mod pool;
pub(crate) mod reserved;
pub(crate) mod server;
pub(crate) mod session;

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
    &session::SECTION,
    &cookie::SECTION,
    &log::SECTION,
    &pool::SECTION,
    &reserved::PASSKEY,
    &reserved::AUTHORIZATION,
    &reserved::AWS,
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
