use super::support::{LATER, NOW, Store, concurrently, record};
use super::{Outcome, ensure, same};
use crate::id::LookupKey;
use crate::store::{LoginKey, Replaced, StoreError};

pub(super) async fn of_concurrent_takers_one_gets_the_login(store: Store) -> Outcome {
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

pub(super) async fn put_login_refuses_an_existing_key(store: Store) -> Outcome {
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

pub(super) async fn logins_and_sessions_never_pass_as_each_other(store: Store) -> Outcome {
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
        &None,
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
