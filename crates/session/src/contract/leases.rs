use std::time::Duration;

use tokio::time::Instant;

use super::support::{LATER, NOW, Store, concurrently, key, record, since};
use super::{Outcome, ensure, same};
use crate::lease::{Holder, Lease};
use crate::store::StoreError;

pub(super) async fn of_concurrent_holders_one_gets_the_lease(store: Store) -> Outcome {
    let answers = concurrently(&store, |store, n| async move {
        store.lease(&key(1), &holder(n), NOW, 60).await
    })
    .await?;
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    let count = |wanted| answers.iter().filter(|&&answer| answer == wanted).count();
    same(&count(Lease::Granted), &1, "holders")?;
    same(&count(Lease::TakenOver), &0, "holders of what none had")?;
    let other = store.lease(&key(2), &holder(1), NOW, 60).await?;
    same(&other, &Lease::Granted, "another session's")
}

pub(super) async fn only_its_holder_gives_a_lease_back(store: Store) -> Outcome {
    let lease = async |n| store.lease(&key(1), &holder(n), NOW, 60).await;
    same(&lease(1).await?, &Lease::Granted, "the first")?;
    same(&lease(1).await?, &Lease::Granted, "the same again")?;
    store.release(&key(1), &holder(2)).await?;
    same(&lease(2).await?, &Lease::Held, "given back by another")?;
    store.release(&key(1), &holder(1)).await?;
    same(&lease(2).await?, &Lease::Granted, "given back")?;
    store.release(&key(1), &holder(1)).await?;
    same(&lease(1).await?, &Lease::Held, "given back twice")?;
    store.release(&key(9), &holder(1)).await?;
    Ok(())
}

pub(super) async fn an_abandoned_lease_is_taken_over(store: Store) -> Outcome {
    let started = Instant::now();
    same(
        &store.lease(&key(1), &holder(1), NOW, 1).await?,
        &Lease::Granted,
        "the first",
    )?;
    let taken = poll(&store, 2, started).await?;
    same(&taken, &Lease::TakenOver, "once it ran out")?;
    store.release(&key(1), &holder(1)).await?;
    let late = store.lease(&key(1), &holder(1), since(started), 1).await?;
    same(&late, &Lease::Held, "the first holder, late")?;
    store.release(&key(1), &holder(2)).await?;
    let next = store.lease(&key(1), &holder(3), since(started), 1).await?;
    same(&next, &Lease::Granted, "given back after all")
}

pub(super) async fn a_prolonged_lease_lasts(store: Store) -> Outcome {
    let started = Instant::now();
    store.lease(&key(1), &holder(1), NOW, 1).await?;
    store.lease(&key(1), &holder(1), NOW, 600).await?;
    while since(started) < NOW.plus(2) {
        let other = store.lease(&key(1), &holder(2), since(started), 1).await?;
        same(&other, &Lease::Held, "a lease that was prolonged")?;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

pub(super) async fn leases_and_sessions_never_pass_as_each_other(store: Store) -> Outcome {
    store.lease(&key(1), &holder(1), NOW, 60).await?;
    same(&store.load(&key(1), NOW).await?, &None, "a session")?;
    same(&store.remove(&key(1)).await?, &None, "a session removed")?;
    store.insert(&key(1), record(1)).await?;
    store.release(&key(1), &holder(1)).await?;
    let found = store.load(&key(1), LATER.plus(-1)).await?;
    ensure(found.is_some(), "the session went with the lease")?;
    store.lease(&key(1), &holder(1), NOW, 60).await?;
    store.remove(&key(1)).await?;
    let other = store.lease(&key(1), &holder(2), NOW, 60).await?;
    same(&other, &Lease::Held, "the lease went with the session")
}

/// Asks until the answer is another than "held". Time goes on by the store's clock and in
/// what it is told, whichever it goes by.
async fn poll(store: &Store, n: u8, started: Instant) -> Result<Lease, StoreError> {
    loop {
        let answer = store
            .lease(&key(1), &holder(n), since(started), 600)
            .await?;
        if answer != Lease::Held {
            return Ok(answer);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn holder(n: u8) -> Holder {
    Holder::from_bytes([n; 16])
}
