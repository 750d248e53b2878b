//! What a server in production shows to somebody who looks for more.

use crate::process::{Server, free_ports};

const KEY: &str = "Zt6mVq8Rb2XwLk4Ns9HpJc7Df5Gy3Ta1Ue";

const SURFACES: [&str; 20] = [
    "/metrics",
    "/debug",
    "/debug/pprof",
    "/debug/vars",
    "/openapi.json",
    "/docs",
    "/docs/page.js",
    "/.env",
    "/.git/config",
    "/admin",
    "/_local/",
    "/_local/stats",
    "/_local/faults",
    "/actuator",
    "/server-status",
    "/trace",
    "/cogward.toml",
    "/swagger",
    "/api/v1/debug",
    "/auth/debug",
];

#[tokio::test]
async fn t182_production_shows_no_debug_surface_and_no_banner() {
    let folder = tempfile::tempdir().unwrap();
    let [port] = free_ports();
    let number = port.to_string();
    let env = [
        ("ENVIRONMENT", "production"),
        ("COGNITO_USER_POOL_ID", "eu-west-1_AbCdEfGhI"),
        ("COGNITO_CLIENT_ID", "1a2b3c4d5e6f7g8h9i0j1k2l3m"),
        ("COGNITO_DOMAIN", "myapp.auth.eu-west-1.amazoncognito.com"),
        (
            "API_CALLBACK_URL",
            "https://auth.example.com/api/v1/auth/callback",
        ),
        ("FRONTEND_URL", "https://app.example.com"),
        ("SESSION_SECRET", KEY),
        ("DATA_DIR", "data"),
    ];
    let server = Server::start(
        folder.path(),
        &["serve", "--port", &number],
        &env,
        port,
        "/health",
    )
    .await;
    let mut browser = server.browser();
    for path in SURFACES {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
    }
    for path in ["/", "/health", "/api/v1/auth/login", "/nothing"] {
        let answer = browser.get(path).await;
        for name in ["server", "x-powered-by", "via", "x-runtime"] {
            assert_eq!(answer.header(name), "", "{name} of {path}");
        }
        let version = env!("CARGO_PKG_VERSION");
        let headers = format!("{:?}", answer.headers);
        assert!(
            !answer.body.contains(version) && !headers.contains(version),
            "{headers}"
        );
    }
    let request = browser.request(reqwest::Method::TRACE, "/auth/token");
    let answer = browser
        .send(request.header("cookie", "cogward_session=mine"))
        .await;
    assert_eq!(answer.status, 405, "{}", answer.body);
    assert!(!answer.body.contains("mine"));
    server.stop().await;
}
