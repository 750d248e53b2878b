//! Loads with and without the cache, and writes alone and together.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

use std::sync::atomic::{AtomicU64, Ordering};

use cogward_session::{LookupKey, Record, RevocationMark, SessionStore, Timestamp, UserIndex};
use cogward_store_sqlite::{Options, SqliteStore};
use divan::{Bencher, black_box, counter::ItemsCount};
use tokio::runtime::Runtime;

fn main() {
    divan::main();
}

const SESSIONS: u64 = 2000;

#[divan::bench]
fn cached_load(bencher: Bencher<'_, '_>) {
    let place = Place::new(Options::default());
    // Polled as a request's future is: within a runtime entered long before.
    place.runtime.block_on(async {
        bencher.bench_local(|| now_or_never(place.store.load(black_box(&key(7)), NOW)).unwrap());
    });
}

#[divan::bench]
fn mark_read(bencher: Bencher<'_, '_>) {
    let place = Place::new(Options::default());
    let (user, mark) = (
        UserIndex::from_bytes([1; 32]),
        RevocationMark::new(NOW, None),
    );
    place.runtime.block_on(async {
        let put = place.store.put_mark(&user, mark, NOW.plus(9));
        put.await.unwrap();
        bencher.bench_local(|| now_or_never(place.store.mark(black_box(&[user]), NOW)).unwrap());
    });
}

#[divan::bench]
fn uncached_load(bencher: Bencher<'_, '_>) {
    let place = Place::new(Options {
        cache_bytes: 0,
        ..Options::default()
    });
    let next = AtomicU64::new(0);
    bencher.bench_local(|| {
        let key = key(next.fetch_add(7, Ordering::Relaxed) % SESSIONS);
        place
            .runtime
            .block_on(place.store.load(&key, NOW))
            .unwrap()
            .unwrap()
    });
}

#[divan::bench]
fn insert_alone(bencher: Bencher<'_, '_>) {
    let place = Place::new(Options::default());
    let next = AtomicU64::new(SESSIONS);
    bencher.bench_local(|| {
        let key = key(next.fetch_add(1, Ordering::Relaxed));
        place
            .runtime
            .block_on(place.store.insert(&key, record()))
            .unwrap();
    });
}

#[divan::bench(args = [8, 64, 256])]
fn insert_together(bencher: Bencher<'_, '_>, writers: u64) {
    let place = Place::new(Options::default());
    let next = AtomicU64::new(SESSIONS);
    bencher.counter(ItemsCount::new(writers)).bench_local(|| {
        let first = next.fetch_add(writers, Ordering::Relaxed);
        place.insert_all(first..first + writers);
    });
}

#[divan::bench]
fn replace_alone(bencher: Bencher<'_, '_>) {
    let place = Place::new(Options::default());
    let next = AtomicU64::new(1);
    bencher.bench_local(|| {
        let version = next.fetch_add(1, Ordering::Relaxed);
        let record = Record {
            version: version + 1,
            ..record()
        };
        place
            .runtime
            .block_on(place.store.replace(&key(7), version, record))
            .unwrap()
    });
}

const NOW: Timestamp = Timestamp::from_secs(0);

/// In the order they must go.
struct Place {
    store: std::sync::Arc<SqliteStore>,
    runtime: Runtime,
    _folder: tempfile::TempDir,
}

impl Place {
    /// A database with some sessions.
    fn new(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self {
            store: SqliteStore::open(&folder.path().join("s.db"), options)
                .unwrap()
                .into(),
            runtime: Runtime::new().unwrap(),
            _folder: folder,
        };
        place.insert_all(0..SESSIONS);
        place
    }

    fn insert_all(&self, keys: std::ops::Range<u64>) {
        self.runtime.block_on(async {
            let mut writers = tokio::task::JoinSet::new();
            for n in keys {
                let store = std::sync::Arc::clone(&self.store);
                writers.spawn(async move { store.insert(&key(n), record()).await.unwrap() });
            }
            writers.join_all().await;
        });
    }
}

/// Spread as hashes are.
fn key(n: u64) -> LookupKey {
    let spread = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    LookupKey::from_bytes(std::array::from_fn(|at| {
        spread.get(at % 8).copied().unwrap_or(0)
    }))
}

fn record() -> Record {
    Record {
        version: 1,
        user: UserIndex::from_bytes([1; 32]),
        last_seen_at: NOW,
        expires_at: NOW.plus(9),
        identity: vec![1; 300].into(),
        tokens: vec![2; 2500].into(),
        device: vec![3; 200].into(),
    }
}

fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => unreachable!("what is in memory is there at once"),
    }
}
