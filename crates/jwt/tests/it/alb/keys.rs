//! Keys over HTTP, from a key server in good and in bad health, under a flood.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING};
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use cogward_jwt::alb::{
    AlbError, AlbFetchError, AlbKeys, AlbKid, AlbVerifier, FetchAlbKey, HttpAlbKeys,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{ARN, CLIENT, ISSUER, KID, NOW, OTHER_ARN, Signer, error_of, header, payload};
use crate::issuer::with;

/// A key server over HTTP that counts what it is asked.
#[derive(Default)]
struct KeyServer {
    asked: AtomicUsize,
    down: AtomicBool,
    pems: Vec<(String, String)>,
}

impl KeyServer {
    async fn start(pems: &[(&str, &str)]) -> (Arc<Self>, AlbVerifier) {
        let pems = pems
            .iter()
            .map(|(kid, pem)| (kid.to_string(), pem.to_string()));
        let server = Arc::new(Self {
            pems: pems.collect(),
            ..Self::default()
        });
        let answering = Arc::clone(&server);
        let answer = move |Path(kid): Path<String>| async move { answering.answer(&kid) };
        let base = serve(Router::new().route("/{kid}", get(answer))).await;
        (server, verifier_at(&base))
    }

    fn answer(&self, kid: &str) -> Response {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.down.load(Ordering::SeqCst) {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        match self.pems.iter().find(|(name, _)| name == kid) {
            Some((_, pem)) => pem.clone().into_response(),
            None => StatusCode::FORBIDDEN.into_response(),
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

fn http_keys(base: &str) -> HttpAlbKeys {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    HttpAlbKeys::new(client.build().unwrap(), base.parse().unwrap())
}

fn verifier_at(base: &str) -> AlbVerifier {
    let keys = AlbKeys::fetched(http_keys(base));
    AlbVerifier::with_keys(ARN, ISSUER, CLIENT, keys).unwrap()
}

/// A good header but for the key's name.
fn naming(kid: &str) -> String {
    with(header(), "kid", json!(kid)).to_string()
}

fn made_up(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012x}")
}

#[tokio::test]
async fn a_key_is_fetched_once_for_all_who_wait_and_for_later() {
    let signer = Signer::new();
    let (server, verifier) = KeyServer::start(&[(KID, &signer.pem())]).await;
    let mut callers = JoinSet::new();
    for _ in 0..50 {
        let (verifier, token) = (verifier.clone(), signer.token());
        callers.spawn(async move { verifier.verify_at(&token, NOW).await.is_ok() });
    }
    assert_eq!(callers.join_all().await, [true; 50]);
    assert!(verifier.verify_at(&signer.token(), NOW).await.is_ok());
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn t115_strangers_do_not_make_the_key_server_be_asked() {
    let signer = Signer::new();
    let (server, verifier) = KeyServer::start(&[(KID, &signer.pem())]).await;
    for (name, value) in [
        ("signer", json!(OTHER_ARN)),
        ("client", json!("other")),
        ("iss", json!("https://evil.example")),
        ("kid", json!("../../evil")),
        ("kid", json!("http://127.0.0.1/evil")),
        ("alg", json!("none")),
        ("exp", json!(NOW - 1)),
    ] {
        let header = with(header(), name, value).to_string();
        let token = signer.sign(&header, &payload().to_string());
        assert!(verifier.verify_at(&token, NOW).await.is_err(), "{header}");
    }
    let der = Signer::of(&ECDSA_P256_SHA256_ASN1_SIGNING).token();
    assert!(verifier.verify_at(&der, NOW).await.is_err());
    assert_eq!(server.asked(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn t115_a_flood_of_made_up_keys_asks_little_and_pushes_nothing_out() {
    let signer = Signer::new();
    let late = made_up(usize::from(u16::MAX));
    let (server, verifier) =
        KeyServer::start(&[(KID, &signer.pem()), (&late, &signer.pem())]).await;
    assert!(verifier.verify_at(&signer.token(), NOW).await.is_ok());

    let began = Instant::now();
    let mut callers = JoinSet::new();
    for n in 0..1000 {
        let token = signer.sign(&naming(&made_up(n)), &payload().to_string());
        let verifier = verifier.clone();
        callers.spawn(async move { verifier.verify_at(&token, NOW).await.unwrap_err() });
    }
    let errors = callers.join_all().await;
    let flooded = |error: &&AlbError| matches!(error, AlbError::Flooded);
    let unknown = |error: &&AlbError| matches!(error, AlbError::UnknownKey);
    assert_eq!(
        errors.iter().filter(unknown).count() + errors.iter().filter(flooded).count(),
        1000
    );
    assert!(errors.iter().find(flooded).unwrap().is_transient());
    assert!(!errors.iter().find(unknown).unwrap().is_transient());
    let token = signer.sign(&naming(&late), &payload().to_string());
    let error = verifier.verify_at(&token, NOW).await;
    // The key held goes on serving; ten fetches in any ten seconds, however long this took.
    assert!(verifier.verify_at(&signer.token(), NOW).await.is_ok());
    let windows = began.elapsed().as_secs() / 10 + 1;
    let most = usize::try_from(windows).unwrap() * 10 + 1;
    assert!(server.asked() <= most, "{} of {most}", server.asked());
    if windows == 1 {
        assert!(matches!(error, Err(AlbError::Flooded)), "{error:?}");
    }
}

#[tokio::test]
async fn a_name_without_a_key_is_asked_for_once() {
    let signer = Signer::new();
    let (server, verifier) = KeyServer::start(&[]).await;
    for _ in 0..20 {
        assert_eq!(error_of(&verifier, &signer.token()).await, "UnknownKey");
    }
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn preloaded_keys_know_no_flood() {
    let signer = Signer::new();
    let verifier = signer.verifier();
    for n in 0..50 {
        let token = signer.sign(&naming(&made_up(n)), &payload().to_string());
        assert_eq!(error_of(&verifier, &token).await, "UnknownKey");
    }
    assert!(verifier.verify_at(&signer.token(), NOW).await.is_ok());
}

#[tokio::test]
async fn a_key_server_that_is_down_is_nobodys_fault_and_keys_held_go_on_serving() {
    let signer = Signer::new();
    let (server, verifier) = KeyServer::start(&[(KID, &signer.pem())]).await;
    assert!(verifier.verify_at(&signer.token(), NOW).await.is_ok());
    server.down.store(true, Ordering::SeqCst);
    assert!(verifier.verify_at(&signer.token(), NOW).await.is_ok());
    let token = signer.sign(&naming(&made_up(1)), &payload().to_string());
    let error = verifier.verify_at(&token, NOW).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(format!("{error:?}").contains("Status(503)"), "{error:?}");
}

#[tokio::test]
async fn a_key_that_verified_nothing_is_not_trusted_for_being_fetched() {
    let [signer, attacker] = [Signer::new(), Signer::new()];
    let (server, verifier) = KeyServer::start(&[(KID, &signer.pem())]).await;
    for _ in 0..3 {
        assert_eq!(error_of(&verifier, &attacker.token()).await, "Signature");
    }
    assert!(verifier.verify_at(&signer.token(), NOW).await.is_ok());
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn answers_that_are_no_key_are_refused_within_bounds() {
    let canary = Arc::new(AtomicUsize::new(0));
    let good = Signer::new().pem();
    let trap = {
        let (canary, good) = (Arc::clone(&canary), good.clone());
        get(async move || {
            canary.fetch_add(1, Ordering::SeqCst);
            good
        })
    };
    let p384 = Signer::of(&ECDSA_P384_SHA384_FIXED_SIGNING).pem();
    let padded = format!("{good}{}", " ".repeat(4096 - good.len()));
    let [fits, too_long] = [padded.clone(), padded + " "];
    let name = &format!("/{KID}");
    let router = Router::new()
        .route("/canary", trap)
        .route(
            &format!("/moved{name}"),
            get(|| async { Redirect::temporary("/canary") }),
        )
        .route(
            &format!("/huge{name}"),
            get(|| async { "x".repeat(50_000_000) }),
        )
        .route(&format!("/long{name}"), get(|| async { too_long }))
        .route(&format!("/fits{name}"), get(|| async { fits }))
        .route(&format!("/html{name}"), get(|| async { "<html>" }))
        .route(&format!("/bytes{name}"), get(|| async { [0xff_u8; 8] }))
        .route(&format!("/p384{name}"), get(|| async { p384 }))
        .route(
            &format!("/partial{name}"),
            get(|| async { (StatusCode::PARTIAL_CONTENT, good) }),
        );
    let base = serve(router).await;
    let kid = AlbKid::parse(KID).unwrap();
    let fetch = async |path: &str| {
        let fetched = http_keys(&format!("{base}{path}")).fetch(&kid).await;
        fetched
            .map(|key| key.is_some())
            .map_err(|error| format!("{error:?}"))
    };
    let refused = |error: &str| Err(error.to_owned());
    assert_eq!(fetch("/moved").await, refused("Status(307)"));
    assert_eq!(canary.load(Ordering::SeqCst), 0);
    assert_eq!(fetch("/huge").await, refused("TooLarge"));
    assert_eq!(fetch("/long").await, refused("TooLarge"));
    assert_eq!(fetch("/fits/").await, Ok(true));
    assert_eq!(fetch("/html").await, refused("Key(Pem)"));
    assert_eq!(fetch("/bytes").await, refused("Key(Pem)"));
    assert_eq!(fetch("/p384").await, refused("Key(Curve)"));
    assert_eq!(fetch("/partial").await, refused("Status(206)"));
    assert_eq!(fetch("/absent").await, Ok(false));
    // A client that does follow redirects is not believed either.
    let following = reqwest::Client::builder().build().unwrap();
    let moved = HttpAlbKeys::new(following, format!("{base}/moved").parse().unwrap());
    assert!(moved.fetch(&kid).await.is_err());
}

#[tokio::test]
async fn an_answer_that_drips_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _request = stream.read(&mut [0; 2048]).await.unwrap();
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        // Ends when the client hangs up, and only then.
        while stream.write_all(b" ").await.is_ok() {
            pace.tick().await;
        }
    });
    let verifier = verifier_at(&base);
    let error = verifier
        .verify_at(&Signer::new().token(), NOW)
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    let AlbError::KeyUnavailable {
        source: AlbFetchError::Unreachable(cause),
    } = error
    else {
        panic!("{error:?}");
    };
    assert!(!format!("{cause:?}").contains(KID), "{cause:?}");
    server.await.unwrap();
    // Nobody listens there any more.
    let gone = verifier_at(&base)
        .verify_at(&Signer::new().token(), NOW)
        .await
        .unwrap_err();
    assert!(gone.is_transient(), "{gone:?}");
}
