//! Threats N: clients that keep connections without getting anywhere.

use std::process::Command;
use std::time::Duration;

use cogward_testkit::TestApp;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::until;

const GET: &[u8] = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
const PAUSE: Duration = Duration::from_millis(20);

async fn connect(app: &TestApp) -> TcpStream {
    let address = ("127.0.0.1", app.base.port().unwrap());
    TcpStream::connect(address).await.unwrap()
}

/// Sends `head`, then a byte now and then, until the server closes; what it said. Every single
/// byte comes in time.
async fn drip(app: &TestApp, head: &[u8]) -> String {
    let (mut from, mut to) = connect(app).await.into_split();
    to.write_all(head).await.unwrap();
    let mut said = Vec::new();
    let dripping = async {
        while to.write_all(b"a").await.is_ok() {
            tokio::time::sleep(PAUSE).await;
        }
    };
    let reading = async {
        let _reset = from.read_to_end(&mut said).await;
    };
    let ended = tokio::time::timeout(Duration::from_secs(60), async {
        tokio::select! { () = dripping => {}, () = reading => {} }
    });
    ended.await.unwrap();
    String::from_utf8_lossy(&said).into_owned()
}

/// Somebody else is served again and again while `attack` goes on.
async fn others_are_served<T>(app: &TestApp, attack: impl Future<Output = T>) -> T {
    let mut attack = std::pin::pin!(attack);
    let mut other = app.browser();
    loop {
        assert_eq!(other.get("/auth/me").await.status, 401);
        tokio::select! {
            outcome = &mut attack => return outcome,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

#[tokio::test]
async fn t173_heads_that_drip_are_given_up_and_others_served() {
    let app = TestApp::builder()
        .limits(|limits| limits.patience = Duration::from_millis(500))
        .start()
        .await;
    let heads: [&[u8]; 4] = [
        b"",
        b"GET /",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        // A TLS hello that is cut off: nobody speaks TLS here.
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ];
    let drips = (0..40).map(|n| drip(&app, heads[n % 4]));
    for said in others_are_served(&app, join_all(drips)).await {
        assert!(!said.contains(" 200 "), "{said}");
    }
}

#[tokio::test]
async fn t173_bodies_that_drip_are_given_up_and_others_served() {
    let app = TestApp::builder()
        .site(|site| site.body_timeout = Duration::from_millis(500))
        .limits(|limits| limits.patience = Duration::from_secs(2))
        .start()
        .await;
    let head = |path: &str, size: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nX-L42-CSRF: 1\r\n\
             Content-Type: application/json\r\n{size}\r\n\r\n"
        )
    };
    let read = [
        head("/auth/session", "Content-Length: 60000"),
        head("/api/v1/auth/login", "Transfer-Encoding: chunked"),
    ];
    let drips = (0..20).map(|n| drip(&app, read[n % 2].as_bytes()));
    for (n, said) in others_are_served(&app, join_all(drips))
        .await
        .iter()
        .enumerate()
    {
        // Letters are no size of a chunk.
        let expected: &[&str] = if n % 2 == 0 {
            &["408"]
        } else {
            &["400", "408"]
        };
        assert!(expected.contains(&&said[9..12]), "{said}");
    }
    // Nor is one kept that nobody reads.
    let unread = [
        head("/nothing", "Content-Length: 60000"),
        head("/auth/me", "Content-Length: 60000"),
        head("/api/v1/auth/logout", "Content-Length: 60000"),
    ];
    let drips = unread.iter().map(|head| drip(&app, head.as_bytes()));
    for said in others_are_served(&app, join_all(drips)).await {
        assert!(said.starts_with("HTTP/1.1 "), "{said}");
    }
}

/// So many open files as five thousand connections need, both ends, if the system lets us.
fn most_connections() -> usize {
    let own = std::process::id().to_string();
    let _as_it_is = Command::new("prlimit")
        .args(["--pid", &own, "--nofile=12000:"])
        .status();
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = line.unwrap().split_whitespace().nth(3).unwrap();
    let files: usize = soft.parse().unwrap_or(12_000);
    (files.saturating_sub(500) / 2).min(5000)
}

#[tokio::test(flavor = "multi_thread")]
async fn t173_five_thousand_idle_connections_keep_nobody_out_and_end() {
    let app = TestApp::builder()
        .limits(|limits| {
            limits.patience = Duration::from_secs(15);
            limits.connections_each = limits.connections;
        })
        .start()
        .await;
    let most = most_connections();
    assert!(most >= 1000, "{most}");
    let mut idle = Vec::new();
    for _ in 0..most {
        let mut stream = connect(&app).await;
        stream.write_all(GET).await.unwrap();
        idle.push(stream);
    }
    for stream in &mut idle {
        let mut answer = [0; 2048];
        let read = stream.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 200 "));
    }
    let mut other = app.browser();
    for _ in 0..20 {
        assert_eq!(other.get("/auth/me").await.status, 401);
    }
    until("all are closed", async || {
        idle.retain(|stream| {
            let ended = stream.try_read(&mut [0; 16]);
            !matches!(ended, Ok(0)) && !is_reset(&ended)
        });
        idle.is_empty()
    })
    .await;
    assert_eq!(app.browser().get("/auth/me").await.status, 401);
}

/// Who takes no answers is given up; what it asks meanwhile is not even read.
#[tokio::test(flavor = "multi_thread")]
async fn t173_who_takes_no_answers_is_given_up_and_fills_no_memory() {
    // The bodies are there since an answer without one, to a request whose body nobody wants,
    // waits for nothing that was written before.
    let question =
        |line: &str| format!("{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx");
    for line in ["OPTIONS /auth/me", "HEAD /health", "GET /auth/me"] {
        let app = TestApp::builder()
            .unlimited()
            .limits(|limits| limits.patience = Duration::from_secs(3))
            .start()
            .await;
        let stream = tokio::net::TcpSocket::new_v4().unwrap();
        stream.set_recv_buffer_size(4096).unwrap();
        let address = ([127, 0, 0, 1], app.base.port().unwrap()).into();
        let mut stream = stream.connect(address).await.unwrap();
        let questions = question(line).repeat(1000);
        let mut sent = 0;
        let attack = async {
            // Until the server closes, or says nothing of what it takes.
            while let Ok(more) = stream.write(questions.as_bytes()).await {
                sent += more;
                assert!(sent < 64 << 20, "{line}: {sent} bytes were read");
            }
        };
        let given_up = tokio::time::timeout(Duration::from_secs(60), attack);
        others_are_served(&app, given_up)
            .await
            .unwrap_or_else(|_| panic!("{line}: it keeps its place"));
    }
}

#[tokio::test]
async fn t173_one_address_does_not_take_all_connections() {
    let app = TestApp::builder()
        .limits(|limits| {
            limits.connections = 20;
            limits.connections_each = 10;
        })
        .start()
        .await;
    let answered = async |stream: &mut TcpStream| {
        let _closed = stream.write_all(GET).await;
        matches!(stream.read(&mut [0; 2048]).await, Ok(1..))
    };
    let mut own = Vec::new();
    for _ in 0..10 {
        let mut stream = connect(&app).await;
        assert!(answered(&mut stream).await);
        own.push(stream);
    }
    assert!(!answered(&mut connect(&app).await).await, "one too many");
    let from = async |address: [u8; 4]| {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((address, 0).into()).unwrap();
        let server = ([127, 0, 0, 1], app.base.port().unwrap()).into();
        socket.connect(server).await.unwrap()
    };
    assert!(answered(&mut from([127, 0, 0, 2]).await).await);
    own.pop();
    until("there is room again", async || {
        answered(&mut connect(&app).await).await
    })
    .await;
}

fn is_reset(read: &std::io::Result<usize>) -> bool {
    let kind = read.as_ref().err().map(std::io::Error::kind);
    kind.is_some_and(|kind| kind != std::io::ErrorKind::WouldBlock)
}
