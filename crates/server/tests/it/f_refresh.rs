//! Threats F: renewing tokens when Cognito is away, refuses, or is asked by many at once.

use std::time::Duration;

use cogward_session::Record;
use cogward_testkit::{Browser, StoreKind, TestApp, TokenAnswer};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::support::{assert_kept, refresh_at_pool, token_calls, tokens, until};

const ALICE: &str = "user@example.com";
const STORES: [StoreKind; 6] = StoreKind::ALL;

/// An application and its pool, both with refresh-token rotation or both without.
async fn rotating(rotation: bool, store: StoreKind) -> TestApp {
    let app = TestApp::builder()
        .store(store)
        .settings(|settings| settings.refresh_rotation = rotation)
        .start()
        .await;
    let settings = json!({ "refresh_rotation": rotation, "refresh_grace_seconds": 0 });
    app.local("settings", settings).await;
    app
}

fn refresh_operation(rotation: bool) -> &'static str {
    if rotation {
        "GetTokensFromRefreshToken"
    } else {
        "oauth2/token"
    }
}

async fn record(app: &TestApp, browser: &Browser) -> Record {
    let key = app.session_id(browser).lookup_key();
    let found = app.store.behind().load(&key, app.auth.now()).await.unwrap();
    Record::clone(&found.unwrap())
}

/// The same tokens, identity and version as before.
#[track_caller]
fn assert_unchanged(now: &Record, before: &Record, what: &str) {
    let sealed = |record: &Record| {
        (
            record.version,
            record.identity.clone(),
            record.tokens.clone(),
        )
    };
    assert_eq!(sealed(now), sealed(before), "{what}");
}

fn outages(op: &str) -> Vec<Value> {
    let page = "<html>invalid_grant NotAuthorizedException</html>";
    vec![
        json!({ "op": op, "drop": true }),
        json!({ "op": op, "status": 429, "type": "TooManyRequestsException" }),
        json!({ "op": op, "status": 400, "type": "TooManyRequestsException" }),
        json!({ "op": op, "status": 500 }),
        json!({ "op": op, "status": 502, "body": page }),
        json!({ "op": op, "status": 503, "body": "" }),
        json!({ "op": op, "status": 403, "body": page }),
        json!({ "op": op, "status": 404, "body": page }),
        json!({ "op": op, "status": 200, "body": page }),
        json!({ "op": op, "status": 200, "body": "{}" }),
        json!({ "op": op, "status": 302, "body": "" }),
    ]
}

#[tokio::test]
async fn t67_an_outage_signs_nobody_out() {
    for (store, rotation) in [(StoreKind::Memory, false), (StoreKind::Sqlite, true)] {
        let app = rotating(rotation, store).await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        let op = refresh_operation(rotation);
        let hangs = json!({ "op": op, "delay_ms": 20_000, "status": 500 });
        // One that might rotate is waited for longer, see below.
        let hangs = (!rotation).then_some(hangs);
        for outage in outages(op).into_iter().chain(hangs) {
            app.advance(3601).await;
            let before = record(&app, &browser).await;
            app.local("faults", outage.clone()).await;
            let calls = token_calls(&app).await;
            let answer = browser.get("/auth/me").await;
            assert_kept(&answer);
            assert_eq!(token_calls(&app).await, calls + 1, "{outage}");
            assert_unchanged(&record(&app, &browser).await, &before, &outage.to_string());
            let answer = browser.get("/auth/me").await;
            assert_eq!(answer.status, 200, "{outage}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn t67_while_the_access_token_lives_requests_go_on() {
    for rotation in [false, true] {
        let app = rotating(rotation, StoreKind::Memory).await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        app.advance(3600 - 50).await;
        let op = refresh_operation(rotation);
        app.fault(op, 500, "InternalErrorException", 1000).await;
        let calls = token_calls(&app).await;
        for path in [
            "/auth/me",
            "/auth/token",
            "/api/v1/auth/check",
            "/api/v1/profile",
        ] {
            for _ in 0..5 {
                let answer = browser.get(path).await;
                assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            }
        }
        // Nor is a Cognito that is down asked again by each of them.
        assert_eq!(token_calls(&app).await, calls + 1);
        // Asked for in so many words, the outage is told.
        assert_kept(&browser.post("/auth/refresh").await);
        assert_kept(&browser.post("/api/v1/auth/refresh").await);
        app.advance(51).await;
        assert_kept(&browser.get("/auth/me").await);
        app.fault(op, 500, "InternalErrorException", 0).await;
        assert_eq!(browser.get("/auth/me").await.status, 200);
    }
}

/// How long before its end a token is renewed is a setting; how good it is yet says when.
#[tokio::test]
async fn a_token_that_is_still_good_is_renewed_behind_the_answer() {
    for rotation in [false, true] {
        let app = TestApp::builder()
            .settings(move |it| {
                it.refresh_rotation = rotation;
                it.refresh_ahead_seconds = 300;
            })
            .start()
            .await;
        app.local("settings", json!({ "refresh_rotation": rotation }))
            .await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        let held = async |browser: &Browser| app.token_set(browser).await.access_token;
        let first = held(&browser).await;
        app.advance(3600 - 301).await;
        let calls = token_calls(&app).await;
        assert_eq!(browser.get("/auth/token").await.status, 200);
        assert_eq!(token_calls(&app).await, calls, "it is not due");

        app.advance(1).await;
        let op = refresh_operation(rotation);
        let slow = json!({ "op": op, "delay_ms": 1500, "times": 1 });
        app.local("faults", slow).await;
        let answers = join_all((0..20).map(|_| {
            let mut tab = browser.copy();
            async move { tab.get("/auth/token").await }
        }))
        .await;
        for answer in answers {
            assert_eq!(answer.status, 200, "{}", answer.body);
            let told = answer.json()["access_token"].clone();
            assert_eq!(told, first.expose(), "nobody waits for Cognito");
        }
        until("it is renewed behind the answers", async || {
            held(&browser).await.expose() != first.expose()
        })
        .await;
        assert_eq!(token_calls(&app).await, calls + 1, "once");
        let told = browser.get("/auth/token").await.json()["access_token"].clone();
        assert_eq!(told, held(&browser).await.expose());

        // Seconds before its end it is renewed first.
        app.advance(3600 - 5).await;
        let second = held(&browser).await;
        let told = browser.get("/auth/token").await.json()["access_token"].clone();
        assert_ne!(told, second.expose());
        assert_eq!(told, held(&browser).await.expose());
    }
}

/// A server whose Cognito domain is at `domain`, and a browser whose tokens have run out.
async fn with_domain(domain: &str) -> (TestApp, Browser) {
    let app = TestApp::builder()
        .domain(domain.parse().unwrap())
        .start()
        .await;
    let mut browser = app.browser();
    let answer = browser
        .post_json("/auth/session", &tokens(&app, ALICE).await)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    app.advance(3601).await;
    (app, browser)
}

#[tokio::test]
async fn t67_refused_connections_and_unknown_names_sign_nobody_out() {
    let (_app, mut browser) = with_domain("http://cognito.invalid").await;
    assert_kept(&browser.get("/auth/me").await);

    // The port is taken and nobody listens, until somebody does.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let (app, mut browser) = with_domain(&format!("http://{address}")).await;
    let before = record(&app, &browser).await;
    for answer in [
        browser.get("/auth/me").await,
        browser.post("/auth/refresh").await,
    ] {
        assert_kept(&answer);
    }
    assert_unchanged(&record(&app, &browser).await, &before, "refused");
    let pool = app.upstream.base().port().unwrap();
    tokio::spawn(forward(socket.listen(16).unwrap(), pool));
    assert_eq!(browser.get("/auth/me").await.status, 200);
}

async fn forward(listener: TcpListener, port: u16) {
    loop {
        let (mut from, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let mut to = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let _ended = tokio::io::copy_bidirectional(&mut from, &mut to).await;
        });
    }
}

#[tokio::test]
async fn t67_an_answer_cut_in_the_middle_signs_nobody_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _read = stream.read(&mut request).await.unwrap();
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n";
            let part = format!(r#"{head}{{"access_token":"eyJ"#);
            stream.write_all(part.as_bytes()).await.unwrap();
        }
    });
    let (app, mut browser) = with_domain(&format!("http://{address}")).await;
    let before = record(&app, &browser).await;
    assert_kept(&browser.get("/auth/token").await);
    assert_unchanged(&record(&app, &browser).await, &before, "cut");
}

#[tokio::test]
async fn t68_a_rejected_refresh_ends_the_session() {
    for (store, rotation) in [(StoreKind::Memory, false), (StoreKind::Sqlite, true)] {
        let app = rotating(rotation, store).await;
        let paths = [
            (Method::GET, "/auth/token"),
            (Method::POST, "/auth/refresh"),
            (Method::POST, "/api/v1/auth/refresh"),
            (Method::GET, "/api/v1/auth/check"),
        ];
        for (method, path) in paths {
            let mut browser = app.browser();
            app.sign_in(&mut browser, ALICE).await;
            let (mut thief, key) = (browser.copy(), app.session_id(&browser).lookup_key());
            app.advance(3601).await;
            let kind = if rotation {
                "NotAuthorizedException"
            } else {
                "invalid_grant"
            };
            app.fault(refresh_operation(rotation), 400, kind, 1).await;
            let request = browser.request(method, path).header("x-l42-csrf", "1");
            let answer = browser.send(request).await;
            assert_eq!(answer.status, 401, "{path}: {}", answer.body);
            if path == "/auth/refresh" {
                assert_eq!(answer.json()["error"], "Refresh failed");
            }
            assert_eq!(browser.cookie("cogward_session"), None, "{path}");
            let calls = token_calls(&app).await;
            assert_eq!(thief.get("/auth/me").await.status, 401);
            assert_eq!(
                token_calls(&app).await,
                calls,
                "a dead token is not tried again"
            );
            let row = app.store.behind().load(&key, app.auth.now()).await.unwrap();
            assert!(row.is_none(), "{path}");
        }
    }
}

#[tokio::test]
async fn t70_only_the_error_member_counts() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let kept = [
        (500, r#"{"error":"invalid_grant"}"#),
        (503, "invalid_grant"),
        (429, r#"{"error":"invalid_grant"}"#),
        (
            400,
            r#"{"error":"temporarily_unavailable","error_description":"invalid_grant"}"#,
        ),
        (
            400,
            r#"{"error":"server_error","error_description":"NotAuthorizedException"}"#,
        ),
        (400, r#"{"message":"invalid_grant"}"#),
        (400, r#"{"error":["invalid_grant"]}"#),
        (400, r#"{"error":{"error":"invalid_grant"}}"#),
        (400, r#"{"error":"INVALID_GRANT"}"#),
        (400, r#"{"error":"not_invalid_grant"}"#),
        (400, r#"["invalid_grant"]"#),
        (400, "<p>invalid_grant</p>"),
        (403, r#"{"error":"invalid_grant"}"#),
        (400, r#"{"error":"invalid_client"}"#),
        (
            400,
            r#"{"error":"unauthorized_client","error_description":"invalid_grant"}"#,
        ),
    ];
    app.advance(3601).await;
    for (status, body) in kept {
        let fault = json!({ "op": "oauth2/token", "status": status, "body": body });
        app.local("faults", fault).await;
        let answer = browser.get("/auth/me").await;
        assert_kept(&answer);
        assert!(!answer.body.contains("grant"), "{}", answer.body);
    }
    assert_eq!(browser.get("/auth/me").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t71_fifty_requests_on_an_expired_token_refresh_once() {
    for store in STORES {
        for rotation in [true, false] {
            let app = rotating(rotation, store).await;
            let mut browser = app.browser();
            app.sign_in(&mut browser, ALICE).await;
            let first = app.token_set(&browser).await;
            app.advance(3601).await;
            let calls = app.calls(refresh_operation(rotation)).await;
            let requests = (0..50).map(|number| {
                let mut tab = browser.copy();
                async move {
                    match number % 4 {
                        0 => tab.post("/auth/refresh").await,
                        1 => tab.get("/auth/me").await,
                        2 => tab.get("/api/v1/auth/check").await,
                        _ => tab.get("/auth/token").await,
                    }
                }
            });
            for answer in join_all(requests).await {
                assert_eq!(answer.status, 200, "{} {}", answer.url, answer.body);
            }
            let op = refresh_operation(rotation);
            assert_eq!(app.calls(op).await, calls + 1, "{store:?} {rotation}");
            let second = app.token_set(&browser).await;
            let text = |set: &cogward_session::TokenSet| {
                set.refresh_token.as_ref().unwrap().expose().to_owned()
            };
            assert_eq!(text(&second) != text(&first), rotation);
            // What is kept is what Cognito takes.
            app.advance(3601).await;
            assert_eq!(browser.get("/auth/me").await.status, 200);
            assert_eq!(app.calls(op).await, calls + 2);
            assert_eq!(
                refresh_at_pool(&app, &text(&first)).await,
                if rotation { 400 } else { 200 }
            );
        }
    }
}

#[tokio::test]
async fn t71_a_refresh_asked_for_again_soon_reuses_the_result() {
    let app = rotating(true, StoreKind::Memory).await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let op = refresh_operation(true);
    let first = browser.post("/auth/refresh").await;
    assert_eq!(first.status, 200, "{}", first.body);
    for _ in 0..3 {
        let again = browser.post("/auth/refresh").await;
        assert_eq!(again.json(), first.json());
        assert_eq!(browser.post("/api/v1/auth/refresh").await.status, 200);
    }
    assert_eq!(app.calls(op).await, 1);
    assert_eq!(
        app.calls("oauth2/token").await,
        1,
        "the code, and nothing else"
    );
    app.advance(11).await;
    let later = browser.post("/auth/refresh").await;
    assert_eq!(later.status, 200);
    assert_ne!(later.json()["access_token"], first.json()["access_token"]);
    assert_eq!(app.calls(op).await, 2);
}

#[tokio::test]
async fn t73_a_refresh_that_dies_stands_in_nobodys_way() {
    for store in STORES {
        let app = rotating(false, store).await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        app.advance(3601).await;
        app.store.panic_at("replace");
        assert_kept(&browser.get("/auth/me").await);
        assert_eq!(browser.get("/auth/me").await.status, 200);
    }
}

/// As `kill -9` does it: every task of the server stops where it is.
#[test]
fn t73_a_server_killed_in_mid_refresh_leaves_no_lock() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let (world, killed) = (runtime(), runtime());
    let on_disk = || {
        TestApp::builder()
            .store(StoreKind::Sqlite)
            .data(folder.path().into())
    };
    let pool = world.block_on(TestApp::start());
    let cookie = killed.block_on(async {
        let app = on_disk().beside(&pool).start().await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        app.advance(3601).await;
        let fault = json!({ "op": "oauth2/token", "delay_ms": 60_000 });
        app.local("faults", fault).await;
        let calls = token_calls(&app).await;
        let mut tab = browser.copy();
        tokio::spawn(async move { tab.get("/auth/me").await });
        until("asked", async || token_calls(&app).await > calls).await;
        browser.cookie("cogward_session").unwrap().to_owned()
    });
    killed.shutdown_timeout(Duration::from_secs(5));
    world.block_on(async {
        let app = on_disk().beside(&pool).start().await;
        let mut browser = app.browser();
        browser.set_cookie("cogward_session", &cookie);
        let me = browser.get("/auth/me").await;
        assert_eq!(me.status, 200, "{}", me.body);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t74_a_client_that_hangs_up_loses_nothing() {
    for store in STORES {
        for rotation in [true, false] {
            let app = rotating(rotation, store).await;
            let mut browser = app.browser();
            app.sign_in(&mut browser, ALICE).await;
            let op = refresh_operation(rotation);
            // Hung up while Cognito works, and again while the store does.
            for moment in ["Cognito", "store"] {
                app.advance(3601).await;
                let (calls, writes) = (app.calls(op).await, app.store.calls("replace"));
                let mut hold = None;
                if moment == "Cognito" {
                    app.local("faults", json!({ "op": op, "delay_ms": 300 }))
                        .await;
                } else {
                    hold = Some(app.store.hold("replace"));
                }
                let mut tab = browser.copy();
                let request = tokio::spawn(async move { tab.get("/auth/me").await });
                until("under way", async || match moment {
                    "Cognito" => app.calls(op).await > calls,
                    _ => app.store.calls("replace") > writes,
                })
                .await;
                request.abort();
                assert!(request.await.is_err(), "hung up before the answer");
                drop(hold);
                let version = async || record(&app, &browser).await.version;
                let expected = if moment == "Cognito" { 2 } else { 3 };
                until("written", async || version().await == expected).await;
                let me = browser.get("/auth/me").await;
                assert_eq!(me.status, 200, "{moment}: {}", me.body);
                assert_eq!(app.calls(op).await, calls + 1, "{moment}");
            }
            app.advance(3601).await;
            assert_eq!(
                browser.get("/auth/me").await.status,
                200,
                "the last one works"
            );
        }
    }
}

#[tokio::test]
async fn t74_a_rotated_token_survives_a_store_that_is_away() {
    for store in STORES {
        let app = rotating(true, store).await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        app.advance(3601).await;
        let op = refresh_operation(true);
        // Rotated without grace: what is lost now is lost for good.
        app.store.fail("replace", 5);
        assert_kept(&browser.get("/auth/me").await);
        until("written after all", async || {
            record(&app, &browser).await.version == 2
        })
        .await;
        assert_eq!(browser.get("/auth/me").await.status, 200);
        assert_eq!(app.calls(op).await, 1);
        app.advance(3601).await;
        assert_eq!(browser.get("/auth/me").await.status, 200);
        assert_eq!(app.calls(op).await, 2);
    }
}

#[tokio::test]
async fn t74_a_slow_rotation_loses_nothing_and_holds_nobody_up() {
    let app = rotating(true, StoreKind::Memory).await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    app.advance(3600 - 50).await;
    // Longer than any request waits; the old token is spent in the end.
    let op = refresh_operation(true);
    app.local("faults", json!({ "op": op, "delay_ms": 6000 }))
        .await;
    for _ in 0..10 {
        let me = browser.get("/auth/me").await;
        assert_eq!(me.status, 200, "{}", me.body);
    }
    assert_eq!(
        record(&app, &browser).await.version,
        1,
        "it is not over yet"
    );
    until("written", async || {
        record(&app, &browser).await.version == 2
    })
    .await;
    app.advance(3601).await;
    assert_eq!(browser.get("/auth/me").await.status, 200);
    assert_eq!(app.calls(op).await, 2);
}

#[tokio::test]
async fn t74_waiting_for_a_refresh_has_an_end() {
    let app = rotating(false, StoreKind::Memory).await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    app.advance(3601).await;
    // The store takes the new tokens and never answers.
    let hold = app.store.hold("replace");
    let calls = token_calls(&app).await;
    let waiters = (0..20).map(|_| {
        let mut tab = browser.copy();
        async move { tab.get("/auth/me").await }
    });
    for answer in join_all(waiters).await {
        assert_kept(&answer);
    }
    assert_eq!(token_calls(&app).await, calls + 1);
    drop(hold);
    until("written", async || {
        record(&app, &browser).await.version == 2
    })
    .await;
    assert_eq!(browser.get("/auth/me").await.status, 200);
    assert_eq!(token_calls(&app).await, calls + 1);
}

#[tokio::test]
async fn t76_partial_answers_lose_nothing() {
    let app = TestApp::builder().fake().start().await;
    let mut browser = app.browser();
    let pair = || {
        let now = app.auth.now().as_secs();
        app.fake().pair("alice", |id, access| {
            for claims in [id, access] {
                claims["iat"] = json!(now);
                claims["exp"] = json!(now + 3600);
            }
        })
    };
    let started = browser.post_json("/auth/session", &pair()).await;
    assert_eq!(started.status, 200, "{}", started.body);
    let me = browser.get("/auth/me").await.json();
    // Each answer has less than the ones before; the last ones are full again.
    let missing: [&[&str]; 5] = [
        &["refresh_token"],
        &["refresh_token", "id_token"],
        &["refresh_token", "id_token", "expires_in", "token_type"],
        &["refresh_token"],
        &[],
    ];
    for missing in missing {
        app.advance(3601).await;
        let mut answer = pair();
        answer["expires_in"] = json!(3600);
        answer["token_type"] = json!("Bearer");
        answer["refresh_token"] = json!("rotated");
        for name in missing {
            answer.as_object_mut().unwrap().remove(*name);
        }
        app.fake().answer(TokenAnswer::ok(&answer));
        let tokens = browser.get("/auth/token").await;
        assert_eq!(tokens.status, 200, "{missing:?}: {}", tokens.body);
        assert_eq!(tokens.json()["access_token"], answer["access_token"]);
        assert_eq!(browser.get("/auth/me").await.json(), me, "{missing:?}");
    }
    let forms = app.fake().token_forms();
    let old = forms
        .iter()
        .filter(|form| form.contains("refresh_token=refresh-of-alice"));
    assert_eq!((old.count(), forms.len()), (5, 5), "the old one was kept");
    let kept = app.token_set(&browser).await.refresh_token.unwrap();
    assert_eq!(kept.expose(), "rotated");
}

#[tokio::test]
async fn t77_withdrawn_rights_are_gone_with_the_next_refresh() {
    for rotation in [false, true] {
        let app = rotating(rotation, StoreKind::Memory).await;
        let email = "carol@example.com";
        app.user(email, &["admin", "editors"]).await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, email).await;
        let groups = browser.get("/auth/me").await.json()["groups"].clone();
        assert_eq!(groups, json!(["admin", "editors"]));
        app.local("users", json!({ "username": email, "groups": ["editors"] }))
            .await;
        assert_eq!(browser.post("/auth/refresh").await.status, 200);
        let groups = browser.get("/auth/me").await.json()["groups"].clone();
        assert_eq!(groups, json!(["editors"]));
        app.local("users", json!({ "username": email, "groups": [] }))
            .await;
        app.advance(3601).await;
        let groups = browser.get("/auth/me").await.json()["groups"].clone();
        assert_eq!(groups, json!([]));
        app.local("users", json!({ "username": email, "enabled": false }))
            .await;
        app.advance(11).await;
        let mut thief = browser.copy();
        let answer = browser.post("/auth/refresh").await;
        assert_eq!(answer.status, 401, "{}", answer.body);
        assert_eq!(thief.get("/auth/me").await.status, 401);
    }
}
