//! The audit trail of the binary: where it goes, and what becomes of it.

use std::fs::OpenOptions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use cogward_testkit::{Browser, assert_whole_trail, audit_events, holds_a_token};
use serde_json::{Value, json};

use crate::deployment::Deployment;
use crate::process::{Server, cogward, free_ports, local, sign_in, text};

const USER: &str = "user@example.com";
const PATIENCE: Duration = Duration::from_secs(60);

fn codes(events: &[Value]) -> Vec<&str> {
    let codes = events
        .iter()
        .map(|it| it["metadata"]["event_code"].as_str());
    codes.map(Option::unwrap).collect()
}

fn events(path: &Path) -> Vec<Value> {
    audit_events(&std::fs::read_to_string(path).unwrap())
}

/// Waits until an event of this name stands in the file.
async fn told(path: &Path, code: &str) {
    let until = Instant::now() + PATIENCE;
    let stands = || {
        std::fs::read_to_string(path)
            .unwrap_or_default()
            .contains(code)
    };
    while !stands() {
        assert!(Instant::now() < until, "no {code} in {}", path.display());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn deployment() -> Deployment {
    let deployment = Deployment::new().await;
    let user = json!({
        "username": USER, "password": "Passw0rd!", "groups": [], "attributes": { "email": USER },
    });
    local(&deployment.pool.base, "users", &user).await;
    deployment
}

async fn log_in(server: &Server, password: &str) -> (Browser, u16) {
    let mut browser = server.browser();
    let body = json!({ "email": USER, "password": password, "session": true });
    let answer = browser.post_json("/api/v1/auth/login", &body).await;
    (browser, answer.status.as_u16())
}

/// What follows from another password.
const AFTER: [&str; 5] = [
    "password_changed",
    "tokens_revoked",
    "revoked",
    "signed_in",
    "signed_out",
];

#[tokio::test]
async fn a_file_has_every_event_and_the_log_none_and_hangups_rotate_it() {
    let deployment = deployment().await;
    let folder = deployment.folder.path();
    let (path, old) = (folder.join("audit.jsonl"), folder.join("audit.jsonl.1"));
    let env = [
        ("AUDIT_PATH", "audit.jsonl"),
        ("COGWARD_ACCOUNTS_ENABLED", "true"),
        ("LOG_FORMAT", "json"),
    ];
    let server = deployment.serve(&env).await;
    let mode = path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut browser = server.browser();
    let entered = sign_in(&mut browser, USER).await;
    assert_eq!(browser.post("/api/v1/auth/refresh").await.status, 200);
    assert_eq!(log_in(&server, "wrong-Passw0rd").await.1, 401);
    let (mut other, status) = log_in(&server, "Passw0rd!").await;
    assert_eq!(status, 200);
    let question = json!({ "action": "read:own" });
    browser.post_json("/auth/authorize", &question).await;
    told(&path, "decision").await;

    std::fs::rename(&path, &old).unwrap();
    server.signal("HUP");
    told(&path, "trail_reopened").await;
    let change = json!({ "current_password": "Passw0rd!", "new_password": "0ther-Passw0rd" });
    let changed = other
        .post_json("/api/v1/auth/change-password", &change)
        .await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(other.post("/api/v1/auth/logout").await.status, 200);
    let log = server.log();
    assert!(!log.contains("cogward::audit"), "{log}");
    server.stop().await;

    let (before, after) = (events(&old), events(&path));
    assert_whole_trail(before.iter().chain(&after));
    let both = std::fs::read_to_string(&old).unwrap() + &std::fs::read_to_string(&path).unwrap();
    for secret in [USER, "Passw0rd", "cogward_session"] {
        assert!(!both.contains(secret), "{secret}");
    }
    assert!(!holds_a_token(&both));
    let names = codes(&before);
    assert_eq!(names[0], "trail_begun");
    for name in ["signed_in", "refreshed", "sign_in_refused", "decision"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    let first = before
        .iter()
        .find(|it| it["metadata"]["event_code"] == "signed_in");
    let first = first.unwrap();
    assert_eq!(first["http_request"]["uid"], entered.header("x-request-id"));
    assert_eq!(first["src_endpoint"]["ip"], "127.0.0.1");
    let names = codes(&after);
    assert_eq!(names[0], "trail_reopened");
    for name in AFTER {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    assert_eq!(names.last(), Some(&"trail_ended"));
}

#[tokio::test]
async fn standard_output_has_events_and_nothing_else() {
    let deployment = deployment().await;
    let server = deployment.serve(&[("AUDIT_OUTPUT", "stdout")]).await;
    let port = server.base.port().unwrap();
    let path = deployment.folder.path().join(format!("stdout-{port}"));
    sign_in(&mut server.browser(), USER).await;
    // Heeded, and no reason to end.
    server.signal("HUP");
    told(&path, "trail_reopened").await;
    server.stop().await;
    let events = events(&path);
    let names = codes(&events);
    assert_eq!(
        names,
        ["trail_begun", "signed_in", "trail_reopened", "trail_ended"]
    );
}

#[tokio::test]
async fn a_full_disk_is_told_of_once_and_ends_no_request() {
    let deployment = deployment().await;
    let [port] = free_ports();
    let env = deployment.env(
        port,
        &[
            ("AUDIT_OUTPUT", "stdout"),
            ("COGWARD_ACCOUNTS_ENABLED", "true"),
        ],
    );
    let env: Vec<_> = env.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let (folder, number) = (deployment.folder.path(), port.to_string());
    let args = ["serve", "--port", &number];
    let server = Server::start_to(full, folder, &args, &env, port, "/health").await;
    for _ in 0..5 {
        let (mut browser, status) = log_in(&server, "Passw0rd!").await;
        assert_eq!(status, 200);
        assert_eq!(browser.post("/api/v1/auth/logout").await.status, 200);
    }
    server.logged("the audit trail is not written").await;
    server.terminate();
    server
        .logged("the end of the audit trail was not written")
        .await;
    assert_eq!(
        server
            .log()
            .matches("the audit trail is not written")
            .count(),
        1
    );
    assert!(server.log().contains("lost=12"), "{}", server.log());
    server.stop().await;
}

#[tokio::test]
async fn a_trail_that_cannot_be_written_is_no_start() {
    let deployment = deployment().await;
    let folder = deployment.folder.path();
    for path in ["none/audit.jsonl", ".", "/dev/null"] {
        let env = deployment.env(1, &[("AUDIT_PATH", path)]);
        let [port] = free_ports::<1>().map(|port| port.to_string());
        let output = cogward(folder, &["serve", "--port", &port])
            .envs(env)
            .output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stderr);
        assert!(
            said.contains(&format!("cannot write the audit trail {path}: ")),
            "{said}"
        );
        assert!(said.contains("AUDIT_PATH"), "{said}");
    }
    let env = deployment.env(1, &[("AUDIT_OUTPUT", "file")]);
    let output = cogward(folder, &["serve"]).envs(env).output().unwrap();
    let said = text(&output.stderr);
    assert!(
        said.contains("AUDIT_PATH: is required by audit.output file"),
        "{said}"
    );
}

#[tokio::test]
async fn what_an_operator_ends_is_in_the_trail_with_a_server_or_without() {
    let deployment = deployment().await;
    let folder = deployment.folder.path();
    let path = folder.join("audit.jsonl");
    let more = [
        ("AUDIT_PATH", "audit.jsonl"),
        // Nobody answers there.
        ("COGWARD_CONTEXT_URL", "http://127.0.0.1:1"),
        ("COGWARD_CONTEXT_NAMES", "recipes"),
    ];
    let server = deployment.serve(&more).await;
    let mut browser = server.browser();
    sign_in(&mut browser, USER).await;
    let sub = browser.get("/auth/me").await.json()["sub"]
        .as_str()
        .unwrap()
        .to_owned();
    let env = deployment.env(1, &more);
    let run = |args: &[&str]| {
        let output = cogward(folder, args).envs(env.clone()).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    };
    let work = || {
        run(&["sessions", "list", "--user", &sub]);
        run(&["context", "forget", "--user", &sub]);
        run(&["sessions", "revoke", "--all", "--user", &sub]);
    };
    work();
    sign_in(&mut browser, USER).await;
    let log = folder.join(format!("stderr-{}", server.base.port().unwrap()));
    server.stop().await;
    let log = std::fs::read_to_string(log).unwrap();
    assert_eq!(log.matches("user contexts so far").count(), 1);
    work();
    let events = events(&path);
    let of = |code: &'static str| {
        events
            .iter()
            .filter(move |it| it["metadata"]["event_code"] == code)
    };
    let forgotten = format!("{sub}/*");
    for (code, detail) in [
        ("sessions_listed", Value::Null),
        ("context_forgotten", Value::from(forgotten)),
        ("revoked", Value::from("by an operator")),
        ("tokens_revoked", Value::from("by an operator")),
    ] {
        assert_eq!(of(code).count(), 2, "{code}: {:?}", codes(&events));
        for event in of(code) {
            assert_eq!(event["actor"]["user"]["name"], "operator");
            assert_eq!(event["user"]["uid"], sub);
            assert_eq!(event["status_detail"], detail);
        }
    }
}

#[tokio::test]
async fn an_operators_command_makes_no_trail_and_tells_where_he_sees_it() {
    let deployment = deployment().await;
    let folder = deployment.folder.path();
    let path = folder.join("audit.jsonl");
    let server = deployment.serve(&[("AUDIT_PATH", "audit.jsonl")]).await;
    let mut browser = server.browser();
    sign_in(&mut browser, USER).await;
    let me = browser.get("/auth/me").await.json();
    let sub = me["sub"].as_str().unwrap();
    server.stop().await;
    std::fs::remove_file(&path).unwrap();
    for (name, value, event) in [
        ("AUDIT_PATH", "audit.jsonl", "revoked"),
        ("AUDIT_OUTPUT", "stdout", "tokens_revoked"),
    ] {
        let env = deployment.env(1, &[(name, value)]);
        let args = ["sessions", "revoke", "--all", "--user", sub];
        let output = cogward(folder, &args).envs(env).output().unwrap();
        let said = text(&output.stderr);
        assert!(!path.exists(), "it would be closed to the server");
        let lines = said.lines().filter(|line| line.starts_with('{'));
        let lines: String = lines.flat_map(|line| [line, "\n"]).collect();
        let events = audit_events(&lines);
        assert!(codes(&events).contains(&event), "{said}");
        assert!(!text(&output.stdout).contains(event));
    }
}

#[tokio::test]
async fn what_a_killed_server_left_half_written_spoils_no_other_event() {
    let deployment = deployment().await;
    let path = deployment.folder.path().join("audit.jsonl");
    let fragment = "{\"time\":1795325317314,\"class_u";
    std::fs::write(&path, fragment).unwrap();
    for begun in 1..=2 {
        deployment
            .serve(&[("AUDIT_PATH", "audit.jsonl")])
            .await
            .stop()
            .await;
        let all = std::fs::read_to_string(&path).unwrap();
        let events = all.strip_prefix(fragment).unwrap().strip_prefix('\n');
        let events = audit_events(events.unwrap());
        let names = ["trail_begun", "trail_ended"].repeat(begun);
        assert_eq!(codes(&events), names);
    }
}
