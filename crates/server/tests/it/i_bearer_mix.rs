//! Bearers and cookies of many people at once, and what the log says of them.

use cogward_testkit::{Browser, StoreKind, TestApp};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::audit::{Log, Secrets};
use crate::i_bearer::{ALICE, BOB, ROUTES, bear, builder, send, text, whose};
use crate::support::tokens;

struct Person {
    sub: String,
    group: String,
    browser: Browser,
    tokens: Value,
}

async fn person(app: &TestApp, number: usize) -> Person {
    let (email, group) = (
        format!("person{number}@example.com"),
        format!("group{number}"),
    );
    let user = app.user(&email, &["admin", &group]).await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, &email).await;
    Person {
        sub: text(&user, "username").to_owned(),
        group,
        browser,
        tokens: tokens(app, &email).await,
    }
}

/// How the person says who it is; the cookie beside a bearer is another's.
async fn call(app: &TestApp, number: usize, people: &[Person]) {
    let person = &people[number % people.len()];
    let other = &people[(number + 7) % people.len()];
    let round = number / people.len();
    let (method, path) = ROUTES[round % ROUTES.len()].clone();
    let bearer = |kind| format!("Bearer {}", text(&person.tokens, kind));
    let (mut browser, credentials) = match round / ROUTES.len() {
        0 => (person.browser.copy(), None),
        1 => (app.browser(), Some(bearer("access_token"))),
        2 => (other.browser.copy(), Some(bearer("id_token"))),
        3 => (other.browser.copy(), Some(bearer("access_token"))),
        _ => (person.browser.copy(), Some("Basic dXNlcjpwYXNz".to_owned())),
    };
    let headers: Vec<_> = credentials
        .iter()
        .map(|value| ("authorization", value.as_str()))
        .collect();
    let answer = send(&mut browser, (method, path), &headers).await;
    assert_eq!(
        whose(&answer),
        person.sub,
        "{number} {path}: {}",
        answer.body
    );
    if path == "/auth/me" {
        assert_eq!(answer.json()["groups"], json!(["admin", person.group]));
    }
}

#[tokio::test]
async fn t65_nobody_is_taken_for_another_by_bearer_or_cookie_under_load() {
    for store in [StoreKind::Memory, StoreKind::Sqlite] {
        let app = builder().store(store).start().await;
        let people = join_all((0..20).map(|number| person(&app, number))).await;
        // Once unknown to the server, once remembered.
        for _ in 0..2 {
            join_all((0..500).map(|number| call(&app, number, &people))).await;
        }
    }
}

/// Everything that may come in an `Authorization` header.
async fn come_with_everything(app: &TestApp, secrets: &mut Secrets) {
    let (alice, bob) = (tokens(app, ALICE).await, tokens(app, BOB).await);
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let mut shown = Vec::new();
    for token in [&alice, &bob].map(|pair| text(pair, "access_token")) {
        let (input, signature) = token.rsplit_once('.').unwrap();
        let (header, payload) = input.split_once('.').unwrap();
        shown.extend([
            token.to_owned(),
            format!("{input}.{}", signature.chars().rev().collect::<String>()),
            format!("{header}x.{payload}.{signature}"),
            format!("{input}.{signature}, and.another.one"),
            format!("{input} {signature}"),
        ]);
        secrets.add("payload", payload);
        secrets.add("signature", signature);
    }
    shown.extend(["id_token", "refresh_token"].map(|kind| text(&alice, kind).to_owned()));
    shown.push("a-secret-that-is-no-token".to_owned());
    for token in &shown {
        for scheme in ["Bearer", "bearer", "Basic", "Token"] {
            let credentials = format!("{scheme} {token}");
            let once = [("authorization", credentials.as_str())];
            for headers in [&once[..], &[once[0], once[0]]] {
                for (method, path) in ROUTES.into_iter().chain([(Method::GET, "/feed")]) {
                    for browser in [&mut app.browser(), &mut browser] {
                        let answer = send(browser, (method.clone(), path), headers).await;
                        assert!(!answer.body.contains(token.as_str()), "{}", answer.body);
                    }
                }
            }
        }
        secrets.add("what was shown", token);
    }
    let all = browser.post("/api/v1/auth/logout/all").await;
    assert_eq!(all.status, 200, "{}", all.body);
    for broken in [false, true] {
        app.store.set_broken(broken);
        for token in &shown {
            bear(&mut app.browser(), ROUTES[0].clone(), token).await;
        }
    }
    app.store.set_broken(false);
    app.clock.advance(3601);
    for token in &shown {
        bear(&mut app.browser(), ROUTES[0].clone(), token).await;
    }
}

#[tokio::test]
async fn no_bearer_stands_in_any_line_of_the_log() {
    let (log, listening) = Log::listen();
    let mut secrets = Secrets::default();
    let app = builder().start().await;
    come_with_everything(&app, &mut secrets).await;
    drop(listening);
    secrets.add("any token", "eyJraWQi");
    secrets.add("any token", "eyJhbGci");
    secrets.add("e-mail", ALICE);
    secrets.add("e-mail", BOB);
    let text = log.text();
    assert!(text.lines().count() > 500, "{}", text.lines().count());
    secrets.assert_unseen(&text);
}

#[tokio::test]
async fn one_event_for_each_bearer_that_is_refused() {
    let (log, _listening) = Log::listen();
    let app = builder().start().await;
    let pair = tokens(&app, ALICE).await;
    let token = text(&pair, "access_token");
    let private = ROUTES[0].clone();
    for (credentials, events) in [
        (format!("Bearer {token}"), 0),
        ("Basic dXNlcjpwYXNz".to_owned(), 0),
        (format!("Bearer {token}x"), 1),
        (format!("Bearer {token} {token}"), 1),
        ("Bearer".to_owned(), 1),
    ] {
        let seen = log.events().len();
        let header = [("authorization", credentials.as_str())];
        send(&mut app.browser(), private.clone(), &header).await;
        let told = log.events().split_off(seen);
        let expected = vec![("refused".to_owned(), "bearer token".to_owned()); events];
        assert_eq!(told, expected, "{credentials:.20}");
    }
    let seen = log.events().len();
    bear(&mut app.browser(), ROUTES[1].clone(), token).await;
    let told = log.events().split_off(seen);
    assert_eq!(told, [("refused".to_owned(), "request".to_owned())]);
}
