//! Remembering verified tokens changes what they cost, and nothing of what is accepted
//! (threat 112).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use cogward_jwt::{
    AccessClaims, FetchKeys, Fetching, IdClaims, KeySet, Keys, Revocations, TokenCache, UserPool,
    Verifier, VerifyError,
};
use serde_json::json;

use crate::issuer::{CLIENT, ISSUER, NOW, Signer, access_claims, id_claims, key_set, with};

/// An issuer that publishes what it is told to.
struct Published(Mutex<KeySet>);

impl FetchKeys for Published {
    fn fetch(&self) -> Fetching<'_> {
        Box::pin(std::future::ready(Ok(self.0.lock().unwrap().clone())))
    }
}

fn pool(signer: &Signer) -> UserPool {
    UserPool::custom(ISSUER, Keys::preloaded(key_set(&[signer])))
}

#[tokio::test]
async fn a_remembered_token_gives_the_same_claims_until_it_expires() {
    let (signer, cache) = (Signer::new("k"), TokenCache::new(10));
    let verifier = Verifier::<AccessClaims>::new(pool(&signer), CLIENT).cache(cache.clone());
    let token = signer.token(&access_claims());
    let first = verifier.verify_at(&token, NOW).await.unwrap();
    assert_eq!(cache.len(), 1);
    let again = verifier.verify_at(&token, NOW + 3599).await.unwrap();
    assert!(
        std::ptr::eq(&raw const *first, &raw const *again),
        "not remembered"
    );
    let error = verifier.verify_at(&token, NOW + 3600).await.unwrap_err();
    assert!(matches!(error, VerifyError::Expired) && cache.is_empty());
    let early = verifier.verify_at(&token, NOW - 3600).await.unwrap_err();
    assert!(matches!(early, VerifyError::NotYetValid));
}

#[tokio::test]
async fn nothing_that_was_refused_is_remembered() {
    let (signer, cache) = (Signer::new("k"), TokenCache::new(10));
    let verifier = Verifier::<AccessClaims>::new(pool(&signer), CLIENT)
        .require_group("nobody")
        .cache(cache.clone());
    let token = signer.token(&access_claims());
    let forged = Signer::new("k").token(&access_claims());
    let expired = signer.token(&with(access_claims(), "exp", json!(NOW)));
    for token in [&token, &forged, &expired, "a.b.c", ""] {
        assert!(verifier.verify_at(token, NOW).await.is_err());
    }
    assert!(cache.is_empty());
}

/// Every byte counts: no other spelling of a remembered token is taken for it.
#[tokio::test]
async fn a_changed_token_is_not_the_remembered_one() {
    let signer = Signer::new("k");
    let verifier = Verifier::<AccessClaims>::new(pool(&signer), CLIENT).cache(TokenCache::new(10));
    let token = signer.token(&access_claims());
    verifier.verify_at(&token, NOW).await.unwrap();
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] ^= 1;
        let changed = String::from_utf8(changed).unwrap();
        assert!(
            verifier.verify_at(&changed, NOW).await.is_err(),
            "byte {at}"
        );
    }
    for spelled in [
        format!("{token}="),
        format!(" {token}"),
        format!("{token}\n"),
    ] {
        assert!(verifier.verify_at(&spelled, NOW).await.is_err());
    }
    assert!(verifier.verify_at(&token, NOW).await.is_ok());
}

/// One cache for several verifiers: an entry of one policy is nothing to another.
#[tokio::test]
async fn a_policy_sees_only_its_own_entries() {
    let (signer, cache) = (Signer::new("k"), TokenCache::new(100));
    let pool = pool(&signer);
    let plain = || Verifier::<AccessClaims>::new(pool.clone(), CLIENT).cache(cache.clone());
    let token = signer.token(&with(access_claims(), "nbf", json!(NOW + 5)));
    let lenient = plain().leeway(10);
    lenient.verify_at(&token, NOW).await.unwrap();
    for (name, strict) in [
        ("leeway", plain()),
        (
            "client",
            Verifier::new(pool.clone(), "another")
                .leeway(10)
                .cache(cache.clone()),
        ),
        ("group", lenient_again(plain).require_group("nobody")),
        ("scope", lenient_again(plain).require_scope("nothing")),
        ("check", lenient_again(plain).check(|_| Err("never".into()))),
        ("issuer", {
            let elsewhere = UserPool::custom("https://elsewhere", Arc::clone(pool.keys()));
            Verifier::new(elsewhere, CLIENT)
                .leeway(10)
                .cache(cache.clone())
        }),
        ("keys", {
            let others = Keys::preloaded(key_set(&[&Signer::new("k")]));
            Verifier::new(UserPool::custom(ISSUER, others), CLIENT)
                .leeway(10)
                .cache(cache.clone())
        }),
    ] {
        assert!(strict.verify_at(&token, NOW).await.is_err(), "{name}");
    }
    assert_eq!(cache.len(), 1);
    // Two that demand the same share; a check is like no other.
    lenient_again(plain).verify_at(&token, NOW).await.unwrap();
    assert_eq!(cache.len(), 1);
    lenient_again(plain)
        .check(|_| Ok(()))
        .verify_at(&token, NOW)
        .await
        .unwrap();
    assert_eq!(cache.len(), 2);
}

fn lenient_again(plain: impl Fn() -> Verifier<AccessClaims>) -> Verifier<AccessClaims> {
    plain().leeway(10)
}

#[tokio::test]
async fn a_policy_made_stricter_forgets_what_it_knew() {
    let signer = Signer::new("k");
    let verifier = Verifier::<IdClaims>::new(pool(&signer), CLIENT).cache(TokenCache::new(10));
    let token = signer.token(&id_claims());
    verifier.verify_at(&token, NOW).await.unwrap();
    let stricter = verifier.require_group("nobody");
    let error = stricter.verify_at(&token, NOW).await.unwrap_err();
    assert!(matches!(error, VerifyError::Group));
}

#[tokio::test]
async fn a_withdrawn_key_takes_its_tokens_along_and_a_kept_one_does_not() {
    let (kept, withdrawn) = (Signer::new("kept"), Signer::new("withdrawn"));
    let issuer = Arc::new(Published(Mutex::new(key_set(&[&kept, &withdrawn]))));
    let keys = Keys::new(issuer.clone());
    let cache = TokenCache::new(10);
    let verifier = Verifier::<AccessClaims>::new(UserPool::custom(ISSUER, keys.clone()), CLIENT)
        .cache(cache.clone());
    let tokens = [&kept, &withdrawn].map(|signer| signer.token(&access_claims()));
    let mut first = Vec::new();
    for token in &tokens {
        first.push(verifier.verify_at(token, NOW).await.unwrap());
    }
    keys.refresh().await.unwrap();
    let same = verifier.verify_at(&tokens[0], NOW).await.unwrap();
    assert!(
        std::ptr::eq(&raw const *first[0], &raw const *same),
        "forgotten by a mere refresh"
    );

    *issuer.0.lock().unwrap() = key_set(&[&kept]);
    keys.refresh().await.unwrap();
    assert!(verifier.verify_at(&tokens[0], NOW).await.is_ok());
    let error = verifier.verify_at(&tokens[1], NOW).await.unwrap_err();
    assert!(matches!(error, VerifyError::UnknownKey));

    // Another key under the old name is another key.
    *issuer.0.lock().unwrap() = key_set(&[&Signer::new("kept")]);
    keys.refresh().await.unwrap();
    let error = verifier.verify_at(&tokens[0], NOW).await.unwrap_err();
    assert!(matches!(error, VerifyError::Signature) && cache.is_empty());
}

#[tokio::test]
async fn revocations_and_checks_reach_remembered_tokens_at_once() {
    let (signer, cache) = (Signer::new("k"), TokenCache::new(10));
    let (revocations, open) = (
        Arc::new(Revocations::default()),
        Arc::new(AtomicBool::new(true)),
    );
    let door = Arc::clone(&open);
    let verifier = Verifier::<AccessClaims>::new(pool(&signer), CLIENT)
        .revocations(Arc::clone(&revocations))
        .check(move |_| match door.load(Ordering::SeqCst) {
            true => Ok(()),
            false => Err("closed".into()),
        })
        .cache(cache.clone());
    let token = signer.token(&access_claims());
    verifier.verify_at(&token, NOW).await.unwrap();
    open.store(false, Ordering::SeqCst);
    let error = verifier.verify_at(&token, NOW).await.unwrap_err();
    assert!(matches!(error, VerifyError::Refused { .. }));
    open.store(true, Ordering::SeqCst);
    verifier.verify_at(&token, NOW).await.unwrap();
    revocations.revoke(ISSUER, "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", NOW);
    let error = verifier.verify_at(&token, NOW).await.unwrap_err();
    assert!(matches!(error, VerifyError::Revoked) && cache.is_empty());
}

#[tokio::test]
async fn a_forgotten_token_is_verified_anew() {
    let (signer, cache) = (Signer::new("k"), TokenCache::new(10));
    let verifier = Verifier::<AccessClaims>::new(pool(&signer), CLIENT).cache(cache.clone());
    let token = signer.token(&access_claims());
    verifier.verify_at(&token, NOW).await.unwrap();
    verifier.forget(&token);
    assert!(cache.is_empty());
    assert!(verifier.verify_at(&token, NOW).await.is_ok());
}

#[tokio::test]
async fn the_number_of_tokens_is_bounded() {
    let (signer, cache) = (Signer::new("k"), TokenCache::new(8));
    let verifier = Verifier::<AccessClaims>::new(pool(&signer), CLIENT).cache(cache.clone());
    for jti in 0..100 {
        let token = signer.token(&with(access_claims(), "jti", json!(format!("{jti}"))));
        verifier.verify_at(&token, NOW).await.unwrap();
        assert!(cache.len() <= 8);
    }
    assert!(!cache.is_empty());
}

/// A source that keeps its set, as one does that begins with a saved file, keeps no key alive.
#[tokio::test]
async fn a_key_lives_as_long_as_the_issuers_set_has_it_whoever_else_holds_it() {
    let (kept, withdrawn) = (Signer::new("kept"), Signer::new("withdrawn"));
    let saved = key_set(&[&kept, &withdrawn]);
    let issuer = Arc::new(Published(Mutex::new(saved.clone())));
    let keys = Keys::new(issuer.clone());
    let verifier = Verifier::<AccessClaims>::new(UserPool::custom(ISSUER, keys.clone()), CLIENT)
        .cache(TokenCache::new(10));
    let token = withdrawn.token(&access_claims());
    verifier.verify_at(&token, NOW).await.unwrap();
    *issuer.0.lock().unwrap() = key_set(&[&kept]);
    keys.refresh().await.unwrap();
    let error = verifier.verify_at(&token, NOW).await.unwrap_err();
    assert!(matches!(error, VerifyError::UnknownKey));
    drop(saved);
}

#[tokio::test]
async fn claims_that_take_much_room_are_not_remembered() {
    let (signer, cache) = (Signer::new("k"), TokenCache::new(10));
    let verifier = Verifier::<AccessClaims>::new(pool(&signer), CLIENT).cache(cache.clone());
    let groups: Vec<_> = (0..500).map(|n| format!("g{n}")).collect();
    for large in [
        with(access_claims(), "custom:filler", json!("x".repeat(9000))),
        with(access_claims(), "cognito:groups", json!(groups)),
    ] {
        let token = signer.token(&large);
        assert!(verifier.verify_at(&token, NOW).await.is_ok());
        assert!(cache.is_empty());
    }
}
