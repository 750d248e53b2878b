use serde_json::{Value, json};

use super::authenticator::{USER_PRESENT, USER_VERIFIED, client_data};
use super::{
    ALGORITHMS, ANSWER, Algorithm, Answer, ORIGIN, bytes, ceremony, creation, register, registered,
    request, sign_in, strict, text,
};
use crate::web_authn::assertion::Verified;
use crate::web_authn::error::Result;
use crate::web_authn::{Assertion, Base64Url, Ceremony, Credential, WebAuthnError};

const NOT_THEIRS: WebAuthnError = WebAuthnError::NotValid("it is not this user's passkey");
const FORGED: WebAuthnError = WebAuthnError::NotValid("its signature does not verify");
const WENT_BACK: WebAuthnError = WebAuthnError::NotValid("its count went back, as a copy's would");

fn refusal(result: Result<Verified>) -> WebAuthnError {
    result.unwrap_err()
}

/// Signs in with JSON that was changed.
fn changed(change: impl FnOnce(&mut Value)) -> Result<Verified> {
    let (mut authenticator, held) = registered(Algorithm::Es256);
    let ceremony = ceremony();
    let mut json = authenticator.sign_in(&request(&ceremony, &held));
    change(&mut json);
    sign_in(&json, &ceremony, &held)
}

#[test]
fn a_passkey_of_each_algorithm_signs_in_again_and_again() {
    for algorithm in ALGORITHMS {
        let (mut authenticator, mut held) = registered(algorithm);
        for count in 2..5 {
            let ceremony = ceremony();
            let json = authenticator.sign_in(&request(&ceremony, &held));
            let verified = sign_in(&json, &ceremony, &held).unwrap();
            let expected = Credential {
                sign_count: count,
                ..held.clone()
            };
            assert!(verified.user_verified);
            assert_eq!(verified.credential, expected, "{algorithm:?}");
            held = verified.credential;
        }
    }
}

#[test]
fn an_assertion_tells_which_passkey_to_look_up() {
    let (mut authenticator, held) = registered(Algorithm::Es256);
    let json = authenticator.sign_in(&request(&ceremony(), &held));
    let assertion = Assertion::parse(json.to_string().as_bytes()).unwrap();
    assert_eq!(*assertion.credential_id(), held.id);
}

#[test]
fn an_assertion_answers_one_challenge_of_one_client_in_time() {
    let (mut authenticator, held) = registered(Algorithm::Es256);
    let begun = ceremony();
    let json = authenticator.sign_in(&request(&begun, &held));
    let unknown = WebAuthnError::ChallengeNotFound;
    assert_eq!(refusal(sign_in(&json, &ceremony(), &held)), unknown);
    let assertion = Assertion::parse(json.to_string().as_bytes()).unwrap();
    let now = begun.expires_at;
    let late = assertion.verify(&begun, &Answer { now, ..ANSWER }, &held);
    assert_eq!(refusal(late), unknown);
    let client_id = "another client";
    let other = assertion.verify(
        &begun,
        &Answer {
            client_id,
            ..ANSWER
        },
        &held,
    );
    assert_eq!(refusal(other), WebAuthnError::ClientMismatch);
    assert!(assertion.verify(&begun, &ANSWER, &held).is_ok());
}

#[test]
fn a_registration_is_no_sign_in() {
    let (mut authenticator, held) = registered(Algorithm::Es256);
    let ceremony = ceremony();
    let client_data = client_data("webauthn.create", &json!(ceremony.challenge), ORIGIN);
    let data = authenticator.authenticator_data(&json!("example.com"), USER_PRESENT);
    let json = authenticator.assertion(&client_data, &data);
    let expected = WebAuthnError::NotValid("it was made for another purpose");
    assert_eq!(refusal(sign_in(&json, &ceremony, &held)), expected);
}

#[test]
fn a_foreign_page_or_relying_party_is_refused() {
    let (mut authenticator, held) = registered(Algorithm::Es256);
    let ceremony = ceremony();
    authenticator.origin = "https://evil.com".to_owned();
    let json = authenticator.sign_in(&request(&ceremony, &held));
    assert_eq!(
        refusal(sign_in(&json, &ceremony, &held)),
        WebAuthnError::OriginNotAllowed
    );
    authenticator.origin = ORIGIN.to_owned();
    authenticator.rp_id = Some("evil.com".to_owned());
    let json = authenticator.sign_in(&request(&ceremony, &held));
    let mismatch = WebAuthnError::RelyingPartyMismatch;
    assert_eq!(refusal(sign_in(&json, &ceremony, &held)), mismatch);

    // The pool's relying party was changed since the passkey was made.
    let moved = Ceremony {
        rp_id: "app.example.com".to_owned(),
        ..ceremony
    };
    authenticator.rp_id = None;
    let json = authenticator.sign_in(&request(&moved, &held));
    assert_eq!(refusal(sign_in(&json, &moved, &held)), mismatch);
}

#[test]
fn the_user_must_be_present_and_verified_where_that_is_required() {
    let attempt = |flags, ceremony: Ceremony| {
        let (mut authenticator, held) = registered(Algorithm::Es256);
        authenticator.flags = flags;
        let json = authenticator.sign_in(&request(&ceremony, &held));
        sign_in(&json, &ceremony, &held)
    };
    let absent = WebAuthnError::NotValid("its user was not present");
    assert_eq!(refusal(attempt(USER_VERIFIED, ceremony())), absent);
    let refused = refusal(attempt(USER_PRESENT, strict()));
    assert!(matches!(refused, WebAuthnError::CredentialNotSupported(_)));
    assert!(attempt(USER_PRESENT | USER_VERIFIED, strict()).is_ok());
    // Once verified is not verified this time.
    let verified = attempt(USER_PRESENT, ceremony()).unwrap();
    assert!(!verified.user_verified && verified.credential.user_verified);
}

#[test]
fn backups_are_followed_but_whether_they_may_be_never_changes() {
    let (mut authenticator, held) = registered(Algorithm::Es256);
    authenticator.flags |= 0b0000_1000;
    let asked = ceremony();
    let json = authenticator.sign_in(&request(&asked, &held));
    let expected = WebAuthnError::NotValid("it changed what backups it allows");
    assert_eq!(refusal(sign_in(&json, &asked, &held)), expected);

    let asked = ceremony();
    let held = register(&authenticator.register(&creation(&asked)), &asked).unwrap();
    authenticator.flags |= 0b0001_0000;
    let json = authenticator.sign_in(&request(&asked, &held));
    assert!(sign_in(&json, &asked, &held).unwrap().credential.backed_up);
}

#[test]
fn a_signature_of_another_key_or_over_other_bytes_is_refused() {
    for algorithm in ALGORITHMS {
        let (mut authenticator, held) = registered(algorithm);
        let (mut another, _) = registered(algorithm);
        let ceremony = ceremony();
        let options = request(&ceremony, &held);
        let mut json = authenticator.sign_in(&options);
        json["response"]["signature"] = another.sign_in(&options)["response"]["signature"].take();
        assert_eq!(refusal(sign_in(&json, &ceremony, &held)), FORGED);

        let json = authenticator.sign_in(&options);
        let signature = bytes(&json["response"]["signature"]);
        for length in 0..signature.len() {
            let mut cut = json.clone();
            cut["response"]["signature"] = text(&signature[..length]);
            assert_eq!(refusal(sign_in(&cut, &ceremony, &held)), FORGED);
        }
        let mut longer = json.clone();
        longer["response"]["signature"] = text(&[&*signature, &[0]].concat());
        assert_eq!(refusal(sign_in(&longer, &ceremony, &held)), FORGED);
    }
    let forged = changed(|json| {
        let mut data = bytes(&json["response"]["authenticatorData"]);
        data[36] ^= 0x40;
        json["response"]["authenticatorData"] = text(&data);
    });
    assert_eq!(refusal(forged), FORGED);
    let forged = changed(|json| {
        let mut data = bytes(&json["response"]["clientDataJSON"]);
        data.push(b' ');
        json["response"]["clientDataJSON"] = text(&data);
    });
    assert_eq!(refusal(forged), FORGED);
}

#[test]
fn authenticator_data_cut_short_or_with_more_is_refused() {
    let (mut authenticator, held) = registered(Algorithm::Es256);
    let ceremony = ceremony();
    let client_data = client_data("webauthn.get", &json!(ceremony.challenge), ORIGIN);
    let data = authenticator.authenticator_data(&json!("example.com"), USER_PRESENT);
    let malformed = WebAuthnError::NotValid("its authenticator data is malformed");
    for length in 0..data.len() {
        let json = authenticator.assertion(&client_data, &data[..length]);
        assert_eq!(refusal(sign_in(&json, &ceremony, &held)), malformed);
    }
    let json = authenticator.assertion(&client_data, &[&*data, &[0xA0]].concat());
    assert_eq!(refusal(sign_in(&json, &ceremony, &held)), malformed);
    let json = authenticator.assertion(&client_data, &data);
    assert!(sign_in(&json, &ceremony, &held).is_ok());
    let json = json.to_string();
    for length in 0..json.len() {
        let parsed = Assertion::parse(&json.as_bytes()[..length]);
        assert!(parsed.is_err(), "JSON of {length}");
    }
}

#[test]
fn the_sign_count_must_rise_unless_there_is_none() {
    let attempt = |kept, given| {
        let (mut authenticator, mut held) = registered(Algorithm::Es256);
        (held.sign_count, authenticator.sign_count) = (kept, given);
        let ceremony = ceremony();
        let json = authenticator.sign_in(&request(&ceremony, &held));
        sign_in(&json, &ceremony, &held).map(|verified| verified.credential.sign_count)
    };
    for (kept, given) in [
        (0, 0),
        (0, 1),
        (5, 6),
        (5, 500),
        (u32::MAX - 2, u32::MAX - 1),
    ] {
        assert_eq!(attempt(kept, given), Ok(given), "{kept} {given}");
    }
    for (kept, given) in [(5, 5), (5, 4), (5, 1), (5, 0), (u32::MAX - 1, 1)] {
        assert_eq!(attempt(kept, given), Err(WENT_BACK), "{kept} {given}");
    }
}

#[test]
fn an_assertion_used_twice_is_refused_by_its_count() {
    let (mut authenticator, held) = registered(Algorithm::Es256);
    let ceremony = ceremony();
    let json = authenticator.sign_in(&request(&ceremony, &held));
    let held = sign_in(&json, &ceremony, &held).unwrap().credential;
    assert_eq!(refusal(sign_in(&json, &ceremony, &held)), WENT_BACK);
}

#[test]
fn a_user_handle_when_given_is_the_users() {
    let null = changed(|json| json["response"]["userHandle"] = Value::Null);
    assert!(null.is_ok());
    let removed = changed(|json| {
        json["response"]
            .as_object_mut()
            .unwrap()
            .remove("userHandle");
    });
    assert!(removed.is_ok());
    for handle in ["", "another", "0b7d1c52-3a0f-4b9e-8a53-6a2f3c1d9e7"] {
        let result = changed(|json| json["response"]["userHandle"] = text(handle.as_bytes()));
        assert_eq!(refusal(result), NOT_THEIRS);
    }
}

#[test]
fn another_users_passkey_does_not_sign_in() {
    let (mut authenticator, held) = registered(Algorithm::Es256);
    let ceremony = Ceremony {
        user_handle: Base64Url(b"another user".to_vec()),
        ..ceremony()
    };
    let json = authenticator.sign_in(&request(&ceremony, &held));
    assert_eq!(refusal(sign_in(&json, &ceremony, &held)), NOT_THEIRS);
    let mut silent = json;
    silent["response"]["userHandle"] = Value::Null;
    assert_eq!(refusal(sign_in(&silent, &ceremony, &held)), NOT_THEIRS);
}

#[test]
fn another_passkey_of_the_same_user_does_not_pass_for_this_one() {
    let (_, held) = registered(Algorithm::Es256);
    let (mut another, _) = registered(Algorithm::Es256);
    let ceremony = ceremony();
    let mut json = another.sign_in(&request(&ceremony, &held));
    assert_eq!(refusal(sign_in(&json, &ceremony, &held)), NOT_THEIRS);
    json["id"] = text(&held.id.0);
    json["rawId"] = text(&held.id.0);
    assert_eq!(refusal(sign_in(&json, &ceremony, &held)), FORGED);
}

#[test]
fn a_kept_key_that_is_damaged_signs_nobody_in() {
    let (mut authenticator, mut held) = registered(Algorithm::Es256);
    let ceremony = ceremony();
    let json = authenticator.sign_in(&request(&ceremony, &held));
    held.public_key.0.pop();
    let expected = WebAuthnError::NotValid("its public key is malformed");
    assert_eq!(refusal(sign_in(&json, &ceremony, &held)), expected);
}
