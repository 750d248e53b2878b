//! Two servers, nginx in front of them, a user pool behind.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cogward_services::{Nginx, free_ports};
use cogward_session::{Clock as _, KeyRing, Purpose, Record, Secret, SessionId, SystemClock};
use cogward_session::{SessionStore, TokenSet, cookie_value, seal};
use cogward_testkit::{Answer, Browser};
use futures_util::future::join_all;
use serde_json::{Value, json};
use url::Url;

use crate::deployment::Deployment;
use crate::process::{Server, http, local, sign_in};

pub(crate) const ALICE: &str = "user@example.com";
pub(crate) const SECRET: &str = "a-secret-for-replicas-of-over-32-characters";
/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// An access token that is verified before it runs out, also on a busy machine.
const SHORT_SECONDS: i64 = 3;

/// What browsers see as one site.
pub(crate) struct Site {
    pub(crate) servers: [Server; 2],
    pub(crate) ports: [u16; 2],
    pub(crate) nginx: Nginx,
    pub(crate) base: Url,
    pub(crate) deployment: Deployment,
    env: Vec<(String, String)>,
}

impl Site {
    /// Starts it on a store; `more` is for the environment of the servers.
    pub(crate) async fn start(store: &[(&'static str, String)], more: &[(&str, &str)]) -> Self {
        let deployment = deployment().await;
        let ports @ [one, two] = free_ports();
        let nginx = Nginx::start(ports);
        let url = nginx.url();
        let callback = format!("{url}/api/v1/auth/callback");
        let mut env = vec![
            ("SESSION_SECRET", SECRET),
            ("API_CALLBACK_URL", &callback),
            ("COGWARD_SERVER_PUBLIC_URL", &url),
            ("COGWARD_SERVER_TRUSTED_PROXIES", "127.0.0.1"),
            // On a busy machine a store may be slow and yet there.
            ("COGWARD_SESSION_STORE_TIMEOUT_MS", "15000"),
        ];
        env.extend(store.iter().map(|(name, value)| (*name, value.as_str())));
        env.extend(more);
        let env = deployment.env(0, &env);
        let servers = [
            serve(&deployment, &env, one).await,
            serve(&deployment, &env, two).await,
        ];
        Self {
            servers,
            ports,
            base: url.parse().unwrap(),
            nginx,
            deployment,
            env,
        }
    }

    /// Starts a server again that has ended.
    pub(crate) async fn start_again(&mut self, n: usize) {
        self.servers[n] = serve(&self.deployment, &self.env, self.ports[n]).await;
    }

    /// The environment of the servers.
    pub(crate) fn env(&self) -> impl Iterator<Item = (&String, &String)> {
        self.env.iter().map(|(name, value)| (name, value))
    }

    /// A browser that sees the site as everybody does.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.base.clone())
    }

    /// The same browser, were it at this server alone.
    pub(crate) fn at(&self, n: usize, browser: &Browser) -> Browser {
        with_cookies_of(browser, self.servers[n].browser())
    }

    pub(crate) async fn signed_in(&self, email: &str) -> Browser {
        let mut browser = self.browser();
        sign_in(&mut browser, email).await;
        browser
    }

    /// Signed in, with access tokens that have run out. Those that the pool gives from now on
    /// live an hour.
    pub(crate) async fn signed_in_long_ago<const N: usize>(&self, email: &str) -> [Browser; N] {
        self.pool("settings", json!({ "access_token_seconds": SHORT_SECONDS }))
            .await;
        let browsers = join_all([email; N].map(|email| self.signed_in(email))).await;
        let signed_in = now();
        self.pool("settings", json!({ "access_token_seconds": 3600 }))
            .await;
        until("the access token has run out", async || {
            now() > signed_in + SHORT_SECONDS
        })
        .await;
        browsers.try_into().ok().unwrap()
    }

    /// `POST /_local/{what}` at the pool.
    pub(crate) async fn pool(&self, what: &str, body: Value) -> Value {
        local(&self.deployment.pool.base, what, &body).await
    }

    /// A user with the usual password.
    pub(crate) async fn add_user(&self, email: &str) {
        let user = json!({ "username": email, "password": "Passw0rd!" });
        self.pool("users", user).await;
    }

    /// How often the pool was asked for tokens so far.
    pub(crate) async fn token_calls(&self) -> u64 {
        let url = self.deployment.pool.base.join("/_local/stats").unwrap();
        let stats: Value = http().get(url).send().await.unwrap().json().await.unwrap();
        let of = |op: &str| stats[op].as_u64().unwrap_or_default();
        of("oauth2/token") + of("GetTokensFromRefreshToken") + of("InitiateAuth")
    }

    /// The status with which the pool takes this refresh token, which may spend it.
    pub(crate) async fn refresh_at_pool(&self, token: &str) -> u16 {
        let mut caller = Browser::new(self.deployment.pool.base.clone());
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", "cogwardlocalsecretclient01"),
            ("client_secret", "cogwardlocalsecret0123456789abcdef"),
            ("refresh_token", token),
        ];
        let answer = caller.post_form("/oauth2/token", &form).await;
        answer.status.as_u16()
    }
}

/// The pool, on a port that stays its own.
async fn deployment() -> Deployment {
    let folder = tempfile::tempdir().unwrap();
    let [port] = free_ports();
    let args = ["pool", "--port", &port.to_string(), "--data-dir", "pool"];
    let pool = Server::start(folder.path(), &args, &[], port, "/_local/health").await;
    Deployment { pool, folder }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for server in self.servers.iter().chain([&self.deployment.pool]) {
                eprintln!("{}:\n{}", server.base, server.log());
            }
            eprintln!("nginx:\n{}", self.nginx.errors());
        }
    }
}

async fn serve(deployment: &Deployment, env: &[(String, String)], port: u16) -> Server {
    let env: Vec<_> = env.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let args = ["serve", "--port", &port.to_string()];
    Server::start(deployment.folder.path(), &args, &env, port, "/health").await
}

fn with_cookies_of(browser: &Browser, mut other: Browser) -> Browser {
    for name in ["cogward_session", "cogward_login"] {
        if let Some(value) = browser.cookie(name) {
            other.set_cookie(name, value);
        }
    }
    other
}

/// Whoever has the servers' secret has this.
pub(crate) fn ring() -> KeyRing {
    KeyRing::new(&[Secret::from(SECRET.to_owned())], &[]).unwrap()
}

/// The session id in a browser's cookie.
pub(crate) fn session_id(browser: &Browser) -> SessionId {
    let cookie = browser.cookie("cogward_session").unwrap();
    cookie_value::verify(&ring(), Purpose::Session, cookie).unwrap()
}

/// What is stored of a browser's session.
pub(crate) async fn record(store: &dyn SessionStore, browser: &Browser) -> Record {
    let key = session_id(browser).lookup_key();
    let found = store.load(&key, SystemClock.now()).await.unwrap();
    Record::clone(&found.unwrap())
}

/// The tokens in it, which only the browser's cookie opens.
pub(crate) async fn token_set(store: &dyn SessionStore, browser: &Browser) -> TokenSet {
    let record = record(store, browser).await;
    seal::open_tokens(
        &ring(),
        &session_id(browser),
        record.version,
        &record.tokens,
    )
    .unwrap()
}

/// `GET /auth/me`.
pub(crate) async fn me(mut browser: Browser) -> Answer {
    browser.get("/auth/me").await
}

/// 503 that tells when to come again, and the session's cookie left alone.
#[track_caller]
pub(crate) fn assert_kept(answer: &Answer) {
    assert_eq!(answer.status, 503, "{} {}", answer.url, answer.body);
    let after: u64 = answer.header("retry-after").parse().unwrap();
    assert!(after > 0);
    assert_eq!(answer.set_cookies(), [""; 0]);
}

/// Asks until the answer is 200. Before that it may be 503 with the session kept, and nothing
/// else.
pub(crate) async fn until_served(browser: &Browser) -> Answer {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = me(browser.copy()).await;
        if answer.status == 200 {
            return answer;
        }
        assert_kept(&answer);
        assert!(Instant::now() < end, "not served in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits for what must come true; returns how long that took.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < PATIENCE, "not so in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    start.elapsed()
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    SystemClock.now().as_secs()
}

/// Bytes that may be written as base64url.
pub(crate) fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
