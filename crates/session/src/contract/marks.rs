use super::support::{LATER, NOW, Store, concurrently, key, record, user};
use super::{Outcome, ensure, same};
use crate::mark::RevocationMark;
use crate::record::Record;
use crate::time::Timestamp;

pub(super) async fn marks_of_one_user_merge(store: Store) -> Outcome {
    same(&store.mark(&[user(1)], NOW).await?, &None, "before any")?;
    let (mut merged, steps) = (mark(0, Some(1)), [(2, Some(2)), (1, Some(2)), (2, None)]);
    store.put_mark(&user(1), merged, LATER).await?;
    same(&store.mark(&[user(1)], NOW).await?, &Some(merged), "one")?;
    for (second, spared) in steps {
        let next = mark(second, spared);
        merged = merged.merge(next);
        store.put_mark(&user(1), next, LATER).await?;
        let found = store.mark(&[user(1)], NOW).await?;
        same(&found, &Some(merged), "merged with the next")?;
        store.put_mark(&user(1), next, LATER).await?;
        let found = store.mark(&[user(1)], NOW).await?;
        same(&found, &Some(merged), "the next once more")?;
    }
    Ok(())
}

pub(super) async fn marks_of_all_indexes_are_one(store: Store) -> Outcome {
    store.put_mark(&user(1), mark(0, Some(1)), LATER).await?;
    store.put_mark(&user(2), mark(1, Some(2)), LATER).await?;
    store.put_mark(&user(3), mark(9, None), NOW).await?;
    for (users, expected) in [
        (vec![], None),
        (vec![user(9)], None),
        (vec![user(9), user(1)], Some(mark(0, Some(1)))),
        (
            vec![user(1), user(2)],
            Some(mark(0, Some(1)).merge(mark(1, Some(2)))),
        ),
        // One of them expired.
        (vec![user(3), user(2)], Some(mark(1, Some(2)))),
    ] {
        let found = store.mark(&users, NOW).await?;
        same(&found, &expected, "the mark of several indexes")?;
    }
    Ok(())
}

pub(super) async fn of_concurrent_marks_none_is_lost(store: Store) -> Outcome {
    let of = |n: u8| mark(i64::from(n % 10), Some(n % 5));
    let answers = concurrently(&store, move |store, n| async move {
        store.put_mark(&user(1), of(n), LATER).await?;
        store
            .mark(&[user(1)], NOW)
            .await
            .map(|found| (of(n), found))
    })
    .await?;
    let mut all = mark(0, None);
    for answer in answers {
        let (own, found) = answer?;
        let holds = found.is_some_and(|found| found.merge(own) == found);
        ensure(holds, "a mark was answered and is not there")?;
        all = all.merge(own);
    }
    same(&store.mark(&[user(1)], NOW).await?, &Some(all), "all")
}

pub(super) async fn an_expired_mark_is_none_while_still_there(store: Store) -> Outcome {
    store.put_mark(&user(1), mark(0, None), LATER).await?;
    for (now, there) in [(LATER.plus(-1), true), (LATER, false)] {
        let found = store.mark(&[user(1)], now).await?;
        same(&found.is_some(), &there, "at its end")?;
    }
    // A mark that ends earlier does not cut the other short.
    store.put_mark(&user(1), mark(1, None), NOW).await?;
    let found = store.mark(&[user(1)], LATER.plus(-1)).await?;
    same(&found, &Some(mark(1, None)), "before the later end")?;
    store
        .put_mark(&user(1), mark(0, None), LATER.plus(9))
        .await?;
    let found = store.mark(&[user(1)], LATER.plus(8)).await?;
    same(&found, &Some(mark(1, None)), "with a later end")
}

pub(super) async fn sweep_takes_marks_and_is_bounded(store: Store) -> Outcome {
    for n in 0..9 {
        let expires_at = if n < 7 { NOW } else { LATER };
        store.put_mark(&user(n), mark(0, None), expires_at).await?;
    }
    same(&store.sweep(NOW, 0).await?, &0, "a sweep of nothing")?;
    let first = store.sweep(NOW, 4).await?;
    let second = store.sweep(NOW, 4).await?;
    // A store that expires marks itself may have nothing to sweep.
    let swept = [(4, 3), (0, 0)].contains(&(first, second));
    ensure(swept, format!("{first} and {second} of 7 swept"))?;
    let before = if first == 0 { NOW } else { NOW.plus(-1) };
    for n in 0..9 {
        let found = store.mark(&[user(n)], before).await?;
        same(&found.is_some(), &(n >= 7), "a mark after the sweep")?;
    }
    Ok(())
}

pub(super) async fn extreme_times_of_marks_survive(store: Store) -> Outcome {
    let millis = NOW.as_secs() * 1000;
    let extremes = [i64::MIN, -1, 0, 1, 1 << 31, millis, i64::MAX].map(Timestamp::from_secs);
    for (n, at) in (0..).zip(extremes) {
        let mark = RevocationMark::new(at, Some([n; 32]));
        store.put_mark(&user(n), mark, LATER).await?;
        let found = store.mark(&[user(n)], NOW).await?;
        same(&found, &Some(mark), "an extreme mark")?;
        store.put_mark(&user(100 + n), mark, at).await?;
        let found = store.mark(&[user(100 + n)], NOW).await?;
        same(&found.is_some(), &(NOW < at), "an extreme end")?;
        let last = Timestamp::from_secs(i64::MAX);
        let found = store.mark(&[user(n), user(100 + n)], last).await?;
        same(&found, &None, "at the end of time")?;
    }
    store.sweep(NOW, 1000).await?;
    let users: Vec<_> = (0..7).map(user).collect();
    let found = store.mark(&users, NOW).await?;
    let latest = found.map(|mark| mark.before);
    same(&latest, &extremes.last().copied(), "all, after a sweep")
}

pub(super) async fn marks_and_sessions_never_pass_as_each_other(store: Store) -> Outcome {
    store.put_mark(&user(1), mark(0, None), LATER).await?;
    same(&store.list(&[user(1)], NOW).await?.len(), &0, "sessions")?;
    same(&store.load(&key(1), NOW).await?, &None, "a session")?;
    let of_another = Record {
        user: user(2),
        ..record(1)
    };
    store.insert(&key(1), of_another).await?;
    same(&store.mark(&[user(2)], NOW).await?, &None, "a mark")?;
    store.remove(&key(1)).await?;
    let found = store.mark(&[user(1)], NOW).await?;
    same(&found, &Some(mark(0, None)), "the mark")
}

fn mark(second: i64, spared: Option<u8>) -> RevocationMark {
    RevocationMark::new(NOW.plus(second), spared.map(|n| [n; 32]))
}
