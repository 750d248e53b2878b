//! What a verifier may demand beside a good signature, and whose tokens it takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cogward_jwt::{
    AccessClaims, AnyClaims, Claims as _, ClientIds, IdClaims, Keys, Revocations, UserPool,
    Verifier, VerifyError,
};
use serde_json::{Value, json};

use crate::issuer::{CLIENT, ISSUER, NOW, Signer, access_claims, id_claims, key_set, with};

const OTHER: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other0001";

fn pool(issuer: &str, signer: &Signer) -> UserPool {
    UserPool::custom(issuer, Keys::preloaded(key_set(&[signer])))
}

#[tokio::test]
async fn several_pools_have_keys_and_clients_of_their_own() {
    let (one, two) = (Signer::new("one"), Signer::new("two"));
    let verifier = Verifier::<AccessClaims>::new(pool(ISSUER, &one), CLIENT)
        .or(pool(OTHER, &two), ["abroad", "mobile"]);
    let token = |signer: &Signer, issuer: &str, client: &str| {
        let claims = with(access_claims(), "iss", json!(issuer));
        signer.token(&with(claims, "client_id", json!(client)))
    };
    for good in [
        token(&one, ISSUER, CLIENT),
        token(&two, OTHER, "abroad"),
        token(&two, OTHER, "mobile"),
    ] {
        assert!(verifier.verify_at(&good, NOW).await.is_ok());
        assert!(verifier.verify_held_at(&good, NOW).is_ok());
    }
    for (bad, why) in [
        (token(&one, OTHER, "abroad"), "UnknownKey"),
        (token(&two, ISSUER, CLIENT), "UnknownKey"),
        (token(&one, ISSUER, "abroad"), "Audience"),
        (token(&two, OTHER, CLIENT), "Audience"),
        (token(&one, &format!("{ISSUER}/"), CLIENT), "Issuer"),
    ] {
        let error = verifier.verify_at(&bad, NOW).await.unwrap_err();
        assert_eq!(format!("{error:?}"), why);
    }
}

/// Two pools whose keys go by one name: each is asked for its own.
#[tokio::test]
async fn a_key_counts_for_its_own_pool_only() {
    let (one, two) = (Signer::new("same"), Signer::new("same"));
    let verifier =
        Verifier::<AccessClaims>::new(pool(ISSUER, &one), CLIENT).or(pool(OTHER, &two), CLIENT);
    let of = |issuer: &str| with(access_claims(), "iss", json!(issuer));
    assert!(
        verifier
            .verify_at(&one.token(&of(ISSUER)), NOW)
            .await
            .is_ok()
    );
    assert!(
        verifier
            .verify_at(&two.token(&of(OTHER)), NOW)
            .await
            .is_ok()
    );
    for forged in [two.token(&of(ISSUER)), one.token(&of(OTHER))] {
        let error = verifier.verify_at(&forged, NOW).await.unwrap_err();
        assert!(matches!(error, VerifyError::Signature));
    }
    let nobody = two.token(&with(access_claims(), "iss", Value::Null));
    let error = verifier.verify_at(&nobody, NOW).await.unwrap_err();
    assert!(matches!(error, VerifyError::Issuer));
}

#[tokio::test]
async fn the_kind_of_token_is_the_type() {
    let signer = Signer::new("k");
    let pool = pool(ISSUER, &signer);
    let id = Verifier::<IdClaims>::new(pool.clone(), CLIENT);
    let access = Verifier::<AccessClaims>::new(pool.clone(), CLIENT);
    let any = Verifier::<AnyClaims>::new(pool, CLIENT);
    let (id_token, access_token) = (signer.token(&id_claims()), signer.token(&access_claims()));
    assert!(id.verify_at(&access_token, NOW).await.is_err());
    assert!(access.verify_at(&id_token, NOW).await.is_err());
    let claims = any.verify_at(&id_token, NOW).await.unwrap();
    assert!(matches!(&*claims, AnyClaims::Id(_)));
    assert_eq!(
        (claims.email(), claims.scope()),
        (Some("jane@example.com"), "")
    );
    let claims = any.verify_at(&access_token, NOW).await.unwrap();
    assert!(matches!(&*claims, AnyClaims::Access(_)) && claims.has_scope("openid"));
    assert_eq!((claims.email(), claims.username()), (None, Some("janedoe")));
    let neither = signer.token(&with(access_claims(), "token_use", json!("refresh")));
    let error = any.verify_at(&neither, NOW).await.unwrap_err();
    assert!(matches!(error, VerifyError::TokenUse));
}

#[tokio::test]
async fn groups_and_scopes_are_demanded_exactly() {
    let signer = Signer::new("k");
    let verifier = || Verifier::<AccessClaims>::new(pool(ISSUER, &signer), CLIENT);
    let token = signer.token(&access_claims());
    let verdict = async |verifier: Verifier<AccessClaims>| {
        let verdict = verifier.verify_at(&token, NOW).await;
        verdict.map(drop).map_err(|error| {
            assert!(error.is_insufficient() && !error.is_transient());
            format!("{error:?}")
        })
    };
    let (no_group, no_scope) = (Err("Group".to_owned()), Err("Scope".to_owned()));
    assert_eq!(verdict(verifier().require_group("admin")).await, Ok(()));
    assert_eq!(
        verdict(verifier().require_any_group(&["x", "admin"])).await,
        Ok(())
    );
    for group in [
        "Admin",
        " admin",
        "admin ",
        "adm",
        "",
        "\u{430}dmin",
        "admin\u{200b}",
    ] {
        assert_eq!(
            verdict(verifier().require_group(group)).await,
            no_group,
            "{group:?}"
        );
    }
    assert_eq!(verdict(verifier().require_any_group(&[])).await, no_group);
    let both = verifier().require_group("admin").require_group("staff");
    assert_eq!(verdict(both).await, no_group);
    let scopes = verifier()
        .require_scope("openid")
        .require_any_scope(&["x", "profile"]);
    assert_eq!(
        scopes.wanted_scopes().collect::<Vec<_>>(),
        ["openid", "x", "profile"]
    );
    assert_eq!(verdict(scopes).await, Ok(()));
    for scope in ["open", "openid profile", "", "OPENID"] {
        assert_eq!(
            verdict(verifier().require_scope(scope)).await,
            no_scope,
            "{scope:?}"
        );
    }
}

#[tokio::test]
async fn a_machine_is_no_person() {
    let signer = Signer::new("k");
    let claims = with(access_claims(), "username", Value::Null);
    let machine = signer.token(&with(claims, "sub", json!(CLIENT)));
    let verifier = Verifier::<AccessClaims>::new(pool(ISSUER, &signer), CLIENT);
    assert!(verifier.verify_at(&machine, NOW).await.is_ok());
    let people = verifier.people_only();
    let nameless = signer.token(&with(access_claims(), "username", json!("")));
    for machine in [machine, nameless] {
        let error = people.verify_at(&machine, NOW).await.unwrap_err();
        assert!(matches!(error, VerifyError::NotAPerson));
    }
    assert!(
        people
            .verify_at(&signer.token(&access_claims()), NOW)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn any_client_is_taken_only_when_that_is_said() {
    let signer = Signer::new("k");
    let any = Verifier::<AccessClaims>::new(pool(ISSUER, &signer), ClientIds::any());
    let token = |client: Value| signer.token(&with(access_claims(), "client_id", client));
    assert!(any.verify_at(&token(json!("whichever")), NOW).await.is_ok());
    for none in [Value::Null, json!(""), json!(7), json!(["whichever"])] {
        let error = any.verify_at(&token(none), NOW).await.unwrap_err();
        assert!(matches!(error, VerifyError::Audience));
    }
}

#[tokio::test]
async fn a_check_of_ones_own_comes_last_and_tells_why() {
    let signer = Signer::new("k");
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let verifier = Verifier::<IdClaims>::new(pool(ISSUER, &signer), CLIENT).check(move |claims| {
        counter.fetch_add(1, Ordering::SeqCst);
        match claims.claim("custom:tenant")? {
            Some("blue") => Ok(()),
            other => Err(format!("tenant {other:?} is not ours").into()),
        }
    });
    assert!(
        verifier
            .verify_at(&signer.token(&id_claims()), NOW)
            .await
            .is_ok()
    );
    let red = signer.token(&with(id_claims(), "custom:tenant", json!("red")));
    let error = verifier.verify_at(&red, NOW).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, r#"tenant Some("red") is not ours"#);
    assert!(!error.to_string().contains("red"));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    let expired = signer.token(&with(id_claims(), "exp", json!(NOW)));
    assert!(verifier.verify_at(&expired, NOW).await.is_err());
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_revocation_covers_one_user_up_to_its_second() {
    let signer = Signer::new("k");
    let revocations = Arc::new(Revocations::default());
    let verifier = Verifier::<AccessClaims>::new(pool(ISSUER, &signer), CLIENT)
        .revocations(Arc::clone(&revocations));
    let token = |sub: &str, iat: i64| {
        let claims = with(access_claims(), "sub", json!(sub));
        signer.token(&with(claims, "iat", json!(iat)))
    };
    revocations.revoke(ISSUER, "jane", NOW - 5);
    revocations.revoke(OTHER, "john", NOW);
    let verdict = async |sub, iat| verifier.verify_at(&token(sub, iat), NOW).await;
    for iat in [NOW - 100, NOW - 5] {
        let error = verdict("jane", iat).await.unwrap_err();
        assert!(matches!(error, VerifyError::Revoked));
    }
    assert!(verdict("jane", NOW - 4).await.is_ok());
    assert!(verdict("john", NOW - 100).await.is_ok());
    // An older mark takes nothing back; a day later no token of then is alive.
    revocations.revoke(ISSUER, "jane", NOW - 50);
    assert!(verdict("jane", NOW - 5).await.is_err());
    revocations.prune(NOW);
    revocations.revoke(ISSUER, "a user of the far future", i64::MAX);
    assert!(verdict("jane", NOW - 5).await.is_err());
    revocations.prune(NOW + 2 * 24 * 3600);
    assert!(verdict("jane", NOW - 5).await.is_ok());
}

#[tokio::test]
async fn a_pool_named_twice_has_the_clients_of_both() {
    let signer = Signer::new("k");
    let pool = pool(ISSUER, &signer);
    let verifier = Verifier::<AccessClaims>::new(pool.clone(), "web").or(pool.clone(), "mobile");
    let token = |client: &str| signer.token(&with(access_claims(), "client_id", json!(client)));
    assert!(verifier.verify_at(&token("web"), NOW).await.is_ok());
    assert!(verifier.verify_at(&token("mobile"), NOW).await.is_ok());
    assert!(verifier.verify_at(&token("other"), NOW).await.is_err());
    let any = verifier.or(pool, ClientIds::any());
    assert!(any.verify_at(&token("other"), NOW).await.is_ok());
}
