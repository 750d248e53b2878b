//! What surrounds the routes, in its order: each layer's work is seen where those inside did nothing.

use std::time::Duration;

use axum::routing::{get, post};
use cogward_session::Rate;
use cogward_testkit::{Answer, FRONTEND, TestApp};
use reqwest::Method;
use serde_json::Value;

use crate::audit::Log;
use crate::raw::{pipelined, raw};
use crate::sign_ins::{FAMILIES, TOKEN_HANDLER, sign_in};
use crate::support::session_operations;

/// What the outermost layer puts on an answer.
#[track_caller]
fn assert_outside(answer: &Answer) {
    assert_eq!(answer.header("x-request-id").len(), 24);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cache-control"), "no-store");
}

/// The lines of requests so far.
fn requests(log: &Log) -> Vec<Value> {
    let text = log.text();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|line: &Value| line["target"] == "cogward::request")
        .collect()
}

#[tokio::test]
async fn who_is_refused_at_the_door_has_an_id_and_a_line_and_no_store_is_asked() {
    let (log, _listening) = Log::listen();
    let app = TestApp::builder().fake().start().await;
    let mut browser = app.browser();
    sign_in(&app, TOKEN_HANDLER, &mut browser, "somebody").await;
    let asked = ["load", "touch"].map(|op| app.store.calls(op));
    for (path, origin) in [
        ("/auth/logout", "https://evil.example"),
        ("/api/v1/auth/logout/all", "https://evil.example"),
        // The frontend's page without the protocol's header.
        ("/auth/refresh", FRONTEND),
    ] {
        let request = browser.request(Method::POST, path).header("origin", origin);
        let answer = browser.send(request).await;
        assert_eq!(answer.status, 403, "{path}");
        assert_outside(&answer);
        let of_frontend = answer.header("access-control-allow-origin") == FRONTEND;
        assert_eq!(
            of_frontend,
            origin == FRONTEND,
            "CORS is around the refusal"
        );
        let id = answer.header("x-request-id");
        let lines = requests(&log).into_iter();
        let lines: Vec<_> = lines
            .filter(|it| it["fields"]["request_id"] == id)
            .collect();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(lines[0]["fields"]["path"], path);
        assert_eq!(lines[0]["fields"]["status"], 403);
    }
    assert_eq!(["load", "touch"].map(|op| app.store.calls(op)), asked);
    assert_eq!(browser.get("/auth/me").await.status, 200);
}

#[tokio::test]
async fn a_request_too_many_has_an_id_and_a_line_and_nobody_asks_who_sends_it() {
    let (log, _listening) = Log::listen();
    let few = |site: &mut cogward_server::Site| {
        site.rate_limits.address = Some(Rate::new(20, 1));
    };
    let app = TestApp::builder().fake().site(few).start().await;
    let mut browser = app.browser();
    sign_in(&app, TOKEN_HANDLER, &mut browser, "somebody").await;
    let mut answers = 0;
    let (asked, refused) = loop {
        let asked = app.store.calls("load");
        let answer = browser.get("/auth/me").await;
        match answer.status.as_u16() {
            200 => answers += 1,
            _ => break (asked, answer),
        }
        assert!(answers < 1000, "no limit was met");
    };
    assert_eq!(
        (refused.status.as_u16(), app.store.calls("load")),
        (429, asked)
    );
    assert_outside(&refused);
    let id = refused.header("x-request-id");
    let lines = requests(&log).into_iter().map(|it| it["fields"].clone());
    let lines: Vec<_> = lines.filter(|it| it["request_id"] == id).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["code"], "too_many_requests");
    // Nor is a forged request looked at.
    let request = browser.request(Method::POST, "/auth/logout");
    let answer = browser
        .send(request.header("origin", "https://evil.example"))
        .await;
    assert_eq!(answer.status, 429);
}

#[tokio::test]
async fn nobody_has_a_body_read_or_reaches_a_handler() {
    let patient = |site: &mut cogward_server::Site| site.body_timeout = Duration::from_secs(300);
    let app = TestApp::builder().fake().site(patient).start().await;
    let operations = session_operations(&app).await;
    let writes = app.store.writes();
    for (method, path) in operations {
        let head = "X-L42-CSRF: 1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n";
        // The body never comes, and the answer does not wait for it.
        let route = format!("{method} {path}");
        let asked = raw(&app, &route, head.as_bytes());
        let answered = tokio::time::timeout(Duration::from_secs(20), asked).await;
        let (status, text) = answered.unwrap_or_else(|_| panic!("{route} waits for the body"));
        assert_eq!(status, 401, "{route}: {text}");
    }
    assert_eq!(app.store.writes(), writes);
}

async fn boom() -> &'static str {
    panic!("a route of the application fails")
}

async fn teapot() -> http::StatusCode {
    http::StatusCode::IM_A_TEAPOT
}

#[tokio::test]
async fn t184_a_panic_is_an_error_inside_and_the_layers_outside_go_on() {
    let routes = |_: &std::sync::Arc<cogward_server::App>| {
        axum::Router::new()
            .route("/boom", get(boom).post(boom))
            .route("/auth/boom", post(boom))
            .route("/auth/teapot", get(teapot))
    };
    let (log, _listening) = Log::listen();
    let app = TestApp::builder().fake().routes(routes).start().await;
    let mut browser = app.browser();
    for (method, path) in [
        (Method::GET, "/boom"),
        (Method::POST, "/boom"),
        (Method::POST, "/auth/boom"),
    ] {
        let request = browser
            .request(method.clone(), path)
            .header("x-l42-csrf", "1");
        let answer = browser.send(request.header("origin", FRONTEND)).await;
        assert_eq!(answer.status, 500, "{method} {path}");
        assert_outside(&answer);
        assert_eq!(answer.header("access-control-allow-origin"), FRONTEND);
        let id = answer.header("x-request-id");
        assert_eq!(answer.json()["request_id"], id, "{}", answer.body);
        assert!(
            !answer.body.contains("route of the application"),
            "{}",
            answer.body
        );
        let lines = requests(&log).into_iter();
        let mut lines = lines.filter(|it| it["fields"]["request_id"] == id);
        let line = lines.next().unwrap();
        assert_eq!(
            (&line["level"], &line["fields"]["code"]),
            (&"ERROR".into(), &"internal_error".into())
        );
        assert!(lines.next().is_none());
    }
    // What the application answers in its own way has the family's body.
    let answer = browser.get("/auth/teapot").await;
    assert_eq!(answer.status, 418);
    assert_eq!(
        answer.json()["error"],
        "the request is not one that is understood here"
    );
    assert_outside(&answer);
}

#[tokio::test]
async fn t184_a_connection_goes_on_after_a_panic_and_nobody_is_let_in() {
    let app = TestApp::builder().fake().start().await;
    for family in FAMILIES {
        let mut browser = app.browser();
        sign_in(&app, family, &mut browser, "somebody").await;
        for mode in ["cors", "navigate"] {
            for (op, path) in [("load", family.who), ("put_login", family.login)] {
                app.store.panic_at(op);
                let request = browser
                    .request(Method::GET, path)
                    .header("sec-fetch-mode", mode);
                let answer = browser.send(request).await;
                assert_eq!(answer.status, 500, "{op} {path} {mode}");
                assert_outside(&answer);
                assert_eq!(answer.set_cookies(), Vec::<String>::new(), "{op} {path}");
                assert_eq!(answer.header("location"), "");
            }
        }
        // A callback that breaks in the middle signs nobody in.
        let mut other = app.browser();
        let start = family.begin(&mut other).await;
        crate::sign_ins::answer_well(&app, "somebody", &start.nonce);
        app.store.panic_at("insert");
        let answer = family.back(&mut other, &start.query()).await;
        family.assert_refused(&answer, "oauth_failed");
        assert_eq!(other.get(family.who).await.status, 401);
        assert_eq!(
            browser.get(family.who).await.status,
            200,
            "the session is kept"
        );
    }
    // On one connection: the first request panics, those behind it are answered.
    app.store.panic_at("put_login");
    let statuses = pipelined(&app, "/auth/login", std::iter::repeat_n(String::new(), 3)).await;
    assert_eq!(statuses, [500, 302, 302]);
}

#[tokio::test]
async fn every_request_has_one_line_without_what_the_sender_wrote() {
    let (log, _listening) = Log::listen();
    let app = TestApp::builder().fake().start().await;
    let mut browser = app.browser();
    sign_in(&app, TOKEN_HANDLER, &mut browser, "somebody").await;
    for (method, path, named, status, code) in [
        (Method::GET, "/health", "/health", 200, Value::Null),
        (
            Method::GET,
            "/auth/token?x=s3cret",
            "/auth/token",
            200,
            Value::Null,
        ),
        (
            Method::GET,
            "/auth/login?return_to=//s3cret",
            "/auth/login",
            400,
            "return_path_refused".into(),
        ),
        (
            Method::GET,
            "/auth/callback?code=s3cret",
            "/auth/callback",
            302,
            Value::Null,
        ),
        (
            Method::DELETE,
            "/api/v1/auth/sessions/s3cret",
            "/api/v1/auth/sessions/{handle}",
            404,
            "not_found".into(),
        ),
        (Method::GET, "/s3cret", "", 404, "not_found".into()),
    ] {
        let request = browser.request(method.clone(), path);
        let answer = browser.send(request).await;
        assert_eq!(answer.status, status, "{path}");
        let id = answer.header("x-request-id");
        let lines = requests(&log).into_iter().map(|it| it["fields"].clone());
        let lines: Vec<_> = lines.filter(|it| it["request_id"] == id).collect();
        let [line] = &lines[..] else {
            panic!("{path}: {lines:?}")
        };
        assert_eq!(line["method"], method.as_str());
        assert_eq!(line["path"].as_str().unwrap_or_default(), named);
        assert_eq!((&line["status"], &line["code"]), (&status.into(), &code));
        assert!(line["ms"].as_f64().is_some_and(|it| it >= 0.0), "{line}");
    }
    for line in requests(&log) {
        assert!(!line.to_string().contains("s3cret"), "{line}");
    }
}
