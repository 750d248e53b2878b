use ciborium::{Value as Cbor, cbor};
use serde_json::{Value, json};

use super::authenticator::{USER_PRESENT, USER_VERIFIED, attestation_object, client_data, encode};
use super::{
    ALGORITHMS, ANSWER, Algorithm, Answer, Authenticator, CLIENT, NOW, ORIGIN, SUB, bytes,
    ceremony, creation, register, registered, strict, text,
};
use crate::web_authn::credential::Attachment;
use crate::web_authn::error::Result;
use crate::web_authn::{Base64Url, Credential, Registration, WebAuthnError};

fn refusal(result: Result<Credential>) -> WebAuthnError {
    result.unwrap_err()
}

/// Registers with an attestation object of this format and statement.
fn attested(format: &str, statement: Cbor) -> Result<()> {
    with_object(|data| attestation_object((format, statement), data))
}

fn with_object(object: impl FnOnce(&[u8]) -> Vec<u8>) -> Result<()> {
    let ceremony = ceremony();
    let mut authenticator = Authenticator::new(Algorithm::Es256, ORIGIN);
    let key = encode(&authenticator.cose_key());
    let data = authenticator.new_passkey(&json!("example.com"), &key);
    let client_data = client_data("webauthn.create", &json!(ceremony.challenge), ORIGIN);
    let json = authenticator.registration_of(&client_data, &object(&data));
    register(&json, &ceremony).map(drop)
}

#[test]
fn a_passkey_of_each_algorithm_is_registered() {
    for algorithm in ALGORITHMS {
        let mut authenticator = Authenticator::new(algorithm, ORIGIN);
        let ceremony = ceremony();
        let json = authenticator.register(&creation(&ceremony));
        let expected = Credential {
            id: Base64Url(authenticator.id.clone()),
            public_key: Base64Url(encode(&authenticator.cose_key())),
            sign_count: 1,
            user_handle: Base64Url(SUB.into()),
            rp_id: "example.com".to_owned(),
            transports: vec!["hybrid".to_owned(), "internal".to_owned()],
            attachment: Some(Attachment::Platform),
            friendly_name: "Passkey".to_owned(),
            aaguid: "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa".to_owned(),
            backup_eligible: false,
            backed_up: false,
            user_verified: true,
            created_at: NOW,
        };
        assert_eq!(register(&json, &ceremony), Ok(expected), "{algorithm:?}");
    }
}

#[test]
fn an_authenticator_that_can_be_carried_about_gives_a_roaming_passkey() {
    for (attachment, kept, name) in [
        (
            json!("cross-platform"),
            Some(Attachment::CrossPlatform),
            "Roaming passkey",
        ),
        (json!("of the future"), None, "Passkey"),
        (Value::Null, None, "Passkey"),
    ] {
        let ceremony = ceremony();
        let mut json = Authenticator::new(Algorithm::Es256, ORIGIN).register(&creation(&ceremony));
        json["authenticatorAttachment"] = attachment;
        let held = register(&json, &ceremony).unwrap();
        assert_eq!((held.attachment, &*held.friendly_name), (kept, name));
    }
}

#[test]
fn each_algorithm_attests_to_itself_and_is_refused_when_that_is_forged() {
    for algorithm in ALGORITHMS {
        let mut authenticator = Authenticator::new(algorithm, ORIGIN);
        authenticator.attests = true;
        let ceremony = ceremony();
        let json = authenticator.register(&creation(&ceremony));
        assert!(register(&json, &ceremony).is_ok(), "{algorithm:?}");

        let forged = Authenticator::new(algorithm, ORIGIN);
        let key = encode(&forged.cose_key());
        let data = authenticator.new_passkey(&json!("example.com"), &key);
        let client_data = client_data("webauthn.create", &json!(ceremony.challenge), ORIGIN);
        let json = authenticator.registration(&client_data, &data);
        let expected = WebAuthnError::NotValid("its attestation does not verify");
        assert_eq!(refusal(register(&json, &ceremony)), expected);
    }
}

#[test]
fn an_attestation_must_be_what_its_format_says() {
    let expected = Err(WebAuthnError::NotValid("its attestation does not verify"));
    let signature = || Cbor::Bytes(vec![0; 70]);
    for (format, statement) in [
        ("none", cbor!({ "alg" => -7 })),
        ("packed", cbor!({})),
        ("packed", cbor!({ "alg" => -7 })),
        ("packed", cbor!({ "alg" => -7, "sig" => signature() })),
        ("packed", cbor!({ "alg" => -257, "sig" => signature() })),
        ("packed", cbor!({ "alg" => "ES256", "sig" => signature() })),
    ] {
        assert_eq!(attested(format, statement.unwrap()), expected, "{format}");
    }
    let malformed = Err(WebAuthnError::NotValid(
        "its attestation object is malformed",
    ));
    assert_eq!(attested("none", Cbor::Null), malformed);
}

#[test]
fn formats_that_need_trusted_certificates_count_as_unattested() {
    let certificate = || Cbor::Array(vec![Cbor::Bytes(vec![0x30, 0])]);
    for format in [
        "packed",
        "fido-u2f",
        "tpm",
        "android-key",
        "apple",
        "of-the-future",
    ] {
        let statement = cbor!({ "x5c" => certificate(), "sig" => Cbor::Bytes(vec![1]) });
        assert_eq!(attested(format, statement.unwrap()), Ok(()), "{format}");
    }
}

#[test]
fn an_answer_to_another_challenge_client_or_time_is_refused() {
    let begun = ceremony();
    let mut authenticator = Authenticator::new(Algorithm::Es256, ORIGIN);
    let json = authenticator.register(&creation(&begun));
    let another = ceremony();
    let unknown = WebAuthnError::ChallengeNotFound;
    assert_eq!(refusal(register(&json, &another)), unknown);

    let verify = |answer: Answer<'_>| {
        let registration = Registration::parse(json.to_string().as_bytes()).unwrap();
        registration.verify(&begun, &answer)
    };
    let client_id = "another client";
    let mismatch = WebAuthnError::ClientMismatch;
    assert_eq!(
        refusal(verify(Answer {
            client_id,
            ..ANSWER
        })),
        mismatch
    );
    let (now, client_id) = (begun.expires_at, CLIENT);
    assert_eq!(refusal(verify(Answer { now, ..ANSWER })), unknown);
    let now = begun.expires_at - 1;
    assert!(
        verify(Answer {
            now,
            client_id,
            ..ANSWER
        })
        .is_ok()
    );
}

#[test]
fn a_sign_in_is_no_registration() {
    let ceremony = ceremony();
    let mut authenticator = Authenticator::new(Algorithm::Es256, ORIGIN);
    let key = encode(&authenticator.cose_key());
    let data = authenticator.new_passkey(&json!("example.com"), &key);
    let client_data = client_data("webauthn.get", &json!(ceremony.challenge), ORIGIN);
    let json = authenticator.registration(&client_data, &data);
    let expected = WebAuthnError::NotValid("it was made for another purpose");
    assert_eq!(refusal(register(&json, &ceremony)), expected);
}

#[test]
fn a_passkey_of_another_relying_party_is_refused() {
    let ceremony = ceremony();
    let mut authenticator = Authenticator::new(Algorithm::Es256, ORIGIN);
    authenticator.rp_id = Some("app.example.com".to_owned());
    let json = authenticator.register(&creation(&ceremony));
    assert_eq!(
        refusal(register(&json, &ceremony)),
        WebAuthnError::RelyingPartyMismatch
    );
}

#[test]
fn the_user_must_be_present_and_verified_where_that_is_required() {
    let attempt = |flags, ceremony| {
        let mut authenticator = Authenticator::new(Algorithm::Es256, ORIGIN);
        authenticator.flags = flags;
        register(&authenticator.register(&creation(&ceremony)), &ceremony)
    };
    let absent = WebAuthnError::NotValid("its user was not present");
    assert_eq!(refusal(attempt(0, ceremony())), absent);
    assert_eq!(refusal(attempt(USER_VERIFIED, strict())), absent);
    let refused = refusal(attempt(USER_PRESENT, strict()));
    assert_eq!(refused.kind(), "WebAuthnCredentialNotSupportedException");
    assert!(!attempt(USER_PRESENT, ceremony()).unwrap().user_verified);
    assert!(
        attempt(USER_PRESENT | USER_VERIFIED, strict())
            .unwrap()
            .user_verified
    );
}

#[test]
fn backups_are_kept_and_must_make_sense() {
    let attempt = |flags| {
        let mut authenticator = Authenticator::new(Algorithm::Es256, ORIGIN);
        authenticator.flags |= flags;
        let ceremony = ceremony();
        register(&authenticator.register(&creation(&ceremony)), &ceremony)
    };
    let held = attempt(0b0000_1000).unwrap();
    assert!(held.backup_eligible && !held.backed_up);
    let held = attempt(0b0001_1000).unwrap();
    assert!(held.backup_eligible && held.backed_up);
    let expected = WebAuthnError::NotValid("it is backed up though it cannot be");
    assert_eq!(refusal(attempt(0b0001_0000)), expected);
}

#[test]
fn a_key_given_twice_in_a_map_is_refused() {
    let twice = with_object(|data| {
        let mut object: Cbor =
            ciborium::from_reader(&*attestation_object(("none", Cbor::Map(vec![])), data)).unwrap();
        object
            .as_map_mut()
            .unwrap()
            .push(("fmt".into(), "packed".into()));
        encode(&object)
    });
    let malformed = WebAuthnError::NotValid("its attestation object is malformed");
    assert_eq!(twice, Err(malformed));
}

#[test]
fn bytes_after_any_part_are_refused() {
    let none = || ("none", Cbor::Map(Vec::new()));
    assert_eq!(with_object(|data| attestation_object(none(), data)), Ok(()));
    assert!(with_object(|data| [attestation_object(none(), data), vec![0]].concat()).is_err());
    assert!(with_object(|data| attestation_object(none(), &[data, &[0]].concat())).is_err());
}

#[test]
fn extensions_follow_only_where_they_are_announced() {
    let attempt = |extensions: &[u8]| {
        with_object(|data| {
            let mut data = data.to_vec();
            data[32] |= 0b1000_0000;
            data.extend(extensions);
            attestation_object(("none", Cbor::Map(Vec::new())), &data)
        })
    };
    assert_eq!(
        attempt(&encode(&cbor!({ "credProtect" => 2 }).unwrap())),
        Ok(())
    );
    assert!(attempt(&[]).is_err());
    assert!(attempt(&[0x01]).is_err());
    assert!(attempt(&[0xA0, 0xA0]).is_err());
}

#[test]
fn every_part_cut_short_anywhere_is_refused() {
    let (mut authenticator, _) = registered(Algorithm::Es256);
    let ceremony = ceremony();
    let json = authenticator.register(&creation(&ceremony));
    let object = bytes(&json["response"]["attestationObject"]);
    for length in 0..object.len() {
        let mut cut = json.clone();
        cut["response"]["attestationObject"] = text(&object[..length]);
        assert!(register(&cut, &ceremony).is_err(), "object of {length}");
    }
    let key = encode(&authenticator.cose_key());
    let data = authenticator.new_passkey(&json!("example.com"), &key);
    for length in 0..data.len() {
        let none = ("none", Cbor::Map(Vec::new()));
        let mut cut = json.clone();
        cut["response"]["attestationObject"] = text(&attestation_object(none, &data[..length]));
        assert!(register(&cut, &ceremony).is_err(), "data of {length}");
    }
    let json = json.to_string();
    for length in 0..json.len() {
        let parsed = Registration::parse(&json.as_bytes()[..length]);
        assert!(parsed.is_err(), "JSON of {length}");
    }
}

#[test]
fn the_ids_must_be_the_passkeys() {
    let ceremony = ceremony();
    let json = Authenticator::new(Algorithm::Es256, ORIGIN).register(&creation(&ceremony));
    let mut other = json.clone();
    other["rawId"] = text(b"another");
    let differ = WebAuthnError::NotValid("its id and rawId differ");
    assert_eq!(refusal(register(&other, &ceremony)), differ);
    other["id"] = text(b"another");
    let foreign = WebAuthnError::NotValid("its id is not the passkey's");
    assert_eq!(refusal(register(&other, &ceremony)), foreign);

    for (length, taken) in [(0, false), (1, true), (1023, true), (1024, false)] {
        let mut authenticator = Authenticator::new(Algorithm::Es256, ORIGIN);
        authenticator.id = vec![7; length];
        let json = authenticator.register(&creation(&ceremony));
        assert_eq!(register(&json, &ceremony).is_ok(), taken, "{length}");
    }
}

#[test]
fn json_of_another_shape_is_refused() {
    let ceremony = ceremony();
    let json = Authenticator::new(Algorithm::Es256, ORIGIN).register(&creation(&ceremony));
    let id = json["id"].as_str().unwrap();
    for (pointer, value) in [
        ("/type", json!("password")),
        ("/id", json!(format!("{id}="))),
        ("/id", json!("++//")),
        ("/id", json!(7)),
        ("/response", json!([])),
        ("/response/clientDataJSON", Value::Null),
        ("/response/attestationObject", json!("")),
        ("/response/transports", json!(vec!["usb"; 17])),
        ("/response/transports", json!(["u".repeat(33)])),
        ("/response/transports", json!([1])),
    ] {
        let mut other = json.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        let refused = refusal(register(&other, &ceremony));
        assert_eq!(refused.kind(), "InvalidParameterException", "{pointer}");
    }
    let twice = json
        .to_string()
        .replacen('{', r#"{"type":"public-key","#, 1);
    assert!(Registration::parse(twice.as_bytes()).is_err());
}

#[test]
fn a_credential_is_at_most_64_kib_of_json() {
    let ceremony = ceremony();
    let json = Authenticator::new(Algorithm::Es256, ORIGIN).register(&creation(&ceremony));
    let mut json = json.to_string();
    json.push_str(&" ".repeat(64 * 1024 - json.len()));
    assert!(Registration::parse(json.as_bytes()).is_ok());
    json.push(' ');
    let expected = WebAuthnError::NotValid("it is longer than 64 KiB");
    assert_eq!(Registration::parse(json.as_bytes()).unwrap_err(), expected);
}

#[test]
fn refusals_have_cognitos_names_and_one_plain_line() {
    let errors = [
        (
            WebAuthnError::ChallengeNotFound,
            "WebAuthnChallengeNotFoundException",
        ),
        (
            WebAuthnError::RelyingPartyMismatch,
            "WebAuthnRelyingPartyMismatchException",
        ),
        (
            WebAuthnError::ClientMismatch,
            "WebAuthnClientMismatchException",
        ),
        (
            WebAuthnError::OriginNotAllowed,
            "WebAuthnOriginNotAllowedException",
        ),
        (
            WebAuthnError::CredentialNotSupported("why"),
            "WebAuthnCredentialNotSupportedException",
        ),
        (WebAuthnError::NotValid("why"), "InvalidParameterException"),
    ];
    for (error, kind) in errors {
        assert_eq!(error.kind(), kind);
        let message = error.to_string();
        assert!(!message.contains('\n') && message.starts_with(char::is_lowercase));
    }
}
