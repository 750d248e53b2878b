use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cogward_session::{
    BudgetKey, Budgets, Holder, Lease, Leases, LoginKey, LookupKey, Marks, Quota, Record, Replaced,
    RevocationMark, SessionStore, StoreError, Taken, Timestamp, UserIndex,
};

use crate::cache::RecordCache;
use crate::open::{self, Database, OpenError, Options};
use crate::owner::OwnerLock;
use crate::read::Readers;
use crate::write::{Insert, PutLogin, PutMark, Remove, Replace, Sweep, TakeLogin, Touch, Writer};

/// Budgets kept at most.
const BUDGETS: usize = 100_000;

/// Sessions in a SQLite file that this process owns until the store is dropped.
///
/// Dropping it waits for what was queued to be written and closes the file.
pub struct SqliteStore {
    cache: RecordCache,
    marks: Arc<Marks>,
    leases: Leases,
    budgets: Budgets,
    // In the order they must end: the writer closes last and folds the log into the file,
    // then the file may be another's.
    readers: Readers,
    writer: Writer,
    call_limit: Duration,
    _lock: OwnerLock,
}

impl SqliteStore {
    /// Opens the database at `path`, a new one when there is no such file. Its folder must
    /// exist. The files (`path`, `-wal`, `-shm`, `.lock`) are for their owner alone.
    ///
    /// # Errors
    /// [`OpenError`] when it is in use, not ours, damaged, or cannot be opened. Nothing is
    /// overwritten.
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let Database {
            writer,
            readers,
            marks,
            file,
            lock,
        } = open::open(path, &options)?;
        let cache = RecordCache::new(options.cache_bytes);
        let call_limit = options.call_limit;
        let readers = Readers::start(readers, &file, call_limit).map_err(OpenError::Thread)?;
        let writer =
            Writer::start(writer, file, cache.clone(), call_limit).map_err(OpenError::Thread)?;
        Ok(Self {
            cache,
            marks,
            leases: Leases::default(),
            budgets: Budgets::new(BUDGETS),
            readers,
            writer,
            call_limit,
            _lock: lock,
        })
    }

    async fn find(&self, key: &LookupKey) -> Result<Option<Arc<Record>>, StoreError> {
        if let Some(record) = self.cache.get(key) {
            return Ok(Some(record));
        }
        // Those who wait for one record take turns: together they wait no longer than one.
        let filled = tokio::time::timeout(self.call_limit, self.fill(key)).await;
        filled.map_err(|_| StoreError::unavailable("the disk takes too long to read"))?
    }

    async fn sweep_rows(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.writer
            .run(Sweep {
                now,
                limit,
                swept: Vec::new(),
                marks: Arc::clone(&self.marks),
            })
            .await
    }

    async fn fill(&self, key: &LookupKey) -> Result<Option<Arc<Record>>, StoreError> {
        let gap = match self.cache.get_or_gap(key).await {
            Ok(record) => return Ok(Some(record)),
            Err(gap) => gap,
        };
        let wanted = *key;
        let found = self
            .readers
            .run(move |statements| statements.load(&wanted))
            .await?;
        if let Some(record) = &found {
            // Refused when the record was written since: then the cache has it, or must not.
            let _ = gap.insert(Arc::clone(record));
        }
        Ok(found)
    }
}

#[async_trait]
impl SessionStore for SqliteStore {
    async fn load(
        &self,
        key: &LookupKey,
        now: Timestamp,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        Ok(self.find(key).await?.filter(|record| record.is_live(now)))
    }

    async fn insert(&self, key: &LookupKey, record: Record) -> Result<(), StoreError> {
        self.writer
            .run(Insert {
                key: *key,
                record: Arc::new(record),
            })
            .await
    }

    async fn replace(
        &self,
        key: &LookupKey,
        expected: u64,
        record: Record,
    ) -> Result<Replaced, StoreError> {
        self.writer
            .run(Replace {
                key: *key,
                expected,
                record: Arc::new(record),
            })
            .await
    }

    async fn touch(
        &self,
        key: &LookupKey,
        expected: u64,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Replaced, StoreError> {
        self.writer
            .run(Touch {
                key: *key,
                expected,
                last_seen_at,
                expires_at,
            })
            .await
    }

    async fn remove(&self, key: &LookupKey) -> Result<Option<Arc<Record>>, StoreError> {
        self.writer.run(Remove { key: *key }).await
    }

    async fn list(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Vec<(LookupKey, Arc<Record>)>, StoreError> {
        let users = users.to_vec();
        self.readers
            .run(move |statements| statements.list(&users, now))
            .await
    }

    async fn put_login(
        &self,
        key: &LoginKey,
        sealed: Vec<u8>,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.writer
            .run(PutLogin {
                key: *key,
                sealed,
                expires_at,
            })
            .await
    }

    async fn take_login(
        &self,
        key: &LoginKey,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.writer.run(TakeLogin { key: *key, now }).await
    }

    async fn put_mark(
        &self,
        user: &UserIndex,
        mark: RevocationMark,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.writer
            .run(PutMark {
                user: *user,
                mark,
                expires_at,
                marks: Arc::clone(&self.marks),
            })
            .await
    }

    async fn mark(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Option<RevocationMark>, StoreError> {
        Ok(self.marks.find(users, now))
    }

    /// The file has one owner, so that its leases need not be in it.
    async fn lease(
        &self,
        key: &LookupKey,
        holder: &Holder,
        now: Timestamp,
        seconds: u32,
    ) -> Result<Lease, StoreError> {
        Ok(self.leases.take(key, holder, now, seconds))
    }

    async fn release(&self, key: &LookupKey, holder: &Holder) -> Result<(), StoreError> {
        self.leases.release(key, holder);
        Ok(())
    }

    /// As leases: and after a restart all are full.
    async fn take_from(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        Ok(self.budgets.take(budget, quota, now))
    }

    async fn give_back(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.budgets.give_back(budget, quota, now);
        Ok(())
    }

    async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut forgotten = self.leases.sweep(now, limit);
        forgotten += self.budgets.sweep(now, limit - forgotten);
        let swept = self.sweep_rows(now, limit - forgotten).await?;
        Ok(forgotten + swept)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.writer.check()?;
        self.readers
            .run(|statements| statements.ping().map(drop))
            .await
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(0);
    const KEY: LookupKey = LookupKey::from_bytes([1; 32]);

    #[tokio::test]
    async fn a_slow_reader_cannot_bring_back_what_a_remove_took() {
        let (_folder, store) = with_a_record_not_cached(Options::default()).await;
        let slow = has_read_but_not_filled(&store).await;
        assert!(store.remove(&KEY).await.unwrap().is_some());
        assert!(
            slow.await.unwrap().is_some(),
            "the read came before the remove"
        );
        assert_eq!(store.load(&KEY, NOW).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_slow_reader_cannot_cover_a_replace() {
        let (_folder, store) = with_a_record_not_cached(Options::default()).await;
        let slow = has_read_but_not_filled(&store).await;
        store.replace(&KEY, 1, record(2)).await.unwrap();
        assert_eq!(slow.await.unwrap().as_deref(), Some(&record(1)));
        assert_eq!(
            store.load(&KEY, NOW).await.unwrap().as_deref(),
            Some(&record(2))
        );
    }

    #[tokio::test]
    async fn a_slow_reader_cannot_cover_a_touch() {
        let (_folder, store) = with_a_record_not_cached(Options::default()).await;
        let slow = has_read_but_not_filled(&store).await;
        store.touch(&KEY, 1, NOW, NOW.plus(1)).await.unwrap();
        assert!(slow.await.unwrap().is_some());
        assert_eq!(store.load(&KEY, NOW.plus(1)).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_slow_reader_cannot_bring_back_what_a_sweep_took() {
        let (_folder, store) = with_a_record_not_cached(Options::default()).await;
        let slow = has_read_but_not_filled(&store).await;
        assert_eq!(store.sweep(NOW.plus(9), 1).await.unwrap(), 1);
        assert!(slow.await.unwrap().is_some());
        assert_eq!(store.load(&KEY, NOW).await.unwrap(), None);
    }

    /// The cache refuses a record that is too large; the gap must be void all the same.
    #[tokio::test]
    async fn a_slow_reader_cannot_cover_a_record_too_large_to_be_cached() {
        let options = Options {
            cache_bytes: 4096,
            ..Options::default()
        };
        let (_folder, store) = with_a_record_not_cached(options).await;
        let slow = has_read_but_not_filled(&store).await;
        let large = Record {
            tokens: vec![0; 9000].into(),
            ..record(2)
        };
        store.replace(&KEY, 1, large.clone()).await.unwrap();
        assert!(slow.await.unwrap().is_some());
        assert_eq!(
            store.load(&KEY, NOW).await.unwrap().as_deref(),
            Some(&large)
        );
    }

    #[tokio::test]
    async fn a_reader_that_gives_up_leaves_the_gap_to_the_next() {
        let (_folder, store) = with_a_record_not_cached(Options::default()).await;
        let slow = has_read_but_not_filled(&store).await;
        let mut next = store.load(&KEY, NOW);
        assert!(poll_once(&mut next).is_pending());
        drop(slow);
        assert!(next.await.unwrap().is_some());
        assert!(store.cache.get(&KEY).is_some());
    }

    #[tokio::test]
    async fn a_cached_record_follows_every_write() {
        let (_folder, store) = with_a_record_not_cached(Options::default()).await;
        store.load(&KEY, NOW).await.unwrap();
        let cached = || {
            store
                .cache
                .get(&KEY)
                .map(|r| (r.version, r.expires_at.as_secs()))
        };
        assert_eq!(cached(), Some((1, 9)));
        store.touch(&KEY, 1, NOW, NOW.plus(8)).await.unwrap();
        assert_eq!(cached(), Some((1, 8)));
        store.replace(&KEY, 1, record(2)).await.unwrap();
        assert_eq!(cached(), Some((2, 9)));
        assert!(matches!(
            store.insert(&KEY, record(3)).await,
            Err(StoreError::Exists)
        ));
        assert_eq!(
            store.load(&KEY, NOW).await.unwrap().map(|r| r.version),
            Some(2)
        );
        store.remove(&KEY).await.unwrap();
        assert_eq!(cached(), None);
    }

    #[tokio::test]
    async fn nobody_waits_longer_for_a_disk_that_hangs_than_the_limit() {
        let (_folder, store) = with_a_record_not_cached(Options::default()).await;
        let (release, held) = std::sync::mpsc::channel::<()>();
        let hold = store.readers.run(move |_| {
            let _ = held.recv();
            Ok(())
        });
        let mut hold: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(hold);
        assert!(poll_once(&mut hold).is_pending());
        let (other, users) = (LookupKey::from_bytes([2; 32]), [record(1).user]);
        // Time stands still but for what is waited for, and that is the limit alone.
        tokio::time::pause();
        let start = tokio::time::Instant::now();
        let (one, two, three, list, ping) = tokio::join!(
            store.load(&KEY, NOW),
            store.load(&KEY, NOW),
            store.load(&KEY, NOW),
            store.list(&users, NOW),
            store.ping(),
        );
        assert_eq!(start.elapsed().as_secs(), store.call_limit.as_secs());
        for answer in [one, two, three] {
            assert!(matches!(answer, Err(StoreError::Unavailable { .. })));
        }
        assert!(list.is_err() && ping.is_err());
        tokio::time::resume();
        // What is in the cache needs no disk; what is not is read once it works again.
        store.insert(&other, record(7)).await.unwrap();
        assert!(store.load(&other, NOW).await.unwrap().is_some());
        release.send(()).unwrap();
        assert!(store.load(&KEY, NOW).await.unwrap().is_some());
    }

    async fn with_a_record_not_cached(options: Options) -> (tempfile::TempDir, SqliteStore) {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            readers: 1,
            ..options
        };
        let store = SqliteStore::open(&folder.path().join("s.db"), options).unwrap();
        store.insert(&KEY, record(1)).await.unwrap();
        store.cache.remove(&KEY);
        (folder, store)
    }

    /// A load that missed the cache, has its row, and was not polled since: it has yet to
    /// fill the gap.
    async fn has_read_but_not_filled(store: &SqliteStore) -> Load<'_> {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let hold = store.readers.run(move |_| {
            let _ = held.recv();
            Ok(())
        });
        let mut hold: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(hold);
        assert!(poll_once(&mut hold).is_pending());
        let mut load = store.load(&KEY, NOW);
        assert!(poll_once(&mut load).is_pending());
        release.send(()).unwrap();
        // The only reading thread takes one thing after the other.
        store
            .readers
            .run(|statements| statements.ping().map(drop))
            .await
            .unwrap();
        load
    }

    type Load<'a> =
        Pin<Box<dyn Future<Output = Result<Option<Arc<Record>>, StoreError>> + Send + 'a>>;

    fn poll_once<T>(future: &mut Pin<Box<dyn Future<Output = T> + Send + '_>>) -> Poll<T> {
        future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
    }

    fn record(version: u64) -> Record {
        Record {
            version,
            user: UserIndex::from_bytes([1; 32]),
            last_seen_at: NOW,
            expires_at: NOW.plus(9),
            identity: Box::default(),
            tokens: Box::default(),
            device: Box::default(),
        }
    }
}
