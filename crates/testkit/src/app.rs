//! The whole application on a free port, with a pool of its own.

use std::sync::Arc;
use std::time::Duration;

use cogward_auth::{Auth, Verifiers};
use cogward_cognito::accounts::{Admin, AdminCredentials};
use cogward_cognito::{Accounts, ClientSecret, Cognito};
use cogward_jwt::{ClientIds, HttpKeys, Keys, UserPool};
use cogward_people::UserDirectory;
use cogward_pool::{CLIENT_SECRET, POOL_ID, PUBLIC_CLIENT_ID, Pool, SECRET_CLIENT_ID};
use cogward_server::Running;
use cogward_session::{KeyRing, Purpose, SessionId, TokenSet, cookie_value, seal};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::stores::Opened;
use crate::{Browser, FakeCognito, FaultyStore, TestClock};

/// Who plays Cognito.
pub enum Upstream {
    /// The local user pool.
    Pool(Pool),
    /// One that lies.
    Fake(Box<FakeCognito>),
}

/// A running application.
pub struct TestApp {
    /// `http://localhost:PORT`.
    pub base: Url,
    /// The server's time, also of its pool when [`TestApp::advance`] moves it.
    pub clock: TestClock,
    /// The rules, for what HTTP does not show.
    pub auth: Arc<Auth>,
    /// The store, and the switch that breaks it.
    pub store: Arc<FaultyStore>,
    /// The secrets that sign and seal.
    pub ring: KeyRing,
    /// Cognito.
    pub upstream: Arc<Upstream>,
    /// The pool's keys as the server has them.
    pub keys: Arc<Keys>,
    pub(crate) http: reqwest::Client,
    pub(crate) running: Running,
    pub(crate) shared: Opened,
    pub(crate) _files: TempDir,
}

impl Upstream {
    /// Where it listens.
    pub fn base(&self) -> Url {
        match self {
            Self::Pool(pool) => pool.base_url(),
            Self::Fake(fake) => fake.base().clone(),
        }
    }

    /// With the access key of nobody, which the local pool takes.
    pub(crate) async fn admin(&self) -> Admin {
        let settings = cogward_cognito::Settings {
            domain: self.base(),
            api: self.base(),
            client_id: PUBLIC_CLIENT_ID.to_owned(),
            client_secret: None,
            scopes: Vec::new(),
            trusted_certificate: None,
        };
        let credentials = AdminCredentials::new("AKIATESTTESTTESTTEST", "test", None);
        Admin::new(&settings, POOL_ID, "us-east-1", Some(credentials)).await
    }

    pub(crate) async fn as_pool(
        &self,
        confidential: bool,
        domain: Option<Url>,
        mut audiences: Vec<String>,
    ) -> (cogward_auth::Pool, Arc<Keys>) {
        let base = self.base();
        let (client_id, client_secret) = match confidential {
            true => (
                SECRET_CLIENT_ID,
                Some(ClientSecret::from(CLIENT_SECRET.to_owned())),
            ),
            false => (PUBLIC_CLIENT_ID, None),
        };
        let settings = cogward_cognito::Settings {
            domain: domain.unwrap_or_else(|| base.clone()),
            api: base.clone(),
            client_id: client_id.to_owned(),
            client_secret,
            scopes: ["openid", "email", "profile"].map(str::to_owned).into(),
            trusted_certificate: None,
        };
        let accounts = Some(Accounts::new(&settings, "us-east-1"));
        let cognito = Cognito::new(settings).unwrap();
        let issuer = base.join(POOL_ID).unwrap();
        let jwks = base
            .join(&format!("{POOL_ID}/.well-known/jwks.json"))
            .unwrap();
        let keys = Keys::new(Arc::new(HttpKeys::new(cognito.http().clone(), jwks)));
        audiences.insert(0, client_id.to_owned());
        let audiences = ClientIds::try_from(audiences).unwrap();
        let user_pool = UserPool::custom(issuer.as_str(), Arc::clone(&keys));
        let pool = cogward_auth::Pool {
            id: POOL_ID.to_owned(),
            client_id: client_id.to_owned(),
            verifiers: Verifiers::new(&user_pool, &audiences),
            accounts,
            admin: None,
            people: None,
            contexts: None,
            cognito,
        };
        (pool, keys)
    }
}

impl TestApp {
    /// A browser without cookies.
    pub fn browser(&self) -> Browser {
        Browser::with_client(self.http.clone(), self.base.clone()).strict()
    }

    /// The records of people, with [`Builder::people`](crate::Builder::people).
    pub fn people(&self) -> &dyn UserDirectory {
        self.auth.pool().people.as_deref().unwrap()
    }

    /// Stops the Redis that has the sessions, for good.
    pub fn stop_redis(&self) {
        self.shared.stop();
    }

    /// Stops the server, answers under way first, then what goes on behind them, and waits until
    /// nobody has its store any more.
    pub async fn stop(self) {
        let kept = Arc::downgrade(&self.store);
        let Self {
            running,
            auth,
            store,
            ..
        } = self;
        running.shutdown().await;
        auth.drain().await;
        drop((auth, store));
        for _ in 0..2000 {
            if kept.strong_count() == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The fake Cognito.
    pub fn fake(&self) -> &FakeCognito {
        match self.upstream.as_ref() {
            Upstream::Fake(fake) => fake,
            Upstream::Pool(_) => panic!("this application has a real pool"),
        }
    }

    /// Moves the time of server and pool.
    pub async fn advance(&self, seconds: i64) {
        self.clock.advance(seconds);
        if matches!(self.upstream.as_ref(), Upstream::Pool(_)) {
            self.local("clock", json!({ "advance_seconds": seconds }))
                .await;
        }
    }

    /// `POST /_local/{what}` at the pool.
    pub async fn local(&self, what: &str, body: Value) -> Value {
        let url = self
            .upstream
            .base()
            .join(&format!("/_local/{what}"))
            .unwrap();
        let request = self
            .http
            .post(url)
            .header("x-cogward-local", "1")
            .json(&body);
        let response = request.send().await.unwrap();
        assert!(
            response.status().is_success(),
            "{what}: {}",
            response.text().await.unwrap()
        );
        serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null)
    }

    /// Makes an operation of the pool fail so many times.
    pub async fn fault(&self, op: &str, status: u16, kind: &str, times: u32) {
        let fault = json!({ "op": op, "status": status, "type": kind, "times": times });
        self.local("faults", fault).await;
    }

    /// How often the pool was called for this.
    pub async fn calls(&self, op: &str) -> u64 {
        let url = self.upstream.base().join("/_local/stats").unwrap();
        let stats: Value = self
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        stats[op].as_u64().unwrap_or_default()
    }

    /// Signs a person in through the hosted page; the browser ends with a session.
    pub async fn sign_in(&self, browser: &mut Browser, email: &str) {
        let answer = self.sign_in_at(browser, "/api/v1/auth/login", email).await;
        assert!(
            answer.location().path().ends_with("/dashboard"),
            "{}",
            answer.location()
        );
    }

    /// The same from any starting point; returns the callback's answer.
    pub async fn sign_in_at(
        &self,
        browser: &mut Browser,
        start: &str,
        email: &str,
    ) -> crate::Answer {
        let callback = self.callback_url(browser, start, email).await;
        browser.get(callback.as_str()).await
    }

    /// Begins a sign-in and goes through the hosted page: the callback's address
    /// with code and state, not yet visited.
    pub async fn callback_url(&self, browser: &mut Browser, start: &str, email: &str) -> Url {
        let begun = browser.get(start).await;
        assert_eq!(begun.status, 302, "{}", begun.body);
        self.hosted_page(begun.location(), email).await
    }

    /// Signs in on the hosted page with a browser of its own.
    pub async fn hosted_page(&self, authorize: Url, email: &str) -> Url {
        let mut browser = Browser::new(self.upstream.base());
        let to_login = browser.get(authorize.as_str()).await;
        let login = to_login.location();
        let page = browser.get(login.as_str()).await;
        let csrf = hidden_field(&page.body, "_csrf");
        let fields = [
            ("_csrf", csrf.as_str()),
            ("username", email),
            ("password", "Passw0rd!"),
        ];
        let mut answer = browser.post_form(login.as_str(), &fields).await;
        while answer.location().host_str() == login.host_str()
            && answer.location().port() == login.port()
        {
            answer = browser.get(answer.location().as_str()).await;
        }
        answer.location()
    }

    /// The session id in a browser's cookie.
    pub fn session_id(&self, browser: &Browser) -> SessionId {
        let cookie = browser.cookie("cogward_session").unwrap();
        cookie_value::verify(&self.ring, Purpose::Session, cookie).unwrap()
    }

    /// What the session of a browser holds at this moment, refresh token and all.
    pub async fn token_set(&self, browser: &Browser) -> TokenSet {
        let id = self.session_id(browser);
        let store = self.store.behind();
        let found = store.load(&id.lookup_key(), self.auth.now()).await.unwrap();
        let record = found.unwrap();
        seal::open_tokens(&self.ring, &id, record.version, &record.tokens).unwrap()
    }

    /// Makes a confirmed user with the usual password; returns its `sub`.
    pub async fn user(&self, email: &str, groups: &[&str]) -> Value {
        let user = json!({
            "username": email, "password": "Passw0rd!", "groups": groups, "attributes": {},
        });
        self.local("users", user).await
    }
}

fn hidden_field(page: &str, name: &str) -> String {
    let at = page
        .find(&format!("name=\"{name}\""))
        .unwrap_or_else(|| panic!("no field {name} in {page}"));
    let rest = &page[at..];
    let value = rest.split("value=\"").nth(1).unwrap();
    value.split('"').next().unwrap().to_owned()
}
