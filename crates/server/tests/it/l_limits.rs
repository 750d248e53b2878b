//! How often accounts may be tried and written to, at one server and at several.

use std::time::Duration;

use cogward_session::Quota;
use cogward_testkit::{Answer, Browser, Builder, StoreKind, TestApp};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "Passw0rd!";
const LOGIN: &str = "/api/v1/auth/login";
const HERE: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.7";

/// Answers at once, believes what it is told of addresses, and has Cognito lock nobody out.
fn builder() -> Builder {
    let proxies = |site: &mut cogward_server::Site| {
        site.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
    };
    let builder = TestApp::builder().site(proxies);
    builder.settings(|it| it.accounts.step = Duration::ZERO)
}

async fn start(builder: Builder) -> TestApp {
    let app = builder.start().await;
    app.local("settings", json!({ "limits": { "lockout": false } }))
        .await;
    app.user(EMAIL, &[]).await;
    app
}

async fn post(app: &TestApp, from: &str, path: &str, body: Value) -> Answer {
    let mut browser = app.browser();
    let request = browser.request(Method::POST, path).json(&body);
    browser.send(request.header("x-forwarded-for", from)).await
}

async fn guess(app: &TestApp, from: &str) -> Answer {
    let body = json!({ "email": EMAIL, "password": "Wr0ng-Passw0rd" });
    post(app, from, LOGIN, body).await
}

async fn owner(app: &TestApp, from: &str) -> Answer {
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    post(app, from, LOGIN, body).await
}

async fn register(app: &TestApp, email: &str, password: &str) -> Answer {
    let body = json!({
        "email": email, "password": password, "first_name": "Ada", "last_name": "Lovelace",
        "accept_terms": true,
    });
    post(app, HERE, "/api/v1/auth/register", body).await
}

async fn ask_for_code(app: &TestApp, from: &str, email: &str, purpose: &str) -> Answer {
    let body = json!({ "email": email, "purpose": purpose });
    post(app, from, "/api/v1/auth/request-otp", body).await
}

async fn messages(app: &TestApp, email: &str) -> usize {
    let mut inbox = Browser::new(app.upstream.base());
    let path = format!("/_local/messages?recipient={email}");
    inbox.get(&path).await.json().as_array().unwrap().len()
}

/// How long to wait, as header and text say alike.
#[track_caller]
fn wait(answer: &Answer) -> u32 {
    let body = answer.json();
    assert_eq!(answer.status, 429, "{body}");
    assert_eq!(body["error"], "too_many_requests");
    let seconds: u32 = answer.header("retry-after").parse().unwrap();
    let text = match seconds {
        1 => "too many requests: again in a second".to_owned(),
        _ => format!("too many requests: again in {seconds} seconds"),
    };
    assert_eq!(body["message"], text);
    seconds
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_share_a_store_share_the_budgets() {
    for store in [
        StoreKind::Memory,
        StoreKind::Redis,
        StoreKind::Postgres,
        StoreKind::DynamoDb,
    ] {
        let one = start(builder().store(store)).await;
        let two = builder().replica_of(&one).start().await;
        let guesses = (0..20).flat_map(|_| [guess(&one, HERE), guess(&two, HERE)]);
        let answers = join_all(guesses).await;
        let tried = answers.iter().filter(|answer| answer.status == 401);
        assert_eq!(tried.count(), 10, "{store:?}");
        assert_eq!(one.calls("InitiateAuth").await, 10, "{store:?}");
        for app in [&one, &two] {
            let seconds = wait(&owner(app, HERE).await);
            assert!((1..=30).contains(&seconds), "{store:?}: {seconds}");
            // Who used it up locked himself out, and nobody else.
            assert_eq!(owner(app, ELSEWHERE).await.status, 200, "{store:?}");
        }
        // Messages have a budget of their own, and that is one as well.
        let mut sent = 0;
        for app in [&one, &two, &one, &two, &one] {
            sent += u32::from(
                ask_for_code(app, HERE, EMAIL, "password_reset")
                    .await
                    .status
                    == 200,
            );
        }
        assert_eq!(sent, 3, "{store:?}");
    }
}

/// The time that was told is the right one.
#[tokio::test]
async fn after_the_time_that_is_told_there_is_one_attempt_more() {
    let app = start(builder()).await;
    for round in 0..3 {
        let count = if round == 0 { 10 } else { 1 };
        for _ in 0..count {
            assert_eq!(guess(&app, HERE).await.status, 401);
        }
        let seconds = wait(&guess(&app, HERE).await);
        assert!((28..=30).contains(&seconds), "{seconds}");
        app.advance(i64::from(seconds)).await;
    }
    assert_eq!(owner(&app, HERE).await.status, 200);
}

#[tokio::test]
async fn how_much_there_is_of_each_is_a_setting() {
    let tight = |it: &mut cogward_auth::Settings| {
        it.accounts.quotas.attempts = Quota::new(2, 600);
        it.accounts.quotas.messages = Quota::new(1, 900);
    };
    let app = start(builder().settings(tight)).await;
    for _ in 0..2 {
        assert_eq!(guess(&app, HERE).await.status, 401);
    }
    assert!((590..=600).contains(&wait(&guess(&app, HERE).await)));
    let asked = ask_for_code(&app, HERE, EMAIL, "password_reset").await;
    assert_eq!(asked.status, 200);
    let refused = ask_for_code(&app, HERE, EMAIL, "password_reset").await;
    assert!((890..=900).contains(&wait(&refused)));
}

#[tokio::test]
async fn many_places_fill_nobodys_inbox() {
    let app = start(builder()).await;
    let mut answers = Vec::new();
    for n in 0..20 {
        let from = format!("192.0.2.{n}");
        answers.push(ask_for_code(&app, &from, EMAIL, "password_reset").await);
    }
    let refused: Vec<_> = answers.iter().filter(|it| it.status == 429).collect();
    assert_eq!(refused.len(), 10);
    for answer in refused {
        assert!((1..=300).contains(&wait(answer)));
    }
    assert_eq!(messages(&app, EMAIL).await, 10);
    // That takes no attempt, and nothing from another account.
    assert_eq!(owner(&app, HERE).await.status, 200);
    let other = ask_for_code(&app, HERE, "bob@example.com", "password_reset").await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn passwords_that_are_too_weak_cost_no_message_and_send_none() {
    let app = start(builder()).await;
    let email = "bob@example.com";
    for _ in 0..4 {
        let answer = register(&app, email, "weak").await;
        assert_eq!(answer.status, 400, "{}", answer.json());
        assert_eq!(answer.json()["error"], "password_policy");
    }
    assert_eq!(register(&app, email, PASSWORD).await.status, 200);
    assert_eq!(register(&app, email, "weak").await.status, 400);
    // Three messages in all, however many weak passwords stand between them.
    for _ in 0..2 {
        let again = ask_for_code(&app, HERE, email, "email_verification").await;
        assert_eq!(again.status, 200);
    }
    wait(&ask_for_code(&app, HERE, email, "email_verification").await);
    wait(&register(&app, email, "weak").await);
    wait(&register(&app, email, PASSWORD).await);
    assert_eq!(messages(&app, email).await, 3);
}

#[tokio::test]
async fn registrations_are_attempts_too() {
    let app = start(builder()).await;
    for _ in 0..10 {
        let answer = register(&app, "bob@example.com", "weak").await;
        assert_eq!(answer.json()["error"], "password_policy");
    }
    wait(&register(&app, "bob@example.com", PASSWORD).await);
    assert_eq!(app.calls("SignUp").await, 10);
}

/// Taken and free addresses leave the same behind.
#[tokio::test]
async fn what_is_left_of_a_budget_tells_of_no_account() {
    let app = start(builder()).await;
    for email in [EMAIL, "nobody@example.com"] {
        let mut answers = Vec::new();
        for password in ["weak", PASSWORD, "weak", PASSWORD, PASSWORD, PASSWORD] {
            answers.push(register(&app, email, password).await.status.as_u16());
        }
        assert_eq!(answers, [400, 200, 400, 200, 200, 429], "{email}");
    }
}

/// A store that is away frees nobody and locks nobody out.
#[tokio::test]
async fn t172_while_the_store_is_away_each_server_counts_its_own() {
    let one = start(builder().store(StoreKind::Redis)).await;
    let two = builder().replica_of(&one).start().await;
    for app in [&one, &two] {
        app.store.set_broken(true);
    }
    for app in [&one, &two] {
        for _ in 0..9 {
            assert_eq!(guess(app, HERE).await.status, 401);
        }
        assert_eq!(owner(app, HERE).await.status, 200);
        wait(&owner(app, HERE).await);
        assert_eq!(owner(app, ELSEWHERE).await.status, 200);
    }
    // What was counted meanwhile counts on.
    one.store.set_broken(false);
    wait(&owner(&one, HERE).await);
}

#[tokio::test]
async fn t172_who_is_refused_costs_the_store_nothing() {
    let one = start(builder().store(StoreKind::Redis)).await;
    let two = builder().replica_of(&one).start().await;
    for _ in 0..10 {
        assert_eq!(guess(&one, HERE).await.status, 401);
    }
    wait(&guess(&two, HERE).await);
    let before = [&one, &two].map(|app| app.store.calls("take_from"));
    for app in [&one, &two] {
        for _ in 0..20 {
            wait(&guess(app, HERE).await);
        }
    }
    let after = [&one, &two].map(|app| app.store.calls("take_from"));
    assert_eq!(before, after);
}
