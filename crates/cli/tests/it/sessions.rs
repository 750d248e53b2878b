//! An operator looks at a user's sessions and ends them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use cogward_testkit::Browser;
use serde_json::Value;

use crate::deployment::Deployment;
use crate::durable::tokens;
use crate::process::{Dev, Server, cogward, http, sign_in, text, who};

const HAND_MADE: &str = "curl/8.5.0 (hand-made)";

/// `cogward sessions …` in this folder, off the runtime that answers it.
async fn sessions(folder: &Path, env: &[(String, String)], args: &[&str]) -> Output {
    let mut command = cogward(folder, &[&["sessions"], args].concat());
    command.envs(env.iter().map(|(name, value)| (name, value)));
    let run = move || command.output().unwrap();
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

async fn signed_in(server: &Server) -> Browser {
    let mut browser = server.browser();
    sign_in(&mut browser, "user@example.com").await;
    browser
}

async fn sub(browser: &mut Browser) -> String {
    let answer = browser.get("/api/v1/auth/check").await;
    answer.json()["user"]["id"].as_str().unwrap().to_owned()
}

/// Hands tokens over as a client of this name.
async fn session_of(server: &Server, tokens: &Value, user_agent: &str) {
    let url = server.base.join("/auth/session").unwrap();
    let request = http().post(url).header("x-l42-csrf", "1").json(tokens);
    let request = request.header("user-agent", user_agent);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_development_server_is_asked_without_configuration() {
    let dev = Dev::new();
    let server = dev.start(&[]).await;
    let (mut one, mut other) = (signed_in(&server).await, signed_in(&server).await);
    let bearer = tokens(&dev.pool()).await;
    session_of(&server, &bearer, HAND_MADE).await;
    let sub = sub(&mut one).await;
    let whose = ["--user", &sub, "--data-dir", "data"];
    let folder = dev.folder.path();

    let list = sessions(folder, &[], &[&["list"], &whose[..]].concat()).await;
    let shown = text(&list.stdout);
    assert_eq!(code(&list), 0, "{shown}");
    assert!(
        shown.starts_with(&format!("3 sessions of {sub}\n")),
        "{shown}"
    );
    assert!(shown.contains("(hand-made)"), "{shown}");

    let json = sessions(folder, &[], &[&["list", "--json"], &whose[..]].concat()).await;
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["sessions"].as_array().unwrap().len(), 3);

    let answer = other.get("/api/v1/auth/sessions").await.json();
    let mut own = answer["sessions"].as_array().unwrap().iter();
    let own = own.find(|session| session["current"] == true).unwrap();
    let handle = own["handle"].as_str().unwrap();
    let revoke = [&["revoke", "--handle", handle], &whose[..]].concat();
    let ended = sessions(folder, &[], &revoke).await;
    assert_eq!(text(&ended.stdout), format!("ended 1 session of {sub}\n"));
    assert_eq!(who(&mut other).await, None);
    assert_eq!(who(&mut one).await.unwrap(), "user@example.com");
    let again = sessions(folder, &[], &revoke).await;
    assert_eq!(code(&again), 1);
    assert!(text(&again.stderr).contains("has no session"));

    let token = bearer["access_token"].as_str().unwrap();
    assert_eq!(with_token(&server, token).await, 200);
    let all = sessions(folder, &[], &[&["revoke", "--all"], &whose[..]].concat()).await;
    let told = text(&all.stdout);
    assert!(
        told.starts_with(&format!("ended 2 sessions of {sub}\n")),
        "{told}"
    );
    assert_eq!(who(&mut one).await, None);
    assert_eq!(with_token(&server, token).await, 401);
    let list = sessions(folder, &[], &[&["list"], &whose[..]].concat()).await;
    assert_eq!(code(&list), 1);
    assert!(text(&list.stderr).contains("has no sessions"));
    assert!(server.log().contains("by an operator"), "{}", server.log());
    server.stop().await;
    let list = sessions(folder, &[], &[&["list"], &whose[..]].concat()).await;
    assert_eq!(code(&list), 2);
    assert!(text(&list.stderr).contains("no server answers in data"));
}

async fn with_token(server: &Server, token: &str) -> u16 {
    let url = server.base.join("/api/v1/auth/check").unwrap();
    let answer = http().get(url).bearer_auth(token).send().await;
    answer.unwrap().status().as_u16()
}

#[tokio::test]
async fn sqlite_is_asked_through_its_server_or_without_one() {
    let deployment = Deployment::new().await;
    let server = deployment.serve(&[]).await;
    let mut browser = signed_in(&server).await;
    let sub = sub(&mut browser).await;
    let (folder, env) = (deployment.folder.path(), deployment.env(1, &[]));
    let list = ["list", "--user", &sub];
    let through = sessions(folder, &env, &list).await;
    assert_eq!(code(&through), 0, "{}", text(&through.stderr));
    server.stop().await;
    let direct = sessions(folder, &env, &list).await;
    assert_eq!(code(&direct), 0, "{}", text(&direct.stderr));
    let handles = |output: &Output| text(&output.stdout).lines().nth(3).unwrap()[..10].to_owned();
    assert_eq!(handles(&through), handles(&direct));
    let all = sessions(folder, &env, &["revoke", "--user", &sub, "--all"]).await;
    assert_eq!(code(&all), 0);
    assert!(text(&all.stderr).contains("by an operator"), "no audit");
    let server = deployment.serve(&[]).await;
    let url = server.base.join("/api/v1/auth/check").unwrap();
    assert_eq!(browser.get(url.as_str()).await.status, 401);
}

#[tokio::test]
async fn what_nobody_has_is_not_told() {
    let deployment = Deployment::new().await;
    let folder = deployment.folder.path();
    for (backend, says) in [
        ("memory", "no server answers"),
        ("sqlite", "no server answers"),
    ] {
        let env = deployment.env(1, &[("SESSION_BACKEND", backend)]);
        let list = sessions(folder, &env, &["list", "--user", "somebody"]).await;
        assert_eq!(code(&list), 2);
        assert!(text(&list.stderr).contains(says), "{}", text(&list.stderr));
        assert!(!folder.join("data").exists(), "a look makes nothing");
    }
    let list = sessions(folder, &[], &["list", "--user", "somebody"]).await;
    assert_eq!(code(&list), 2);
    assert!(text(&list.stderr).contains("--data-dir .cogward"));
}

#[tokio::test]
async fn the_socket_is_the_owners_and_survives_a_kill() {
    let deployment = Deployment::new().await;
    let memory = [("SESSION_BACKEND", "memory")];
    let mut server = deployment.serve(&memory).await;
    let socket = deployment.folder.path().join("data/control.sock");
    let mode = socket.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // A second one on the same folder leaves it to the first.
    let second = deployment.serve(&memory).await;
    assert!(
        second.log().contains("no control socket"),
        "{}",
        second.log()
    );
    second.stop().await;
    let mut browser = signed_in(&server).await;
    let sub = sub(&mut browser).await;
    let (folder, env) = (deployment.folder.path(), deployment.env(1, &memory));
    let list = ["list", "--user", &sub];
    assert_eq!(code(&sessions(folder, &env, &list).await), 0);
    server.kill();
    assert!(socket.exists(), "nobody could remove it");
    assert_eq!(code(&sessions(folder, &env, &list).await), 2);
    let server = deployment.serve(&memory).await;
    assert_eq!(code(&sessions(folder, &env, &list).await), 1);
    server.stop().await;
    assert!(!socket.exists());
    let left = std::fs::read_dir(folder.join("data")).unwrap();
    assert_eq!(left.count(), 0);
}
