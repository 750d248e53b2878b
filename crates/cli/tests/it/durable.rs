//! Users and sessions outlive the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::SET_COOKIE;
use serde_json::{Value, json};
use url::Url;

use crate::process::{Dev, http, local, sign_in, who};

#[tokio::test]
async fn a_restart_keeps_users_and_sessions() {
    let dev = Dev::new();
    let server = dev.start(&[]).await;
    let user = json!({ "username": "new@example.com", "password": "Passw0rd!" });
    local(&dev.pool(), "users", &user).await;
    let mut browser = server.browser();
    sign_in(&mut browser, "new@example.com").await;
    server.stop().await;
    let server = dev.start(&[]).await;
    assert_eq!(who(&mut browser).await.unwrap(), "new@example.com");
    let refreshed = browser.post("/api/v1/auth/refresh").await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    sign_in(&mut server.browser(), "new@example.com").await;
}

#[tokio::test]
async fn memory_sessions_end_with_the_process() {
    let dev = Dev::new();
    let memory = [("SESSION_BACKEND", "memory")];
    let server = dev.start(&memory).await;
    let mut browser = server.browser();
    sign_in(&mut browser, "user@example.com").await;
    server.stop().await;
    let _server = dev.start(&memory).await;
    assert_eq!(who(&mut browser).await, None);
}

/// More of them than go at once.
#[tokio::test]
async fn sign_ins_that_nobody_finished_are_swept_away() {
    let dev = Dev::new();
    dev.start(&[]).await.stop().await;
    let database = dev.folder.path().join("data/sessions.db");
    let rows = || {
        let mode = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
        rusqlite::Connection::open_with_flags(&database, mode).unwrap()
    };
    rows()
        .execute_batch(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3500)
             INSERT INTO login (key, expires_at, sealed)
             SELECT CAST(printf('%032d', n) AS BLOB), n, x'00' FROM n",
        )
        .unwrap();
    let server = dev.start(&[]).await;
    let count = || -> i64 {
        let rows = rows().query_row("SELECT count(*) FROM login", [], |row| row.get(0));
        rows.unwrap()
    };
    // The next look is a minute away.
    let until = Instant::now() + Duration::from_secs(30);
    while count() > 0 {
        assert!(Instant::now() < until, "{} are left", count());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.stop().await;
}

/// Every session whose answer reached its browser is there after `kill -9`.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_under_load_loses_no_answered_session() {
    let dev = Dev::new();
    // All of them are one person's.
    let settings = "[session]\nmax_per_user = 10000\n";
    std::fs::write(dev.folder.path().join("cogward.toml"), settings).unwrap();
    let mut server = dev.start(&[]).await;
    let tokens = Arc::new(tokens(&dev.pool()).await);
    let answered = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let base = server.base.clone();
            let work = keep_signing_in(base, Arc::clone(&tokens), Arc::clone(&answered));
            tokio::spawn(work)
        })
        .collect();
    while answered.load(Ordering::SeqCst) < 200 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    server.kill();
    let mut cookies = Vec::new();
    for worker in workers {
        cookies.extend(worker.await.unwrap());
    }
    assert!(cookies.len() >= 200);
    let server = dev.start(&[]).await;
    let check = server.base.join("/api/v1/auth/check").unwrap();
    let http = http();
    for cookie in &cookies {
        let answer = http.get(check.clone()).header("cookie", cookie).send();
        assert_eq!(answer.await.unwrap().status(), 200);
    }
}

pub(crate) async fn tokens(pool: &Url) -> Value {
    let body = json!({
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "cogwardlocalpublicclient01",
        "AuthParameters": { "USERNAME": "user@example.com", "PASSWORD": "Passw0rd!" },
    });
    let request = http()
        .post(pool.clone())
        .header(
            "x-amz-target",
            "AWSCognitoIdentityProviderService.InitiateAuth",
        )
        .header("content-type", "application/x-amz-json-1.1")
        .body(body.to_string());
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    let result = &answer["AuthenticationResult"];
    json!({ "access_token": result["AccessToken"], "id_token": result["IdToken"] })
}

/// Makes sessions until the server is gone; returns the cookies it was given.
async fn keep_signing_in(base: Url, tokens: Arc<Value>, answered: Arc<AtomicUsize>) -> Vec<String> {
    let (http, url) = (http(), base.join("/auth/session").unwrap());
    let mut cookies = Vec::new();
    loop {
        let request = http.post(url.clone()).header("x-l42-csrf", "1");
        let Ok(answer) = request.json(&*tokens).send().await else {
            return cookies;
        };
        assert_eq!(answer.status(), 200);
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
        cookies.push(cookie.split(';').next().unwrap().to_owned());
        answered.fetch_add(1, Ordering::SeqCst);
    }
}
