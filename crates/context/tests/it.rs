//! Against a service that tells of people, and that fails.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use cogward_context::{
    ContextError, Contexts, Credentials, Keeping, Pattern, Provider, ProviderError, SetupError,
    UserContext, Whose,
};
use cogward_session::Timestamp;
use parking_lot::Mutex;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const TOKEN: &str = "a-service-token-of-tests";
const ISSUER: &str = "https://issuer.example";
const SUB: &str = "4f0a7c1e-0000-4000-8000-000000000001";

/// Tells everybody's number of the question as a role, unless it is told to fail.
#[derive(Default)]
struct Iam {
    questions: AtomicUsize,
    status: Mutex<Option<u16>>,
    once: AtomicBool,
    body: Mutex<Option<String>>,
    delay: Mutex<Duration>,
    seen: Mutex<Vec<(String, String, Option<String>)>>,
}

impl Iam {
    async fn start() -> (Arc<Self>, String) {
        let iam = Arc::new(Self::default());
        let router = Router::new()
            .route("/iam/internal/users/{sub}", get(tell))
            .with_state(Arc::clone(&iam));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/iam", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (iam, base)
    }

    fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }

    fn fails_with(&self, status: u16) {
        *self.status.lock() = Some(status);
    }

    fn works(&self) {
        *self.status.lock() = None;
    }

    fn says(&self, body: &str) {
        *self.body.lock() = Some(body.to_owned());
    }
}

async fn tell(
    State(iam): State<Arc<Iam>>,
    Path(sub): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let number = iam.questions.fetch_add(1, Ordering::SeqCst) + 1;
    let shown = headers.get("authorization");
    let shown = shown.map(|value| value.to_str().unwrap().to_owned());
    let context = query["context"].clone();
    iam.seen.lock().push((sub.clone(), context.clone(), shown));
    let delay = *iam.delay.lock();
    tokio::time::sleep(delay).await;
    let status = match iam.once.load(Ordering::SeqCst) {
        true => iam.status.lock().take(),
        false => *iam.status.lock(),
    };
    if let Some(status) = status {
        return StatusCode::from_u16(status).unwrap().into_response();
    }
    if let Some(body) = &*iam.body.lock() {
        return body.clone().into_response();
    }
    Json(json!({"id": sub, "context": context, "roles": [number.to_string()], "more": 1}))
        .into_response()
}

const KEEPING: Keeping = Keeping {
    ttl: Duration::from_secs(60),
    stale: Duration::from_secs(300),
    bytes: 1 << 20,
};

fn asking(base: &str, credentials: Credentials) -> Contexts {
    let provider = Provider::new(base, credentials, Duration::from_secs(5)).unwrap();
    Contexts::new(["recipes", "products"], provider, KEEPING)
}

async fn started() -> (Arc<Iam>, Contexts) {
    let (iam, base) = Iam::start().await;
    let contexts = asking(&base, Credentials::service(TOKEN).unwrap());
    (iam, contexts)
}

fn whose(sub: &str) -> Whose<'_> {
    Whose {
        issuer: ISSUER,
        sub,
        username: Some("somebody"),
        email: None,
        groups: &[],
        token: None,
    }
}

async fn of(contexts: &Contexts, sub: &str, now: Timestamp) -> Result<UserContext, ContextError> {
    contexts.of(whose(sub), "recipes", now).await
}

async fn role(contexts: &Contexts, sub: &str, now: Timestamp) -> String {
    let told = of(contexts, sub, now).await.unwrap();
    told.roles.as_slice()[0].clone()
}

#[tokio::test]
async fn a_person_is_who_the_token_says_with_the_roles_the_service_tells() {
    let (iam, contexts) = started().await;
    let groups = ["editors".to_owned()];
    let whose = Whose {
        email: Some("a@example.com"),
        groups: &groups,
        ..whose(SUB)
    };
    let told = contexts.of(whose, "recipes", NOW).await.unwrap();
    assert_eq!(
        serde_json::to_value(&told).unwrap(),
        json!({
            "id": SUB, "username": "somebody", "email": "a@example.com", "groups": ["editors"],
            "context": "recipes", "roles": ["1"], "roles_as_of": NOW.as_secs(),
        })
    );
    assert!(told.has_role("1") && !told.has_role("2"));
    let seen = iam.seen.lock()[0].clone();
    let shown = Some(format!("Bearer {TOKEN}"));
    assert_eq!(seen, (SUB.to_owned(), "recipes".to_owned(), shown));
}

#[tokio::test]
async fn contexts_people_and_issuers_are_apart() {
    let (iam, contexts) = started().await;
    for (issuer, sub, name) in [
        ("a", "x", "recipes"),
        ("a", "x", "products"),
        ("a", "y", "recipes"),
        ("b", "x", "recipes"),
    ] {
        let before = iam.questions();
        for _ in 0..2 {
            let whose = Whose {
                issuer,
                ..whose(sub)
            };
            contexts.of(whose, name, NOW).await.unwrap();
        }
        assert_eq!(iam.questions(), before + 1, "{issuer} {sub} {name}");
    }
    let unknown = contexts.of(whose("x"), "admin", NOW).await;
    assert!(matches!(unknown, Err(ContextError::Unknown)));
    assert_eq!(iam.questions(), 4, "what is no context is not asked for");
}

#[tokio::test]
async fn an_answer_counts_for_a_while_and_longer_while_the_service_is_down() {
    let (iam, contexts) = started().await;
    assert_eq!(role(&contexts, SUB, NOW).await, "1");
    assert_eq!(role(&contexts, SUB, NOW.plus(59)).await, "1");
    assert_eq!(role(&contexts, SUB, NOW.plus(60)).await, "2");
    iam.fails_with(503);
    let told = of(&contexts, SUB, NOW.plus(60 + 359)).await.unwrap();
    assert_eq!(told.roles.as_slice(), ["2"]);
    assert_eq!(told.roles_as_of, NOW.plus(60), "it says how old it is");
    let error = of(&contexts, SUB, NOW.plus(60 + 360)).await.unwrap_err();
    assert!(matches!(error, ContextError::Unavailable(_)), "{error}");
    // A clock that was set back makes nothing good.
    of(&contexts, SUB, NOW.plus(59)).await.unwrap_err();
    of(&contexts, "nobody-known", NOW).await.unwrap_err();
    let statistics = contexts.statistics();
    assert_eq!((statistics.hits, statistics.misses), (1, 2));
    assert_eq!((statistics.stale, statistics.errors), (1, 3));
    assert_eq!(statistics.questions, iam.questions() as u64);
    assert_eq!(statistics.entries, 1);
}

#[tokio::test]
async fn whom_the_service_does_not_know_has_no_roles() {
    let (iam, contexts) = started().await;
    iam.fails_with(404);
    let told = of(&contexts, SUB, NOW).await.unwrap();
    assert!(told.roles.as_slice().is_empty());
    of(&contexts, SUB, NOW).await.unwrap();
    assert_eq!(iam.questions(), 1);
}

#[tokio::test]
async fn an_answer_that_is_not_what_was_asked_for_gives_no_role() {
    let (iam, contexts) = started().await;
    let large = format!(r#"{{"roles":["admin"],"x":"{}"}}"#, "x".repeat(64 << 10));
    for body in [
        "",
        "null",
        "[]",
        r#"["admin"]"#,
        "{}",
        r#"{"role":["admin"]}"#,
        r#"{"roles":null}"#,
        r#"{"roles":"admin"}"#,
        r#"{"roles":{"admin":true}}"#,
        r#"{"roles":[{"name":"admin"}]}"#,
        r#"{"roles":["user"],"roles":["admin"]}"#,
        r#"{"roles":["admin"],"id":"somebody-else"}"#,
        r#"{"roles":["admin"],"id":7}"#,
        r#"{"roles":["admin"],"context":"products"}"#,
        r#"{"roles":["admin"]} trailing"#,
        r#"{"roles":["admin"]"#,
        &large,
    ] {
        iam.says(body);
        let before = iam.questions();
        let error = of(&contexts, SUB, NOW).await.unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains("Unexpected"), "{body}: {text}");
        assert!(!text.contains("somebody-else"), "nothing is quoted: {text}");
        assert_eq!(iam.questions(), before + 1, "{body}");
    }
    iam.says(r#"{"roles":["cook"],"more":{"roles":["admin"]}}"#);
    let told = of(&contexts, SUB, NOW).await.unwrap();
    assert_eq!(told.roles.as_slice(), ["cook"]);
}

/// The service is there and says no: what it said before counts no longer.
#[tokio::test]
async fn a_service_that_says_no_is_not_one_that_is_down() {
    let (iam, contexts) = started().await;
    for status in [401, 403, 410, 302, 422] {
        let sub = format!("person-{status}");
        of(&contexts, &sub, NOW).await.unwrap();
        iam.fails_with(status);
        for _ in 0..20 {
            of(&contexts, &sub, NOW.plus(60)).await.unwrap_err();
        }
        iam.works();
        of(&contexts, &format!("another-{status}"), NOW)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn of_a_thousand_requests_of_fifty_people_each_person_is_asked_for_once() {
    let (iam, contexts) = started().await;
    *iam.delay.lock() = Duration::from_millis(50);
    let mut requests = JoinSet::new();
    for number in 0..1000 {
        let contexts = contexts.clone();
        requests.spawn(async move {
            let sub = format!("person-{}", number % 50);
            let name = ["recipes", "products"][number / 50 % 2];
            let told = contexts.of(whose(&sub), name, NOW).await.unwrap();
            assert_eq!((told.id, &*told.context), (sub, name));
        });
    }
    requests.join_all().await;
    assert_eq!(iam.questions(), 100, "once for each person and context");
}

#[tokio::test]
async fn what_is_forgotten_is_asked_for_anew_and_is_no_stale_answer() {
    let (iam, contexts) = started().await;
    for sub in ["a", "b"] {
        for name in ["recipes", "products"] {
            contexts.of(whose(sub), name, NOW).await.unwrap();
        }
    }
    for (pattern, asked) in [
        ("a/*", 2),
        ("*/recipes", 2),
        ("*/*", 4),
        ("c/*", 0),
        ("*/prod*", 2),
    ] {
        let before = iam.questions();
        contexts.forget(ISSUER, &pattern.parse::<Pattern>().unwrap());
        for sub in ["a", "b"] {
            for name in ["recipes", "products"] {
                contexts.of(whose(sub), name, NOW).await.unwrap();
            }
        }
        assert_eq!(iam.questions(), before + asked, "{pattern}");
    }
    iam.fails_with(500);
    contexts.forget(ISSUER, &Pattern::of_user("a").unwrap());
    of(&contexts, "a", NOW).await.unwrap_err();
    of(&contexts, "b", NOW.plus(60)).await.unwrap();
    assert_eq!(contexts.statistics().invalidations, 6);
}

#[tokio::test]
async fn the_callers_token_is_shown_where_that_is_wanted() {
    let (iam, base) = Iam::start().await;
    let contexts = asking(&base, Credentials::Caller);
    assert!(contexts.wants_token());
    let with_token = Whose {
        token: Some("eyJ.of.alice"),
        ..whose(SUB)
    };
    contexts.of(with_token, "recipes", NOW).await.unwrap();
    assert_eq!(iam.seen.lock()[0].2.as_deref(), Some("Bearer eyJ.of.alice"));
    // Without a token nobody is asked, and a refusal forgets what was known.
    of(&contexts, "another", NOW).await.unwrap_err();
    assert_eq!(iam.questions(), 1);
    iam.fails_with(401);
    let later = NOW.plus(60);
    for _ in 0..20 {
        let error = contexts.of(with_token, "recipes", later).await.unwrap_err();
        let ContextError::Unavailable(ProviderError::Refused(refused)) = error else {
            unreachable!("{error}");
        };
        assert_eq!(refused.0, 401);
    }
    iam.works();
    let told = contexts.of(with_token, "recipes", later).await.unwrap();
    assert_eq!(
        told.roles.as_slice(),
        ["22"],
        "refused callers open no breaker"
    );
}

#[tokio::test]
async fn a_failure_that_passes_is_not_seen() {
    let (iam, contexts) = started().await;
    iam.once.store(true, Ordering::SeqCst);
    for status in [500, 502, 503, 504, 429] {
        iam.fails_with(status);
        of(&contexts, &format!("after-{status}"), NOW)
            .await
            .unwrap();
    }
    assert_eq!(iam.questions(), 10);
    // Asking again does not help against these.
    for status in [401, 403, 400, 302, 201] {
        iam.fails_with(status);
        of(&contexts, &format!("after-{status}"), NOW)
            .await
            .unwrap_err();
    }
    assert_eq!(iam.questions(), 15);
}

#[tokio::test]
async fn a_service_that_is_down_is_left_alone() {
    let (iam, contexts) = started().await;
    iam.fails_with(500);
    for number in 0..500 {
        of(&contexts, &number.to_string(), NOW).await.unwrap_err();
    }
    let asked = iam.questions();
    assert!(
        (5..=15).contains(&asked),
        "five questions and their retries: {asked}"
    );
    iam.works();
    let error = of(&contexts, "x", NOW).await.unwrap_err();
    let text = format!("{error:?}");
    assert!(text.contains("LeftAlone"), "{text}");
    let mut found = Err(error);
    for _ in 0..200 {
        if found.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        found = of(&contexts, "x", NOW).await;
    }
    found.unwrap();
    of(&contexts, "y", NOW).await.unwrap();
}

#[tokio::test]
async fn retries_are_few_among_many_questions() {
    let (iam, contexts) = started().await;
    // Every second question fails: the breaker stays closed, and most failures are final.
    let mut failed = 0;
    for number in 0..400 {
        match number % 2 {
            0 => iam.works(),
            _ => iam.fails_with(500),
        }
        failed += usize::from(of(&contexts, &number.to_string(), NOW).await.is_err());
    }
    assert_eq!(failed, 200);
    let retries = iam.questions() - 400;
    assert!(
        retries <= 60,
        "a tenth of the questions, and one a second: {retries}"
    );
}

#[tokio::test]
async fn a_service_that_is_slow_is_an_error_in_time() {
    let (iam, base) = Iam::start().await;
    *iam.delay.lock() = Duration::from_secs(60);
    let provider = Provider::new(&base, Credentials::None, Duration::from_millis(200)).unwrap();
    let contexts = Contexts::new(["recipes"], provider, KEEPING);
    let error = of(&contexts, SUB, NOW).await.unwrap_err();
    assert!(matches!(
        error,
        ContextError::Unavailable(ProviderError::Unavailable(_))
    ));
}

#[tokio::test]
async fn nobody_is_asked_for_who_leads_to_another_address() {
    let (iam, contexts) = started().await;
    for sub in ["..", ".", "", "%2e%2e", "%2E."] {
        of(&contexts, sub, NOW).await.unwrap_err();
    }
    assert_eq!(iam.questions(), 0);
    for sub in [
        "../../admin",
        "a/b",
        "a?context=products",
        "a#b",
        "ü/ö",
        "a%2fb",
    ] {
        of(&contexts, sub, NOW).await.unwrap();
        let seen = iam.seen.lock().last().unwrap().clone();
        assert_eq!((seen.0.as_str(), seen.1.as_str()), (sub, "recipes"));
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    for base in [
        "",
        "iam.example",
        "ftp://iam.example",
        "https://user:secret@iam.example",
        "https://iam.example/?a=b",
        "https://iam.example/#x",
    ] {
        let made = Provider::new(base, Credentials::None, Duration::from_secs(1));
        assert!(matches!(made, Err(SetupError::Base)), "{base}");
    }
    assert!(Credentials::service("a b").is_err());
}

#[tokio::test]
async fn what_is_remembered_is_bounded() {
    let (_iam, base) = Iam::start().await;
    let provider = Provider::new(&base, Credentials::None, Duration::from_secs(5)).unwrap();
    let keeping = Keeping {
        bytes: 64 << 10,
        ..KEEPING
    };
    let contexts = Contexts::new(["recipes"], provider, keeping);
    for number in 0..500 {
        of(&contexts, &number.to_string(), NOW).await.unwrap();
    }
    let statistics = contexts.statistics();
    assert!(statistics.bytes <= 64 << 10 && statistics.entries < 500);
}
