use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::task::JoinSet;

use super::{Case, Outcome, ensure, same};
use crate::id::{LookupKey, UserIndex};
use crate::record::Record;
use crate::store::{LoginKey, Replaced, SessionStore, StoreError};
use crate::time::Timestamp;

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        pub(super) const ALL: &[(&str, Case)] =
            &[$((stringify!($name), |store| Box::pin($name(store)))),*];
    };
}

cases![
    an_inserted_record_loads_as_it_was,
    insert_refuses_an_existing_key,
    of_concurrent_inserts_one_wins,
    an_expired_record_is_none_while_still_there,
    replace_is_compare_and_set,
    of_concurrent_writers_one_wins_each_version,
    a_removed_record_never_comes_back,
    a_remove_beats_concurrent_writes,
    touch_moves_times_and_keeps_the_version,
    an_answered_write_is_never_followed_by_an_older_read,
    list_finds_live_records_of_all_indexes,
    remove_is_idempotent,
    of_concurrent_takers_one_gets_the_login,
    an_expired_login_is_none_and_gone,
    put_login_refuses_an_existing_key,
    logins_and_sessions_never_pass_as_each_other,
    sweep_is_bounded_and_spares_the_living,
    all_bytes_and_sizes_survive,
    extreme_times_survive_and_never_overflow,
    a_working_store_answers_ping,
];

type Store = Arc<dyn SessionStore>;

/// 2100-01-01.
const NOW: Timestamp = Timestamp::from_secs(4_102_444_800);
const LATER: Timestamp = NOW.plus(3600);
const CONCURRENT: u8 = 32;

async fn an_inserted_record_loads_as_it_was(store: Store) -> Outcome {
    store.insert(&key(1), record(1)).await?;
    same(
        &store.load(&key(1), NOW).await?.as_deref(),
        &Some(&record(1)),
        "the record",
    )?;
    same(&store.load(&key(2), NOW).await?, &None, "another key")
}

async fn insert_refuses_an_existing_key(store: Store) -> Outcome {
    store.insert(&key(1), record(1)).await?;
    let second = Record {
        identity: b"other".as_slice().into(),
        ..record(2)
    };
    let refused = store.insert(&key(1), second).await;
    ensure(
        matches!(refused, Err(StoreError::Exists)),
        "the second insert is not refused",
    )?;
    same(
        &store.load(&key(1), NOW).await?.as_deref(),
        &Some(&record(1)),
        "the first record",
    )
}

async fn of_concurrent_inserts_one_wins(store: Store) -> Outcome {
    let inserted = concurrently(&store, |store, n| async move {
        store.insert(&key(1), record_of(n)).await.map(|()| n)
    })
    .await?;
    let winners: Vec<_> = inserted.into_iter().filter_map(Result::ok).collect();
    same(&winners.len(), &1, "inserts that succeeded")?;
    let found = store.load(&key(1), NOW).await?;
    let winner = winners.first().map(|n| record_of(*n));
    same(
        &found.as_deref(),
        &winner.as_ref(),
        "the record of the winner",
    )
}

async fn an_expired_record_is_none_while_still_there(store: Store) -> Outcome {
    store.insert(&key(1), record(1)).await?;
    ensure(
        store.load(&key(1), LATER.plus(-1)).await?.is_some(),
        "gone a second early",
    )?;
    ensure(
        store.load(&key(1), LATER).await?.is_none(),
        "there at the second it expires",
    )?;
    ensure(
        store.load(&key(1), LATER.plus(1)).await?.is_none(),
        "there a second late",
    )?;
    let listed = store.list(&[user(1)], LATER).await?;
    same(&listed.len(), &0, "expired records listed")
}

async fn replace_is_compare_and_set(store: Store) -> Outcome {
    store.insert(&key(1), record(1)).await?;
    same(
        &store.replace(&key(1), 7, record(8)).await?,
        &Replaced::Conflict,
        "wrong version",
    )?;
    same(
        &store.load(&key(1), NOW).await?.as_deref(),
        &Some(&record(1)),
        "after a conflict",
    )?;
    same(
        &store.replace(&key(1), 1, record(2)).await?,
        &Replaced::Done,
        "right version",
    )?;
    same(
        &store.load(&key(1), NOW).await?.as_deref(),
        &Some(&record(2)),
        "after it is done",
    )?;
    same(
        &store.replace(&key(1), 1, record(2)).await?,
        &Replaced::Conflict,
        "same again",
    )?;
    same(
        &store.replace(&key(2), 1, record(2)).await?,
        &Replaced::Missing,
        "another key",
    )
}

async fn of_concurrent_writers_one_wins_each_version(store: Store) -> Outcome {
    store.insert(&key(1), record(0)).await?;
    for version in 0..8 {
        let answers = concurrently(&store, move |store, n| async move {
            let next = Record {
                version: version + 1,
                ..record_of(n)
            };
            store
                .replace(&key(1), version, next)
                .await
                .map(|answer| (n, answer))
        })
        .await?;
        let mut winners = Vec::new();
        for answer in answers {
            match answer? {
                (n, Replaced::Done) => winners.push(n),
                (_, Replaced::Conflict) => {}
                (_, Replaced::Missing) => ensure(false, "a writer found nothing")?,
            }
        }
        same(&winners.len(), &1, "writers that won")?;
        let winner = winners.first().map(|n| Record {
            version: version + 1,
            ..record_of(*n)
        });
        let found = store.load(&key(1), NOW).await?;
        same(
            &found.as_deref(),
            &winner.as_ref(),
            "the record of the winner",
        )?;
    }
    Ok(())
}

async fn a_removed_record_never_comes_back(store: Store) -> Outcome {
    store.insert(&key(1), record(1)).await?;
    store.remove(&key(1)).await?;
    same(
        &store.replace(&key(1), 1, record(2)).await?,
        &Replaced::Missing,
        "replace",
    )?;
    same(
        &store.touch(&key(1), 1, NOW, LATER).await?,
        &Replaced::Missing,
        "touch",
    )?;
    same(&store.load(&key(1), NOW).await?, &None, "the record")?;
    same(
        &store.list(&[user(1)], NOW).await?.len(),
        &0,
        "records listed",
    )
}

async fn a_remove_beats_concurrent_writes(store: Store) -> Outcome {
    store.insert(&key(1), record(0)).await?;
    let answers = concurrently(&store, |store, n| async move {
        match n % 4 {
            0 => store.remove(&key(1)).await.map(drop),
            1 => store.load(&key(1), NOW).await.map(drop),
            2 => store.touch(&key(1), 0, NOW, LATER).await.map(drop),
            _ => store.replace(&key(1), 0, record(1)).await.map(drop),
        }
    })
    .await?;
    answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    same(&store.load(&key(1), NOW).await?, &None, "the record")
}

async fn touch_moves_times_and_keeps_the_version(store: Store) -> Outcome {
    store.insert(&key(1), record(1)).await?;
    let (seen, end) = (NOW.plus(60), LATER.plus(60));
    same(
        &store.touch(&key(1), 2, seen, end).await?,
        &Replaced::Conflict,
        "wrong version",
    )?;
    same(
        &store.load(&key(1), NOW).await?.as_deref(),
        &Some(&record(1)),
        "after a conflict",
    )?;
    same(
        &store.touch(&key(1), 1, seen, end).await?,
        &Replaced::Done,
        "right version",
    )?;
    let touched = Record {
        last_seen_at: seen,
        expires_at: end,
        ..record(1)
    };
    same(
        &store.load(&key(1), LATER).await?.as_deref(),
        &Some(&touched),
        "the record",
    )?;
    same(
        &store.list(&[user(1)], LATER).await?.len(),
        &1,
        "records listed",
    )?;
    same(
        &store.touch(&key(1), 1, seen, NOW).await?,
        &Replaced::Done,
        "an end in the past",
    )?;
    same(
        &store.load(&key(1), NOW).await?,
        &None,
        "the record once over",
    )
}

async fn an_answered_write_is_never_followed_by_an_older_read(store: Store) -> Outcome {
    store.insert(&key(1), record(0)).await?;
    let written = Arc::new(Written::default());
    let mut readers = JoinSet::new();
    for _ in 0..4 {
        readers.spawn(read_until_gone(Arc::clone(&store), Arc::clone(&written)));
    }
    for version in 0..64 {
        let done = store.replace(&key(1), version, record(version + 1)).await?;
        same(&done, &Replaced::Done, "the only writer")?;
        written.version.store(version + 1, Ordering::SeqCst);
    }
    written.removing.store(true, Ordering::SeqCst);
    store.remove(&key(1)).await?;
    written.removed.store(true, Ordering::SeqCst);
    while let Some(reader) = readers.join_next().await {
        reader??;
    }
    same(
        &store.load(&key(1), NOW).await?,
        &None,
        "the removed record",
    )
}

#[derive(Default)]
struct Written {
    version: AtomicU64,
    removing: AtomicBool,
    removed: AtomicBool,
}

async fn read_until_gone(store: Store, written: Arc<Written>) -> Outcome {
    loop {
        let removed = written.removed.load(Ordering::SeqCst);
        let at_least = written.version.load(Ordering::SeqCst);
        match store.load(&key(1), NOW).await? {
            Some(_) if removed => return ensure(false, "read a record after its removal"),
            Some(found) => ensure(
                found.version >= at_least,
                format!("read {} after {at_least} was written", found.version),
            )?,
            None if removed => return Ok(()),
            None => ensure(written.removing.load(Ordering::SeqCst), "a record was lost")?,
        }
        tokio::task::yield_now().await;
    }
}

async fn list_finds_live_records_of_all_indexes(store: Store) -> Outcome {
    let of = |n| Record {
        user: user(n),
        ..record(1)
    };
    for (at, owner) in [(1, 1), (2, 1), (3, 2), (4, 3)] {
        store.insert(&key(at), of(owner)).await?;
    }
    store
        .insert(
            &key(5),
            Record {
                expires_at: NOW,
                ..of(1)
            },
        )
        .await?;
    same(
        &listed(&store, &[1, 2]).await?,
        &vec![key(1), key(2), key(3)],
        "two indexes",
    )?;
    same(&listed(&store, &[3]).await?, &vec![key(4)], "one index")?;
    same(&listed(&store, &[9]).await?, &vec![], "an unknown index")?;
    same(&listed(&store, &[]).await?, &vec![], "no index")?;
    store.remove(&key(1)).await?;
    store
        .replace(
            &key(2),
            1,
            Record {
                version: 2,
                ..of(3)
            },
        )
        .await?;
    same(
        &listed(&store, &[1]).await?,
        &vec![],
        "after remove and move",
    )?;
    same(
        &listed(&store, &[3]).await?,
        &vec![key(2), key(4)],
        "where it was moved",
    )?;
    let found = store.list(&[user(2)], NOW).await?;
    same(
        &found.first().map(|(_, r)| (**r).clone()),
        &Some(of(2)),
        "a listed record",
    )
}

async fn remove_is_idempotent(store: Store) -> Outcome {
    store.insert(&key(1), record(1)).await?;
    same(&store.remove(&key(1)).await?, &true, "the first time")?;
    same(&store.remove(&key(1)).await?, &false, "the second time")?;
    same(&store.load(&key(1), NOW).await?, &None, "the record")?;
    store.insert(&key(1), record(1)).await?;
    ensure(
        store.load(&key(1), NOW).await?.is_some(),
        "the key is not free again",
    )
}

async fn of_concurrent_takers_one_gets_the_login(store: Store) -> Outcome {
    let state = LoginKey::of_state("one");
    store.put_login(&state, b"sealed".to_vec(), LATER).await?;
    same(
        &store.take_login(&LoginKey::of_state("two"), NOW).await?,
        &None,
        "another state",
    )?;
    let answers = concurrently(&store, move |store, _| async move {
        store.take_login(&state, NOW).await
    })
    .await?;
    let taken: Vec<_> = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    let taken: Vec<_> = taken.into_iter().flatten().collect();
    same(&taken, &vec![b"sealed".to_vec()], "what the takers got")
}

async fn an_expired_login_is_none_and_gone(store: Store) -> Outcome {
    let state = LoginKey::of_state("state");
    store.put_login(&state, b"sealed".to_vec(), LATER).await?;
    same(
        &store.take_login(&state, LATER).await?,
        &None,
        "at the second it expires",
    )?;
    same(
        &store.take_login(&state, NOW).await?,
        &None,
        "asked again with an earlier time",
    )?;
    store.put_login(&state, b"again".to_vec(), LATER).await?;
    let last = store.take_login(&state, LATER.plus(-1)).await?;
    same(&last, &Some(b"again".to_vec()), "in its last second")
}

async fn put_login_refuses_an_existing_key(store: Store) -> Outcome {
    let state = LoginKey::of_state("state");
    store.put_login(&state, b"first".to_vec(), LATER).await?;
    let refused = store.put_login(&state, b"second".to_vec(), LATER).await;
    ensure(
        matches!(refused, Err(StoreError::Exists)),
        "the second one is not refused",
    )?;
    same(
        &store.take_login(&state, NOW).await?,
        &Some(b"first".to_vec()),
        "the first one",
    )
}

async fn logins_and_sessions_never_pass_as_each_other(store: Store) -> Outcome {
    let state = LoginKey::of_state("state");
    let as_session = LookupKey::from_bytes(*state.as_bytes());
    store.put_login(&state, b"sealed".to_vec(), LATER).await?;
    same(
        &store.load(&as_session, NOW).await?,
        &None,
        "a login loaded as a session",
    )?;
    same(
        &store.remove(&as_session).await?,
        &false,
        "a login removed as a session",
    )?;
    let touched = store.touch(&as_session, 0, NOW, LATER).await?;
    same(&touched, &Replaced::Missing, "a login touched as a session")?;
    store.insert(&as_session, record(1)).await?;
    let taken = store.take_login(&state, NOW).await?;
    same(
        &taken,
        &Some(b"sealed".to_vec()),
        "the login beside a session of the same key",
    )?;
    same(
        &store.take_login(&state, NOW).await?,
        &None,
        "a session taken as a login",
    )?;
    ensure(
        store.load(&as_session, NOW).await?.is_some(),
        "the session is gone",
    )
}

async fn sweep_is_bounded_and_spares_the_living(store: Store) -> Outcome {
    for n in 0..12 {
        let expires_at = if n < 9 { NOW } else { LATER };
        store
            .insert(
                &key(n),
                Record {
                    expires_at,
                    ..record(1)
                },
            )
            .await?;
        store.put_login(&login(n), vec![n], expires_at).await?;
    }
    same(&store.sweep(NOW, 0).await?, &0, "a sweep of nothing")?;
    let mut total = 0;
    loop {
        let swept = store.sweep(NOW, 4).await?;
        ensure(swept <= 4, format!("{swept} swept, 4 allowed"))?;
        total += swept;
        if swept == 0 {
            break;
        }
    }
    // A store that expires records itself may have nothing to sweep.
    ensure(total == 18 || total == 0, format!("{total} of 18 swept"))?;
    for n in 0..9 {
        let before = if total == 0 { NOW } else { NOW.plus(-1) };
        same(&store.load(&key(n), before).await?, &None, "a swept record")?;
        same(
            &store.take_login(&login(n), before).await?,
            &None,
            "a swept login",
        )?;
    }
    for n in 9..12 {
        ensure(
            store.load(&key(n), NOW).await?.is_some(),
            "a living record was swept",
        )?;
        same(
            &store.take_login(&login(n), NOW).await?,
            &Some(vec![n]),
            "a living login",
        )?;
    }
    same(
        &store.list(&[user(1)], NOW).await?.len(),
        &3,
        "records listed",
    )
}

async fn all_bytes_and_sizes_survive(store: Store) -> Outcome {
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(70_000).collect();
    let first = Record {
        version: u64::MAX - 1,
        identity: bytes.get(..256).unwrap_or_default().into(),
        tokens: bytes.as_slice().into(),
        device: Box::default(),
        ..record(1)
    };
    store.insert(&key(1), first.clone()).await?;
    same(
        &store.load(&key(1), NOW).await?.as_deref(),
        &Some(&first),
        "the record",
    )?;
    let next = Record {
        version: u64::MAX,
        identity: Box::default(),
        ..first.clone()
    };
    let done = store.replace(&key(1), first.version, next.clone()).await?;
    same(&done, &Replaced::Done, "the highest version")?;
    same(
        &store.load(&key(1), NOW).await?.as_deref(),
        &Some(&next),
        "the replaced record",
    )?;
    for sealed in [Vec::new(), bytes] {
        store.put_login(&login(1), sealed.clone(), LATER).await?;
        same(
            &store.take_login(&login(1), NOW).await?,
            &Some(sealed),
            "the login",
        )?;
    }
    Ok(())
}

async fn extreme_times_survive_and_never_overflow(store: Store) -> Outcome {
    let millis = NOW.as_secs() * 1000;
    for (n, end) in (0..).zip([i64::MIN, -1, 0, 1, 1 << 31, millis, i64::MAX]) {
        let (seen, expires_at) = (Timestamp::from_secs(end), Timestamp::from_secs(end));
        let extreme = Record {
            last_seen_at: seen,
            expires_at,
            ..record(1)
        };
        let live = NOW < expires_at;
        store.insert(&key(n), extreme.clone()).await?;
        let found = store.load(&key(n), NOW).await?;
        same(&found.as_deref(), &live.then_some(&extreme), "the record")?;
        store.put_login(&login(n), vec![n], expires_at).await?;
        same(
            &store.take_login(&login(n), NOW).await?,
            &live.then(|| vec![n]),
            "the login",
        )?;
        same(
            &store.load(&key(n), Timestamp::from_secs(i64::MAX)).await?,
            &None,
            "at the end",
        )?;
    }
    let end = Timestamp::from_secs(i64::MAX);
    store.insert(&key(100), record(1)).await?;
    same(
        &store.touch(&key(100), 1, end, end).await?,
        &Replaced::Done,
        "touch",
    )?;
    let found = store.load(&key(100), NOW).await?;
    same(
        &found.map(|r| (r.last_seen_at, r.expires_at)),
        &Some((end, end)),
        "touched times",
    )?;
    store.sweep(NOW, 1000).await?;
    same(
        &store.list(&[user(1)], NOW).await?.len(),
        &3,
        "living records listed",
    )
}

async fn a_working_store_answers_ping(store: Store) -> Outcome {
    Ok(store.ping().await?)
}

async fn concurrently<T, F>(
    store: &Store,
    act: impl Fn(Store, u8) -> F,
) -> Result<Vec<T>, tokio::task::JoinError>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for n in 0..CONCURRENT {
        tasks.spawn(act(Arc::clone(store), n));
    }
    let mut answers = Vec::new();
    while let Some(answer) = tasks.join_next().await {
        answers.push(answer?);
    }
    Ok(answers)
}

async fn listed(store: &Store, users: &[u8]) -> Result<Vec<LookupKey>, StoreError> {
    let users: Vec<_> = users.iter().map(|n| user(*n)).collect();
    let mut keys: Vec<_> = store
        .list(&users, NOW)
        .await?
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    keys.sort();
    Ok(keys)
}

fn key(n: u8) -> LookupKey {
    LookupKey::from_bytes([n; 32])
}

fn login(n: u8) -> LoginKey {
    LoginKey::of_state(&n.to_string())
}

fn user(n: u8) -> UserIndex {
    UserIndex::from_bytes([n; 32])
}

fn record_of(writer: u8) -> Record {
    Record {
        identity: [writer].into(),
        ..record(1)
    }
}

fn record(version: u64) -> Record {
    Record {
        version,
        user: user(1),
        last_seen_at: NOW,
        expires_at: LATER,
        identity: format!("identity {version}").into_bytes().into(),
        tokens: vec![b't'; 5 << 10].into(),
        device: b"device".as_slice().into(),
    }
}
