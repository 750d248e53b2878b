//! From sources to a checked configuration.

use std::collections::BTreeMap;

use crate::check;
use crate::fault::{Fault, Faults, did_you_mean, one_line};
use crate::read::{Effective, Reader};
use crate::sections::{
    self, accounts, audit, aws, bearer, callback, cognito, context, cookie, families, frontend,
    limits, log, login, mail, passkey, people, policy, pool, server, session,
};
use crate::sources::{Mode, Source, Sources};
use crate::toml_file;

/// Everything that can be configured, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The command it was loaded for.
    pub mode: Mode,
    /// How the server listens and what it grants a request.
    pub server: server::Server,
    /// The user pool and the app client that signs people in.
    pub cognito: cognito::Cognito,
    /// What a sign-in asks Cognito for.
    pub login: login::Login,
    /// `[accounts]`
    pub accounts: accounts::Accounts,
    /// How much one caller may ask.
    pub limits: limits::Limits,
    /// `[people]`
    pub people: people::People,
    /// Cogward's own mails.
    pub mail: mail::Mail,
    /// Where Cognito sends browsers back to.
    pub callback: callback::Callback,
    /// The application in the browser.
    pub frontend: frontend::Frontend,
    /// The two families of routes.
    pub families: families::Families,
    /// Tokens that clients send themselves.
    pub bearer: bearer::Bearer,
    /// Which passkeys are allowed.
    pub passkey: passkey::Passkey,
    /// Authorization by policies.
    pub policy: policy::Policy,
    /// Who people are in the application's own terms.
    pub context: context::Context,
    /// Sessions: their keys, their store and how long they live.
    pub session: session::Session,
    /// The cookies' names and attributes.
    pub cookie: cookie::Cookie,
    /// What is logged, and how.
    pub log: log::Log,
    /// The audit trail.
    pub audit: audit::Audit,
    /// The local user pool of `dev` and `pool`.
    pub pool: pool::Pool,
    /// By key.
    pub(crate) effective: BTreeMap<&'static str, Effective>,
}

impl Config {
    /// Where the value of a setting (`section.name`) comes from.
    #[must_use]
    pub fn source(&self, key: &str) -> Option<&Source> {
        self.effective.get(key).map(|effective| &effective.source)
    }
}

/// Reads and checks the configuration.
///
/// # Errors
/// All that is wrong with it, found in one pass.
pub fn load(sources: &Sources) -> Result<Config, Faults> {
    let mut reader = reader(sources);
    let unknown = unknown_names(&reader);
    reader.faults.extend(unknown);
    let config = read_sections(&mut reader);
    check::apply(&config, &mut reader.faults);
    if reader.faults.is_empty() {
        Ok(config)
    } else {
        Err(Faults(reader.faults))
    }
}

/// With the faults of `cogward.toml` as TOML.
pub(crate) fn reader(sources: &Sources) -> Reader<'_> {
    let mut faults = Vec::new();
    let toml = match &sources.toml {
        Some((path, text)) => toml_file::read(path, text, &mut faults),
        None => BTreeMap::new(),
    };
    Reader {
        sources,
        toml,
        faults,
        effective: BTreeMap::new(),
    }
}

fn read_sections(r: &mut Reader<'_>) -> Config {
    let given = callback::given(r);
    let server = server::load(r, &given);
    let pool = pool::load(r);
    let cognito = cognito::load(r, &pool);
    let login = login::load(r);
    let families = families::load(r);
    let aws = aws::load(r);
    let accounts = accounts::load(r, &aws);
    let limits = limits::load(r);
    let bearer = bearer::load(r);
    let callback = callback::load(r, given, &server, &families);
    let frontend = frontend::load(r, &server);
    let session = session::load(r, &server, &cognito, &aws);
    let people = people::load(r, &server, &session);
    let mail = mail::load(r, &cognito, &aws);
    let cookie = cookie::load(r, &server);
    let log = log::load(r);
    let audit = audit::load(r, &server);
    let passkey = passkey::load(r);
    let policy = policy::load(r, &session);
    let context = context::load(r);
    let effective = std::mem::take(&mut r.effective);
    Config {
        mode: r.mode(),
        server,
        cognito,
        login,
        callback,
        frontend,
        families,
        accounts,
        limits,
        people,
        bearer,
        passkey,
        policy,
        context,
        mail,
        session,
        cookie,
        log,
        audit,
        pool,
        effective,
    }
}

/// Keys of `cogward.toml`, `COGWARD_*` variables and flags that no setting has.
pub(crate) fn unknown_names(r: &Reader<'_>) -> Vec<Fault> {
    let mut keys: Vec<String> = Vec::new();
    for about in sections::settings() {
        keys.push(about.key.to_owned());
        if about.secret {
            keys.push(format!("{}_file", about.key));
        }
    }
    let path = r
        .sources
        .toml
        .as_ref()
        .map(|(path, _)| path.display().to_string());
    let in_toml = r
        .toml
        .iter()
        .filter(|(key, _)| !keys.contains(key))
        .map(|(key, value)| {
            let name = format!(
                "{} ({} line {})",
                one_line(key),
                path.as_deref().unwrap_or(""),
                value.line
            );
            let hint = did_you_mean(key, keys.iter().map(String::as_str));
            Fault::elsewhere(name, "is not a setting", hint)
        });
    let known = sections::env_names();
    let in_env = r.sources.unknown_env().map(|name| {
        let hint = did_you_mean(name, known.iter().map(String::as_str));
        Fault::elsewhere(
            format!("{} (environment)", one_line(name)),
            "is not a setting",
            hint,
        )
    });
    let flags = r.sources.flags.keys();
    let in_flags =
        flags.filter(|flag| sections::settings().all(|about| about.flag != Some(**flag)));
    let in_flags = in_flags
        .map(|flag| Fault::elsewhere(format!("--{flag}"), "is not a setting", String::new()));
    in_toml.chain(in_env).chain(in_flags).collect()
}
