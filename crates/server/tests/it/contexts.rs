//! Who people are in the application's own terms: over HTTP, with an IAM service behind.

use std::sync::atomic::{AtomicU16, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use cogward_auth::{Operator, context};
use cogward_context::{Contexts, Credentials, Keeping, Pattern, Provider};
use cogward_session::{KeyRing, Secret};
use cogward_testkit::{Answer, Browser, Builder, StoreKind, TestApp, holds_a_token};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::support::{claims, refused, tokens, until};

const ALICE: &str = "user@example.com";
const ADMIN: &str = "admin@example.com";
const PATH: &str = "/api/v1/auth/context/recipes";
const SERVICE_TOKEN: &str = "the-service-token-of-tests";

/// Tells the number of the question as a role, or fails with a status.
#[derive(Default)]
struct Iam {
    base: String,
    asked: AtomicUsize,
    status: AtomicU16,
    takes_ms: AtomicU64,
    shown: Mutex<Vec<String>>,
}

impl Iam {
    async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let iam = Arc::new(Self {
            base: format!("http://{}", listener.local_addr().unwrap()),
            ..Self::default()
        });
        let router = Router::new().route("/internal/users/{sub}", get(tell));
        let router = router.with_state(Arc::clone(&iam));
        tokio::spawn(async move { axum::serve(listener, router).await });
        iam
    }

    fn contexts(&self, credentials: Credentials) -> Contexts {
        let provider = Provider::new(&self.base, credentials, Duration::from_secs(5)).unwrap();
        let keeping = Keeping {
            ttl: Duration::from_secs(60),
            stale: Duration::from_secs(300),
            bytes: 1 << 20,
        };
        Contexts::new(["recipes", "products"], provider, keeping)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn fails_with(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    fn works(&self) {
        self.fails_with(0);
    }
}

async fn tell(
    State(iam): State<Arc<Iam>>,
    Path(sub): Path<String>,
    headers: HeaderMap,
) -> Response {
    let number = iam.asked.fetch_add(1, Ordering::SeqCst) + 1;
    let takes = Duration::from_millis(iam.takes_ms.load(Ordering::SeqCst));
    tokio::time::sleep(takes).await;
    let shown = headers.get("authorization");
    let shown = shown.map_or("", |it| it.to_str().unwrap()).to_owned();
    iam.shown.lock().unwrap().push(shown);
    match StatusCode::from_u16(iam.status.load(Ordering::SeqCst)) {
        Ok(status) => status.into_response(),
        Err(_) => Json(json!({ "id": sub, "roles": [format!("role-{number}")] })).into_response(),
    }
}

fn with_service(iam: &Iam) -> Builder {
    let credentials = Credentials::service(SERVICE_TOKEN).unwrap();
    TestApp::builder().contexts(iam.contexts(credentials))
}

async fn started() -> (Arc<Iam>, TestApp) {
    let iam = Iam::start().await;
    let app = with_service(&iam).start().await;
    (iam, app)
}

/// A session of the tokens that the person signed in with.
async fn session(app: &TestApp, email: &str) -> Browser {
    let mut browser = app.browser();
    let answer = browser
        .post_json("/auth/session", &tokens(app, email).await)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    browser
}

async fn bear(app: &TestApp, token: &Value) -> Answer {
    let mut browser = app.browser();
    let request = browser.request(reqwest::Method::GET, PATH);
    browser
        .send(request.bearer_auth(token.as_str().unwrap()))
        .await
}

#[track_caller]
fn roles(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["roles"].clone()
}

#[tokio::test]
async fn a_session_and_a_bearer_are_told_who_they_are() {
    let (iam, app) = started().await;
    let mut admin = session(&app, ADMIN).await;
    let answer = admin.get(PATH).await;
    let tokens = tokens(&app, ADMIN).await;
    let sub = claims(&tokens["id_token"])["sub"].clone();
    let told = answer.json();
    let expected = json!({
        "id": sub, "username": told["username"], "email": ADMIN, "groups": ["admin"],
        "context": "recipes", "roles": ["role-1"], "roles_as_of": told["roles_as_of"],
    });
    assert_eq!((answer.status.as_u16(), &told), (200, &expected));
    assert!(told["username"].is_string());
    let age = app.auth.now().as_secs() - told["roles_as_of"].as_i64().unwrap();
    assert!((0..60).contains(&age), "{age}");
    assert_eq!(answer.header("cache-control"), "no-store");
    // An access token carries no address; both are answered by what is known.
    for (kind, email) in [("id_token", json!(ADMIN)), ("access_token", Value::Null)] {
        let told = bear(&app, &tokens[kind]).await.json();
        assert_eq!((&told["email"], &told["id"]), (&email, &sub), "{kind}");
        assert_eq!(told["roles"], json!(["role-1"]), "{kind}");
    }
    assert_eq!(iam.asked(), 1);
    assert_eq!(
        *iam.shown.lock().unwrap(),
        [format!("Bearer {SERVICE_TOKEN}")]
    );
}

#[tokio::test]
async fn an_address_that_is_not_verified_is_not_told() {
    let (_iam, app) = started().await;
    let user = json!({
        "username": "mallory@example.com", "password": "Passw0rd!", "groups": [],
        "attributes": { "email": "mallory@example.com", "email_verified": "false" },
    });
    app.local("users", user).await;
    let mut mallory = session(&app, "mallory@example.com").await;
    assert_eq!(mallory.get(PATH).await.json()["email"], Value::Null);
}

#[tokio::test]
async fn who_may_not_know_is_not_told_and_nobody_is_asked() {
    let (iam, app) = started().await;
    refused(
        &app.browser().get(PATH).await,
        401,
        "authentication_required",
    );
    let mut alice = session(&app, ALICE).await;
    let request = alice.request(reqwest::Method::GET, PATH);
    let answer = alice
        .send(request.header("origin", "https://evil.example"))
        .await;
    refused(&answer, 403, "forbidden");
    refused(
        &bear(&app, &json!("eyJ.x.y")).await,
        401,
        "authentication_required",
    );
    for name in ["admin", "Recipes", "recipes%2f", "..%2frecipes", "%2e%2e"] {
        let answer = alice.get(&format!("/api/v1/auth/context/{name}x")).await;
        assert_eq!(answer.status, 404, "{name}: {}", answer.body);
    }
    assert_eq!(iam.asked(), 0);
    let without = TestApp::start().await;
    let mut alice = session(&without, ALICE).await;
    refused(&alice.get(PATH).await, 404, "not_found");
}

#[tokio::test]
async fn a_service_that_is_down_is_never_a_wrong_role() {
    let (iam, app) = started().await;
    let (mut alice, mut admin) = (session(&app, ALICE).await, session(&app, ADMIN).await);
    assert_eq!(roles(&alice.get(PATH).await), json!(["role-1"]));
    iam.fails_with(500);
    let answer = admin.get(PATH).await;
    refused(&answer, 503, "unavailable");
    assert_eq!(answer.header("retry-after"), "2");
    assert!(answer.set_cookies().is_empty(), "nobody is signed out");
    // Time goes on beside the clock that is set.
    app.advance(60 + 200).await;
    let stale = alice.get(PATH).await;
    assert_eq!(roles(&stale), json!(["role-1"]));
    app.advance(100).await;
    refused(&alice.get(PATH).await, 503, "unavailable");
    assert_eq!(alice.get("/api/v1/auth/check").await.status, 200);
    iam.works();
    until("the service is asked again", async || {
        alice.get(PATH).await.status == 200
    })
    .await;
}

#[tokio::test]
async fn whoever_signs_out_or_is_signed_out_is_asked_for_anew() {
    let (iam, app) = started().await;
    for what in [
        "/auth/logout",
        "/api/v1/auth/logout",
        "/api/v1/auth/logout/all",
    ] {
        let (mut leaving, mut staying) = (session(&app, ALICE).await, session(&app, ALICE).await);
        staying.get(PATH).await;
        let before = iam.asked();
        staying.get(PATH).await;
        assert_eq!(iam.asked(), before);
        assert_eq!(leaving.post(what).await.status, 200, "{what}");
        session(&app, ALICE).await.get(PATH).await;
        assert_eq!(iam.asked(), before + 1, "{what}");
    }
    // Cognito refuses to renew: that is a failure to authenticate.
    let (mut alice, before) = (session(&app, ALICE).await, iam.asked());
    alice.get(PATH).await;
    assert_eq!(iam.asked(), before);
    app.advance(3601).await;
    app.fault("oauth2/token", 400, "invalid_grant", 1).await;
    assert_eq!(alice.get(PATH).await.status, 401);
    let mut alice = session(&app, ALICE).await;
    alice.get(PATH).await;
    assert_eq!(iam.asked(), before + 1);
    // A token that was revoked.
    let tokens = tokens(&app, ALICE).await;
    assert_eq!(bear(&app, &tokens["access_token"]).await.status, 200);
    assert_eq!(alice.post("/api/v1/auth/logout/all").await.status, 200);
    let mut alice = session(&app, ALICE).await;
    alice.get(PATH).await;
    let before = iam.asked();
    assert_eq!(bear(&app, &tokens["access_token"]).await.status, 401);
    alice.get(PATH).await;
    assert_eq!(iam.asked(), before + 1);
}

#[tokio::test]
async fn the_callers_own_access_token_is_shown_where_that_is_wanted() {
    let iam = Iam::start().await;
    let contexts = iam.contexts(Credentials::Caller);
    let app = TestApp::builder().contexts(contexts).start().await;
    let mut alice = session(&app, ALICE).await;
    let answer = alice.get(PATH).await;
    assert!(!holds_a_token(&format!(
        "{} {:?}",
        answer.body, answer.headers
    )));
    let held = app.token_set(&alice).await;
    let tokens = tokens(&app, ADMIN).await;
    bear(&app, &tokens["access_token"]).await;
    let token = tokens["access_token"].as_str().unwrap();
    let shown = [held.access_token.expose(), token].map(|it| format!("Bearer {it}"));
    assert_eq!(*iam.shown.lock().unwrap(), shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_requests_of_fifty_people_each_is_asked_for_once() {
    let (iam, app) = started().await;
    iam.takes_ms.store(100, Ordering::SeqCst);
    let mut people = Vec::new();
    for number in 0..50 {
        let email = format!("person-{number}@example.com");
        let user = json!({
            "username": email, "password": "Passw0rd!", "groups": [],
            "attributes": { "email": email },
        });
        app.local("users", user).await;
        people.push((email.clone(), session(&app, &email).await));
    }
    let mut requests = JoinSet::new();
    for number in 0..1000 {
        let (email, browser) = &people[number % 50];
        let (email, mut browser) = (email.clone(), browser.copy());
        let name = ["recipes", "products"][number / 50 % 2];
        requests.spawn(async move {
            let answer = browser.get(&format!("/api/v1/auth/context/{name}")).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let told = answer.json();
            assert_eq!(
                (&told["email"], &told["context"]),
                (&json!(email), &json!(name))
            );
        });
    }
    requests.join_all().await;
    assert_eq!(iam.asked(), 100, "once for each person and context");
}

#[tokio::test]
async fn servers_on_one_store_forget_together() {
    for store in [
        StoreKind::RedisCached,
        StoreKind::Postgres,
        StoreKind::DynamoDb,
    ] {
        let iam = Iam::start().await;
        let builder = || {
            let builder = with_service(&iam).store(store);
            builder.settings(|settings| settings.replicas = true)
        };
        let one = builder().start().await;
        let two = builder().replica_of(&one).start().await;
        let following: Vec<_> = [&one, &two]
            .map(|app| tokio::spawn(context::follow(Arc::clone(&app.auth))))
            .into();
        let (mut here, mut bob) = (session(&two, ALICE).await, session(&two, ADMIN).await);
        let known = roles(&here.get(PATH).await);
        let of_bob = roles(&bob.get(PATH).await);
        assert_eq!(roles(&here.get(PATH).await), known, "{store:?}");

        let mut there = session(&one, ALICE).await;
        assert_eq!(there.post("/auth/logout").await.status, 200);
        let mut now = known.clone();
        until("the other server is told", async || {
            now = roles(&here.get(PATH).await);
            now != known
        })
        .await;
        assert_eq!(roles(&bob.get(PATH).await), of_bob, "{store:?}");

        // An operator, who is at no server.
        let operator = Operator::new(
            one.auth.pool().id.clone(),
            Arc::clone(one.auth.store()),
            ring(),
            Arc::new(cogward_session::SystemClock),
            true,
        );
        let pattern: Pattern = "*/recipes".parse().unwrap();
        assert!(operator.forget(&pattern).await.unwrap());
        until("both are told", async || {
            roles(&here.get(PATH).await) != now && roles(&bob.get(PATH).await) != of_bob
        })
        .await;
        following.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

fn ring() -> KeyRing {
    let secret = Secret::from("a secret for tests, thirty-two characters".to_owned());
    KeyRing::new(&[secret], &[]).unwrap()
}

/// What servers tell each other lies beside the sessions, and is nobody's session.
#[tokio::test]
async fn notices_are_no_session_of_anybody() {
    let iam = Iam::start().await;
    let builder = with_service(&iam).store(StoreKind::Redis);
    let app = builder.settings(|it| it.replicas = true).start().await;
    let mut alice = session(&app, ALICE).await;
    alice.get(PATH).await;
    assert_eq!(alice.post("/auth/logout").await.status, 200);
    let key = cogward_session::LookupKey::of_notices(&app.auth.pool().id);
    until("the notice is there", async || {
        let there = app.store.behind().load(&key, app.auth.now()).await;
        there.unwrap().is_some()
    })
    .await;
    let mut again = session(&app, ALICE).await;
    let listed = again.get("/api/v1/auth/sessions").await.json();
    assert_eq!(
        listed["sessions"].as_array().map(Vec::len),
        Some(1),
        "{listed}"
    );
    let handle = key.handle();
    let path = format!("/api/v1/auth/sessions/{handle}");
    let request = again.request(reqwest::Method::DELETE, &path);
    let answer = again.send(request).await;
    assert_eq!(answer.status, 404, "{}", answer.body);
}
