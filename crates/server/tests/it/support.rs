//! What several tests need.

use std::time::Duration;

use cogward_pool::{CLIENT_SECRET, POOL_ID, PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};
use cogward_testkit::{Answer, Browser, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

/// What Cognito gives a client that signs in without the hosted page.
pub(crate) async fn tokens(app: &TestApp, email: &str) -> Value {
    initiate(app, PUBLIC_CLIENT_ID, email, None).await
}

/// The same, for the app client that has a secret.
pub(crate) async fn tokens_of_confidential(app: &TestApp, email: &str) -> Value {
    use aws_lc_rs::hmac;
    use base64::Engine as _;
    let key = hmac::Key::new(hmac::HMAC_SHA256, CLIENT_SECRET.as_bytes());
    let tag = hmac::sign(&key, format!("{email}{SECRET_CLIENT_ID}").as_bytes());
    let hash = base64::engine::general_purpose::STANDARD.encode(tag);
    initiate(app, SECRET_CLIENT_ID, email, Some(hash)).await
}

async fn initiate(app: &TestApp, client: &str, email: &str, hash: Option<String>) -> Value {
    let mut parameters = json!({ "USERNAME": email, "PASSWORD": "Passw0rd!" });
    if let Some(hash) = hash {
        parameters["SECRET_HASH"] = hash.into();
    }
    let input = json!({
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": client, "AuthParameters": parameters,
    });
    let result = pool_call(app, "InitiateAuth", &input).await.json();
    let result = &result["AuthenticationResult"];
    json!({
        "access_token": result["AccessToken"], "id_token": result["IdToken"],
        "refresh_token": result["RefreshToken"],
    })
}

/// What a token says, unverified.
pub(crate) fn claims(token: &Value) -> Value {
    use base64::Engine as _;
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    serde_json::from_slice(&engine.decode(payload).unwrap()).unwrap()
}

/// An operation of the user-pool API, called by somebody else than the server.
pub(crate) async fn pool_call(app: &TestApp, operation: &str, input: &Value) -> Answer {
    let mut caller = Browser::new(app.upstream.base());
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let request = caller
        .request(Method::POST, "/")
        .header("x-amz-target", target)
        .header("content-type", "application/x-amz-json-1.1")
        .body(input.to_string());
    caller.send(request).await
}

/// What the pool says to a refresh token: its status.
pub(crate) async fn refresh_at_pool(app: &TestApp, refresh_token: &str) -> u16 {
    let mut caller = Browser::new(app.upstream.base());
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", PUBLIC_CLIENT_ID),
        ("refresh_token", refresh_token),
    ];
    let answer = caller.post_form("/oauth2/token", &form).await;
    answer.status.as_u16()
}

/// How many sessions of a person there are, whoever has their cookies.
pub(crate) async fn sessions_of(app: &TestApp, sub: &str) -> usize {
    let users = [app.ring.user_index(POOL_ID, sub)];
    let kept = app.store.behind().list(&users, app.auth.now()).await;
    kept.unwrap().len()
}

/// Waits for what must come true; a test that waits in vain fails.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), wait).await;
    waited.unwrap_or_else(|_| panic!("not so after 20 seconds: {what}"));
}

/// 503 that tells when to come again, and the session's cookie left alone.
#[track_caller]
pub(crate) fn assert_kept(answer: &Answer) {
    assert_eq!(answer.status, 503, "{} {}", answer.url, answer.body);
    assert!(
        answer.header("retry-after").parse::<u32>().unwrap() > 0,
        "{}",
        answer.url
    );
    assert_eq!(answer.set_cookies(), Vec::<String>::new(), "{}", answer.url);
}

/// Cognito's calls that give tokens.
pub(crate) async fn token_calls(app: &TestApp) -> u64 {
    app.calls("oauth2/token").await + app.calls("GetTokensFromRefreshToken").await
}

/// Every operation of the API's own description, with a name filled in where one is wanted.
pub(crate) async fn operations(app: &TestApp) -> Vec<(Method, String)> {
    let document = app.browser().get("/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap();
    let operations: Vec<(Method, String)> = paths
        .iter()
        .flat_map(|(path, item)| {
            let path = path
                .replace("{handle}", "aaaaaaaa")
                .replace("{id}", "bbbbbbbb")
                .replace("{name}", "cccccccc");
            let methods = item.as_object().unwrap().keys();
            methods
                .filter_map(|name| name.to_uppercase().parse().ok())
                .filter(|method: &Method| {
                    [
                        Method::GET,
                        Method::POST,
                        Method::PUT,
                        Method::PATCH,
                        Method::DELETE,
                    ]
                    .contains(method)
                })
                .map(move |method| (method, path.clone()))
        })
        .collect();
    assert!(operations.len() >= 13, "{operations:?}");
    operations
}

/// The operations that need a session: without one they answer 401.
pub(crate) async fn session_operations(app: &TestApp) -> Vec<(Method, String)> {
    let mut needing = Vec::new();
    for (method, path) in operations(app).await {
        let mut stranger = app.browser();
        let request = stranger.request(method.clone(), &path);
        let request = request.header("x-l42-csrf", "1");
        if stranger.send(request).await.status == 401 {
            needing.push((method, path));
        }
    }
    assert!(needing.len() >= 8, "{needing:?}");
    needing
}

/// One request in the test's own bytes; the answer as text, read to its end.
pub(crate) async fn raw(app: &TestApp, request: &[u8]) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = ("127.0.0.1", app.base.port().unwrap());
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    // A server that refuses early may close before it has read all.
    let _cut = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// The newest code that was sent to an address.
pub(crate) async fn code(app: &TestApp, email: &str) -> String {
    let mut inbox = Browser::new(app.upstream.base());
    let path = format!("/_local/messages?recipient={email}");
    let messages = inbox.get(&path).await.json();
    messages[0]["code"].as_str().unwrap().to_owned()
}

/// What an authenticator app with this key shows now, by the pool's clock.
pub(crate) async fn totp(app: &TestApp, secret: &Value) -> String {
    let clock = app.local("clock", json!({ "advance_seconds": 0 })).await;
    let secret = totp_rs::Secret::try_from_base32(secret.as_str().unwrap()).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    totp.generate(clock["now"].as_u64().unwrap()).to_string()
}

/// A browser that somebody signed in with on the application's own page.
pub(crate) async fn signed_in(app: &TestApp, email: &str, password: &str) -> Browser {
    let mut browser = app.browser();
    let body = json!({ "email": email, "password": password, "session": true });
    let answer = browser.post_json("/api/v1/auth/login", &body).await;
    assert_eq!(answer.json(), json!({ "success": true }), "{}", answer.body);
    browser
}

/// Refused with this status and machine code.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, code: &str) {
    let body = answer.json();
    assert_eq!(
        (answer.status.as_u16(), &body["error"]),
        (status, &json!(code)),
        "{body}"
    );
}
