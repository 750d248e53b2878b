//! The roles of a bearer token's user, from an IAM service.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::{FromRef, Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::from_extractor_with_state;
use axum::routing::get;
use axum::{Json, Router};
use cogward_context::{Contexts, Credentials, Keeping, Provider};
use cogward_jwt::axum::{Context, UserContext};
use cogward_jwt::{AccessClaims, IdClaims, Keys, UserPool, Verifier};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::axum::fresh;
use crate::issuer::{CLIENT, ISSUER, Signer, access_claims, id_claims, key_set, with};

struct Recipes;

impl Context for Recipes {
    const NAME: &'static str = "recipes";
}

struct Nowhere;

impl Context for Nowhere {
    const NAME: &'static str = "nowhere";
}

#[derive(Clone)]
struct App {
    access: Arc<Verifier<AccessClaims>>,
    id: Arc<Verifier<IdClaims>>,
    contexts: Contexts,
}

impl FromRef<App> for Arc<Verifier<AccessClaims>> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.access)
    }
}

impl FromRef<App> for Arc<Verifier<IdClaims>> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.id)
    }
}

impl FromRef<App> for Contexts {
    fn from_ref(app: &App) -> Self {
        app.contexts.clone()
    }
}

/// Counts, and fails when it is told to.
#[derive(Default)]
struct Iam {
    asked: AtomicUsize,
    down: AtomicBool,
}

async fn served(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

async fn tell(
    State(iam): State<Arc<Iam>>,
    Path(sub): Path<String>,
    request: Request,
) -> Result<Json<Value>, StatusCode> {
    iam.asked.fetch_add(1, Ordering::SeqCst);
    assert!(request.headers().contains_key("authorization"));
    match iam.down.load(Ordering::SeqCst) {
        true => Err(StatusCode::INTERNAL_SERVER_ERROR),
        false => Ok(Json(json!({ "id": sub, "roles": ["editor"] }))),
    }
}

async fn started(signer: &Signer, ttl: Duration) -> (Arc<Iam>, String) {
    let iam = Arc::new(Iam::default());
    let router = Router::new().route("/internal/users/{sub}", get(tell));
    let base = served(router.with_state(Arc::clone(&iam))).await;
    let provider = Provider::new(&base, Credentials::Caller, Duration::from_secs(5)).unwrap();
    let keeping = Keeping {
        ttl,
        stale: Duration::ZERO,
        bytes: 1 << 20,
    };
    let pool = UserPool::custom(ISSUER, Keys::preloaded(key_set(&[signer])));
    let app = App {
        access: Arc::new(Verifier::new(pool.clone(), CLIENT)),
        id: Arc::new(Verifier::new(pool, CLIENT)),
        contexts: Contexts::new(["recipes"], provider, keeping),
    };
    let guard = from_extractor_with_state::<UserContext<Recipes>, _>(app.clone());
    let router = Router::new()
        .route("/guarded", get(twice))
        .route_layer(guard)
        .route("/access", get(access))
        .route("/id", get(id))
        .route("/nowhere", get(async |_: UserContext<Nowhere>| "never"))
        .with_state(app);
    (iam, served(router).await)
}

async fn twice(one: UserContext<Recipes>, other: UserContext<Recipes>) -> String {
    assert_eq!(one.roles, other.roles);
    format!("{:?}", one.roles.as_slice())
}

async fn access(cook: UserContext<Recipes>) -> Json<Value> {
    assert_eq!(cook.id, cook.claims().sub);
    Json(json!({ "id": cook.id, "email": cook.email, "editor": cook.has_role("editor") }))
}

async fn id(cook: UserContext<Recipes, IdClaims>) -> Json<Value> {
    Json(json!({ "id": cook.id, "email": cook.email, "editor": cook.has_role("editor") }))
}

async fn asked(base: &str, path: &str, token: &str) -> (u16, Value) {
    let client = reqwest::Client::builder().build().unwrap();
    let request = client.get(format!("{base}{path}"));
    let answer = request.bearer_auth(token).send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(text.into()))
}

#[tokio::test]
async fn a_handler_is_told_who_the_user_is_here() {
    let signer = Signer::new("k");
    let (iam, base) = started(&signer, Duration::from_secs(60)).await;
    let claims = fresh(access_claims());
    let sub = claims["sub"].clone();
    let expected = json!({ "id": sub, "email": null, "editor": true });
    assert_eq!(
        asked(&base, "/access", &signer.token(&claims)).await,
        (200, expected)
    );
    for (verified, email) in [(true, json!("alice@example.com")), (false, Value::Null)] {
        let claims = with(fresh(id_claims()), "email_verified", json!(verified));
        let claims = with(claims, "email", json!("alice@example.com"));
        let (status, told) = asked(&base, "/id", &signer.token(&claims)).await;
        assert_eq!((status, &told["email"]), (200, &email));
    }
    let stranger = Signer::new("k").token(&claims);
    assert_eq!(asked(&base, "/access", &stranger).await.0, 401);
    // It is shown the caller's token, so what it says is of that token.
    assert_eq!(iam.asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn within_a_request_it_is_found_out_once() {
    let signer = Signer::new("k");
    // Nothing is remembered from one request to the next.
    let (iam, base) = started(&signer, Duration::ZERO).await;
    let token = signer.token(&fresh(access_claims()));
    for request in 1..4 {
        let (status, told) = asked(&base, "/guarded", &token).await;
        assert_eq!((status, told), (200, json!(["editor"])));
        assert_eq!(iam.asked.load(Ordering::SeqCst), request);
    }
}

#[tokio::test]
async fn who_cannot_be_told_of_does_not_get_in() {
    let signer = Signer::new("k");
    let (iam, base) = started(&signer, Duration::ZERO).await;
    let token = signer.token(&fresh(access_claims()));
    iam.down.store(true, Ordering::SeqCst);
    let (status, told) = asked(&base, "/access", &token).await;
    let sentence = "User context is unavailable, please try again";
    assert_eq!((status, told), (503, json!({ "detail": sentence })));
    iam.down.store(false, Ordering::SeqCst);
    assert_eq!(asked(&base, "/nowhere", &token).await.0, 503);
    assert_eq!(asked(&base, "/access", &token).await.0, 200);
}
