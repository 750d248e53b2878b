//! What an accepted token says, and which of its claims decide.

use cogward_jwt::alb::{AlbError, VerifiedAlb};
use serde_json::{Value, json};

use super::{ARN, CLIENT, ISSUER, NOW, OTHER_ARN, Signer, error_of, header, payload};
use crate::issuer::with;

#[tokio::test]
async fn a_load_balancers_token_passes_with_its_claims_typed() {
    let signer = Signer::new();
    let token = signer.token();
    let person = signer.verifier().verify_at(&token, NOW).await.unwrap();
    assert_eq!(person.sub, "23d498b2-3031-70d2-8a15-49dd886a087b");
    assert_eq!(person.username.as_deref(), Some("janedoe"));
    assert_eq!(person.email.as_deref(), Some("jane@example.com"));
    assert!(person.email_verified);
    assert_eq!((person.name, person.family_name), (None, None));
    assert_eq!(person.given_name.as_deref(), Some("Jane"));
    assert_eq!(
        (&*person.signer, &*person.client, &*person.iss, person.exp),
        (ARN, CLIENT, ISSUER, NOW + 120)
    );
}

#[tokio::test]
async fn any_claim_can_be_read_and_none_of_the_persons_is_printed() {
    let signer = Signer::new();
    let verifier = signer.verifier();
    let person: VerifiedAlb = verifier.verify_at(&signer.token(), NOW).await.unwrap();
    assert_eq!(person.claim::<u8>("custom:level").unwrap(), Some(7));
    assert_eq!(person.claim::<u8>("custom:other").unwrap(), None);
    assert!(person.claim::<u8>("email").is_err());
    assert_eq!(person.json(), payload().to_string());
    let shown = format!("{person:?}");
    assert!(shown.contains(ARN), "{shown}");
    assert!(
        !shown.contains("jane") && !shown.contains("Jane") && !shown.contains("23d498b2"),
        "{shown}"
    );
}

#[tokio::test]
async fn an_address_counts_as_verified_only_when_the_claim_is_true() {
    let signer = Signer::new();
    for (claim, verified) in [
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("false"), false),
        (json!("TRUE"), false),
        (json!(1), false),
        (json!(["true"]), false),
        (Value::Null, false),
    ] {
        let payload = with(payload(), "email_verified", claim.clone()).to_string();
        let token = signer.sign(&header().to_string(), &payload);
        let person = signer.verifier().verify_at(&token, NOW).await.unwrap();
        assert_eq!(person.email_verified, verified, "{claim}");
    }
}

#[tokio::test]
async fn further_load_balancers_and_clients_are_accepted_when_named() {
    let signer = Signer::new();
    let theirs = with(header(), "signer", json!(OTHER_ARN));
    let token = signer.sign(&theirs.to_string(), &payload().to_string());
    let wider = signer.verifier().or_load_balancer(OTHER_ARN).unwrap();
    let person = wider.verify_at(&token, NOW).await.unwrap();
    assert_eq!(&*person.signer, OTHER_ARN);
    assert!(wider.verify_at(&signer.token(), NOW).await.is_ok());

    let theirs = with(header(), "client", json!("second"));
    let token = signer.sign(&theirs.to_string(), &payload().to_string());
    let wider = signer.verifier().or_client("second").unwrap();
    let person = wider.verify_at(&token, NOW).await.unwrap();
    assert_eq!(&*person.client, "second");
    assert!(wider.verify_at(&signer.token(), NOW).await.is_ok());
}

#[tokio::test]
async fn t115_every_required_claim_decides() {
    let signer = Signer::new();
    let verifier = signer.verifier();
    for (name, value, expected) in [
        ("iss", json!("https://evil.example"), "Issuer"),
        ("iss", json!([ISSUER]), "Issuer"),
        ("exp", json!(NOW), "Expired"),
        (
            "exp",
            json!((NOW + 120).to_string()),
            "Claim { name: \"exp\" }",
        ),
        ("exp", json!(NOW as f64 + 120.0), "Claim { name: \"exp\" }"),
        ("exp", Value::Null, "Claim { name: \"exp\" }"),
        ("nbf", json!(NOW + 1), "NotYetValid"),
        ("nbf", json!("soon"), "Claim { name: \"nbf\" }"),
        ("sub", json!(""), "Claim { name: \"sub\" }"),
        ("sub", json!(7), "Claim { name: \"sub\" }"),
        ("sub", Value::Null, "Claim { name: \"sub\" }"),
        ("email", json!(["a@b"]), "Claim { name: \"email\" }"),
        ("username", json!({}), "Claim { name: \"username\" }"),
    ] {
        let payload = with(payload(), name, value.clone()).to_string();
        let token = signer.sign(&header().to_string(), &payload);
        assert_eq!(
            error_of(&verifier, &token).await,
            expected,
            "{name}: {value}"
        );
    }
    let payload = with(payload(), "iss", Value::Null).to_string();
    let token = signer.sign(&header().to_string(), &payload);
    assert!(verifier.verify_at(&token, NOW).await.is_ok());
}

#[tokio::test]
async fn both_expiries_count_and_leeway_moves_them_by_300_seconds_at_most() {
    let signer = Signer::new();
    let expiring = |in_header, in_payload| {
        let header = with(header(), "exp", json!(in_header)).to_string();
        signer.sign(
            &header,
            &with(payload(), "exp", json!(in_payload)).to_string(),
        )
    };
    for token in [expiring(NOW + 5, NOW + 9), expiring(NOW + 9, NOW + 5)] {
        let verifier = signer.verifier();
        let at = async |now| verifier.verify_at(&token, now).await;
        assert_eq!(at(NOW + 4).await.unwrap().exp, NOW + 5);
        assert!(matches!(at(NOW + 5).await, Err(AlbError::Expired)));
        let lenient = signer.verifier().leeway(3600);
        assert!(lenient.verify_at(&token, NOW + 304).await.is_ok());
        let late = lenient.verify_at(&token, NOW + 305).await;
        assert!(matches!(late, Err(AlbError::Expired)));
    }
}

#[tokio::test]
async fn the_systems_clock_is_todays() {
    let signer = Signer::new();
    let dated = |exp: i64| {
        let header = with(header(), "exp", json!(exp)).to_string();
        signer.sign(&header, &with(payload(), "exp", json!(exp)).to_string())
    };
    let verifier = signer.verifier();
    let [year_2020, year_2200] = [1_577_836_800, 7_258_118_400];
    assert!(matches!(
        verifier.verify(&dated(year_2020)).await,
        Err(AlbError::Expired)
    ));
    assert!(verifier.verify(&dated(year_2200)).await.is_ok());
}
