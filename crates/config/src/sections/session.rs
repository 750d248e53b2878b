//! `[session]`

use std::path::PathBuf;

use url::Url;

use crate::read::Reader;
use crate::secret::Secret;
use crate::sections::Section;
use crate::sections::server::Server;
use crate::setting::Setting;
use crate::value::choice;

choice! {
    /// Where sessions are kept.
    Backend {
        /// In this process; gone when it ends.
        Memory = "memory",
        /// In a file, for one process.
        Sqlite = "sqlite",
    }
}

/// Sessions: their keys, their store and how long they live.
#[derive(Clone, Debug)]
pub struct Session {
    /// Keys that sign cookies, the current one first; empty only in `dev` and
    /// `pool`, which make one themselves.
    pub secrets: Vec<Secret>,
    /// Keys that seal what is stored, the current one first; when empty they
    /// are derived from [`Self::secrets`].
    pub encryption_keys: Vec<Secret>,
    /// Where sessions are kept.
    pub backend: Backend,
    /// The file of the SQLite store.
    pub sqlite_path: PathBuf,
    /// A session ends so many seconds after sign-in, whatever happens.
    pub absolute_lifetime_seconds: u32,
    /// A session ends so many seconds after its last request.
    pub idle_lifetime_seconds: u32,
    /// Tokens are refreshed so many seconds before they expire.
    pub refresh_ahead_seconds: u32,
    /// Memory for the records that SQLite would otherwise be asked for.
    pub cache_megabytes: u32,
    /// Checked with the rules; the store that uses it comes later.
    pub(crate) dynamodb_endpoint: Option<Url>,
}

pub(crate) static SECTION: Section = Section {
    name: "session",
    doc: "Sessions: their keys, their store and how long they live.",
    settings: &[
        &SECRET.about,
        &ENCRYPTION_KEY.about,
        &BACKEND.about,
        &SQLITE_PATH.about,
        &ABSOLUTE_LIFETIME.about,
        &IDLE_LIFETIME.about,
        &REFRESH_AHEAD.about,
        &CACHE_MEGABYTES.about,
        &REDIS_URL.about,
        &DYNAMODB_TABLE.about,
        &DYNAMODB_ENDPOINT.about,
    ],
};

pub(crate) static SECRET: Setting<Secret> = Setting::new(
    "session.secret",
    "Secrets that sign cookies, at least 16 characters each (32 in production). The first signs \
     and all verify: to rotate, put a new one in front and drop the old one a session lifetime, \
     and not less than 25 hours, later. `cogward dev` makes its own. `cogward keys new` prints a good one.",
)
.env(&["SESSION_SECRET"])
.list()
.required()
.check(long_enough)
.example("$(cogward keys new)");
pub(crate) static ENCRYPTION_KEY: Setting<Secret> = Setting::new(
    "session.encryption_key",
    "Secrets that encrypt stored sessions, under the same rules; without them they are derived \
     from `session.secret`.",
)
.env(&["SESSION_ENCRYPTION_KEY"])
.list()
.check(long_enough)
.example("$(cogward keys new)");
pub(crate) static BACKEND: Setting<Backend> = Setting::new(
    "session.backend",
    "Where sessions are kept. `memory` loses them when the process ends, and what was revoked; `sqlite` is for one \
     process. `redis`, `postgres` and `dynamodb` are known names, not available in this build.",
)
.env(&["SESSION_BACKEND"])
.default("sqlite")
.check(available)
.example("sqlite");
static SQLITE_PATH: Setting<PathBuf> =
    Setting::new("session.sqlite_path", "File of the SQLite store.")
        .derived("`sessions.db` in `server.data_dir`")
        .example("/var/lib/cogward/sessions.db");
static ABSOLUTE_LIFETIME: Setting<u32> = Setting::new(
    "session.absolute_lifetime_seconds",
    "A session ends so many seconds after sign-in (default 30 days). The cookie lives as long.",
)
.default("2592000")
.range(1, 34_560_000)
.example("2592000");
pub(crate) static IDLE_LIFETIME: Setting<u32> = Setting::new(
    "session.idle_lifetime_seconds",
    "A session ends so many seconds after its last request (default 7 days).",
)
.default("604800")
.range(1, 34_560_000)
.example("604800");
static REFRESH_AHEAD: Setting<u32> = Setting::new(
    "session.refresh_ahead_seconds",
    "Tokens are refreshed so many seconds before they expire.",
)
.default("60")
.range(0, 3600)
.example("60");
static CACHE_MEGABYTES: Setting<u32> = Setting::new(
    "session.cache_megabytes",
    "Memory in which the `sqlite` backend keeps the records used last, still sealed.",
)
.default("32")
.range(0, 65_536)
.example("64");
static REDIS_URL: Setting<Secret> = Setting::new(
    "session.redis_url",
    "Redis or Valkey server of the `redis` backend. Checked, but without effect in this build.",
)
.env(&["REDIS_URL"])
.check(redis_url)
.example("redis://localhost:6379/0");
static DYNAMODB_TABLE: Setting<String> = Setting::new(
    "session.dynamodb_table",
    "Table of the `dynamodb` backend. Checked, but without effect in this build.",
)
.env(&["DYNAMODB_TABLE"])
.default("l42_sessions")
.check(table_name)
.example("l42_sessions");
pub(crate) static DYNAMODB_ENDPOINT: Setting<Url> = Setting::new(
    "session.dynamodb_endpoint",
    "Address of DynamoDB when not AWS's own. Checked, but without effect in this build.",
)
.env(&["DYNAMODB_ENDPOINT"])
.example("http://localhost:8000");

pub(crate) fn load(r: &mut Reader<'_>, server: &Server) -> Session {
    // Read for their faults; the stores that use them come later.
    let _: (Option<Secret>, String) = (r.given(&REDIS_URL), r.value(&DYNAMODB_TABLE));
    Session {
        secrets: r.required_list(&SECRET),
        encryption_keys: r.list(&ENCRYPTION_KEY),
        backend: r.value(&BACKEND),
        sqlite_path: r.or(&SQLITE_PATH, || server.data_dir.join("sessions.db")),
        absolute_lifetime_seconds: r.value(&ABSOLUTE_LIFETIME),
        idle_lifetime_seconds: r.value(&IDLE_LIFETIME),
        refresh_ahead_seconds: r.value(&REFRESH_AHEAD),
        cache_megabytes: r.value(&CACHE_MEGABYTES),
        dynamodb_endpoint: r.given(&DYNAMODB_ENDPOINT),
    }
}

pub(crate) fn long_enough(text: &str) -> Result<(), String> {
    match text.chars().count() {
        16.. => Ok(()),
        short => Err(format!("must have at least 16 characters, and has {short}")),
    }
}

fn available(text: &str) -> Result<(), String> {
    if matches!(text, "redis" | "postgres" | "dynamodb") {
        return Err(format!(
            "must be memory or sqlite ({text} is not available in this build)"
        ));
    }
    Ok(())
}

fn redis_url(text: &str) -> Result<(), String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "redis" | "rediss") && url.has_host() => Ok(()),
        _ => Err("must be a URL that starts with redis:// or rediss://".to_owned()),
    }
}

/// `TableName` of DynamoDB: 3 to 255 of `[a-zA-Z0-9_.-]`.
pub(crate) fn table_name(text: &str) -> Result<(), String> {
    let good = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    if good && (3..=255).contains(&text.len()) {
        Ok(())
    } else {
        Err("must be a DynamoDB table name: 3 to 255 letters, digits and _.-".to_owned())
    }
}
