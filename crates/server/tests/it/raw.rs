//! Requests byte by byte, for what no HTTP client would send.

use cogward_testkit::TestApp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request line with further header lines (each ending in CRLF), sent as it
/// stands; the answer's status and all of its text.
pub(crate) async fn raw(app: &TestApp, line: &str, headers: &[u8]) -> (u16, String) {
    let mut request = format!("{line} HTTP/1.1\r\nHost: {}\r\n", host(app)).into_bytes();
    request.extend_from_slice(headers);
    request.extend_from_slice(b"Connection: close\r\n\r\n");
    let answer = crate::support::raw(app, &request).await;
    let statuses = statuses(&answer);
    assert_eq!(statuses.len(), 1, "{answer}");
    (statuses[0], answer)
}

/// Many `GET`s on one connection, none waiting for the answer before it; their
/// statuses in order.
pub(crate) async fn pipelined(
    app: &TestApp,
    path: &str,
    headers: impl Iterator<Item = String>,
) -> Vec<u16> {
    let (host, mut requests) = (host(app), String::new());
    for headers in headers {
        requests.push_str(&format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n"
        ));
    }
    requests.push_str(&format!(
        "GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    ));
    let address = ("127.0.0.1", app.base.port().unwrap());
    let (mut from, mut to) = TcpStream::connect(address).await.unwrap().into_split();
    let mut answers = Vec::new();
    // Both at once: each side could wait for the other with its buffers full.
    let sent = to.write_all(requests.as_bytes());
    let (sent, read) = tokio::join!(sent, from.read_to_end(&mut answers));
    sent.and(read).unwrap();
    let answers = String::from_utf8_lossy(&answers);
    let mut statuses = statuses(&answers);
    assert_eq!(statuses.pop(), Some(200), "the connection ended early");
    statuses
}

fn host(app: &TestApp) -> String {
    format!("localhost:{}", app.base.port().unwrap())
}

fn statuses(answers: &str) -> Vec<u16> {
    let heads = answers.split("HTTP/1.1 ").skip(1);
    heads.map(|head| head[..3].parse().unwrap()).collect()
}
