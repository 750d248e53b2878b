use cogward_testkit::Signer;
use serde_json::json;

use super::{Bench, CLIENT, ISSUER, NOW, claims, unsigned};
use crate::process::text;

/// Exactly this is said, in one line, and a hint that has this in it.
fn assert_refused(bench: &Bench, args: &[&str], token: &str, error: &str, hint: &str) {
    let output = bench.verify(args, token);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let said = text(&output.stderr);
    let (line, advice) = said.split_once("\n\nhint: ").unwrap();
    assert_eq!(line, format!("error: {error}"));
    assert!(advice.contains(hint), "{hint}: {advice}");
    for part in token.split('.').filter(|part| part.len() > 4) {
        assert!(!said.contains(part), "{said}");
    }
}

#[test]
fn times_are_told() {
    let bench = Bench::new();
    for (changed, error, hint) in [
        (
            json!({ "exp": NOW - 180 }),
            "token has expired: exp is 2026-11-21 07:57:00 UTC, 3 minutes ago",
            "refresh",
        ),
        (
            json!({ "nbf": NOW + 300 }),
            "token is not valid yet: nbf is 2026-11-21 08:05:00 UTC, in 5 minutes",
            "clock",
        ),
        (
            json!({ "iat": NOW + 3600 }),
            "token is not valid yet: iat is 2026-11-21 09:00:00 UTC, in 60 minutes",
            "--leeway",
        ),
        (
            json!({ "exp": (NOW + 60) * 1000 }),
            "token claim `exp` is missing or unusable: it is 1795248060000",
            "exp in milliseconds?",
        ),
        (
            json!({ "exp": null }),
            "token claim `exp` is missing or unusable: it is nothing",
            "no exp",
        ),
    ] {
        assert_refused(&bench, &[], &bench.token(&changed), error, hint);
    }
}

#[test]
fn issuer_app_client_and_kind_are_told_beside_those_wanted() {
    let bench = Bench::new();
    let id = json!({ "token_use": "id", "aud": "theirs", "cognito:username": "ada" });
    let clients = format!("wanted \"{CLIENT}\" or \"b\"");
    for (args, changed, error, hint) in [
        (
            vec![],
            json!({ "iss": "https://other.example/p" }),
            format!("from another issuer: iss is \"https://other.example/p\", wanted \"{ISSUER}\""),
            "another user pool",
        ),
        (
            vec!["--client", "b"],
            json!({ "client_id": "theirs" }),
            format!("for another app client: client_id is \"theirs\", {clients}"),
            "--client",
        ),
        (
            vec!["--client", "b"],
            id.clone(),
            format!("for another app client: aud is \"theirs\", {clients}"),
            "--client",
        ),
        (
            vec!["--scope", "openid"],
            id,
            "of the wrong kind: token_use is \"id\", wanted \"access\"".into(),
            "--use",
        ),
        (
            vec!["--use", "id"],
            json!({}),
            "of the wrong kind: token_use is \"access\", wanted \"id\"".into(),
            "--use",
        ),
    ] {
        let error = format!("token is {error}");
        assert_refused(&bench, &args, &bench.token(&changed), &error, hint);
    }
}

#[test]
fn groups_and_scopes_are_told_beside_those_wanted() {
    let bench = Bench::new();
    let token = bench.token(&json!({}));
    assert_refused(
        &bench,
        &["--group", "staff", "--group", "admin"],
        &token,
        "token's user is not in a group that may do this: \
         cognito:groups is [\"staff\"], wanted \"staff\" and \"admin\"",
        "refresh it",
    );
    assert_refused(
        &bench,
        &["--scope", "orders/write"],
        &token,
        "token does not have the scope for this: \
         scope is \"openid orders/read\", wanted \"orders/write\"",
        "sign-in",
    );
}

#[test]
fn an_unknown_key_is_told_beside_those_there_are() {
    let bench = Bench::new();
    let stranger = Signer::new("b-key");
    let error = "token is signed with an unknown key: kid \"b-key\"";
    let ours = stranger.sign(&claims(&json!({})));
    assert_refused(&bench, &[], &ours, error, "the key set has \"a-key\"\n");
    let theirs = stranger.sign(&claims(&json!({ "iss": "elsewhere" })));
    let hint = format!("\"a-key\"; iss is \"elsewhere\", wanted \"{ISSUER}\"");
    assert_refused(&bench, &[], &theirs, error, &hint);

    let another = |n: u32| {
        let mut jwk = bench.signer.jwk().clone();
        jwk["kid"] = format!("key-{n:02}").into();
        jwk
    };
    let jwks = json!({ "keys": (0..20).map(another).collect::<Vec<_>>() });
    std::fs::write(bench.folder.path().join("jwks.json"), jwks.to_string()).unwrap();
    assert_refused(
        &bench,
        &[],
        &ours,
        error,
        "\"key-06\", \"key-07\" and 12 more\n",
    );
}

#[test]
fn what_is_no_token_of_cognito_is_told_apart() {
    let bench = Bench::new();
    let good = bench.token(&json!({}));
    let forged = Signer::new("a-key").sign(&claims(&json!({})));
    let hs256 = unsigned(&json!({ "alg": "HS256" }), &claims(&json!({})));
    let parts =
        "token is malformed: not a token: expected three parts with two dots between, found";
    for (token, error, hint) in [
        (forged, "token signature does not verify", "copied in full?"),
        (
            hs256,
            "token header is not that of a Cognito token",
            "alg \"HS256\": Cogward takes RS256 only; no kid",
        ),
        (
            format!("{good}="),
            "token is malformed",
            "`cogward token inspect`",
        ),
        (
            good.rsplit_once('.').unwrap().0.to_owned(),
            &format!("{parts} 2"),
            "copied in full?",
        ),
        (
            "a.b.c.d.e".to_owned(),
            "token is malformed: an encrypted token, a refresh token most likely: only Cognito can read it",
            "the ID and the access token",
        ),
    ] {
        assert_refused(&bench, &[], &token, error, hint);
    }
}
