use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinSet;

use super::support::{NOW, Store, key, record, user};
use super::{Outcome, same};
use crate::record::Record;
use crate::store::Replaced;

const ROUNDS: u8 = 8;
const RECORDS: u8 = 24;
const MOVERS: u8 = 3;

/// As while keys rotate: "sign out everywhere" must find it wherever it is by then.
pub(super) async fn a_record_that_moves_is_in_every_list(store: Store) -> Outcome {
    for round in 0..ROUNDS {
        let (old, new) = (2 * round, 2 * round + 1);
        for n in 0..RECORDS {
            store.insert(&key(n), of(old, 1)).await?;
        }
        let moving = Arc::new(AtomicUsize::new(MOVERS.into()));
        let mut tasks = JoinSet::new();
        for _ in 0..2 {
            tasks.spawn(list_all(Arc::clone(&store), Arc::clone(&moving), old, new));
        }
        for first in 0..MOVERS {
            let (store, moving) = (Arc::clone(&store), Arc::clone(&moving));
            tasks.spawn(async move {
                let moved = move_some(&store, first, new).await;
                moving.fetch_sub(1, Ordering::SeqCst);
                moved
            });
        }
        while let Some(task) = tasks.join_next().await {
            task??;
        }
        for n in 0..RECORDS {
            store.remove(&key(n)).await?;
        }
    }
    Ok(())
}

async fn list_all(store: Store, moving: Arc<AtomicUsize>, old: u8, new: u8) -> Outcome {
    let all: Vec<_> = (0..RECORDS).map(key).collect();
    loop {
        let last = moving.load(Ordering::SeqCst) == 0;
        let found = store.list(&[user(new), user(old)], NOW).await?;
        let mut keys: Vec<_> = found.into_iter().map(|(key, _)| key).collect();
        keys.sort();
        same(&keys, &all, "listed during the move")?;
        if last {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}

async fn move_some(store: &Store, first: u8, new: u8) -> Outcome {
    for n in (first..RECORDS).step_by(MOVERS.into()) {
        let done = store.replace(&key(n), 1, of(new, 2)).await?;
        same(&done, &Replaced::Done, "the move")?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

fn of(owner: u8, version: u64) -> Record {
    Record {
        user: user(owner),
        tokens: Box::default(),
        ..record(version)
    }
}
