use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::{Value, json};

use super::{Bench, NOW, claims, inspect, shown, unsigned};
use crate::process::text;

#[test]
fn header_and_claims_are_shown_as_not_verified() {
    let token = Bench::new().token(&json!({ "exp": 1 }));
    let page = shown(&inspect(&[], &token));
    assert!(page.starts_with("NOT VERIFIED: "), "{page}");
    assert!(
        page.lines().last().unwrap().starts_with("NOT VERIFIED: "),
        "{page}"
    );
    assert!(page.contains("  kid  \"a-key\"\n"), "{page}");
    let exp = page
        .lines()
        .find(|line| line.starts_with("  exp "))
        .unwrap();
    assert!(
        exp.contains(" 1  1970-01-01 00:00:01 UTC, expired "),
        "{exp}"
    );
    assert!(exp.ends_with(" days ago"), "{exp}");
    for part in token.split('.') {
        assert!(!page.contains(part), "{page}");
    }
}

#[test]
fn json_says_that_nothing_is_verified() {
    let token = Bench::new().token(&json!({}));
    let line = shown(&inspect(&["--json"], &token));
    assert!(
        line.starts_with("{\"verified\":false,\"header\":{"),
        "{line}"
    );
    let parsed: Value = serde_json::from_str(&line).unwrap();
    let header = json!({ "alg": "RS256", "kid": "a-key" });
    let expected = json!({ "verified": false, "header": header, "claims": claims(&json!({})) });
    assert_eq!(parsed, expected);
}

#[test]
fn the_kind_is_told() {
    let rs256 = json!({ "alg": "RS256", "kid": "a" });
    let alb = json!({
        "alg": "ES256", "kid": "1c5b0ad4-b9d6-4ef5-a5ad-7c8b6a4f0b1e", "client": "c", "exp": NOW,
        "signer": "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/0123456789abcdef",
    });
    let changed = |changed: Value| claims(&changed);
    for (header, claims, kind) in [
        (
            &rs256,
            changed(json!({ "token_use": "id" })),
            "an ID token of a Cognito user pool",
        ),
        (
            &rs256,
            changed(json!({})),
            "an access token of a Cognito user pool, a person's",
        ),
        (
            &rs256,
            changed(json!({ "username": null })),
            "a machine's (client_credentials)",
        ),
        (
            &rs256,
            json!({ "sub": "a" }),
            "neither an ID nor an access token of Cognito",
        ),
        (
            &alb,
            json!({ "sub": "a", "exp": NOW }),
            "an Application Load Balancer's x-amzn-oidc-data",
        ),
    ] {
        let page = shown(&inspect(&[], &unsigned(header, &claims)));
        let line = page
            .lines()
            .find(|line| line.starts_with("It says it is "))
            .unwrap();
        assert!(line.contains(kind), "{line}");
    }
    let refresh = inspect(&[], "a.b.c.d.e");
    assert_eq!(refresh.status.code(), Some(1));
    let said = text(&refresh.stderr);
    assert!(
        said.contains("a refresh token most likely: only Cognito can read it"),
        "{said}"
    );
}

/// Load balancers pad, which RFC 7515 forbids.
#[test]
fn a_load_balancers_padding_is_no_obstacle() {
    let part = |json: &str| URL_SAFE.encode(json);
    let token = [r#"{"alg":"ES256","signer":"a"}"#, r#"{"exp":12}"#]
        .map(part)
        .join(".")
        + ".YQ==";
    assert!(token.contains("=."), "{token}");
    shown(&inspect(&[], &token));
}

#[test]
fn what_is_odd_about_the_header_is_noted() {
    for (name, value, note) in [
        (
            "alg",
            json!("HS256"),
            "alg \"HS256\": Cogward takes RS256 only",
        ),
        (
            "alg",
            json!("nOnE"),
            "alg \"none\": it is not signed at all",
        ),
        ("alg", Value::Null, "no alg: Cogward takes RS256 only"),
        (
            "kid",
            Value::Null,
            "no kid: which key signed it is not said",
        ),
        ("kid", json!(7), "kid 7: it names no key"),
        ("crit", json!(["b"]), "crit: Cogward refuses"),
        (
            "jku",
            json!("https://a.example"),
            "jku: a key that a token brings along is not used",
        ),
    ] {
        let mut header = json!({ "alg": "RS256", "kid": "a" });
        let members = header.as_object_mut().unwrap();
        members.insert(name.to_owned(), value);
        members.retain(|_, value| !value.is_null());
        assert_noted(&header, &json!({}), note);
    }
}

#[test]
fn what_is_odd_about_the_claims_is_noted() {
    let header = json!({ "alg": "RS256", "kid": "a" });
    for (changed, note) in [
        (json!({ "exp": NOW * 1000 }), "exp in milliseconds?"),
        (json!({ "exp": null }), "no exp: Cogward refuses"),
        (
            json!({ "exp": "1795248000" }),
            "exp \"1795248000\": it is to be a whole number",
        ),
        (json!({ "nbf": 99_999_999_999_i64 }), "nbf is in "),
        (json!({ "aud": ["a", "b"] }), "aud is a list"),
        (
            json!({ "custom:a": "a".repeat(16_384) }),
            "longer than 16 KiB",
        ),
    ] {
        assert_noted(&header, &changed, note);
    }
    let usual = unsigned(&header, &claims(&json!({ "iat": 1 })));
    let page = shown(&inspect(&[], &usual));
    assert!(!page.contains("To note"), "{page}");
}

/// This, and nothing else.
fn assert_noted(header: &Value, changed: &Value, note: &str) {
    let mut claims = claims(changed);
    // Whatever this machine's clock says.
    claims["iat"] = 1.into();
    let page = shown(&inspect(&[], &unsigned(header, &claims)));
    let (_, notes) = page.split_once("\nTo note\n").unwrap();
    assert!(notes.starts_with(&format!("  - {note}")), "{note}\n{page}");
    assert_eq!(notes.lines().count(), 3, "{page}");
}
