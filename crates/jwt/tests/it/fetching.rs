use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use cogward_jwt::{
    FetchError, FetchKeys, Fetching, HttpKeys, KeySet, KeySetError, Keys, VerifyError,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::issuer::{CLIENT, NOW, Signer, Verifiers, id_claims, jwks, key_set, with};

/// An issuer whose every answer waits for a permit.
struct Issuer {
    asked: AtomicUsize,
    arrived: Notify,
    permits: Semaphore,
    answer: Mutex<Result<KeySet, FetchError>>,
}

impl Issuer {
    fn new(permits: usize, answer: Result<KeySet, FetchError>) -> Arc<Self> {
        Arc::new(Self {
            asked: AtomicUsize::new(0),
            arrived: Notify::new(),
            permits: Semaphore::new(permits),
            answer: Mutex::new(answer),
        })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn answers(&self, answer: Result<KeySet, FetchError>) {
        *self.answer.lock().unwrap() = answer;
    }
}

impl FetchKeys for Issuer {
    fn fetch(&self) -> Fetching<'_> {
        Box::pin(async {
            self.asked.fetch_add(1, Ordering::SeqCst);
            self.arrived.notify_one();
            self.permits.acquire().await.unwrap().forget();
            self.answer.lock().unwrap().clone()
        })
    }
}

fn verifier(keys: &Arc<Keys>) -> Arc<Verifiers> {
    Arc::new(Verifiers::new(CLIENT, Arc::clone(keys)))
}

const MANY: usize = Semaphore::MAX_PERMITS;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_unknown_keys_cost_one_fetch() {
    let signer = Signer::new("new");
    let issuer = Issuer::new(0, Ok(key_set(&[&signer])));
    let verifier = verifier(&Keys::new(issuer.clone()));
    let mut callers = JoinSet::new();
    for n in 0..50 {
        let named = with(signer.header(), "kid", json!(format!("made-up-{n}"))).to_string();
        let token = match n {
            0 => signer.token(&id_claims()),
            _ => signer.sign(&named, &id_claims().to_string()),
        };
        let verifier = Arc::clone(&verifier);
        callers.spawn(async move { verifier.id_token(&token, NOW).await });
    }
    issuer.arrived.notified().await;
    issuer.permits.add_permits(MANY);
    let results = callers.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let unknown = results
        .iter()
        .filter(|r| matches!(r, Err(VerifyError::UnknownKey)))
        .count();
    assert_eq!((unknown, issuer.asked()), (49, 1));
}

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_end_the_fetch() {
    let signer = Signer::new("k");
    let issuer = Issuer::new(0, Ok(key_set(&[&signer])));
    let verifier = verifier(&Keys::new(issuer.clone()));
    let token = signer.token(&id_claims());
    let impatient = tokio::spawn({
        let (verifier, token) = (Arc::clone(&verifier), token.clone());
        async move { verifier.id_token(&token, NOW).await.map(|_| ()) }
    });
    issuer.arrived.notified().await;
    impatient.abort();
    assert!(impatient.await.unwrap_err().is_cancelled());
    issuer.permits.add_permits(1);
    assert!(verifier.id_token(&token, NOW).await.is_ok());
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_and_a_withdrawn_one_is_gone() {
    let [old, new] = ["old", "new"].map(Signer::new);
    let issuer = Issuer::new(MANY, Ok(key_set(&[&old])));
    let keys = Keys::preloaded(key_set(&[&old]));
    assert!(keys.refresh().await.is_ok());
    let error = verifier(&keys)
        .id_token(&new.token(&id_claims()), NOW)
        .await
        .unwrap_err();
    assert!(matches!(error, VerifyError::UnknownKey));

    let verifier = verifier(&Keys::new(issuer.clone()));
    issuer.answers(Ok(key_set(&[&old, &new])));
    assert!(
        verifier
            .id_token(&new.token(&id_claims()), NOW)
            .await
            .is_ok()
    );
    assert!(
        verifier
            .id_token(&old.token(&id_claims()), NOW)
            .await
            .is_ok()
    );
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn a_withdrawn_key_is_refused_after_the_next_refresh() {
    let [old, new] = ["old", "new"].map(Signer::new);
    let issuer = Issuer::new(MANY, Ok(key_set(&[&old, &new])));
    let keys = Keys::new(issuer.clone());
    let verifier = verifier(&keys);
    keys.refresh().await.unwrap();
    assert!(
        verifier
            .id_token(&old.token(&id_claims()), NOW)
            .await
            .is_ok()
    );
    issuer.answers(Ok(key_set(&[&new])));
    keys.refresh().await.unwrap();
    let error = verifier
        .id_token(&old.token(&id_claims()), NOW)
        .await
        .unwrap_err();
    assert!(matches!(error, VerifyError::UnknownKey));
    assert!(
        verifier
            .id_token(&new.token(&id_claims()), NOW)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn an_issuer_that_is_down_is_nobodys_fault() {
    let [old, new] = ["old", "new"].map(Signer::new);
    let issuer = Issuer::new(MANY, Err(FetchError::Status(503)));
    let keys = Keys::new(issuer.clone());
    let verifier = verifier(&keys);
    for _ in 0..3 {
        let error = verifier
            .id_token(&old.token(&id_claims()), NOW)
            .await
            .unwrap_err();
        assert!(error.is_transient(), "{error:?}");
    }
    assert_eq!(issuer.asked(), 1, "failures cool down too");
    issuer.answers(Ok(key_set(&[&old])));
    keys.refresh().await.unwrap();
    issuer.answers(Err(FetchError::KeySet(KeySetError::Empty)));
    assert!(keys.refresh().await.is_err());
    assert!(
        verifier
            .id_token(&old.token(&id_claims()), NOW)
            .await
            .is_ok(),
        "served stale"
    );
    let error = verifier
        .id_token(&new.token(&id_claims()), NOW)
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn the_background_task_retries_and_ends_with_the_keys() {
    let signer = Signer::new("k");
    let issuer = Issuer::new(MANY, Err(FetchError::Status(500)));
    let keys = Keys::new(issuer.clone());
    let verifier = verifier(&keys);
    let task = keys.keep_fresh(Duration::from_millis(1));
    while issuer.asked() < 3 {
        issuer.arrived.notified().await;
    }
    issuer.answers(Ok(key_set(&[&signer])));
    let seen = issuer.asked();
    while issuer.asked() < seen + 2 {
        issuer.arrived.notified().await;
    }
    assert!(
        verifier
            .id_token(&signer.token(&id_claims()), NOW)
            .await
            .is_ok()
    );
    drop((keys, verifier));
    task.await.unwrap();
}

/// The limit is ten seconds, and this test takes as long.
#[tokio::test]
async fn a_source_that_never_answers_is_given_up() {
    let issuer = Issuer::new(0, Err(FetchError::Status(500)));
    let keys = Keys::new(issuer.clone());
    let error = keys.refresh().await.unwrap_err();
    assert!(matches!(error, FetchError::TooSlow));
    issuer.permits.add_permits(MANY);
    issuer.answers(Ok(key_set(&[&Signer::new("k")])));
    keys.refresh().await.unwrap();
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn keys_come_over_http() {
    let body = jwks(&[&Signer::new("a"), &Signer::new("b")]);
    let url = serve(Router::new().route("/jwks.json", get(|| async move { body }))).await;
    assert_eq!(http_keys(&url).fetch().await.unwrap().len(), 2);
}

#[tokio::test]
async fn hostile_answers_are_refused_within_bounds() {
    let canary = Arc::new(AtomicUsize::new(0));
    let body = jwks(&[&Signer::new("a")]);
    let trap = {
        let canary = Arc::clone(&canary);
        get(async move || {
            canary.fetch_add(1, Ordering::SeqCst);
            body
        })
    };
    let huge = || async { "x".repeat(50_000_000) };
    let router = Router::new()
        .route("/canary", trap)
        .route("/moved", get(|| async { Redirect::temporary("/canary") }))
        .route("/huge", get(huge))
        .route("/html", get(|| async { "<html>" }))
        .route(
            "/error",
            get(|| async { (StatusCode::BAD_GATEWAY, "{\"keys\":[]}") }),
        );
    let base = serve(router).await;
    let fetch = async |path: &str| {
        let url = base.replace("/jwks.json", path);
        format!("{:?}", http_keys(&url).fetch().await.unwrap_err())
    };
    assert_eq!(fetch("/moved").await, "Status(307)");
    assert_eq!(canary.load(Ordering::SeqCst), 0);
    assert_eq!(fetch("/huge").await, "KeySet(TooLarge)");
    assert_eq!(fetch("/html").await, "KeySet(Malformed)");
    assert_eq!(fetch("/error").await, "Status(502)");
    assert_eq!(fetch("/absent").await, "Status(404)");
    // A client that does follow redirects is not believed either.
    let following = reqwest::Client::builder().build().unwrap();
    let moved = base.replace("/jwks.json", "/moved").parse().unwrap();
    assert!(HttpKeys::new(following, moved).fetch().await.is_err());
}

#[tokio::test]
async fn an_answer_that_drips_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _request = stream.read(&mut [0; 2048]).await.unwrap();
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 400000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        // Ends when the client hangs up, and only then.
        while stream.write_all(b" ").await.is_ok() {
            pace.tick().await;
        }
    });
    let error = http_keys(&url).fetch().await.unwrap_err();
    assert!(matches!(error, FetchError::Unreachable(_)), "{error:?}");
    assert!(!format!("{error:?}").contains("jwks.json"));
    server.await.unwrap();
    let gone = http_keys(&url).fetch().await.unwrap_err();
    assert!(matches!(gone, FetchError::Unreachable(_)), "{gone:?}");
}

/// A server may be closing a kept one at the very moment of the next fetch.
#[tokio::test]
async fn every_fetch_has_a_connection_of_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    let body = jwks(&[&Signer::new("k")]);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    let server = tokio::spawn(async move {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _request = stream.read(&mut [0; 2048]).await.unwrap();
            let answer = [head.as_bytes(), &body].concat();
            stream.write_all(&answer).await.unwrap();
            assert_eq!(stream.read(&mut [0; 2048]).await.unwrap(), 0);
        }
    });
    let keys = http_keys(&url);
    for _ in 0..2 {
        keys.fetch().await.unwrap();
    }
    server.await.unwrap();
}

fn http_keys(url: &str) -> HttpKeys {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    HttpKeys::new(client.build().unwrap(), url.parse().unwrap())
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}
