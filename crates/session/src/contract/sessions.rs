use super::support::{
    LATER, NOW, Store, concurrently, key, listed, login, record, record_of, user,
};
use super::{Outcome, ensure, same};
use crate::record::Record;
use crate::store::{Replaced, StoreError};

pub(super) async fn an_inserted_record_loads_as_it_was(store: Store) -> Outcome {
    store.insert(&key(1), record(1)).await?;
    same(
        &store.load(&key(1), NOW).await?.as_deref(),
        &Some(&record(1)),
        "the record",
    )?;
    same(&store.load(&key(2), NOW).await?, &None, "another key")
}

pub(super) async fn insert_refuses_an_existing_key(store: Store) -> Outcome {
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

pub(super) async fn of_concurrent_inserts_one_wins(store: Store) -> Outcome {
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

pub(super) async fn list_finds_live_records_of_all_indexes(store: Store) -> Outcome {
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

pub(super) async fn remove_is_idempotent(store: Store) -> Outcome {
    store.insert(&key(1), record(1)).await?;
    store.replace(&key(1), 1, record(2)).await?;
    let removed = store.remove(&key(1)).await?;
    same(
        &removed.as_deref(),
        &Some(&record(2)),
        "what the first one removed",
    )?;
    same(&store.remove(&key(1)).await?, &None, "the second time")?;
    same(&store.load(&key(1), NOW).await?, &None, "the record")?;
    store.insert(&key(1), record(1)).await?;
    ensure(
        store.load(&key(1), NOW).await?.is_some(),
        "the key is not free again",
    )
}

pub(super) async fn all_bytes_and_sizes_survive(store: Store) -> Outcome {
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

pub(super) async fn a_working_store_answers_ping(store: Store) -> Outcome {
    Ok(store.ping().await?)
}
