use serde_json::json;

use super::super::Base64Url;
use super::{Algorithm, NOW, RequestOptions, SUB, ceremony, creation, registered, request, strict};
use crate::web_authn::{Ceremony, CreationOptions, Credential, UserVerification};

#[test]
fn creation_options_are_those_cognito_gives() {
    let ceremony = ceremony();
    let (_, held) = registered(Algorithm::Es256);
    let held = [held];
    let options = CreationOptions::new(&ceremony, "user@example.com", "User", &held);
    let expected = json!({
        "rp": { "id": "example.com", "name": "example.com" },
        "user": {
            "id": Base64Url(SUB.into()).text(),
            "name": "user@example.com",
            "displayName": "User",
        },
        "challenge": ceremony.challenge,
        "pubKeyCredParams": [
            { "type": "public-key", "alg": -7 },
            { "type": "public-key", "alg": -257 },
            { "type": "public-key", "alg": -8 },
        ],
        "timeout": 60_000,
        "excludeCredentials": [{ "type": "public-key", "id": held[0].id.text() }],
        "authenticatorSelection": {
            "requireResidentKey": true,
            "residentKey": "required",
            "userVerification": "preferred",
        },
    });
    assert_eq!(serde_json::to_value(options).unwrap(), expected);
}

#[test]
fn request_options_are_those_cognito_gives_in_its_order() {
    let ceremony = ceremony();
    let (_, held) = registered(Algorithm::Es256);
    let held = [held];
    let options = serde_json::to_string(&RequestOptions::new(&ceremony, &held)).unwrap();
    let (challenge, id) = (&ceremony.challenge, held[0].id.text());
    let expected = format!(
        r#"{{"challenge":"{challenge}","timeout":180000,"rpId":"example.com","allowCredentials":[{{"type":"public-key","id":"{id}","transports":["hybrid","internal"]}}],"userVerification":"preferred"}}"#
    );
    assert_eq!(options, expected);
}

#[test]
fn both_options_ask_for_the_user_to_be_verified_when_the_pool_does() {
    let (_, held) = registered(Algorithm::Es256);
    let ceremony = strict();
    let created = creation(&ceremony);
    assert_eq!(
        created["authenticatorSelection"]["userVerification"],
        "required"
    );
    assert_eq!(request(&ceremony, &held)["userVerification"], "required");
}

#[test]
fn every_ceremony_has_a_challenge_of_its_own_of_256_bits() {
    let (one, other) = (ceremony(), ceremony());
    assert_ne!(one.challenge, other.challenge);
    assert_eq!(Base64Url::parse(&one.challenge).unwrap().0.len(), 32);
}

#[test]
fn what_is_kept_comes_back_from_json() {
    let ceremony = ceremony();
    let json = serde_json::to_string(&ceremony).unwrap();
    assert_eq!(serde_json::from_str::<Ceremony>(&json).unwrap(), ceremony);
    let (_, held) = registered(Algorithm::Rs256);
    let json = serde_json::to_string(&held).unwrap();
    assert_eq!(serde_json::from_str::<Credential>(&json).unwrap(), held);
}

#[test]
fn a_ceremony_keeps_the_relying_party_in_lower_case() {
    let random = crate::random::Random::default();
    let verification = UserVerification::Preferred;
    let ceremony = Ceremony::begin(&random, "Example.COM", SUB, "c", verification, NOW);
    assert_eq!(ceremony.rp_id, "example.com");
}
