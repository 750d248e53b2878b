//! Threats I: the pool's keys, as they change, fail, come late and are lied about, under a
//! running server.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cogward_pool::SECRET_CLIENT_ID;
use cogward_testkit::{Answer, Signer, StoreKind, TestApp};
use futures_util::future::{join, join_all};
use futures_util::stream;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use reqwest::Method;
use serde_json::{Value, json};

use crate::i_bearer::{
    ALICE, EXPIRED, INVALID, ROUTES, UNKNOWN_KEY, assert_unknown, bear, builder, text,
};
use crate::sign_ins::access_claims;
use crate::support::{tokens, tokens_of_confidential, until};

const PRIVATE: (Method, &str) = (Method::GET, "/messages/private");

async fn show(app: &TestApp, token: &str) -> Answer {
    bear(&mut app.browser(), PRIVATE, token).await
}

#[track_caller]
fn assert_good(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// The token under a key's name that nobody has.
fn renamed(token: &str, kid: &str) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    let header = json!({ "kid": kid, "alg": "RS256" }).to_string();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
}

async fn access_token(app: &TestApp) -> String {
    text(&tokens(app, ALICE).await, "access_token").to_owned()
}

async fn rotate(app: &TestApp, keep_previous: bool) {
    let what = json!({ "keep_previous": keep_previous });
    app.local("keys/rotate", what).await;
}

async fn fault(app: &TestApp, fault: Value) {
    let mut fault = fault;
    fault["op"] = json!("jwks");
    app.local("faults", fault).await;
}

#[tokio::test]
async fn t103_a_made_up_name_delays_a_new_key_by_no_more_than_the_cool_down() {
    let app = builder().keys_later().start().await;
    let old = access_token(&app).await;
    // Somebody has the keys fetched just before there are new ones.
    let made_up = renamed(&old, "made-up");
    UNKNOWN_KEY.assert_is(&show(&app, &made_up).await, "made up");
    assert_eq!(app.calls("jwks").await, 1);
    rotate(&app, true).await;
    let new = access_token(&app).await;
    UNKNOWN_KEY.assert_is(&show(&app, &new).await, "in the cool-down");
    until("the new key is known", async || {
        assert_good(&show(&app, &old).await);
        show(&app, &new).await.status == 200
    })
    .await;
    assert_eq!(app.calls("jwks").await, 2);
    assert_good(&show(&app, &old).await);
}

#[tokio::test]
async fn t103_a_key_that_is_taken_back_verifies_nothing() {
    let app = builder().start().await;
    let old = tokens(&app, ALICE).await;
    assert_good(&show(&app, text(&old, "access_token")).await);
    rotate(&app, false).await;
    // As the server does in the background.
    app.keys.refresh().await.unwrap();
    for name in ["access_token", "id_token"] {
        for route in ROUTES {
            let answer = bear(&mut app.browser(), route, text(&old, name)).await;
            UNKNOWN_KEY.assert_is(&answer, name);
        }
    }
    assert_good(&show(&app, &access_token(&app).await).await);
}

/// Fetches that a cool-down of ten seconds allows from `start` on.
fn allowed(start: Instant) -> u64 {
    1 + start.elapsed().as_secs() / 10
}

#[tokio::test]
async fn t103_a_flood_of_made_up_names_asks_the_issuer_once() {
    let (app, start) = (builder().start().await, Instant::now());
    let good = access_token(&app).await;
    let asked = app.calls("jwks").await;
    let flood = async || {
        let requests = (0..500).map(|number| {
            let made_up = renamed(&good, &format!("made-up-{number}"));
            let app = &app;
            async move { UNKNOWN_KEY.assert_is(&show(app, &made_up).await, "flood") }
        });
        let served = async {
            for _ in 0..20 {
                assert_good(&show(&app, &good).await);
            }
        };
        join(join_all(requests), served).await;
    };
    flood().await;
    until("the cool-down is over", async || {
        show(&app, &renamed(&good, "one more")).await;
        app.calls("jwks").await > asked
    })
    .await;
    flood().await;
    let fetched = app.calls("jwks").await - asked;
    assert!(fetched <= allowed(start), "{fetched} fetches");
}

/// Whoever waits for a key stands in nobody's way.
#[tokio::test]
async fn t103_good_tokens_are_served_while_a_key_is_waited_for() {
    let app = builder().fake().start().await;
    let kept = app.fake().access.sign(&access_claims(&app, "alice"));
    assert_good(&show(&app, &kept).await);
    app.fake().answer_keys(std::future::pending);
    let keys = Arc::clone(&app.keys);
    tokio::spawn(async move { keys.refresh().await });
    until("asked", async || app.fake().keys_calls() == 2).await;
    let waiting = (0..50).map(|number| {
        let made_up = renamed(&kept, &format!("made-up-{number}"));
        let app = &app;
        async move { show(app, &made_up).await }
    });
    let mut waiting = pin!(join_all(waiting));
    let served = async {
        for number in 0..3 {
            assert_good(&show(&app, &kept).await);
            // Of a new head too, so that its key is looked for.
            let header = json!({ "kid": "access-key", "alg": "RS256", "number": number });
            let claims = access_claims(&app, &format!("person-{number}")).to_string();
            let fresh = app.fake().access.sign_text(&header.to_string(), &claims);
            assert_good(&show(&app, &fresh).await);
        }
    };
    tokio::select! {
        () = served => {}
        _ = &mut waiting => panic!("nobody waited"),
    }
    // The issuer never answers: nothing is known of those names.
    for answer in waiting.await {
        assert_unknown(&answer);
    }
    assert_eq!(app.fake().keys_calls(), 2);
}

#[tokio::test]
async fn keys_that_were_never_there_are_nobodys_fault() {
    for fault_of in [
        json!({ "status": 500, "times": 1000 }),
        json!({ "status": 404, "times": 1000 }),
        json!({ "status": 200, "body": "<html>", "times": 1000 }),
        json!({ "drop": true, "times": 1000 }),
        // Longer than any fetch may take.
        json!({ "delay_ms": 60_000, "times": 1000 }),
    ] {
        let app = builder().keys_later().start().await;
        let pair = tokens(&app, ALICE).await;
        fault(&app, fault_of).await;
        for name in ["access_token", "id_token"] {
            for route in ROUTES.into_iter().chain([(Method::GET, "/feed")]) {
                let answer = bear(&mut app.browser(), route, text(&pair, name)).await;
                assert_unknown(&answer);
            }
        }
        let token = text(&pair, "access_token");
        let plain = show(&app, token).await.json();
        let detail = "Signing keys are unavailable, please try again";
        assert_eq!(plain, json!({ "detail": detail }));
        // What is no token needs no key.
        INVALID.assert_is(&show(&app, "x").await, "no token");
        assert_eq!(app.browser().get("/feed").await.status, 200);
        assert_eq!(app.calls("jwks").await, 1, "all within one cool-down");
        fault(&app, json!({ "times": 0 })).await;
        app.keys.refresh().await.unwrap();
        assert_good(&show(&app, token).await);
    }
}

#[tokio::test]
async fn a_session_needs_no_keys() {
    let folder = tempfile::tempdir().unwrap();
    let on_disk = || {
        builder()
            .store(StoreKind::Sqlite)
            .data(folder.path().into())
    };
    let first = on_disk().start().await;
    let mut browser = first.browser();
    first.sign_in(&mut browser, ALICE).await;
    let token = access_token(&first).await;
    fault(&first, json!({ "status": 500, "times": 1000 })).await;
    let second = on_disk().keys_later().beside(&first);
    first.stop().await;
    let second = second.start().await;
    let mut same = second.browser();
    same.set_cookie(
        "cogward_session",
        browser.cookie("cogward_session").unwrap(),
    );
    assert_good(&same.get("/messages/private").await);
    // The token decides alone, and of it nothing is known.
    assert_unknown(&bear(&mut same, PRIVATE, &token).await);
    assert_good(&same.get("/auth/me").await);
}

#[tokio::test]
async fn an_issuer_that_goes_down_takes_no_good_token_with_it() {
    let app = builder().start().await;
    let (token, later) = (access_token(&app).await, access_token(&app).await);
    assert_good(&show(&app, &token).await);
    for fault_of in [
        json!({ "status": 503, "times": 1000 }),
        json!({ "drop": true, "times": 1000 }),
        json!({ "status": 200, "body": "{\"keys\":[]}", "times": 1000 }),
    ] {
        fault(&app, fault_of).await;
        app.keys.refresh().await.unwrap_err();
        for token in [&token, &later] {
            for route in ROUTES {
                let answer = bear(&mut app.browser(), route.clone(), token).await;
                let expected = if route.0 == Method::DELETE { 403 } else { 200 };
                assert_eq!(answer.status, expected, "{}", answer.body);
            }
        }
        assert_unknown(&show(&app, &renamed(&token, "made-up")).await);
    }
}

#[tokio::test]
async fn a_slow_issuer_is_waited_for_once() {
    let app = builder().keys_later().start().await;
    let token = access_token(&app).await;
    let start = Instant::now();
    fault(&app, json!({ "delay_ms": 500, "times": 1000 })).await;
    let requests = (0..500).map(|number| {
        let (app, good) = (&app, number % 2 == 0);
        let token = match good {
            true => token.clone(),
            false => renamed(&token, &format!("made-up-{number}")),
        };
        async move {
            let answer = show(app, &token).await;
            match good {
                true => assert_good(&answer),
                false => UNKNOWN_KEY.assert_is(&answer, "made up"),
            }
        }
    });
    join_all(requests).await;
    let fetched = app.calls("jwks").await;
    assert!(fetched <= allowed(start), "{fetched} fetches");
}

/// A body without an end, that counts what is taken of it.
fn endless(taken: &Arc<AtomicUsize>) -> Response {
    let taken = Arc::clone(taken);
    let chunk = Bytes::from(vec![b' '; 64 * 1024]);
    let chunks = stream::repeat_with(move || {
        taken.fetch_add(chunk.len(), Ordering::SeqCst);
        Ok::<_, std::convert::Infallible>(chunk.clone())
    });
    Body::from_stream(chunks).into_response()
}

/// A space every tenth of a second, for ever.
fn drip() -> Response {
    let drops = stream::unfold((), async |()| {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        Some((
            Ok::<_, std::convert::Infallible>(Bytes::from_static(b" ")),
            (),
        ))
    });
    Body::from_stream(drops).into_response()
}

type Hostile = Box<dyn Fn() -> Response + Send + Sync>;

fn json_answer(value: Value) -> Hostile {
    Box::new(move || axum::Json(value.clone()).into_response())
}

/// Sets that are refused as they are, good keys in them or not.
fn hostile_sets(
    good: &Value,
    elsewhere: &str,
    taken: &Arc<AtomicUsize>,
) -> Vec<(&'static str, Hostile)> {
    let keys = good["keys"].as_array().unwrap().clone();
    let mut many = keys.clone();
    many.extend((0..10_000).map(|number| json!({ "kid": number.to_string() })));
    let twins = [keys.clone(), vec![keys[0].clone()]].concat();
    let mut other = Signer::new("other").jwk().clone();
    other["kid"] = keys[0]["kid"].clone();
    let usurped = [keys.clone(), vec![other]].concat();
    let (taken, elsewhere) = (Arc::clone(taken), elsewhere.to_owned());
    let status = |status: u16, body: String| -> Hostile {
        let status = http::StatusCode::from_u16(status).unwrap();
        Box::new(move || (status, body.clone()).into_response())
    };
    vec![
        ("no end", Box::new(move || endless(&taken))),
        ("10 000 keys", json_answer(json!({ "keys": many }))),
        ("a key twice", json_answer(json!({ "keys": twins }))),
        ("a name twice", json_answer(json!({ "keys": usurped }))),
        ("no keys", json_answer(json!({ "keys": [] }))),
        ("an array", json_answer(json!(keys))),
        ("not JSON", status(200, "<html></html>".into())),
        ("nothing", status(200, String::new())),
        ("404", status(404, good.to_string())),
        ("500", status(500, good.to_string())),
        ("201", status(201, good.to_string())),
        (
            "a redirect",
            Box::new(move || Redirect::to(&elsewhere).into_response()),
        ),
        ("a drip", Box::new(drip)),
    ]
}

/// Where a redirect leads: a key set of the attacker's.
async fn elsewhere(keys: Value) -> (String, Arc<AtomicUsize>) {
    let visits = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&visits);
    let router = axum::Router::new().fallback(async move || {
        counter.fetch_add(1, Ordering::SeqCst);
        axum::Json(keys)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://localhost:{port}/jwks.json"), visits)
}

#[tokio::test]
async fn t104_a_hostile_key_set_is_refused_and_the_last_good_one_stays() {
    let app = builder().fake().start().await;
    let attacker = Signer::new("access-key");
    let (url, visits) = elsewhere(json!({ "keys": [attacker.jwk()] })).await;
    let claims = access_claims(&app, "alice");
    let (good, forged) = (app.fake().access.sign(&claims), attacker.sign(&claims));
    let taken = Arc::new(AtomicUsize::new(0));
    for (what, hostile) in hostile_sets(app.fake().jwks(), &url, &taken) {
        let hostile = Arc::new(hostile);
        let answer = move || std::future::ready(hostile());
        app.fake().answer_keys(answer);
        let fresh = builder().fake().keys_later().beside(&app).start().await;
        let (kept, none) = join(app.keys.refresh(), fresh.keys.refresh()).await;
        assert!(kept.is_err() && none.is_err(), "{what}");
        assert_good(&show(&app, &good).await);
        INVALID.assert_is(&show(&app, &forged).await, what);
        for token in [&good, &forged] {
            assert_unknown(&show(&fresh, token).await);
        }
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0, "a redirect was followed");
    let taken = taken.load(Ordering::SeqCst);
    // Most of it lies in the buffers of two connections.
    assert!((1..50 << 20).contains(&taken), "{taken} bytes were taken");
}

/// For an exponent of 1 the padded digest is its own signature (RFC 8017 §9.2).
fn sign_for_exponent_one(input: &str) -> String {
    const DIGEST_INFO: &[u8] =
        b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
    let hash = digest(&SHA256, input.as_bytes());
    let tail = [&[0], DIGEST_INFO, hash.as_ref()].concat();
    let padding = vec![0xff; 256 - 2 - tail.len()];
    let signature = [&[0, 1], padding.as_slice(), &tail].concat();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn t104_a_weak_or_foreign_key_in_a_set_verifies_nothing() {
    let app = builder().fake().start().await;
    let attacker = Signer::new("attacker");
    let secret = b"a shared secret of 32 bytes, yes";
    let named = |kid: &str, name: &str, value: Value| {
        let mut jwk = attacker.jwk().clone();
        jwk["kid"] = json!(kid);
        jwk[name] = value;
        jwk
    };
    let short = URL_SAFE_NO_PAD.encode([0xd5; 64]);
    let mut set = app.fake().jwks().clone();
    set["keys"].as_array_mut().unwrap().extend([
        named("enc", "use", json!("enc")),
        named("ops", "key_ops", json!(["encrypt"])),
        named("rs512", "alg", json!("RS512")),
        named("hs256", "alg", json!("HS256")),
        named("512 bits", "n", json!(short)),
        named("one", "e", json!("AQ")),
        named("even", "e", json!("AQAA")),
        json!({ "kid": "oct", "kty": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(secret) }),
        json!({ "kid": "rs-oct", "kty": "oct", "alg": "RS256", "k": URL_SAFE_NO_PAD.encode(secret) }),
    ]);
    app.fake().answer_keys(move || {
        let set = set.clone();
        async move { axum::Json(set).into_response() }
    });
    app.keys.refresh().await.unwrap();
    let claims = access_claims(&app, "alice");
    let payload = claims.to_string();
    let header = |kid: &str, alg: &str| json!({ "kid": kid, "alg": alg }).to_string();
    for kid in ["enc", "ops", "rs512", "hs256", "512 bits", "even", "rs-oct"] {
        let forged = attacker.sign_text(&header(kid, "RS256"), &payload);
        UNKNOWN_KEY.assert_is(&show(&app, &forged).await, kid);
    }
    let input = |kid, alg| {
        let parts = [header(kid, alg), payload.clone()];
        parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
    };
    let forged = sign_for_exponent_one(&input("one", "RS256"));
    UNKNOWN_KEY.assert_is(&show(&app, &forged).await, "e = 1");
    for kid in ["oct", "rs-oct", "access-key"] {
        let input = input(kid, "HS256");
        let key = EncodingKey::from_secret(secret);
        let tag = crypto::sign(input.as_bytes(), &key, Algorithm::HS256).unwrap();
        INVALID.assert_is(&show(&app, &format!("{input}.{tag}")).await, kid);
    }
    assert_good(&show(&app, &app.fake().access.sign(&claims)).await);
}

#[tokio::test]
async fn t112_a_remembered_token_is_judged_anew() {
    let app = builder().start().await;
    let token = access_token(&app).await;
    for _ in 0..3 {
        assert_good(&show(&app, &token).await);
    }
    app.clock.advance(3601);
    for _ in 0..2 {
        EXPIRED.assert_is(&show(&app, &token).await, "over");
    }
    // A clock set back: what was thrown away is verified again, not believed.
    app.clock.advance(-3601);
    assert_good(&show(&app, &token).await);
    rotate(&app, false).await;
    app.keys.refresh().await.unwrap();
    UNKNOWN_KEY.assert_is(&show(&app, &token).await, "its key is gone");
}

#[tokio::test]
async fn t112_what_one_server_remembers_counts_there_only() {
    let both = builder().audience(SECRET_CLIENT_ID).start().await;
    let one = builder().beside(&both).start().await;
    let foreign = tokens_of_confidential(&both, ALICE).await;
    let own = access_token(&both).await;
    for name in ["access_token", "id_token"] {
        let token = text(&foreign, name);
        for _ in 0..2 {
            assert_good(&show(&both, token).await);
            INVALID.assert_is(&show(&one, token).await, name);
        }
    }
    for app in [&both, &one] {
        assert_good(&show(app, &own).await);
    }
    // Another pool's key of the same name, and another pool.
    let (here, there) = (
        builder().fake().start().await,
        builder().fake().start().await,
    );
    let token = here.fake().access.sign(&access_claims(&here, "alice"));
    assert_good(&show(&here, &token).await);
    INVALID.assert_is(&show(&there, &token).await, "another pool");
    assert_good(&show(&here, &token).await);
}
