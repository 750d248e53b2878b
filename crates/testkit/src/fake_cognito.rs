//! A hostile or broken Cognito, for answers that no real one gives.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use cogward_pool::{POOL_ID, PUBLIC_CLIENT_ID};
use cogward_session::{Clock, SystemClock};
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use crate::Signer;

/// What the token endpoint answers once.
pub enum TokenAnswer {
    /// This status and body.
    Body(u16, String),
    /// Nothing, for so long; then 500.
    Silence(std::time::Duration),
    /// 200 with this JSON, so late.
    Late(std::time::Duration, String),
}

impl TokenAnswer {
    /// 200 with this JSON.
    pub fn ok(body: &Value) -> Self {
        Self::Body(200, body.to_string())
    }
}

type KeysAnswer = dyn Fn() -> Pin<Box<dyn Future<Output = Response> + Send>> + Send + Sync;

struct Inner {
    answers: Mutex<VecDeque<TokenAnswer>>,
    keys_answer: Mutex<Option<Arc<KeysAnswer>>>,
    keys_calls: AtomicUsize,
    token_calls: AtomicUsize,
    revoked: Mutex<Vec<String>>,
    forms: Mutex<Vec<String>>,
    jwks: Value,
}

/// Two keys, a key set, and a token endpoint that says what it was told to.
pub struct FakeCognito {
    /// Signs ID tokens.
    pub id: Signer,
    /// Signs access tokens.
    pub access: Signer,
    base: Url,
    inner: Arc<Inner>,
}

impl FakeCognito {
    /// Starts one on a free loopback port.
    pub async fn start() -> Self {
        let (id, access) = (Signer::new("id-key"), Signer::new("access-key"));
        let inner = Arc::new(Inner {
            answers: Mutex::default(),
            keys_answer: Mutex::default(),
            keys_calls: AtomicUsize::new(0),
            token_calls: AtomicUsize::new(0),
            revoked: Mutex::default(),
            forms: Mutex::default(),
            jwks: json!({ "keys": [id.jwk(), access.jwk()] }),
        });
        let router = Router::new()
            .route("/oauth2/token", post(token))
            .route("/oauth2/revoke", post(revoke))
            .route("/{pool}/.well-known/jwks.json", get(jwks))
            .with_state(Arc::clone(&inner));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let base = Url::parse(&format!("http://localhost:{port}")).unwrap();
        Self {
            id,
            access,
            base,
            inner,
        }
    }

    /// Domain and API base.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Queues an answer of the token endpoint; without one it answers 500.
    pub fn answer(&self, answer: TokenAnswer) {
        self.inner.answers.lock().push_back(answer);
    }

    /// From now on the key set is what this answers.
    pub fn answer_keys<F>(&self, answer: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = Response> + Send + 'static,
    {
        *self.inner.keys_answer.lock() = Some(Arc::new(move || Box::pin(answer())));
    }

    /// The key set, as it is published.
    pub fn jwks(&self) -> &Value {
        &self.inner.jwks
    }

    /// How often the key set was asked for.
    pub fn keys_calls(&self) -> usize {
        self.inner.keys_calls.load(Ordering::SeqCst)
    }

    /// An ID and an access token of one sign-in of the public client, their claims
    /// changed as a test wants; with a refresh token.
    pub fn pair(&self, sub: &str, change: impl FnOnce(&mut Value, &mut Value)) -> Value {
        let now = SystemClock.now().as_secs();
        let common = json!({
            "iss": self.base.join(POOL_ID).unwrap(), "sub": sub, "origin_jti": format!("{sub}-1"),
            "auth_time": now, "iat": now, "exp": now + 3600, "jti": "1",
        });
        let (mut id, mut access) = (common.clone(), common);
        id["token_use"] = json!("id");
        id["aud"] = json!(PUBLIC_CLIENT_ID);
        id["cognito:username"] = json!(sub);
        id["email"] = json!(format!("{sub}@example.com"));
        id["email_verified"] = json!(true);
        access["token_use"] = json!("access");
        access["client_id"] = json!(PUBLIC_CLIENT_ID);
        access["username"] = json!(sub);
        access["scope"] = json!("openid email profile");
        change(&mut id, &mut access);
        json!({
            "id_token": self.id.sign(&id), "access_token": self.access.sign(&access),
            "refresh_token": format!("refresh-of-{sub}"),
        })
    }

    /// How often the token endpoint was called.
    pub fn token_calls(&self) -> usize {
        self.inner.token_calls.load(Ordering::SeqCst)
    }

    /// The bodies of all revocations.
    pub fn revocations(&self) -> Vec<String> {
        self.inner.revoked.lock().clone()
    }

    /// The bodies of all token requests.
    pub fn token_forms(&self) -> Vec<String> {
        self.inner.forms.lock().clone()
    }
}

async fn token(State(inner): State<Arc<Inner>>, form: String) -> Response {
    inner.token_calls.fetch_add(1, Ordering::SeqCst);
    inner.forms.lock().push(form);
    let answer = inner.answers.lock().pop_front();
    match answer {
        Some(TokenAnswer::Body(status, body)) => {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [("content-type", "application/json")], body).into_response()
        }
        Some(TokenAnswer::Silence(time)) => {
            tokio::time::sleep(time).await;
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Some(TokenAnswer::Late(time, body)) => {
            tokio::time::sleep(time).await;
            ([("content-type", "application/json")], body).into_response()
        }
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn revoke(State(inner): State<Arc<Inner>>, form: String) -> StatusCode {
    inner.revoked.lock().push(form);
    StatusCode::OK
}

async fn jwks(State(inner): State<Arc<Inner>>) -> Response {
    inner.keys_calls.fetch_add(1, Ordering::SeqCst);
    let answer = inner.keys_answer.lock().clone();
    match answer {
        Some(answer) => answer().await,
        None => Json(inner.jwks.clone()).into_response(),
    }
}
