use std::sync::Arc;

use cogward_session::{LookupKey, Record};
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Weighter, sync};

/// Records as they are in the database, the most used ones.
///
/// Only the writing thread changes what is here, after its commit and before its answer; a
/// reader only fills a gap, through a [`Gap`] that any later write to the key voids. So what a
/// caller was told has been written is never followed by an older record.
#[derive(Clone)]
pub(crate) struct RecordCache(Arc<Records>);

type Records = Cache<LookupKey, Arc<Record>, ByBytes, DefaultHashBuilder, Lifecycle>;
type Lifecycle = sync::DefaultLifecycle<LookupKey, Arc<Record>>;

/// A record missing from the cache that one caller is fetching; others for it wait.
pub(crate) type Gap<'a> =
    sync::PlaceholderGuard<'a, LookupKey, Arc<Record>, ByBytes, DefaultHashBuilder, Lifecycle>;

impl RecordCache {
    pub(crate) fn new(bytes: u64) -> Self {
        let records = usize::try_from(bytes / 4096).unwrap_or(usize::MAX);
        Self(Arc::new(Cache::with(
            records,
            bytes,
            ByBytes,
            DefaultHashBuilder::default(),
            Lifecycle::default(),
        )))
    }

    pub(crate) fn get(&self, key: &LookupKey) -> Option<Arc<Record>> {
        self.0.get(key)
    }

    pub(crate) async fn get_or_gap(&self, key: &LookupKey) -> Result<Arc<Record>, Gap<'_>> {
        self.0.get_value_or_guard_async(key).await
    }

    /// By the writing thread only.
    pub(crate) fn put(&self, key: LookupKey, record: Arc<Record>) {
        // Putting a record too large to be kept would leave a gap open; removing closes it.
        self.0.remove(&key);
        self.0.insert(key, record);
    }

    /// By the writing thread only.
    pub(crate) fn change(&self, key: LookupKey, change: impl FnOnce(&mut Record)) {
        let held = self.0.peek(&key);
        self.0.remove(&key);
        if let Some(mut record) = held {
            change(Arc::make_mut(&mut record));
            self.0.insert(key, record);
        }
    }

    /// By the writing thread only.
    pub(crate) fn remove(&self, key: &LookupKey) {
        self.0.remove(key);
    }
}

#[derive(Clone)]
pub(crate) struct ByBytes;

/// The record itself, its reference counts and the cache's own entry.
const OVERHEAD: usize = 256;

impl Weighter<LookupKey, Arc<Record>> for ByBytes {
    fn weight(&self, _: &LookupKey, record: &Arc<Record>) -> u64 {
        (record.identity.len() + record.tokens.len() + record.device.len() + OVERHEAD) as u64
    }
}
