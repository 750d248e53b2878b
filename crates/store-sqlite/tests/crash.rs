//! `kill -9` loses no write that was answered.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use cogward_session::{LookupKey, Record, SessionStore, Timestamp, UserIndex};
use cogward_store_sqlite::{OpenError, Options, SqliteStore};

const NOW: Timestamp = Timestamp::from_secs(0);
const WRITERS: u64 = 16;

/// Runs itself as the child: a further filter after the test's name is the database's path.
#[test]
fn kill_nine_loses_nothing_that_was_answered() {
    if let Some(path) = std::env::args().find_map(|a| Some(a.strip_prefix("child=")?.to_owned())) {
        return insert_until_killed(Path::new(&path));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let mut answered = Vec::new();
    for _ in 0..3 {
        let before = answered.len();
        answered.extend(answered_until_killed(&path));
        assert!(answered.len() >= before + 1000);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store = SqliteStore::open(&path, Options::default()).unwrap();
        for n in &answered {
            let found = runtime.block_on(store.load(&key(*n), NOW)).unwrap();
            assert_eq!(found.as_deref(), Some(&record(*n)), "session {n} is lost");
        }
    }
}

/// The sessions a child process said were written before it was killed in the middle of more.
fn answered_until_killed(path: &Path) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "kill_nine_loses_nothing_that_was_answered",
        ])
        .arg(format!("child={}", path.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut answered = Vec::new();
    for line in lines.map_while(Result::ok) {
        answered.extend(
            line.strip_prefix("answered ")
                .and_then(|n| n.parse::<u64>().ok()),
        );
        if answered.len() == 1000 {
            let refused = SqliteStore::open(path, Options::default()).err();
            assert!(
                matches!(refused, Some(OpenError::InUse { .. })),
                "{refused:?}"
            );
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success());
    answered
}

fn insert_until_killed(path: &Path) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = Arc::new(SqliteStore::open(path, Options::default()).unwrap());
    // Numbers of earlier children are taken.
    let first = u64::from(std::process::id()) << 32;
    runtime.block_on(async {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let store = Arc::clone(&store);
            writers.spawn(async move {
                for n in (first + writer..).step_by(16) {
                    store.insert(&key(n), record(n)).await.unwrap();
                    // One write each, so that no line is torn between writers.
                    let line = format!("answered {n}\n");
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            });
        }
        writers.join_all().await;
    });
}

fn key(n: u64) -> LookupKey {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&n.to_le_bytes());
    LookupKey::from_bytes(key)
}

fn record(n: u64) -> Record {
    Record {
        version: n,
        user: UserIndex::from_bytes([1; 32]),
        last_seen_at: NOW,
        expires_at: NOW.plus(9),
        identity: n.to_be_bytes().into(),
        tokens: vec![2; 2500].into(),
        device: vec![3; 200].into(),
    }
}
