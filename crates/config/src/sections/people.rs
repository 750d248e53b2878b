//! `[people]`

use std::path::PathBuf;

use crate::read::Reader;
use crate::secret::Secret;
use crate::sections::Section;
use crate::sections::server::Server;
use crate::sections::session::Session;
use crate::sections::stores;
use crate::setting::Setting;
use crate::sources::Mode;
use crate::value::choice;

choice! {
    /// Where records of people are kept.
    Directory {
        /// Nowhere.
        None = "none",
        /// In a file, for processes of one machine.
        Sqlite = "sqlite",
        /// In PostgreSQL, for any number of processes.
        Postgres = "postgres",
    }
}

/// Records of people in a database of the application's own.
#[derive(Clone, Debug)]
pub struct People {
    /// Where they are kept.
    pub directory: Directory,
    /// The file of SQLite.
    pub sqlite_path: PathBuf,
    /// `postgres://` URL, which may hold a password; none only for another directory.
    pub postgres_url: Option<Secret>,
    /// Certificates (PEM) that PostgreSQL's is checked against, in place of the system's.
    pub postgres_ca_file: Option<PathBuf>,
}

pub(crate) static SECTION: Section = Section {
    name: "people",
    doc: "Records of people in a database of the application's own, kept in step with Cognito at \
          every sign-up and sign-in (docs/accounts.md).",
    settings: &[
        &DIRECTORY.about,
        &SQLITE_PATH.about,
        &POSTGRES_URL.about,
        &POSTGRES_CA_FILE.about,
    ],
};

pub(crate) static DIRECTORY: Setting<Directory> = Setting::new(
    "people.directory",
    "Where records are kept. `none` keeps none; `sqlite` is for processes of one machine; \
     `postgres` for any number of them.",
)
.derived("`sqlite` in `cogward dev`, `none` elsewhere")
.example("sqlite");
static SQLITE_PATH: Setting<PathBuf> =
    Setting::new("people.sqlite_path", "File of the `sqlite` directory.")
        .derived("`users.db` in `server.data_dir`")
        .example("/var/lib/cogward/users.db");
pub(crate) static POSTGRES_URL: Setting<Secret> = Setting::new(
    "people.postgres_url",
    "PostgreSQL database of the `postgres` directory, written as `session.postgres_url`, whose \
     database it is when this is not set.",
)
.check(stores::postgres_url)
.example("postgres://cogward:$PASSWORD@db.example.com:5432/people");
static POSTGRES_CA_FILE: Setting<PathBuf> = Setting::new(
    "people.postgres_ca_file",
    "Certificates (PEM) of the authority that signed PostgreSQL's; without it those of \
     `session.postgres_ca_file`.",
)
.example("/etc/cogward/postgres-ca.pem");

pub(crate) fn load(r: &mut Reader<'_>, server: &Server, session: &Session) -> People {
    let dev = r.mode() == Mode::Dev;
    let directory = r.or(&DIRECTORY, || match dev {
        true => Directory::Sqlite,
        false => Directory::None,
    });
    let own = r.given(&POSTGRES_URL);
    if directory == Directory::Postgres && own.is_none() {
        let shared = session.postgres.url.as_ref();
        // A URL that another program left there is none of ours.
        if shared.is_none_or(|url| stores::postgres_url(url.expose()).is_err()) {
            r.missing_because(
                &POSTGRES_URL.about,
                "is required by people.directory postgres",
            );
        }
    }
    People {
        directory,
        sqlite_path: r.or(&SQLITE_PATH, || server.data_dir.join("users.db")),
        postgres_url: own.or_else(|| session.postgres.url.clone()),
        postgres_ca_file: r
            .given(&POSTGRES_CA_FILE)
            .or_else(|| session.postgres.ca_file.clone()),
    }
}
