//! Passkeys that Chromium made and used on `http://localhost`, with its virtual authenticators.

use serde::Deserialize;
use serde_json::Value;

use super::{ANSWER, CLIENT, NOW, SUB};
use crate::web_authn::credential::Attachment;
use crate::web_authn::error::Result;
use crate::web_authn::{
    Assertion, Base64Url, Ceremony, Credential, Registration, UserVerification, WebAuthnError,
};

const RECORDED: &str = include_str!("../../../tests/fixtures/web_authn.json");

#[derive(Deserialize)]
struct Recorded {
    recordings: Vec<Recording>,
}

#[derive(Deserialize)]
struct Recording {
    name: String,
    creation: Value,
    registration: Value,
    assertions: Vec<SignIn>,
}

#[derive(Deserialize)]
struct SignIn {
    request: Value,
    response: Value,
}

fn recordings() -> Vec<Recording> {
    let recorded: Recorded = serde_json::from_str(RECORDED).unwrap();
    recorded.recordings
}

fn asked(options: &Value, user_verification: UserVerification) -> Ceremony {
    Ceremony {
        challenge: options["challenge"].as_str().unwrap().to_owned(),
        rp_id: "localhost".to_owned(),
        user_handle: Base64Url(SUB.into()),
        client_id: CLIENT.to_owned(),
        user_verification,
        expires_at: NOW + 60,
    }
}

fn register(recording: &Recording, verification: UserVerification) -> Result<Credential> {
    let json = recording.registration.to_string();
    let ceremony = asked(&recording.creation, verification);
    Registration::parse(json.as_bytes())?.verify(&ceremony, &ANSWER)
}

#[test]
fn what_a_browser_made_is_registered_and_signs_in() {
    let recordings = recordings();
    assert_eq!(recordings.len(), 7);
    for recording in recordings {
        let name = &recording.name;
        let mut held = register(&recording, UserVerification::Preferred).expect(name);
        assert_eq!(held.id.text(), recording.registration["id"], "{name}");
        assert_eq!(held.backed_up, name == "es256 backed up");
        assert_eq!(held.user_verified, name != "u2f");
        let roams = held.attachment == Some(Attachment::CrossPlatform);
        assert_eq!(roams, name == "u2f");
        for SignIn { request, response } in &recording.assertions {
            let assertion = Assertion::parse(response.to_string().as_bytes()).unwrap();
            let ceremony = asked(request, UserVerification::Preferred);
            let verified = assertion.verify(&ceremony, &ANSWER, &held).expect(name);
            assert!(verified.credential.sign_count > held.sign_count, "{name}");
            held = verified.credential;
        }
    }
}

#[test]
fn a_security_key_without_a_pin_fails_where_the_user_must_be_verified() {
    for recording in recordings() {
        let result = register(&recording, UserVerification::Required);
        let refused =
            result.is_err_and(|error| matches!(error, WebAuthnError::CredentialNotSupported(_)));
        assert_eq!(refused, recording.name == "u2f", "{}", recording.name);
    }
}
