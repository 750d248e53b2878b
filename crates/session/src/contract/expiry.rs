use super::support::{LATER, NOW, Store, key, login, record, user};
use super::{Outcome, ensure, same};
use crate::record::Record;
use crate::store::{LoginKey, Replaced};
use crate::time::Timestamp;

pub(super) async fn an_expired_record_is_none_while_still_there(store: Store) -> Outcome {
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

pub(super) async fn an_expired_login_is_none_and_gone(store: Store) -> Outcome {
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

pub(super) async fn sweep_is_bounded_and_spares_the_living(store: Store) -> Outcome {
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

pub(super) async fn extreme_times_survive_and_never_overflow(store: Store) -> Outcome {
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
