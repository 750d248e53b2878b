use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::task::JoinSet;

use super::support::{LATER, NOW, Store, concurrently, key, record, record_of, user};
use super::{Outcome, ensure, same};
use crate::record::Record;
use crate::store::Replaced;

pub(super) async fn replace_is_compare_and_set(store: Store) -> Outcome {
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

pub(super) async fn of_concurrent_writers_one_wins_each_version(store: Store) -> Outcome {
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

pub(super) async fn a_removed_record_never_comes_back(store: Store) -> Outcome {
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

pub(super) async fn a_remove_beats_concurrent_writes(store: Store) -> Outcome {
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

pub(super) async fn touch_moves_times_and_keeps_the_version(store: Store) -> Outcome {
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

pub(super) async fn an_answered_write_is_never_followed_by_an_older_read(store: Store) -> Outcome {
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
