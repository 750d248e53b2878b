//! What is at the path decides: a new file, ours, somebody else's, a broken one.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};

use cogward_session::{
    LoginKey, LookupKey, Record, RevocationMark, SessionStore, Timestamp, UserIndex,
};
use cogward_store_sqlite::{OpenError, Options, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_secs(0);
const KEY: LookupKey = LookupKey::from_bytes([1; 32]);
const USER: UserIndex = UserIndex::from_bytes([1; 32]);

#[tokio::test]
async fn what_was_written_is_there_when_opened_again() {
    let (_folder, path) = place();
    let store = open(&path).unwrap();
    store.insert(&KEY, record()).await.unwrap();
    store
        .put_login(&LoginKey::of_state("s"), b"x".to_vec(), NOW.plus(9))
        .await
        .unwrap();
    for (before, spared) in [(1, Some([7; 32])), (2, Some([8; 32])), (0, None)] {
        let mark = RevocationMark::new(NOW.plus(before), spared);
        store.put_mark(&USER, mark, NOW.plus(9)).await.unwrap();
    }
    let mark = store.mark(&[USER], NOW).await.unwrap().unwrap();
    assert_eq!(mark.spared.unwrap().before, NOW.plus(1));
    drop(store);
    assert!(!with_suffix(&path, "-wal").exists(), "not closed cleanly");
    let store = open(&path).unwrap();
    assert_eq!(
        store.load(&KEY, NOW).await.unwrap().as_deref(),
        Some(&record())
    );
    let login = store
        .take_login(&LoginKey::of_state("s"), NOW)
        .await
        .unwrap();
    assert_eq!(login, Some(b"x".to_vec()));
    assert_eq!(store.mark(&[USER], NOW).await.unwrap(), Some(mark));
    assert_eq!(store.mark(&[USER], NOW.plus(9)).await.unwrap(), None);
    assert_eq!(store.sweep(NOW.plus(9), 9).await.unwrap(), 2);
    drop(store);
    let store = open(&path).unwrap();
    assert_eq!(store.mark(&[USER], NOW).await.unwrap(), None, "swept");
}

/// As the first release left it.
#[tokio::test]
async fn a_database_without_marks_gets_their_table_and_keeps_its_sessions() {
    let (_folder, path) = place();
    open(&path).unwrap().insert(&KEY, record()).await.unwrap();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("DROP TABLE mark; PRAGMA user_version = 1")
        .unwrap();
    drop(connection);
    let mark = RevocationMark::new(NOW, None);
    let store = open(&path).unwrap();
    store.put_mark(&USER, mark, NOW.plus(9)).await.unwrap();
    drop(store);
    let store = open(&path).unwrap();
    assert_eq!(store.mark(&[USER], NOW).await.unwrap(), Some(mark));
    let found = store.load(&KEY, NOW).await.unwrap();
    assert_eq!(found.as_deref(), Some(&record()));
}

#[tokio::test]
async fn a_mark_of_another_shape_opens_no_store() {
    let (_folder, path) = place();
    let store = open(&path).unwrap();
    let mark = RevocationMark::new(NOW, Some([7; 32]));
    store.put_mark(&USER, mark, NOW.plus(9)).await.unwrap();
    drop(store);
    for row in ["spared = x'0102'", "spared_before = NULL", "user = x'01'"] {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("sessions.db");
        fs::copy(&path, &copy).unwrap();
        let connection = Connection::open(&copy).unwrap();
        let update = format!("UPDATE mark SET {row}");
        assert_eq!(connection.execute(&update, []).unwrap(), 1);
        drop(connection);
        assert!(matches!(open(&copy), Err(OpenError::Setup { .. })), "{row}");
    }
}

#[tokio::test]
async fn a_caller_who_goes_away_loses_nothing_that_was_queued() {
    let (_folder, path) = place();
    let store = open(&path).unwrap();
    {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut insert = store.insert(&KEY, record());
        let _ = insert.as_mut().poll(&mut context);
    }
    drop(store);
    assert!(
        open(&path)
            .unwrap()
            .load(&KEY, NOW)
            .await
            .unwrap()
            .is_some()
    );
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, path) = place();
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let store = open(&path).unwrap();
    store.insert(&KEY, record()).await.unwrap();
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let file = with_suffix(&path, suffix);
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

#[test]
fn a_second_owner_is_told_the_path() {
    let (_folder, path) = place();
    let first = open(&path).unwrap();
    let refused = open(&path).err().unwrap();
    assert!(matches!(&refused, OpenError::InUse { .. }), "{refused:?}");
    assert!(
        refused.to_string().contains(path.to_str().unwrap()),
        "{refused}"
    );
    drop(first);
    open(&path).unwrap();
}

#[test]
fn a_foreign_file_is_refused_and_left_as_it_is() {
    let (folder, path) = place();
    let text = "My diary. ".repeat(1000);
    fs::write(&path, &text).unwrap();
    assert!(matches!(open(&path), Err(OpenError::Foreign { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);

    let path = folder.path().join("other.db");
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TABLE session (key TEXT); INSERT INTO session VALUES ('a')")
        .unwrap();
    drop(other);
    let before = fs::read(&path).unwrap();
    let refused = open(&path).err().unwrap();
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused:?}");
    assert!(refused.to_string().contains("other.db"), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_later_schema_is_refused_and_left_as_it_is() {
    let (_folder, path) = place();
    open(&path).unwrap().insert(&KEY, record()).await.unwrap();
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = fs::read(&path).unwrap();
    let refused = open(&path).err().unwrap();
    assert!(
        matches!(refused, OpenError::TooNew { found: 99, .. }),
        "{refused:?}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_left_as_it_is() {
    let (folder, path) = place();
    let store = open(&path).unwrap();
    for n in 0..50 {
        store
            .insert(&LookupKey::from_bytes([n; 32]), record())
            .await
            .unwrap();
    }
    drop(store);
    let good = fs::read(&path).unwrap();
    let mut header = good.clone();
    header[..16].fill(0xff);
    let mut schema = good.clone();
    schema[100..4096].fill(0xff);
    let mut trees = good.clone();
    trees[4096..8 * 4096].fill(0xff);
    let cut = good[..good.len() / 2].to_vec();
    for (name, bytes) in [
        ("header", header),
        ("schema", schema),
        ("trees", trees),
        ("cut", cut),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, &bytes).unwrap();
        let refused = open(&path)
            .err()
            .unwrap_or_else(|| panic!("{name} was accepted"));
        assert!(
            refused.to_string().contains(path.to_str().unwrap()),
            "{refused}"
        );
        match name {
            "header" => assert!(matches!(refused, OpenError::Foreign { .. }), "{refused:?}"),
            _ => assert!(
                matches!(refused, OpenError::Damaged { .. }),
                "{name} {refused:?}"
            ),
        }
        assert_eq!(fs::read(&path).unwrap(), bytes, "{name} was overwritten");
    }
}

#[test]
fn a_path_that_cannot_be_is_named() {
    let (folder, _) = place();
    for path in [
        folder.path().join("no/such/folder/sessions.db"),
        folder.path().to_owned(),
        PathBuf::from("/proc/sessions.db"),
    ] {
        let refused = open(&path).err().unwrap();
        assert!(matches!(refused, OpenError::File { .. }), "{refused:?}");
        assert!(
            refused.to_string().contains(path.to_str().unwrap()),
            "{refused}"
        );
        assert!(refused.source().is_some());
    }
}

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(path, Options::default())
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    (folder, path)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

fn record() -> Record {
    Record {
        version: 1,
        user: USER,
        last_seen_at: NOW,
        expires_at: NOW.plus(9),
        identity: vec![1; 300].into(),
        tokens: vec![2; 2500].into(),
        device: vec![3; 200].into(),
    }
}
