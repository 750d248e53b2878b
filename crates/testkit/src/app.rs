//! The whole application on a free port, with a pool of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cogward_auth::{Auth, Settings};
use cogward_cognito::{ClientSecret, Cognito};
use cogward_jwt::{ClientIds, HttpKeys, Keys, Verifier};
use cogward_pool::{CLIENT_SECRET, POOL_ID, PUBLIC_CLIENT_ID, Pool, PoolOptions, SECRET_CLIENT_ID};
use cogward_server::{App, Cookies, Limits, Pages, Running, Site, listen, router, serve};
use cogward_session::{
    KeyRing, MemoryStore, Purpose, Secret, SessionId, SessionStore, TokenSet, cookie_value, seal,
};
use cogward_store_sqlite::SqliteStore;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::{Browser, FakeCognito, FaultyStore, TestClock};

/// Which store keeps the sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// In the process.
    Memory,
    /// In a file of its own.
    Sqlite,
}

/// Who plays Cognito.
pub enum Upstream {
    /// The local user pool.
    Pool(Pool),
    /// One that lies.
    Fake(FakeCognito),
}

/// What a test wants of its application.
pub struct Builder {
    store: StoreKind,
    site: Box<dyn FnOnce(&mut Site) + Send>,
    settings: Settings,
    confidential: bool,
    fake: bool,
    secrets: Vec<String>,
    data: Option<PathBuf>,
    beside: Option<(Arc<Upstream>, TestClock)>,
    domain: Option<Url>,
    audiences: Vec<String>,
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
    http: reqwest::Client,
    running: Running,
    _files: TempDir,
}

/// Where the frontend of a test lives; nothing listens there.
pub const FRONTEND: &str = "http://localhost:3000";

impl TestApp {
    /// Memory store, local pool, both route families, plain HTTP.
    pub fn builder() -> Builder {
        Builder {
            store: StoreKind::Memory,
            site: Box::new(|_| {}),
            settings: Settings::default(),
            confidential: false,
            fake: false,
            secrets: vec!["a secret for tests, thirty-two characters".to_owned()],
            data: None,
            beside: None,
            domain: None,
            audiences: Vec::new(),
        }
    }

    /// As [`TestApp::builder`] has it.
    pub async fn start() -> Self {
        Self::builder().start().await
    }
}

impl Builder {
    /// Which store.
    pub fn store(mut self, store: StoreKind) -> Self {
        self.store = store;
        self
    }

    /// Changes the HTTP side before it starts.
    pub fn site(mut self, change: impl FnOnce(&mut Site) + Send + 'static) -> Self {
        self.site = Box::new(change);
        self
    }

    /// Changes what the rules go by.
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Uses the app client that has a secret.
    pub fn confidential(mut self) -> Self {
        self.confidential = true;
        self
    }

    /// Talks to a [`FakeCognito`] instead of a pool.
    pub fn fake(mut self) -> Self {
        self.fake = true;
        self
    }

    /// The key ring's secrets, the first of which signs.
    pub fn secrets(mut self, secrets: &[&str]) -> Self {
        self.secrets = secrets.iter().map(|&secret| secret.to_owned()).collect();
        self
    }

    /// Where SQLite keeps its file, to be found again by a second application.
    pub fn data(mut self, folder: PathBuf) -> Self {
        self.data = Some(folder);
        self
    }

    /// Shares Cognito and clock with another application: a restart of it.
    pub fn beside(mut self, other: &TestApp) -> Self {
        self.beside = Some((Arc::clone(&other.upstream), other.clock.clone()));
        self
    }

    /// Where the OAuth endpoints are looked for, in place of where they are.
    pub fn domain(mut self, domain: Url) -> Self {
        self.domain = Some(domain);
        self
    }

    /// Accepts tokens of this app client too.
    pub fn audience(mut self, client_id: &str) -> Self {
        self.audiences.push(client_id.to_owned());
        self
    }

    /// Starts pool and server.
    pub async fn start(self) -> TestApp {
        let files = tempfile::tempdir().unwrap();
        let (upstream, clock) = match self.beside {
            Some(beside) => beside,
            None => (Arc::new(upstream(self.fake).await), TestClock::default()),
        };
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let base = Url::parse(&format!("http://localhost:{port}")).unwrap();
        let folder = self.data.unwrap_or_else(|| files.path().to_owned());
        let store = FaultyStore::new(open_store(self.store, &folder));
        let secrets: Vec<Secret> = self.secrets.into_iter().map(Secret::from).collect();
        let ring = || KeyRing::new(&secrets, &[]).unwrap();
        let pool = upstream.as_pool(self.confidential, self.domain, self.audiences);
        let auth = Auth::new(
            pool.await,
            Arc::clone(&store) as Arc<dyn SessionStore>,
            ring(),
            Arc::new(clock.clone()),
            self.settings,
        );
        let mut site = site(&base);
        (self.site)(&mut site);
        let app = App::new(Arc::clone(&auth), site);
        let running = serve(
            listener,
            router(&app, axum::Router::new()),
            Limits::default(),
        );
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        TestApp {
            base,
            clock,
            auth,
            store,
            ring: ring(),
            upstream,
            http,
            running,
            _files: files,
        }
    }
}

async fn upstream(fake: bool) -> Upstream {
    if fake {
        return Upstream::Fake(FakeCognito::start().await);
    }
    let options = PoolOptions {
        ready_users: true,
        ..PoolOptions::default()
    };
    Upstream::Pool(Pool::start(options).await.unwrap())
}

fn open_store(kind: StoreKind, folder: &std::path::Path) -> Arc<dyn SessionStore> {
    match kind {
        StoreKind::Memory => Arc::new(MemoryStore::new()),
        StoreKind::Sqlite => {
            let path = folder.join("sessions.db");
            Arc::new(SqliteStore::open(&path, Default::default()).unwrap())
        }
    }
}

fn site(base: &Url) -> Site {
    Site {
        app_name: "Test".into(),
        frontend: Url::parse(FRONTEND).unwrap(),
        signed_out_url: FRONTEND.into(),
        allowed_origins: Vec::new(),
        token_handler: Some("/auth".into()),
        backend_proxy: Some("/api/v1".into()),
        public_url: base.clone(),
        body_limit: 64 * 1024,
        body_timeout: Duration::from_secs(4),
        home_page: None,
        backend_callback: base.join("/api/v1/auth/callback").unwrap(),
        token_handler_callback: base.join("/auth/callback").unwrap(),
        callback_origins: None,
        pages: Pages::default(),
        cookies: Cookies {
            session: "cogward_session".into(),
            login: "cogward_login".into(),
            secure: false,
            domain: None,
        },
        trusted_proxies: Vec::new(),
        show_api: true,
    }
}

impl Upstream {
    /// Where it listens.
    pub fn base(&self) -> Url {
        match self {
            Self::Pool(pool) => pool.base_url(),
            Self::Fake(fake) => fake.base().clone(),
        }
    }

    async fn as_pool(
        &self,
        confidential: bool,
        domain: Option<Url>,
        mut audiences: Vec<String>,
    ) -> cogward_auth::Pool {
        let base = self.base();
        let (client_id, client_secret) = match confidential {
            true => (
                SECRET_CLIENT_ID,
                Some(ClientSecret::from(CLIENT_SECRET.to_owned())),
            ),
            false => (PUBLIC_CLIENT_ID, None),
        };
        let cognito = Cognito::new(cogward_cognito::Settings {
            domain: domain.unwrap_or_else(|| base.clone()),
            api: base.clone(),
            client_id: client_id.to_owned(),
            client_secret,
            scopes: ["openid", "email", "profile"].map(str::to_owned).into(),
        })
        .unwrap();
        let issuer = base.join(POOL_ID).unwrap();
        let jwks = base
            .join(&format!("{POOL_ID}/.well-known/jwks.json"))
            .unwrap();
        let keys = Keys::new(Arc::new(HttpKeys::new(cognito.http().clone(), jwks)));
        keys.refresh().await.unwrap();
        audiences.insert(0, client_id.to_owned());
        let audiences = ClientIds::try_from(audiences).unwrap();
        cogward_auth::Pool {
            id: POOL_ID.to_owned(),
            client_id: client_id.to_owned(),
            verifier: Verifier::new(issuer.as_str(), audiences, keys),
            cognito,
        }
    }
}

impl TestApp {
    /// A browser without cookies.
    pub fn browser(&self) -> Browser {
        Browser::with_client(self.http.clone(), self.base.clone())
    }

    /// Stops the server, answers under way first.
    pub async fn stop(self) {
        self.running.shutdown().await;
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
