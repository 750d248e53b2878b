use serde_json::json;

use super::authenticator::{Authenticator, client_data};
use super::{ANSWER, Algorithm, Answer, ORIGIN, ceremony, creation, register};
use crate::web_authn::error::Result;
use crate::web_authn::{Ceremony, Registration, WebAuthnError};

const NOT_ALLOWED: Result<()> = Err(WebAuthnError::OriginNotAllowed);

fn from(origin: &str, rp_id: &str) -> Result<()> {
    let ceremony = Ceremony {
        rp_id: rp_id.to_owned(),
        ..ceremony()
    };
    let json = Authenticator::new(Algorithm::Es256, origin).register(&creation(&ceremony));
    register(&json, &ceremony).map(drop)
}

#[test]
fn pages_on_the_relying_partys_host_and_below_it_are_taken() {
    for origin in [
        "https://example.com",
        "https://example.com:8443",
        "https://app.example.com",
        "https://a.b.example.com",
    ] {
        assert_eq!(from(origin, "example.com"), Ok(()), "{origin}");
    }
}

#[test]
fn pages_of_others_are_refused() {
    for origin in [
        "https://evil.com",
        "https://evilexample.com",
        "https://example.com.evil.com",
        "https://com",
        "http://example.com",
        "http://app.example.com",
        "http://localhost:3001",
        "ftp://example.com",
        "https://example.com/",
        "https://example.com/path",
        "https://user@example.com",
        "https://EXAMPLE.com",
        "https://example.com:443",
        "https://example.com.",
        "android:apk-key-hash:AAAA",
        "null",
        "",
    ] {
        assert_eq!(from(origin, "example.com"), NOT_ALLOWED, "{origin}");
    }
    assert_eq!(
        from("https://app.example.com", "other.example.com"),
        NOT_ALLOWED
    );
    assert_eq!(from("https://example.com", ""), NOT_ALLOWED);
}

#[test]
fn a_relying_party_on_this_machine_takes_plain_http_from_it() {
    for origin in [
        "http://localhost",
        "http://localhost:3001",
        "http://127.0.0.1:3001",
        "http://[::1]:3001",
        "http://app.localhost:3001",
        "https://localhost:3001",
    ] {
        assert_eq!(from(origin, "localhost"), Ok(()), "{origin}");
    }
    for origin in [
        "http://evil.com",
        "http://192.168.0.1",
        "http://notlocalhost",
        "http://localhost.evil.com",
        "https://127.0.0.1",
    ] {
        assert_eq!(from(origin, "localhost"), NOT_ALLOWED, "{origin}");
    }
    assert_eq!(from("http://app.localhost", "app.localhost"), Ok(()));
    assert_eq!(from("http://localhost", "app.localhost"), NOT_ALLOWED);
}

#[test]
fn a_list_of_origins_replaces_the_relying_partys() {
    let android = "android:apk-key-hash:AAAA".to_owned();
    let listed = [android.clone()];
    let answer = Answer {
        origins: Some(&listed),
        ..ANSWER
    };
    for (origin, expected) in [(&*android, Ok(())), (ORIGIN, NOT_ALLOWED)] {
        let ceremony = ceremony();
        let json = Authenticator::new(Algorithm::Es256, origin).register(&creation(&ceremony));
        let registration = Registration::parse(json.to_string().as_bytes()).unwrap();
        assert_eq!(registration.verify(&ceremony, &answer).map(drop), expected);
    }
}

fn with_client_data(change: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
    let ceremony = ceremony();
    let mut authenticator = Authenticator::new(Algorithm::Es256, ORIGIN);
    let options = creation(&ceremony);
    let data = authenticator.register(&options);
    let object = super::bytes(&data["response"]["attestationObject"]);
    let mut json = client_data("webauthn.create", &options["challenge"], ORIGIN);
    change(&mut json);
    register(&authenticator.registration_of(&json, &object), &ceremony).map(drop)
}

/// Puts `member` before the others.
fn insert(json: &mut Vec<u8>, member: &str) {
    json.splice(1..1, member.bytes());
}

#[test]
fn a_page_in_a_foreign_frame_is_refused() {
    let replace = |json: &mut Vec<u8>| {
        let text = String::from_utf8(json.clone()).unwrap();
        *json = text.replace("false", "true").into_bytes();
    };
    assert_eq!(with_client_data(replace), NOT_ALLOWED);
    let top = |json: &mut Vec<u8>| insert(json, r#""topOrigin":"https://evil.com","#);
    assert_eq!(with_client_data(top), NOT_ALLOWED);
}

#[test]
fn client_data_may_say_more_but_nothing_twice() {
    let more = |json: &mut Vec<u8>| insert(json, r#""other_keys_can_be_added_here":[1],"#);
    assert_eq!(with_client_data(more), Ok(()));
    let mark = |json: &mut Vec<u8>| drop(json.splice(0..0, *b"\xEF\xBB\xBF"));
    assert_eq!(with_client_data(mark), Ok(()));
    let twice = |json: &mut Vec<u8>| insert(json, r#""origin":"https://evil.com","#);
    let malformed = WebAuthnError::NotValid("its clientDataJSON is not client data");
    assert_eq!(with_client_data(twice), Err(malformed));
    let trailing = |json: &mut Vec<u8>| json.push(b'x');
    assert_eq!(with_client_data(trailing), Err(malformed));
}

#[test]
fn client_data_cut_short_anywhere_is_refused() {
    let whole = client_data("webauthn.create", &json!(ceremony().challenge), ORIGIN);
    for length in 0..whole.len() {
        let cut = |json: &mut Vec<u8>| json.truncate(length);
        assert!(with_client_data(cut).is_err(), "{length}");
    }
}
