//! Threats N: requests that are too large, or lie about their size.

use cogward_testkit::{Browser, TestApp};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::raw::raw;
use crate::support::operations;

const ALICE: &str = "user@example.com";
const MB: usize = 1 << 20;

async fn signed_in(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    browser
}

async fn connect(app: &TestApp) -> (OwnedReadHalf, OwnedWriteHalf) {
    let address = ("127.0.0.1", app.base.port().unwrap());
    TcpStream::connect(address).await.unwrap().into_split()
}

/// A head that asks for JSON to be read, with these lines.
fn head(browser: &Browser, path: &str, lines: &str) -> String {
    let cookie = browser.cookie("cogward_session").unwrap();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: cogward_session={cookie}\r\n\
         X-L42-CSRF: 1\r\nContent-Type: application/json\r\n{lines}\r\n\r\n"
    )
}

/// Sends the head and then the piece again and again, until the server has had enough; the
/// answer, and how much it took.
async fn pour(app: &TestApp, head: &str, piece: &[u8], most: usize) -> (String, usize) {
    let (mut from, mut to) = connect(app).await;
    let mut answer = Vec::new();
    let mut sent = 0;
    let writing = async {
        to.write_all(head.as_bytes()).await.unwrap();
        while sent < most && to.write_all(piece).await.is_ok() {
            sent += piece.len();
        }
        to
    };
    let reading = async {
        let _reset = from.read_to_end(&mut answer).await;
    };
    let _open = tokio::join!(writing, reading);
    (String::from_utf8_lossy(&answer).into_owned(), sent)
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or("closed")
}

#[tokio::test(flavor = "multi_thread")]
async fn t175_a_body_of_50_mb_is_refused_long_before_its_end() {
    let app = TestApp::builder().policies().start().await;
    let browser = signed_in(&app).await;
    let piece = vec![b'a'; 64 * 1024];
    let chunk = [b"10000\r\n", &piece[..], b"\r\n"].concat();
    for path in [
        "/auth/session",
        "/auth/authorize/batch",
        "/api/v1/auth/login",
    ] {
        let length = format!("Content-Length: {}", 50 * MB);
        for (lines, piece) in [
            (length.as_str(), &piece),
            ("Transfer-Encoding: chunked", &chunk),
        ] {
            let head = head(&browser, path, lines);
            let (answer, sent) = pour(&app, &head, piece, 50 * MB).await;
            assert_eq!(status(&answer), "413", "{path} {lines}: {answer}");
            // What the sockets between hold.
            assert!(sent < 30 * MB, "{path} {lines}: {sent}");
        }
    }
    assert_eq!(browser.copy().get("/auth/me").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn t175_a_length_that_is_a_lie_gets_nobody_anything() {
    let app = TestApp::start().await;
    let browser = signed_in(&app).await;
    let smuggled = "POST /api/v1/auth/logout HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (lines, body, expected) in [
        // Too short: what is left over is no JSON, and no request that has the cookie.
        ("Content-Length: 1", "{}", &["400"][..]),
        ("Content-Length: 2", "{}garbage\r\n\r\n", &["400"]),
        ("Content-Length: 4\r\nContent-Length: 2", "{}{}", &["400"]),
        ("Content-Length: 2, 4", "{}{}", &["400"]),
        ("Content-Length: -1", "{}", &["400"]),
        ("Content-Length: +2", "{}", &["400"]),
        ("Content-Length: 0x2", "{}", &["400"]),
        (
            "Content-Length: 18446744073709551618",
            "{}",
            &["400", "413"],
        ),
        (
            "Transfer-Encoding: chunked",
            "zz\r\n{}\r\n0\r\n\r\n",
            &["400"],
        ),
        (
            "Transfer-Encoding: chunked",
            "ffffffffffffffff\r\n{}",
            &["400"],
        ),
        ("Transfer-Encoding: chunked, identity", "{}", &["400"]),
        ("Transfer-Encoding: gzip", "{}", &["400"]),
        // Both: the chunks count (RFC 9112 §6.1), and nothing behind them is a request.
        (
            "Content-Length: 100\r\nTransfer-Encoding: chunked",
            "2\r\n{}\r\n0\r\n\r\n",
            &["400"],
        ),
    ] {
        let head = head(&browser, "/auth/session", lines);
        let request = format!("{head}{body}{smuggled}");
        let (mut from, mut to) = connect(&app).await;
        to.write_all(request.as_bytes()).await.unwrap();
        // It has no more to say: a body that is shorter than told has ended.
        to.shutdown().await.unwrap();
        let mut answers = String::new();
        let _reset = from.read_to_string(&mut answers).await;
        let first = status(&answers);
        assert!(expected.contains(&first), "{lines} {body}: {answers}");
    }
    // Too long: what was told never comes.
    let head = head(&browser, "/auth/session", "Content-Length: 60000");
    let (answer, _) = pour(&app, &head, b"{}", 2).await;
    assert_eq!(status(&answer), "408", "{answer}");
    assert_eq!(browser.copy().get("/auth/me").await.status, 200);
}

/// At every route that takes JSON.
#[tokio::test(flavor = "multi_thread")]
async fn t175_bodies_that_are_large_deep_or_packed_are_refused_everywhere() {
    let app = TestApp::builder().policies().start().await;
    let mut browser = signed_in(&app).await;
    let document = browser.get("/openapi.json").await.json();
    let depth = 10_000;
    let deep = "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
    let large = json!({ "email": "a".repeat(200_000) }).to_string();
    // Ten bytes that would be megabytes: nobody unpacks them.
    let packed = "\u{1f}\u{8b}".to_owned();
    let mut asked = 0;
    for (method, path) in operations(&app).await {
        let operation = &document["paths"][&path][method.as_str().to_lowercase()];
        if operation["requestBody"].is_null() {
            continue;
        }
        asked += 1;
        for (what, encoding, body, expected) in [
            ("large", None, &large, &[400, 413][..]),
            ("deep", None, &deep, &[400, 413]),
            ("gzip", Some("gzip"), &packed, &[415]),
            ("br", Some("br"), &packed, &[415]),
            ("twice", Some("gzip, gzip"), &packed, &[415]),
            ("not", Some("identity"), &packed, &[400]),
        ] {
            let request = browser.request(method.clone(), &path);
            let request = request
                .header("x-l42-csrf", "1")
                .header("content-type", "application/json")
                .body(body.clone());
            let request = match encoding {
                Some(encoding) => request.header("content-encoding", encoding),
                None => request,
            };
            let answer = browser.send(request).await;
            let status = answer.status.as_u16();
            assert!(
                expected.contains(&status),
                "{method} {path} {what}: {status}"
            );
            assert!(answer.body.len() < 2000, "{method} {path} {what}");
        }
    }
    assert!(asked >= 8, "{asked}");
    assert_eq!(browser.get("/auth/me").await.status, 200);
}

#[tokio::test]
async fn t176_long_addresses_are_414_and_many_headers_431() {
    let app = TestApp::start().await;
    for (letters, expected) in [
        (8_000, 404),
        (17_000, 414),
        (60_000, 414),
        (64 * 1024, 414),
        (1_000_000, 431),
    ] {
        for target in [
            format!("/{}", "a".repeat(letters)),
            format!("/nothing?{}", "a".repeat(letters)),
        ] {
            let (status, answer) = raw(&app, &format!("GET {target}"), b"").await;
            assert_eq!(status, expected, "{letters}");
            assert!(answer.len() < 2000, "{answer}");
        }
    }
    let sign_in = format!("/auth/login?return_to=/{}", "a".repeat(20_000));
    assert_eq!(raw(&app, &format!("GET {sign_in}"), b"").await.0, 414);
    assert_eq!(app.store.calls("put_login"), 0);
    for (headers, expected) in [
        ("X-A: b\r\n".repeat(90), 200),
        ("X-A: b\r\n".repeat(5000), 431),
        (format!("X-A: {}\r\n", "b".repeat(200_000)), 431),
        (format!("Cookie: {}\r\n", "b=c; ".repeat(40_000)), 431),
    ] {
        let (status, answer) = raw(&app, "GET /health", headers.as_bytes()).await;
        assert_eq!(status, expected, "{} bytes", headers.len());
        assert!(answer.len() < 2000, "{answer}");
    }
    let mut browser = app.browser();
    let request = browser.request(Method::GET, "/health");
    assert_eq!(browser.send(request).await.status, 200);
}
