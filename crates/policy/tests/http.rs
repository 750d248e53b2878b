//! A service that tells of resources, and what it and an id may try.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use cogward_policy::entities::{HttpEntities, HttpEntitiesError, contract};
use cogward_policy::{EntityError, EntityProvider, Facts};
use serde_json::json;
use tokio::net::TcpListener;

const TIMEOUT: Duration = Duration::from_secs(20);
const TOKEN: &str = "a-service-token-of-tests";

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    let rows: HashMap<_, _> = contract::rows()
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let tell = async move |Path((kind, id)): Path<(String, String)>| {
        assert_eq!(kind, "document");
        let Some(row) = rows.get(id.as_str()) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let mut told = json!({"owner": row.owner, "id": row.id, "more": [1]});
        if let Some(kind) = row.kind {
            told["type"] = kind.into();
        }
        if let Some(attributes) = &row.attributes {
            told["attributes"] = attributes.clone();
        }
        axum::Json(told).into_response()
    };
    let address = serve(Router::new().route("/entities/{kind}/{id}", get(tell))).await;
    let provider = open(&format!("http://{address}/entities/{{type}}/{{id}}"));
    contract::run(Arc::new(provider)).await.unwrap();
}

#[tokio::test]
async fn a_service_that_is_away_is_an_error() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = unused.local_addr().unwrap();
    drop(unused);
    let provider = open(&format!("http://{address}/{{id}}"));
    contract::fails(&provider).await.unwrap();
}

const HOSTILE: [&str; 22] = [
    "../../admin",
    "..\\..\\admin",
    "../",
    "..;/admin",
    "%2e%2e%2f%2e%2e%2fadmin",
    "%252e%252e",
    "x/../../admin",
    "?x=",
    "x?owner=me&id=y",
    "#",
    "x#y",
    "http://canary/",
    "//canary/",
    "@canary/",
    "a/b",
    "a%2Fb",
    "a\r\nHost: canary\r\n\r\n",
    "a\tb",
    "\0",
    "ü/ö",
    "。。",
    "{type}",
];

#[tokio::test]
async fn t166_an_id_stays_within_its_segment() {
    let (log, canary) = (Log::default(), Log::default());
    let elsewhere = serve(canary.router(|| StatusCode::OK.into_response())).await;
    let address = serve(log.router(|| axum::Json(json!({"owner": null})).into_response())).await;
    let provider = open(&format!("http://{address}/entities/{{type}}/{{id}}"));
    let at_canary = format!("http://{elsewhere}/");
    let at_host = format!("@{elsewhere}/");
    for id in HOSTILE.into_iter().chain([&*at_canary, &*at_host]) {
        for (kind, id) in [("document", id), (id, "document")] {
            assert!(provider.find(kind, id).await.unwrap().is_some());
            let asked = log.take();
            let (path, query) = (asked.uri().path(), asked.uri().query());
            let segments: Vec<_> = path.split('/').collect();
            let [_, "entities", of_kind, of_id] = segments[..] else {
                panic!("{id:?}: {path}");
            };
            assert_eq!((decode(of_kind), decode(of_id)), (kind.into(), id.into()));
            assert_eq!(query, None, "{id:?}");
            let host = asked.headers()["host"].to_str().unwrap();
            assert_eq!(host, address.to_string());
        }
    }
    assert!(canary.is_empty());
}

#[tokio::test]
async fn t166_an_id_stays_within_its_value() {
    let log = Log::default();
    let address = serve(log.router(|| axum::Json(json!({"owner": null})).into_response())).await;
    let provider = open(&format!(
        "http://{address}/entity?kind={{type}}&id={{id}}&v=1"
    ));
    for id in HOSTILE {
        provider.find("document", id).await.unwrap();
        let asked = log.take();
        assert_eq!(asked.uri().path(), "/entity");
        let query = asked.uri().query().unwrap();
        let pairs: Vec<_> = query.split('&').collect();
        let ["kind=document", pair, "v=1"] = pairs[..] else {
            panic!("{id:?}: {query}");
        };
        assert_eq!(decode(pair.strip_prefix("id=").unwrap()), id);
    }
}

/// `url` takes `%2e` for a dot, and so do servers that decode twice.
#[tokio::test]
async fn t166_a_folder_is_no_resource() {
    let log = Log::default();
    let address = serve(log.router(|| axum::Json(json!({"owner": null})).into_response())).await;
    let provider = open(&format!("http://{address}/entities/{{type}}/{{id}}"));
    for dots in ["", ".", "..", "%2e", "%2E%2e", ".%2e", "%2E."] {
        for (kind, id) in [("document", dots), (dots, "document")] {
            assert_eq!(provider.find(kind, id).await.unwrap(), None, "{kind} {id}");
        }
    }
    assert!(log.is_empty());
}

#[tokio::test]
async fn the_service_is_shown_its_token_and_nobody_else_is() {
    let (log, canary) = (Log::default(), Log::default());
    let elsewhere = serve(canary.router(|| StatusCode::OK.into_response())).await;
    let location = format!("http://{elsewhere}/x");
    let redirect = move || {
        (
            StatusCode::TEMPORARY_REDIRECT,
            [("location", location.clone())],
        )
            .into_response()
    };
    let address = serve(log.router(redirect)).await;
    let provider = open(&format!("http://{address}/{{id}}"));
    let error = provider.find("document", "a").await.unwrap_err();
    assert!(printed(&error).contains("status 307"), "{error:?}");
    let asked = log.take();
    assert_eq!(asked.headers()["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(asked.headers()["accept"], "application/json");
    assert!(canary.is_empty());

    let template = format!("http://{address}/{{id}}");
    let without = HttpEntities::new(&template, None, TIMEOUT).unwrap();
    without.find("document", "a").await.unwrap_err();
    assert!(!log.take().headers().contains_key("authorization"));
}

#[tokio::test]
async fn only_200_and_404_are_answers() {
    for status in [201, 204, 301, 302, 400, 401, 403, 410, 429, 500, 502, 503] {
        let status = StatusCode::from_u16(status).unwrap();
        let error = told(move || (status, r#"{"owner":"ada"}"#).into_response()).await;
        let error = printed(&error.unwrap_err());
        assert!(error.contains(status.as_str()), "{error}");
    }
    let gone = told(|| (StatusCode::NOT_FOUND, r#"{"owner":"ada"}"#).into_response()).await;
    assert_eq!(gone.unwrap(), None);
}

#[tokio::test]
async fn an_answer_of_another_form_is_an_error_and_not_repeated() {
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "<html>",
        r#"{"owner":"s3cret"#,
        r#"{"owner":7}"#,
        r#"{"owner":["s3cret"]}"#,
        r#"{"owner":{"sub":"s3cret"}}"#,
        r#"{"owner":true}"#,
        r#"{"owner":"s3cret","owner":null}"#,
        r#"{"Owner":"s3cret"}"#,
        r#"{"type":"s3cret","attributes":{}}"#,
        r#"{"owner":null,"type":7}"#,
        r#"{"owner":null,"attributes":[]}"#,
        r#"{"owner":null,"attributes":"s3cret"}"#,
        r#"{"owner":null} {"owner":"s3cret"}"#,
        "{\"owner\":\"\u{0}\"}",
    ] {
        let error = printed(&told(move || body.into_response()).await.unwrap_err());
        assert!(error.contains("of another form"), "{body}: {error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
    let nulls = told(|| r#"{"owner":null,"type":null,"attributes":null}"#.into_response()).await;
    assert_eq!(nulls.unwrap(), Some(Facts::default()));
}

#[tokio::test]
async fn an_answer_too_large_is_an_error_and_not_read_to_its_end() {
    let just = format!(r#"{{"owner":"{}"}}"#, "a".repeat((64 << 10) - 12));
    assert_eq!(just.len(), 64 << 10);
    assert!(
        told(move || just.clone().into_response())
            .await
            .unwrap()
            .is_some()
    );
    let large = format!(r#"{{"owner":"{}"}}"#, "a".repeat(64 << 10));
    let error = told(move || large.clone().into_response()).await;
    assert!(printed(&error.unwrap_err()).contains("over 64 KiB"));
    // It has no end.
    let endless = || {
        let spaces = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>("    "));
        Body::from_stream(spaces).into_response()
    };
    let error = told(endless).await.unwrap_err();
    assert!(printed(&error).contains("over 64 KiB"), "{error:?}");
}

#[tokio::test]
async fn a_service_that_takes_too_long_is_an_error() {
    let silent = Router::new().fallback(async || std::future::pending::<Response>().await);
    let address = serve(silent).await;
    let drip = || {
        let never = futures_util::stream::pending::<Result<&str, std::io::Error>>();
        Body::from_stream(never).into_response()
    };
    let dripping = serve(Log::default().router(drip)).await;
    for address in [address, dripping] {
        let template = format!("http://{address}/{{id}}");
        let provider = HttpEntities::new(&template, None, Duration::from_millis(200)).unwrap();
        contract::fails(&provider).await.unwrap();
    }
}

#[tokio::test]
async fn errors_have_neither_token_nor_id() {
    let error = told(|| StatusCode::BAD_GATEWAY.into_response())
        .await
        .unwrap_err();
    let text = printed(&error);
    assert!(!text.contains(TOKEN) && !text.contains("the-id"), "{text}");
    let nowhere = open("http://127.0.0.1:1/{id}");
    let text = printed(&nowhere.find("document", "the-id").await.unwrap_err());
    assert!(!text.contains(TOKEN) && !text.contains("the-id"), "{text}");
}

#[test]
fn what_is_no_template_or_token_is_refused() {
    for bad in [
        "",
        "ftp://a.example/{id}",
        "https://a.example/",
        "https://a.example/{type}",
        "https://a.example/x{id}",
        "https://a.example/{id}/{id}",
        "https://a.example/{id}/{x}",
        "https://a.example/{id}?{type}",
        "https://a.example/?{id}={id}",
        "https://a.example/{id}#x",
        "https://{id}/{id}",
        "http:///{id}",
        "https://u:p@a.example/{id}",
    ] {
        let refused = HttpEntities::new(bad, None, TIMEOUT).err();
        assert!(
            matches!(refused, Some(HttpEntitiesError::Template)),
            "{bad}: {refused:?}"
        );
    }
    for bad in ["", "a b", "a\nb", "ä"] {
        let refused = HttpEntities::new("https://a.example/{id}", Some(bad), TIMEOUT).err();
        assert!(
            matches!(refused, Some(HttpEntitiesError::Token(_))),
            "{bad}: {refused:?}"
        );
    }
}

/// Requests that a server was asked.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Request>>>);

impl Log {
    /// Answers everything, and keeps what was asked.
    fn router(&self, answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> Router {
        let log = self.clone();
        Router::new().fallback(async move |request: Request| {
            log.0.lock().unwrap().push(request);
            answer()
        })
    }

    /// The only one.
    fn take(&self) -> Request {
        let mut log = self.0.lock().unwrap();
        assert_eq!(log.len(), 1);
        log.remove(0)
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn open(template: &str) -> HttpEntities {
    HttpEntities::new(template, Some(TOKEN), TIMEOUT).unwrap()
}

/// What comes of this answer.
async fn told(
    answer: impl Fn() -> Response + Clone + Send + Sync + 'static,
) -> Result<Option<Facts>, EntityError> {
    let address = serve(Log::default().router(answer)).await;
    open(&format!("http://{address}/{{id}}"))
        .find("document", "the-id")
        .await
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .unwrap()
        .into()
}

/// An error with all that is behind it.
fn printed(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error:?}");
    let mut next = Some(error);
    while let Some(error) = next {
        text = format!("{text}\n{error}");
        next = error.source();
    }
    text
}
