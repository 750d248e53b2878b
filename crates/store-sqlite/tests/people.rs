//! The SQLite directory of people keeps the contract, its file survives, and several may open it.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;
use std::sync::{Arc, Mutex};

use cogward_people::{CodeKey, OneTimeCode, Seen, TRIES, UserDirectory as _, contract};
use cogward_session::Timestamp;
use cogward_store_sqlite::{OpenError, Options, SqliteDirectory, SqliteStore};
use rusqlite::Connection;
use tokio::task::JoinSet;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    let folders = Mutex::new(Vec::new());
    contract::run(async || {
        let folder = tempfile::tempdir().unwrap();
        let directory = open(&folder.path().join("users.db"));
        folders.lock().unwrap().push(folder);
        Arc::new(directory)
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let directory = open(&path);
    directory.keep(seen("a", "ada@x.com")).await.unwrap();
    let ada = directory.by_sub("a").await.unwrap().unwrap();
    drop(directory);
    assert_eq!(open(&path).by_sub("a").await.unwrap(), Some(ada));
}

#[tokio::test]
async fn a_file_of_the_first_version_is_brought_up_to_date_with_its_people() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let first = Connection::open(&path).unwrap();
    first.execute_batch(FIRST).unwrap();
    drop(first);
    let directory = open(&path);
    let ada = directory.by_email("ada@x.com").await.unwrap().unwrap();
    assert_eq!((ada.sub.as_str(), ada.email_verified), ("a", true));
    assert_eq!(ada.last_signed_in_at, Some(NOW));
    let code = OneTimeCode {
        salt: [1; 16],
        hash: [2; 32],
    };
    let (key, end) = (key(), NOW.plus(600));
    assert!(directory.put_code(&key, &code, end, NOW).await.unwrap());
    assert_eq!(directory.try_code(&key, NOW).await.unwrap(), Some(code));
    drop(directory);
    open(&path).ping().await.unwrap();
    assert_eq!(version(&path), 2);
}

/// Before there were codes.
const FIRST: &str = "
    CREATE TABLE person (
        sub TEXT PRIMARY KEY NOT NULL,
        email TEXT UNIQUE,
        email_verified INTEGER NOT NULL,
        given_name TEXT,
        family_name TEXT,
        terms_accepted_at INTEGER,
        created_at INTEGER NOT NULL,
        last_signed_in_at INTEGER,
        told_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO person VALUES
        ('a', 'ada@x.com', 1, 'Ada', 'Lovelace', 1, 1, 1800000000, 1),
        ('b', NULL, 0, NULL, NULL, NULL, 2, NULL, 2);
    PRAGMA application_id = 0x43475755;
    PRAGMA user_version = 1;
";

#[tokio::test(flavor = "multi_thread")]
async fn many_who_open_a_new_file_at_once_make_its_tables_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let mut opening = JoinSet::new();
    for _ in 0..8 {
        let path = path.clone();
        opening.spawn_blocking(move || open(&path));
    }
    let all = opening.join_all().await;
    for (n, directory) in all.iter().enumerate() {
        let seen = seen(&format!("s{n}"), &format!("{n}@x.com"));
        directory.keep(seen).await.unwrap();
    }
    let found = all[0].page(None, 99).await.unwrap();
    assert_eq!(found.len(), 8);
    assert_eq!(version(&path), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_who_share_a_file_count_tries_together() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let all: Vec<_> = (0..4).map(|_| Arc::new(open(&path))).collect();
    let code = OneTimeCode {
        salt: [1; 16],
        hash: [2; 32],
    };
    let end = NOW.plus(600);
    assert!(all[0].put_code(&key(), &code, end, NOW).await.unwrap());
    let mut calls = JoinSet::new();
    for directory in all.iter().cycle().take(20) {
        let directory = Arc::clone(directory);
        calls.spawn(async move { directory.try_code(&key(), NOW).await.unwrap() });
    }
    let given = calls.join_all().await.into_iter().flatten().count();
    assert_eq!(given, usize::try_from(TRIES).unwrap());
}

#[tokio::test]
async fn a_later_version_and_what_is_not_ours_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    drop(open(&path));
    let later = Connection::open(&path).unwrap();
    later.execute_batch("PRAGMA user_version = 3").unwrap();
    drop(later);
    let refused = SqliteDirectory::open(&path).err().unwrap();
    assert!(
        matches!(
            refused,
            OpenError::TooNew {
                found: 3,
                known: 2,
                ..
            }
        ),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("use a later release"));

    let sessions = folder.path().join("sessions.db");
    drop(SqliteStore::open(&sessions, Options::default()).unwrap());
    let refused = SqliteDirectory::open(&sessions).err().unwrap();
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused:?}");
    std::fs::write(
        folder.path().join("text"),
        "not a database, but rather long",
    )
    .unwrap();
    let refused = SqliteDirectory::open(&folder.path().join("text")).err();
    assert!(
        matches!(refused, Some(OpenError::Foreign { .. })),
        "{refused:?}"
    );
    let nowhere = SqliteDirectory::open(&folder.path().join("no/users.db")).err();
    assert!(
        matches!(nowhere, Some(OpenError::File { .. })),
        "{nowhere:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let directory = open(&path);
    directory.keep(seen("a", "ada@x.com")).await.unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
    }
}

#[tokio::test]
async fn a_file_that_goes_away_is_an_error_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let (path, away) = (folder.path().join("users.db"), folder.path().join("away"));
    let directory = open(&path);
    directory.keep(seen("a", "ada@x.com")).await.unwrap();
    std::fs::rename(&path, &away).unwrap();
    directory.keep(seen("b", "bob@x.com")).await.unwrap_err();
    directory.by_sub("a").await.unwrap_err();
    directory.ping().await.unwrap_err();
    std::fs::rename(&away, &path).unwrap();
    assert!(directory.by_sub("a").await.unwrap().is_some());
    assert!(directory.by_sub("b").await.unwrap().is_none());
}

/// Nor does it take others of the same transaction with it.
#[tokio::test]
async fn a_call_that_fails_leaves_no_half_of_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let directory = open(&path);
    directory.keep(seen("a", "ada@x.com")).await.unwrap();
    let other = Connection::open(&path).unwrap();
    let refuse = "CREATE TRIGGER full BEFORE INSERT ON person WHEN new.sub = 'b'
         BEGIN SELECT raise(ABORT, 'full'); END";
    other.execute_batch(refuse).unwrap();
    // Takes the address first, then cannot be written.
    let claims = Seen {
        told_at: NOW.plus(1),
        ..seen("b", "ada@x.com")
    };
    let (refused, unharmed) =
        tokio::join!(directory.keep(claims), directory.keep(seen("c", "c@x.com")));
    refused.unwrap_err();
    unharmed.unwrap();
    let owner = directory.by_email("ada@x.com").await.unwrap().unwrap();
    assert_eq!(owner.sub, "a");
    assert!(directory.by_sub("c").await.unwrap().is_some());
}

fn open(path: &Path) -> SqliteDirectory {
    SqliteDirectory::open(path).unwrap()
}

fn version(path: &Path) -> i64 {
    let connection = Connection::open(path).unwrap();
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

fn key() -> CodeKey {
    CodeKey {
        sub: "a".to_owned(),
        purpose: "reset",
    }
}

fn seen(sub: &str, email: &str) -> Seen {
    Seen {
        sub: sub.to_owned(),
        email: Some(email.to_owned()),
        email_verified: true,
        given_name: Some("Ada".to_owned()),
        family_name: None,
        told_at: NOW,
        at: NOW,
        signed_up: false,
    }
}
