//! `cogward dev` with a pool over HTTPS that begins with a file.

use serde_json::json;

use crate::process::{Dev, Server, who};

const SEED: &str = r#"
[[clients]]
id = "cogwardlocalpublicclient01"
loopback_urls = true

[[users]]
username = "ada@example.com"
password = "Passw0rd!"
"#;

#[tokio::test]
async fn dev_takes_a_seed_and_tls_as_the_pool_does() {
    let dev = Dev::new();
    let folder = dev.folder.path();
    std::fs::write(folder.join("pool.toml"), SEED).unwrap();
    let (port, pool_port) = (dev.port.to_string(), dev.pool_port.to_string());
    let mut args = vec!["dev", "--port", &port, "--pool-port", &pool_port];
    args.extend(["--data-dir", "data", "--tls", "--seed", "pool.toml"]);
    let server = Server::start(folder, &args, &[], dev.port, "/health").await;

    // Through the SDK, and the keys that verify what it brings: both believe the certificate.
    let mut browser = server.browser();
    let body = json!({ "email": "ada@example.com", "password": "Passw0rd!", "session": true });
    let answer = browser.post_json("/api/v1/auth/login", &body).await;
    assert_eq!(answer.json(), json!({ "success": true }));
    assert_eq!(who(&mut browser).await.unwrap(), "ada@example.com");
    let refreshed = browser.post("/api/v1/auth/refresh").await;
    assert_eq!(refreshed.json()["message"], "Token refreshed");
    let begun = browser.get("/api/v1/auth/login").await;
    assert_eq!(begun.location().scheme(), "https");
    assert_eq!(begun.location().port(), Some(dev.pool_port));

    // The file's users are all there are.
    let body = json!({ "email": "user@example.com", "password": "Passw0rd!" });
    let answer = browser.post_json("/api/v1/auth/login", &body).await;
    assert_eq!(answer.status, 401);

    let pem = std::fs::read(folder.join("data/tls-cert.pem")).unwrap();
    let certificate = reqwest::Certificate::from_pem(&pem).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([certificate]);
    let health = format!("https://localhost:{pool_port}/_local/health");
    let answer = client.build().unwrap().get(health).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    server.stop().await;
}
