//! What is logged: lines for people, objects for machines, no secret in either.

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Dev, local, sign_in};

#[tokio::test]
async fn json_logs_are_one_object_a_line_with_the_ids_of_failed_requests() {
    let dev = Dev::new();
    let server = dev.start(&[("LOG_FORMAT", "json")]).await;
    let mut browser = server.browser();
    sign_in(&mut browser, "user@example.com").await;
    let cookie = browser.cookie("cogward_session").unwrap().to_owned();
    let down = json!({ "op": "oauth2/token", "status": 500, "times": 10 });
    local(&dev.pool(), "faults", &down).await;
    let refused = browser.post("/api/v1/auth/refresh").await;
    assert_eq!(refused.status, 503, "{}", refused.body);
    let id = refused.header("x-request-id").to_owned();
    assert_eq!(refused.json()["request_id"], id);
    let lines: Vec<Value> = server
        .log()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let failure = lines.iter().find(|line| line["request_id"] == id);
    let failure = failure.unwrap_or_else(|| panic!("{id} is not in {lines:#?}"));
    assert_eq!(failure["status"], 503);
    assert_eq!(failure["path"], "/api/v1/auth/refresh");
    for line in &lines {
        assert!(line["timestamp"].is_string() && line["level"].is_string());
    }
    let audited = |event: &str| lines.iter().any(|line| line["event"] == event);
    assert!(
        audited("signed_in") && audited("refresh_postponed"),
        "{lines:#?}"
    );
    for part in cookie.split('.') {
        assert!(part.len() < 16 || !server.log().contains(part));
    }
    server.stop().await;
}

#[tokio::test]
async fn lines_for_people_have_no_colours_in_a_file() {
    let dev = Dev::new();
    let server = dev.start(&[("LOG_LEVEL", "debug")]).await;
    let mut browser = server.browser();
    sign_in(&mut browser, "user@example.com").await;
    let missing = browser.get("/nowhere").await;
    let log = server.log();
    assert!(!log.contains('\u{1b}'), "{log}");
    let id = missing.header("x-request-id");
    assert!(log.lines().any(|line| line.contains(id)), "{log}");
}

#[tokio::test]
async fn the_audit_trail_is_kept_at_every_level() {
    for level in ["error", "off", "cogward=off", "cogward::audit=off"] {
        let dev = Dev::new();
        let env = [("LOG_LEVEL", level), ("LOG_FORMAT", "json")];
        let server = dev.start(&env).await;
        let mut browser = server.browser();
        let entered = sign_in(&mut browser, "user@example.com").await;
        let refused = browser.get("/auth/login?return_to=//evil.example").await;
        assert_eq!(refused.status, 400);
        let out = browser.post("/api/v1/auth/logout").await;
        assert_eq!(out.status, 200);
        let log = server.log();
        let lines: Vec<Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        for (event, answer) in [
            ("signed_in", &entered),
            ("refused", &refused),
            ("signed_out", &out),
        ] {
            let line = lines.iter().find(|line| line["event"] == event);
            let line = line.unwrap_or_else(|| panic!("no {event} at {level}: {log}"));
            assert_eq!(
                line["span"]["request_id"],
                answer.header("x-request-id"),
                "{level}"
            );
            assert_eq!(line["span"]["peer"], "127.0.0.1", "{level}");
        }
        let others = lines
            .iter()
            .filter(|line| line["target"] != "cogward::audit");
        assert_eq!(others.count(), 0, "{level}: {log}");
    }
}

/// A line end of every kind, quotes, escapes, and what terminals act on.
const HOSTILE: &str = "a\r\n1999-01-01T00:00:00Z  INFO forged\u{1b}]0;t\u{7}\u{1b}[2J\u{7f}\u{9b}31m\u{85}\u{2028}\u{202e}\"}\n{\"level\":\"INFO\"}";

#[tokio::test]
async fn t181_nothing_that_a_caller_sends_forges_a_line() {
    for format in ["human", "json"] {
        let dev = Dev::new();
        let server = dev
            .start(&[("LOG_FORMAT", format), ("LOG_LEVEL", "debug")])
            .await;
        let user = json!({
            "username": "eve@example.com", "password": "Passw0rd!",
            // What Cognito lets a group be called.
            "groups": ["\"}\\u001b]0;t"], "attributes": { "email": "eve@example.com" },
        });
        local(&dev.pool(), "users", &user).await;
        let mut browser = server.browser();
        let login = "/api/v1/auth/login";
        for body in [
            json!({ "email": "eve@example.com", "password": "Passw0rd!", "session": true }),
            json!({ "email": HOSTILE, "password": HOSTILE }),
            json!({ "email": "eve@example.com", "password": HOSTILE }),
        ] {
            let request = browser.request(Method::POST, login).json(&body);
            // What a header may hold at all.
            let request = request
                .header("user-agent", "x\t\"},{\"level\":\"INFO\"}\\u001b]0;t")
                .header("x-request-id", "x\t\"},{\"level\":\"INFO\"}");
            browser.send(request).await;
        }
        let resource = json!({ "id": HOSTILE, "type": HOSTILE, "owner": HOSTILE });
        let question = json!({ "action": "read:own", "resource": resource });
        browser.post_json("/auth/authorize", &question).await;
        let question = json!({ "action": HOSTILE, "resource": resource });
        browser.post_json("/auth/authorize", &question).await;
        browser.get("/nowhere%0d%0a%1b]0;t/%e2%80%a8").await;
        browser.get("/auth/login?return_to=//x%0d%0a%1b]0;t").await;
        browser
            .get("/auth/callback?state=%0a%7b&error=%1b%5b2J%0d%0a")
            .await;
        let log = server.log();
        assert!(
            log.contains("decision") && !log.contains("nowhere"),
            "{log}"
        );
        let this_year = &log[..4];
        for line in log.split_terminator('\n') {
            assert!(line.chars().all(cogward_auth::audit::is_plain), "{line:?}");
            match format {
                "human" => assert!(line.starts_with(this_year), "{line:?}"),
                _ => assert!(serde_json::from_str::<Value>(line).unwrap().is_object()),
            }
        }
        server.stop().await;
    }
}
