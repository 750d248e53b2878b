use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cogward_session::{
    ABANDONED_SECONDS, BudgetKey, Holder, KeptMark, Lease, LoginKey, LookupKey, Quota, Record,
    Replaced, RevocationMark, SessionStore, StoreError, Taken, Timestamp, UserIndex,
};
use redis::Value;
use tokio::time::Instant;

use crate::cache::{Cache, Found, Look};
use crate::call::{self, CallError};
use crate::endpoint::Endpoints;
use crate::keys::{Key, Keys, WatchedKey};
use crate::open;
use crate::options::{OpenError, Options};
use crate::router::{Kind, Router};
use crate::rows;
use crate::scripts::{self, Scripts};
use crate::watch::Watch;

/// Sessions in Redis or Valkey, by itself or as a Cluster.
///
/// It connects by itself, as often as it must. What fails meanwhile is
/// [`StoreError::Unavailable`].
pub struct RedisStore {
    pub(crate) router: Router,
    pub(crate) keys: Arc<Keys>,
    pub(crate) scripts: Scripts,
    pub(crate) longest_life: i64,
    cache: Option<Arc<Cache>>,
    call_limit: Duration,
}

impl RedisStore {
    /// Opens the store. That Redis cannot be reached is logged and no error: it may be later.
    ///
    /// # Errors
    /// [`OpenError`] when the options are wrong, or Redis can be reached and will not do.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let prefix = options.key_prefix.as_str();
        let good = |byte: u8| byte.is_ascii_graphic() && !b"{}".contains(&byte);
        if prefix.len() > 100 || !prefix.bytes().all(good) {
            return Err(OpenError::KeyPrefix);
        }
        let endpoints = Endpoints::new(&options)?;
        open::check(&endpoints, options.call_limit).await?;
        let keys = Arc::new(Keys::new(prefix));
        Ok(Self::assemble(&options, endpoints, Arc::clone(&keys), keys).await)
    }

    /// Of the keys that are `watched` Redis tells every change.
    async fn assemble(
        options: &Options,
        endpoints: Endpoints,
        keys: Arc<Keys>,
        watched: Arc<Keys>,
    ) -> Self {
        let bytes = options.cache_bytes;
        let cache = (bytes > 0).then(|| Arc::new(Cache::new(bytes)));
        let watch = Watch::new(watched, cache.clone());
        Self {
            router: Router::start(endpoints, options.call_limit, watch).await,
            keys,
            scripts: Scripts::new(),
            longest_life: options.longest_life_seconds.into(),
            cache,
            call_limit: options.call_limit,
        }
    }

    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.call_limit
    }

    /// Whatever becomes of a write, what is in memory is forgotten once this is dropped.
    fn writing(&self, key: WatchedKey) -> Option<impl Drop + use<'_>> {
        self.cache.as_ref().map(|cache| cache.forgetting(key))
    }

    pub(crate) fn look(&self, key: &WatchedKey) -> Look<'_> {
        self.cache
            .as_ref()
            .map_or(Look::Miss(None), |cache| cache.look(key))
    }

    async fn find(&self, key: &LookupKey) -> Result<Option<Arc<Record>>, StoreError> {
        let gap = match self.look(&WatchedKey::Session(*key)) {
            Look::Hit(Found::Record(record)) => return Ok(Some(record)),
            Look::Hit(Found::Mark(_)) => return Err(CallError::Odd.into()),
            Look::Miss(gap) => gap,
        };
        let record = self.read(key, self.deadline()).await?.map(Arc::new);
        if let (Some(gap), Some(record)) = (gap, &record) {
            gap.fill(Found::Record(Arc::clone(record)));
        }
        Ok(record)
    }

    /// The record as Redis has it.
    pub(crate) async fn read(
        &self,
        key: &LookupKey,
        deadline: Instant,
    ) -> Result<Option<Record>, CallError> {
        record(self.get(&self.keys.session(key), deadline).await?)
    }

    pub(crate) async fn get(
        &self,
        key: &Key,
        deadline: Instant,
    ) -> Result<Option<Vec<u8>>, CallError> {
        let mut get = redis::cmd("GET");
        get.arg(key.as_bytes());
        call::bytes(self.router.call(key, &get, Kind::Read, deadline).await?)
    }

    /// Takes out what is there.
    async fn take(&self, key: &Key, deadline: Instant) -> Result<Option<Vec<u8>>, CallError> {
        let mut take = redis::cmd("GETDEL");
        take.arg(key.as_bytes());
        call::bytes(self.router.call(key, &take, Kind::Write, deadline).await?)
    }

    /// Puts `row` where nothing is.
    async fn put(
        &self,
        key: &Key,
        row: &[u8],
        expires_at: Timestamp,
        deadline: Instant,
    ) -> Result<(), StoreError> {
        let mut put = redis::cmd("SET");
        put.arg(key.as_bytes()).arg(row).arg("NX");
        put.arg("PXAT").arg(rows::dropped_at(expires_at));
        let answer = self.router.call(key, &put, Kind::Write, deadline).await?;
        match call::was_set(&answer)? {
            true => Ok(()),
            false => Err(StoreError::Exists),
        }
    }

    /// Moves a budget's end by so many seconds; how many milliseconds there is none.
    async fn move_budget(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        step: i64,
    ) -> Result<i64, CallError> {
        let [span, step] = [quota.span(), step].map(|seconds| (seconds * 1000).to_string());
        let (script, key) = (&self.scripts.budget, self.keys.budget(budget));
        let arguments = [span.as_bytes(), step.as_bytes()];
        let answer = self.router.run(script, &key, &arguments, self.deadline());
        call::number(&answer.await?)
    }
}

#[async_trait]
impl SessionStore for RedisStore {
    async fn load(
        &self,
        key: &LookupKey,
        now: Timestamp,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        Ok(self.find(key).await?.filter(|record| record.is_live(now)))
    }

    async fn insert(&self, key: &LookupKey, record: Record) -> Result<(), StoreError> {
        let deadline = self.deadline();
        let _written = self.writing(WatchedKey::Session(*key));
        let session = self.keys.session(key);
        let row = rows::encode(&record)?;
        self.put(&session, &row, record.expires_at, deadline)
            .await?;
        if let Err(error) = self.add_to_index(key, &record, deadline).await {
            // Nobody was told of it; a session that no list shows must not stay.
            let _removed = self.take(&session, deadline).await;
            return Err(error.into());
        }
        Ok(())
    }

    async fn replace(
        &self,
        key: &LookupKey,
        expected: u64,
        record: Record,
    ) -> Result<Replaced, StoreError> {
        let deadline = self.deadline();
        let _written = self.writing(WatchedKey::Session(*key));
        let row = rows::encode(&record)?;
        // It may be another user's from now on, and is in the list of both meanwhile.
        self.add_to_index(key, &record, deadline).await?;
        let (expected, end) = (rows::version(expected), rows::dropped_at(record.expires_at));
        let end = end.to_string();
        let arguments = [expected.as_slice(), &row, end.as_bytes()];
        let (script, session) = (&self.scripts.replace, self.keys.session(key));
        let answer = self
            .router
            .run(script, &session, &arguments, deadline)
            .await?;
        replaced(&answer)
    }

    async fn touch(
        &self,
        key: &LookupKey,
        expected: u64,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Replaced, StoreError> {
        let _written = self.writing(WatchedKey::Session(*key));
        let (expected, times) = (
            rows::version(expected),
            rows::times(last_seen_at, expires_at),
        );
        let end = rows::dropped_at(expires_at).to_string();
        let arguments = [expected.as_slice(), &times, end.as_bytes()];
        let (script, session) = (&self.scripts.touch, self.keys.session(key));
        let answer = self
            .router
            .run(script, &session, &arguments, self.deadline());
        replaced(&answer.await?)
    }

    async fn remove(&self, key: &LookupKey) -> Result<Option<Arc<Record>>, StoreError> {
        let deadline = self.deadline();
        let _written = self.writing(WatchedKey::Session(*key));
        let removed = record(self.take(&self.keys.session(key), deadline).await?)?;
        if let Some(record) = &removed {
            self.remove_from_index(&record.user, &[*key], deadline)
                .await;
        }
        Ok(removed.map(Arc::new))
    }

    async fn list(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Vec<(LookupKey, Arc<Record>)>, StoreError> {
        Ok(self.list_live(users, now).await?)
    }

    async fn put_login(
        &self,
        key: &LoginKey,
        sealed: Vec<u8>,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let row = rows::encode_login(&sealed, expires_at);
        self.put(&self.keys.login(key), &row, expires_at, self.deadline())
            .await
    }

    async fn take_login(
        &self,
        key: &LoginKey,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(row) = self.take(&self.keys.login(key), self.deadline()).await? else {
            return Ok(None);
        };
        let garbage = CallError::Garbage("a sign-in under way");
        let (sealed, expires_at) = rows::decode_login(row).ok_or(garbage)?;
        Ok((now < expires_at).then_some(sealed))
    }

    async fn put_mark(
        &self,
        user: &UserIndex,
        mark: RevocationMark,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let _written = self.writing(WatchedKey::Mark(*user));
        Ok(self.merge_mark(user, KeptMark { mark, expires_at }).await?)
    }

    async fn mark(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Option<RevocationMark>, StoreError> {
        let marks = users.iter().map(|user| self.find_mark(user));
        let marks = futures_util::future::try_join_all(marks).await?;
        let good = marks
            .into_iter()
            .flatten()
            .filter(|kept| now < kept.expires_at);
        Ok(good.map(|kept| kept.mark).reduce(RevocationMark::merge))
    }

    async fn lease(
        &self,
        session: &LookupKey,
        holder: &Holder,
        _now: Timestamp,
        seconds: u32,
    ) -> Result<Lease, StoreError> {
        let (length, further) = [seconds, ABANDONED_SECONDS]
            .map(|seconds| (u64::from(seconds) * 1000).to_string())
            .into();
        let arguments = [
            holder.as_bytes().as_slice(),
            length.as_bytes(),
            further.as_bytes(),
        ];
        let (script, key) = (&self.scripts.lease, self.keys.lease(session));
        let answer = self
            .router
            .run(script, &key, &arguments, self.deadline())
            .await?;
        // What the holder before wrote may be told of a moment after its lease was gone.
        drop(self.writing(WatchedKey::Session(*session)));
        match call::number(&answer)? {
            scripts::GRANTED => Ok(Lease::Granted),
            scripts::TAKEN_OVER => Ok(Lease::TakenOver),
            scripts::HELD => Ok(Lease::Held),
            _ => Err(CallError::Odd.into()),
        }
    }

    async fn release(&self, key: &LookupKey, holder: &Holder) -> Result<(), StoreError> {
        let (script, key) = (&self.scripts.release, self.keys.lease(key));
        let arguments = [holder.as_bytes().as_slice()];
        let answer = self.router.run(script, &key, &arguments, self.deadline());
        Ok(answer.await.map(drop)?)
    }

    async fn take_from(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        _now: Timestamp,
    ) -> Result<Taken, StoreError> {
        let wait = self.move_budget(budget, quota, quota.step()).await?;
        let seconds = u64::try_from(wait).map_err(|_| CallError::Odd)?;
        Ok(match u32::try_from(seconds.div_ceil(1000)) {
            Ok(0) => Taken::Granted,
            Ok(seconds) => Taken::Refused { seconds },
            Err(_) => return Err(CallError::Odd.into()),
        })
    }

    async fn give_back(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        _now: Timestamp,
    ) -> Result<(), StoreError> {
        self.move_budget(budget, quota, -quota.step()).await?;
        Ok(())
    }

    /// Redis drops by itself what is over.
    async fn sweep(&self, _now: Timestamp, _limit: usize) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(self.router.ping(self.deadline()).await?)
    }
}

fn record(row: Option<Vec<u8>>) -> Result<Option<Record>, CallError> {
    let garbage = || CallError::Garbage("a session");
    row.map(|row| rows::decode(&row).ok_or_else(garbage))
        .transpose()
}

fn replaced(answer: &Value) -> Result<Replaced, StoreError> {
    match call::number(answer)? {
        scripts::DONE => Ok(Replaced::Done),
        scripts::CONFLICT => Ok(Replaced::Conflict),
        scripts::MISSING => Ok(Replaced::Missing),
        _ => Err(CallError::Odd.into()),
    }
}

#[cfg(test)]
mod tests {
    use cogward_services::Redis;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(4_102_444_800);
    const LATER: Timestamp = NOW.plus(3600);
    const KEY: LookupKey = LookupKey::from_bytes([1; 32]);
    const USER: UserIndex = UserIndex::from_bytes([1; 32]);

    /// What this process writes is not left to Redis to tell it, which takes a moment.
    #[tokio::test]
    async fn own_writes_take_out_what_is_in_memory() {
        let redis = Redis::start();
        let (store, other) = (untold(&redis).await, untold(&redis).await);
        other.insert(&KEY, record(1)).await.unwrap();
        warm(&store).await;
        store.touch(&KEY, 1, NOW, LATER.plus(1)).await.unwrap();
        let found = store.load(&KEY, NOW).await.unwrap().unwrap();
        assert_eq!(found.expires_at, LATER.plus(1));
        warm(&store).await;
        store.replace(&KEY, 1, record(2)).await.unwrap();
        let found = store.load(&KEY, NOW).await.unwrap().unwrap();
        assert_eq!(found.version, 2);
        warm(&store).await;
        other.replace(&KEY, 2, record(3)).await.unwrap();
        let holder = Holder::from_bytes([1; 16]);
        store.lease(&KEY, &holder, NOW, 1).await.unwrap();
        let found = store.load(&KEY, NOW).await.unwrap().unwrap();
        assert_eq!(found.version, 3, "who holds the lease reads what is there");
        warm(&store).await;
        store.remove(&KEY).await.unwrap();
        assert_eq!(store.load(&KEY, NOW).await.unwrap(), None);
        assert_eq!(store.mark(&[USER], NOW).await.unwrap(), None);
        let mark = RevocationMark::new(NOW, None);
        store.put_mark(&USER, mark, LATER).await.unwrap();
        assert_eq!(store.mark(&[USER], NOW).await.unwrap(), Some(mark));
    }

    /// A conflict, too, says that what is here is old; and a call that is given up may have
    /// been carried out.
    #[tokio::test]
    async fn writes_that_did_not_go_well_take_out_what_is_in_memory() {
        let redis = Redis::start();
        let (store, other) = (untold(&redis).await, untold(&redis).await);
        other.insert(&KEY, record(1)).await.unwrap();
        warm(&store).await;
        other.replace(&KEY, 1, record(2)).await.unwrap();
        let found = store.load(&KEY, NOW).await.unwrap().unwrap();
        assert_eq!(found.version, 1, "was told after all");
        let conflict = store.touch(&KEY, 1, NOW, LATER).await.unwrap();
        assert_eq!(conflict, Replaced::Conflict);
        let found = store.load(&KEY, NOW).await.unwrap().unwrap();
        assert_eq!(found.version, 2);
        warm(&store).await;
        other.replace(&KEY, 2, record(3)).await.unwrap();
        let mut given_up = store.replace(&KEY, 9, record(10));
        let waker = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(given_up.as_mut().poll(&mut { waker }).is_pending());
        drop(given_up);
        let found = store.load(&KEY, NOW).await.unwrap().unwrap();
        assert_eq!(found.version, 3);
    }

    async fn warm(store: &RedisStore) {
        let kept = || {
            let cache = store.cache.as_ref().unwrap();
            matches!(cache.look(&WatchedKey::Session(KEY)), Look::Hit(_))
        };
        while !kept() {
            store.load(&KEY, NOW).await.unwrap();
            tokio::task::yield_now().await;
        }
    }

    /// It is told of changes, but to other keys than its own.
    async fn untold(redis: &Redis) -> RedisStore {
        let options = Options::new(redis.url());
        let endpoints = Endpoints::new(&options).unwrap();
        let others = Arc::new(Keys::new("others:"));
        RedisStore::assemble(&options, endpoints, Arc::new(Keys::new("")), others).await
    }

    fn record(version: u64) -> Record {
        Record {
            version,
            user: USER,
            last_seen_at: NOW,
            expires_at: LATER,
            identity: Box::default(),
            tokens: Box::default(),
            device: Box::default(),
        }
    }
}
