//! Connections: how long a silent one is kept, how many there may be, and the end of all.

use std::time::Duration;

use cogward_testkit::TestApp;
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::until;

const ALICE: &str = "user@example.com";
const GET: &str = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// RFC 9113 §3.4.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

async fn connect(app: &TestApp) -> TcpStream {
    let address = ("127.0.0.1", app.base.port().unwrap());
    TcpStream::connect(address).await.unwrap()
}

/// One request on a connection that stays open.
async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(GET.as_bytes()).await.unwrap();
    read_one(stream).await
}

/// One answer, which is small enough to come in one piece.
async fn read_one(stream: &mut TcpStream) -> String {
    let mut answer = vec![0; 8192];
    let read = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

/// What comes until the server closes.
async fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest));
    // A reset is an end too.
    let _reset = closed.await.unwrap();
    rest
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let app = TestApp::builder()
        .limits(|limits| limits.patience = Duration::from_millis(200))
        .start()
        .await;
    let heads: [&[u8]; 6] = [
        b"",
        b"GET /hea",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        b"PRI * HT",
        b"PRI * HTTP/2.0",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r",
    ];
    for head in heads {
        let mut stream = connect(&app).await;
        stream.write_all(head).await.unwrap();
        let said = until_closed(&mut stream).await;
        let said = String::from_utf8_lossy(&said);
        assert!(!said.contains(" 200 "), "{said}");
    }
    // Nor is one kept for long that has been answered and asks no more.
    let mut stream = connect(&app).await;
    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(until_closed(&mut stream).await, b"");
}

#[tokio::test]
async fn http_2_is_not_spoken() {
    let app = TestApp::start().await;
    let mut stream = connect(&app).await;
    stream.write_all(HTTP2).await.unwrap();
    let said = until_closed(&mut stream).await;
    // HTTP/2 would begin with SETTINGS.
    let refused = said.is_empty() || said.starts_with(b"HTTP/1.1 4");
    assert!(refused, "{}", String::from_utf8_lossy(&said));
    let upgrade = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n\
         Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
    let mut stream = connect(&app).await;
    stream.write_all(upgrade.as_bytes()).await.unwrap();
    assert!(read_one(&mut stream).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn one_connection_too_many_waits_for_another_to_close() {
    let app = TestApp::builder()
        .limits(|limits| limits.connections = 2)
        .start()
        .await;
    let (mut one, mut two) = (connect(&app).await, connect(&app).await);
    ask(&mut one).await;
    ask(&mut two).await;
    let mut three = connect(&app).await;
    three.write_all(GET.as_bytes()).await.unwrap();
    // The server, which shares this thread, has had every chance to answer it.
    for _ in 0..20 {
        assert!(ask(&mut one).await.starts_with("HTTP/1.1 200 "));
        assert!(ask(&mut two).await.starts_with("HTTP/1.1 200 "));
    }
    let early = three.try_read(&mut [0; 16]).unwrap_err();
    assert_eq!(early.kind(), std::io::ErrorKind::WouldBlock);
    drop(one);
    assert!(read_one(&mut three).await.starts_with("HTTP/1.1 200 "));
    assert!(ask(&mut two).await.starts_with("HTTP/1.1 200 "));
}

/// As from a proxy that opens many at once: the kernel drops what it has no room for.
#[tokio::test]
async fn a_burst_of_connections_waits_to_be_accepted() {
    let app = TestApp::builder()
        .limits(|limits| limits.connections = 1)
        .start()
        .await;
    let mut first = connect(&app).await;
    ask(&mut first).await;
    let mut waiting = Vec::new();
    for _ in 0..400 {
        let connected = tokio::time::timeout(Duration::from_secs(10), connect(&app)).await;
        waiting.push(connected.expect("it is not dropped"));
    }
    assert!(ask(&mut first).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_stop_finishes_what_is_under_way_and_waits_for_nothing_else() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let (store, base) = (app.store.clone(), app.base.clone());
    let silent = connect(&app).await;
    let mut idle = connect(&app).await;
    ask(&mut idle).await;
    let hold = store.hold("load");
    let loads = store.calls("load");
    let request = browser.request(Method::GET, "/auth/me");
    let under_way = tokio::spawn(async move { browser.send(request).await });
    until("under way", async || store.calls("load") > loads).await;
    let stopped = tokio::spawn(app.stop());
    until("nobody listens", async || {
        let address = ("127.0.0.1", base.port().unwrap());
        TcpStream::connect(address).await.is_err()
    })
    .await;
    assert!(!stopped.is_finished(), "an answer is still under way");
    drop(hold);
    let answer = under_way.await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    // Less than the 20 seconds after which it would cut them off.
    let stopped = tokio::time::timeout(Duration::from_secs(15), stopped).await;
    stopped.expect("waits for silent connections").unwrap();
    drop((silent, idle));
}
