use std::time::Duration;

use tokio::time::Instant;

use super::support::{NOW, Store, concurrently, key, since};
use super::{Outcome, ensure, same};
use crate::budget::{BudgetKey, Quota, Taken};
use crate::lease::{Holder, Lease};
use crate::store::StoreError;

/// Longer than a case takes, whatever clock counts.
const LONG: u16 = 3600;

pub(super) async fn after_a_burst_the_wait_is_told(store: Store) -> Outcome {
    let quota = Quota::new(3, LONG);
    same(&granted(&store, 1, quota, 3).await?, &3, "of the burst")?;
    for _ in 0..5 {
        match store.take_from(&budget(1), quota, NOW).await? {
            Taken::Granted => ensure(false, "one beyond the burst")?,
            // It has its time from the first of them, and refusals put nothing off.
            Taken::Refused { seconds } => ensure(
                (u32::from(LONG) - 60..=u32::from(LONG)).contains(&seconds),
                format!("{seconds} s to wait"),
            )?,
        }
    }
    Ok(())
}

pub(super) async fn of_concurrent_takers_no_more_than_the_burst_get_one(store: Store) -> Outcome {
    let quota = Quota::new(7, LONG);
    let takers = async |n| {
        let answers = concurrently(&store, |store, _| async move {
            store.take_from(&budget(n), quota, NOW).await
        });
        let answers = answers.await?.into_iter().collect::<Result<Vec<_>, _>>()?;
        let granted = answers.iter().filter(|&&answer| answer == Taken::Granted);
        same(&granted.count(), &7, "of fifty")
    };
    takers(1).await?;
    // The same upon one that was there.
    store.take_from(&budget(2), quota, NOW).await?;
    store.give_back(&budget(2), quota, NOW).await?;
    takers(2).await
}

pub(super) async fn what_was_taken_comes_back_with_time(store: Store) -> Outcome {
    let (started, quota) = (Instant::now(), Quota::new(2, 1));
    let mut count = 0;
    while started.elapsed() < Duration::from_secs(3) {
        let now = since(started);
        match store.take_from(&budget(1), quota, now).await? {
            Taken::Granted => count += 1,
            Taken::Refused { seconds } => same(&seconds, &1, "the wait")?,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Two at once and one a second; where seconds are not parted, one more.
    let most = 4 + started.elapsed().as_secs();
    ensure(
        (4..=most).contains(&count),
        format!("{count} taken, {most} at most"),
    )
}

pub(super) async fn what_is_given_back_can_be_taken_again_and_no_more(store: Store) -> Outcome {
    let quota = Quota::new(2, LONG);
    store.give_back(&budget(1), quota, NOW).await?;
    same(&granted(&store, 1, quota, 5).await?, &2, "of a full one")?;
    store.give_back(&budget(1), quota, NOW).await?;
    same(&granted(&store, 1, quota, 5).await?, &1, "of one given")?;
    concurrently(&store, |store, _| async move {
        store.give_back(&budget(1), quota, NOW).await
    })
    .await?
    .into_iter()
    .collect::<Result<Vec<_>, _>>()?;
    same(&granted(&store, 1, quota, 5).await?, &2, "of fifty given")
}

pub(super) async fn a_budget_is_of_one_key(store: Store) -> Outcome {
    let quota = Quota::new(1, LONG);
    for n in 0..5 {
        same(&granted(&store, n, quota, 2).await?, &1, "of each")?;
    }
    store.give_back(&budget(1), quota, NOW).await?;
    same(&granted(&store, 2, quota, 1).await?, &0, "of another's")
}

/// A setting was changed: nobody waits longer than it says now.
pub(super) async fn a_smaller_quota_counts_at_once(store: Store) -> Outcome {
    granted(&store, 1, Quota::new(100, LONG), 50).await?;
    let refused = store.take_from(&budget(1), Quota::new(2, 60), NOW).await?;
    same(&refused, &Taken::Refused { seconds: 60 }, "the smaller one")
}

/// So it is once a clock was ahead, or the quota was another: nobody waits for that time.
pub(super) async fn what_is_too_far_ahead_comes_back_in_time(store: Store) -> Outcome {
    let (once, quota) = (NOW.plus(1_000_000), Quota::new(1, 1));
    let largest = Quota::new(1, u16::MAX);
    let first = store.take_from(&budget(1), largest, once).await?;
    same(&first, &Taken::Granted, "when the clock was ahead")?;
    let started = Instant::now();
    let mut taken = store.take_from(&budget(1), quota, NOW).await?;
    same(&taken, &Taken::Refused { seconds: 1 }, "at first")?;
    while taken != Taken::Granted && started.elapsed() < Duration::from_secs(4) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        taken = store.take_from(&budget(1), quota, since(started)).await?;
    }
    same(&taken, &Taken::Granted, "a second later")
}

pub(super) async fn the_largest_quota_never_overflows(store: Store) -> Outcome {
    let largest = Quota::new(u16::MAX, u16::MAX);
    same(&granted(&store, 1, largest, 3).await?, &3, "taken")?;
    store.give_back(&budget(1), largest, NOW).await?;
    let smallest = store
        .take_from(&budget(1), Quota::new(1, u16::MAX), NOW)
        .await?;
    let refused = matches!(smallest, Taken::Refused { .. });
    ensure(refused, format!("{smallest:?}"))
}

pub(super) async fn full_budgets_are_swept_and_others_are_not(store: Store) -> Outcome {
    let started = Instant::now();
    for n in 0..5 {
        granted(&store, n, Quota::new(1, 1), 1).await?;
    }
    granted(&store, 9, Quota::new(1, LONG), 1).await?;
    same(&store.sweep(NOW, 0).await?, &0, "a sweep of nothing")?;
    let mut total = 0;
    while total < 5 && started.elapsed() < Duration::from_secs(4) {
        let swept = store.sweep(since(started), 2).await?;
        ensure(swept <= 2, format!("{swept} swept, 2 allowed"))?;
        total += swept;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // A store that expires budgets itself may have nothing to sweep.
    ensure(total == 5 || total == 0, format!("{total} of 5 swept"))?;
    let later = since(started);
    let other = store
        .take_from(&budget(9), Quota::new(1, LONG), later)
        .await?;
    ensure(other != Taken::Granted, "one that is not full was swept")?;
    let again = store.take_from(&budget(1), Quota::new(1, 1), later).await?;
    same(&again, &Taken::Granted, "one that was")
}

pub(super) async fn budgets_and_leases_never_pass_as_each_other(store: Store) -> Outcome {
    granted(&store, 1, Quota::new(1, LONG), 1).await?;
    let holder = Holder::from_bytes([1; 16]);
    let lease = store.lease(&key(1), &holder, NOW, 60).await?;
    same(&lease, &Lease::Granted, "a lease")?;
    same(&store.load(&key(1), NOW).await?, &None, "a session")?;
    same(&store.remove(&key(1)).await?, &None, "a session removed")?;
    store.release(&key(1), &holder).await?;
    same(
        &granted(&store, 1, Quota::new(1, LONG), 1).await?,
        &0,
        "gone",
    )
}

/// Of so many that are asked for.
async fn granted(store: &Store, n: u8, quota: Quota, times: usize) -> Result<usize, StoreError> {
    let mut count = 0;
    for _ in 0..times {
        let taken = store.take_from(&budget(n), quota, NOW).await?;
        count += usize::from(taken == Taken::Granted);
    }
    Ok(count)
}

fn budget(n: u8) -> BudgetKey {
    BudgetKey::from_bytes([n; 32])
}
