//! Who may talk to the pool at all: Host, Origin, headers, the interface.

use std::net::{TcpListener, UdpSocket};

use cogward_pool::{Pool, PoolError, PoolOptions};
use reqwest::Method;
use serde_json::json;

use crate::common::TestPool;

#[tokio::test]
async fn a_host_of_another_name_is_refused_everywhere() {
    let pool = TestPool::start().await;
    let port = pool.pool.address().port();
    let paths = [
        "/",
        "/login",
        "/_local/",
        "/_local/messages",
        "/oauth2/token",
        "/_local/health",
    ];
    for host in [
        "evil.test",
        "localhost.evil.test",
        "evil@localhost",
        "127.0.0.1.nip.io",
        "0.0.0.0",
        "",
    ] {
        for path in paths {
            let answer = pool
                .request(Method::GET, path)
                .header("Host", host)
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 403, "{host} {path}");
        }
    }
    for host in [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1:80",
        "[::1]",
        &format!("[::1]:{port}"),
    ] {
        let answer = pool
            .request(Method::GET, "/_local/health")
            .header("Host", host)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "{host}");
    }
}

#[tokio::test]
async fn local_posts_need_the_header_json_and_their_own_origin() {
    let pool = TestPool::start().await;
    let own = pool.base.clone();
    let send = async |headers: &[(&str, &str)]| {
        let mut request = pool.request(Method::POST, "/_local/settings").body("{}");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    };
    let (header, json) = (
        ("X-Cogward-Local", "1"),
        ("Content-Type", "application/json"),
    );
    assert_eq!(send(&[header, json]).await, 200);
    assert_eq!(send(&[header, json, ("Origin", &own)]).await, 200);
    assert_eq!(send(&[json]).await, 403);
    assert_eq!(send(&[("X-Cogward-Local", "true"), json]).await, 403);
    assert_eq!(send(&[header]).await, 415);
    assert_eq!(
        send(&[header, ("Content-Type", "text/plain;application/json")]).await,
        415
    );
    for origin in [
        "http://localhost:3001",
        "https://evil.test",
        "null",
        "http://localhost",
    ] {
        assert_eq!(
            send(&[header, json, ("Origin", origin)]).await,
            403,
            "{origin}"
        );
    }
    assert_eq!(
        send(&[header, json, ("Sec-Fetch-Site", "same-site")]).await,
        403
    );
}

#[tokio::test]
async fn other_origins_read_nothing_local() {
    let pool = TestPool::start().await;
    for headers in [
        [
            ("Origin", "http://localhost:3001"),
            ("Sec-Fetch-Mode", "cors"),
        ],
        [
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "no-cors"),
        ],
    ] {
        let mut request = pool.request(Method::GET, "/_local/messages");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 403);
        assert_eq!(answer.headers().get("access-control-allow-origin"), None);
    }
    let preflight = pool
        .request(Method::OPTIONS, "/_local/settings")
        .header("Origin", "https://evil.test")
        .header("Access-Control-Request-Headers", "x-cogward-local")
        .send()
        .await
        .unwrap();
    assert!(!preflight.status().is_success());
    assert_eq!(preflight.headers().get("access-control-allow-origin"), None);
    // A link to the inbox may be followed.
    let link = pool
        .request(Method::GET, "/_local/")
        .header("Sec-Fetch-Site", "same-site")
        .header("Sec-Fetch-Mode", "navigate")
        .send()
        .await
        .unwrap();
    assert_eq!(link.status(), 200);
}

#[tokio::test]
async fn it_listens_on_the_loopback_interface_only() {
    let pool = TestPool::start().await;
    assert!(pool.pool.address().ip().is_loopback());
    // The address this machine would reach others from, if it has one: nothing is sent.
    let probe = UdpSocket::bind("0.0.0.0:0").unwrap();
    if probe.connect("192.0.2.1:9").is_ok() {
        let outside = (probe.local_addr().unwrap().ip(), pool.pool.address().port());
        assert!(tokio::net::TcpStream::connect(outside).await.is_err());
    }
}

#[tokio::test]
async fn both_loopback_addresses_answer() {
    let pool = TestPool::start().await;
    let url = format!("{}_local/health", pool.pool.base_url());
    assert_eq!(pool.http.get(url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let refused = Pool::start(PoolOptions {
        port,
        ..Default::default()
    })
    .await
    .err()
    .unwrap();
    assert!(matches!(refused, PoolError::Listen { .. }));
    assert!(refused.to_string().contains(&port.to_string()), "{refused}");
}

#[tokio::test]
async fn with_tls_the_certificate_is_kept_and_cookies_are_secure() {
    let dir = tempfile::tempdir().unwrap();
    let options = || PoolOptions {
        tls: true,
        data_dir: Some(dir.path().to_owned()),
        ..PoolOptions::default()
    };
    let pool = Pool::start(options()).await.unwrap();
    let pem = pool.certificate_pem().unwrap().to_owned();
    assert!(pool.issuer().starts_with("https://localhost:"));
    let certificate = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    let http = reqwest::Client::builder()
        .tls_certs_only([certificate])
        .build()
        .unwrap();
    let url = format!("{}login?{}", pool.base_url(), crate::common::query());
    let page = http.get(url).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let cookie = page.headers()["set-cookie"].to_str().unwrap();
    let name = format!("__Host-cogward-pool-{}-form=", pool.address().port());
    assert!(cookie.starts_with(&name), "{cookie}");
    assert!(
        cookie.ends_with("; HttpOnly; SameSite=Lax; Secure"),
        "{cookie}"
    );
    pool.shutdown().await;
    let again = Pool::start(options()).await.unwrap();
    assert_eq!(again.certificate_pem(), Some(pem.as_str()));
    assert_eq!(
        std::fs::read_to_string(dir.path().join("tls-cert.pem")).unwrap(),
        pem
    );
}

#[tokio::test]
async fn unknown_paths_and_methods_are_plain_errors() {
    let pool = TestPool::start().await;
    for (method, path, status) in [
        (Method::GET, "/nothing", 404),
        (Method::GET, "/_local/nothing", 404),
        (
            Method::GET,
            "/us-east-1_Other0000/.well-known/jwks.json",
            404,
        ),
        (Method::GET, "/oauth2/token", 405),
        (Method::POST, "/oauth2/authorize", 405),
        (Method::DELETE, "/", 405),
    ] {
        let answer = pool
            .request(method, path)
            .json(&json!({}))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
}

#[tokio::test]
async fn a_page_somewhere_else_administers_nothing() {
    let pool = TestPool::start().await;
    let body = json!({ "UserPoolId": cogward_pool::POOL_ID }).to_string();
    let list = async |origin: Option<&str>| {
        let target = "AWSCognitoIdentityProviderService.ListUsers";
        let request = pool
            .request(Method::POST, "/")
            .header("X-Amz-Target", target)
            .body(body.clone());
        let request = match origin {
            Some(origin) => request.header("Origin", origin),
            None => request,
        };
        request.send().await.unwrap().status().as_u16()
    };
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "nonsense",
    ] {
        assert_eq!(list(Some(origin)).await, 400, "{origin}");
    }
    for origin in [
        None,
        Some("http://localhost:3000"),
        Some("http://127.0.0.1:8080"),
        Some("http://[::1]:1"),
    ] {
        assert_eq!(list(origin).await, 200, "{origin:?}");
    }
}
