//! `[session]`

use std::path::PathBuf;
use std::time::Duration;

use crate::read::Reader;
use crate::secret::Secret;
use crate::sections::Section;
use crate::sections::aws::Aws;
use crate::sections::cognito::Cognito;
use crate::sections::server::Server;
use crate::sections::stores::{self, DynamoDb, Postgres, Redis};
use crate::setting::Setting;
use crate::value::choice;

choice! {
    /// Where sessions are kept.
    Backend {
        /// In this process; gone when it ends.
        Memory = "memory",
        /// In a file, for one process.
        Sqlite = "sqlite",
        /// In Redis or Valkey, for any number of processes.
        Redis = "redis",
        /// In PostgreSQL, for any number of processes.
        Postgres = "postgres",
        /// In DynamoDB, for any number of processes.
        Dynamodb = "dynamodb",
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
    /// So many sessions a person has at most.
    pub max_per_user: u32,
    /// Tokens are refreshed so many seconds before they expire.
    pub refresh_ahead_seconds: u32,
    /// Memory for the records that SQLite or Redis would otherwise be asked for; 0 for none.
    pub cache_megabytes: u32,
    /// A store on the network that has not answered by then does not answer.
    pub store_timeout: Duration,
    /// The Redis or Valkey server.
    pub redis: Redis,
    /// The PostgreSQL server.
    pub postgres: Postgres,
    /// The DynamoDB table.
    pub dynamodb: DynamoDb,
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
        &MAX_PER_USER.about,
        &REFRESH_AHEAD.about,
        &CACHE_MEGABYTES.about,
        &STORE_TIMEOUT.about,
        &stores::REDIS_URL.about,
        &stores::REDIS_CLUSTER.about,
        &stores::REDIS_KEY_PREFIX.about,
        &stores::REDIS_CA_FILE.about,
        &stores::POSTGRES_URL.about,
        &stores::POSTGRES_CONNECTIONS.about,
        &stores::POSTGRES_CA_FILE.about,
        &stores::DYNAMODB_TABLE.about,
        &stores::DYNAMODB_REGION.about,
        &stores::DYNAMODB_ENDPOINT.about,
        &stores::DYNAMODB_CREATE_TABLE.about,
    ],
};

pub(crate) static SECRET: Setting<Secret> = Setting::new(
    "session.secret",
    "Secrets that sign cookies, at least 16 characters each (32 in production). The first signs \
     and all verify, so that they can be changed without signing anybody out; a running server \
     reads the files they stand in again when these change (docs/keys.md). `cogward dev` makes its \
     own. `cogward keys new` prints a good one.",
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
    "Where sessions are kept. `memory` loses them when the process ends, and what was revoked; \
     `sqlite` is for one process; `redis`, `postgres` and `dynamodb` are for any number of them \
     (docs/stores.md).",
)
.env(&["SESSION_BACKEND"])
.derived("`sqlite`; `dynamodb` on Lambda")
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
static MAX_PER_USER: Setting<u32> = Setting::new(
    "session.max_per_user",
    "So many sessions a person has at most. A sign-in beyond ends the one that was not used for longest.",
)
.default("100")
.range(1, 10_000)
.example("100");
static REFRESH_AHEAD: Setting<u32> = Setting::new(
    "session.refresh_ahead_seconds",
    "Tokens are refreshed so many seconds before they expire.",
)
.default("60")
.range(0, 3600)
.example("60");
static CACHE_MEGABYTES: Setting<u32> = Setting::new(
    "session.cache_megabytes",
    "Memory in which the `sqlite` and `redis` backends keep the records used last, still sealed. \
     Redis tells of every change, so that no copy is used that is out of date; with 0 there are no \
     copies, and every request asks the store.",
)
.default("32")
.range(0, 65_536)
.example("64");
static STORE_TIMEOUT: Setting<u32> = Setting::new(
    "session.store_timeout_ms",
    "The `redis`, `postgres` and `dynamodb` backends get so many milliseconds for an answer; after \
     that the request ends with 503.",
)
.default("2000")
.range(50, 60_000)
.example("1000");

pub(crate) fn load(r: &mut Reader<'_>, server: &Server, cognito: &Cognito, aws: &Aws) -> Session {
    let backend = r.or(&BACKEND, || match server.on_lambda {
        true => Backend::Dynamodb,
        false => Backend::Sqlite,
    });
    Session {
        secrets: r.required_list(&SECRET),
        encryption_keys: r.list(&ENCRYPTION_KEY),
        backend,
        sqlite_path: r.or(&SQLITE_PATH, || server.data_dir.join("sessions.db")),
        absolute_lifetime_seconds: r.value(&ABSOLUTE_LIFETIME),
        idle_lifetime_seconds: r.value(&IDLE_LIFETIME),
        max_per_user: r.value(&MAX_PER_USER),
        refresh_ahead_seconds: r.value(&REFRESH_AHEAD),
        cache_megabytes: r.value(&CACHE_MEGABYTES),
        store_timeout: Duration::from_millis(r.value(&STORE_TIMEOUT).into()),
        redis: stores::redis(r, backend),
        postgres: stores::postgres(r, backend),
        dynamodb: stores::dynamodb(r, cognito, aws),
    }
}

pub(crate) fn long_enough(text: &str) -> Result<(), String> {
    match text.chars().count() {
        16.. => Ok(()),
        short => Err(format!("must have at least 16 characters, and has {short}")),
    }
}
