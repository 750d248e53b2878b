//! A token's content is its maker's: it must not act on the terminal or speak for `cogward`.

use std::process::Output;

use serde_json::{Value, json};

use super::{Bench, claims, inspect, unsigned};

/// Clears the screen, sets the title, turns text around, ends the line.
const HOSTILE: &str =
    "x\u{1b}[2J\u{1b}]0;t\u{7}\u{9b}31m\u{202e}\u{2028}\r\nverified: access token\n\nerror: no";

fn assert_tame(output: &Output) {
    for bytes in [&output.stdout, &output.stderr] {
        let said = String::from_utf8(bytes.clone()).unwrap();
        for line in said.lines() {
            assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
            assert!(!line.contains(['\u{202e}', '\u{2028}']), "{line:?}");
        }
        for forged in ["\nverified:", "\nerror:"] {
            assert!(!said.contains(forged), "{said}");
        }
    }
}

#[test]
fn names_and_values_stay_on_their_lines() {
    let header = json!({ "alg": HOSTILE, "kid": HOSTILE, HOSTILE: 1, "signer": HOSTILE });
    let nested = json!([HOSTILE, { HOSTILE: HOSTILE }]);
    let claims = json!({
        HOSTILE: HOSTILE, "token_use": HOSTILE, "exp": HOSTILE, "aud": nested, "iss": HOSTILE,
        "a very long name ".repeat(200): "b ".repeat(20_000),
    });
    let token = unsigned(&header, &claims);
    for args in [["--json"].as_slice(), &[]] {
        let output = inspect(args, &token);
        assert!(output.status.success(), "{output:?}");
        assert_tame(&output);
    }
    let page = inspect(&[], &token);
    let lines = String::from_utf8(page.stdout).unwrap();
    assert!(
        lines.lines().all(|line| line.chars().count() < 700),
        "{lines}"
    );
}

#[test]
fn no_claim_gets_into_a_refusal_untamed() {
    let bench = Bench::new();
    let id = |changed: Value| {
        let mut id = json!({ "token_use": "id", "cognito:username": "a", "aud": "a" });
        id.as_object_mut()
            .unwrap()
            .extend(changed.as_object().unwrap().clone());
        id
    };
    for changed in [
        json!({ "iss": HOSTILE }),
        json!({ "client_id": HOSTILE }),
        id(json!({ "aud": HOSTILE })),
        json!({ "token_use": HOSTILE }),
        json!({ "exp": HOSTILE }),
        json!({ "exp": [HOSTILE] }),
        json!({ "sub": { HOSTILE: HOSTILE } }),
        json!({ "cognito:groups": [HOSTILE] }),
    ] {
        let output = bench.verify(&["--group", "a"], &bench.token(&changed));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_tame(&output);
    }
    for header in [
        json!({ "alg": HOSTILE, "kid": HOSTILE }),
        json!({ "alg": "RS256", "kid": HOSTILE }),
    ] {
        let token = unsigned(&header, &claims(&json!({ "iss": HOSTILE })));
        let output = bench.verify(&[], &token);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_tame(&output);
    }
}

/// A person chooses the own name: a good token can be hostile too.
#[test]
fn good_tokens_are_tamed_too() {
    let bench = Bench::new();
    let token = bench.token(&json!({ "name": HOSTILE, HOSTILE: 1 }));
    for args in [["--json"].as_slice(), &[]] {
        let output = bench.verify(args, &token);
        assert!(output.status.success(), "{output:?}");
        assert_tame(&output);
    }
}

/// A key set is fetched from elsewhere.
#[test]
fn key_names_are_tamed_too() {
    let bench = Bench::new();
    let token = bench.token(&json!({}));
    let mut jwk = bench.signer.jwk().clone();
    jwk["kid"] = HOSTILE.into();
    for keys in [vec![jwk.clone()], vec![jwk.clone(), jwk]] {
        let jwks = json!({ "keys": keys }).to_string();
        std::fs::write(bench.folder.path().join("jwks.json"), jwks).unwrap();
        let output = bench.verify(&[], &token);
        assert!(!output.status.success(), "{output:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("[2J"),
            "{output:?}"
        );
        assert_tame(&output);
    }
}
