//! What a test wants of its application, and how that is put together.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use cogward_auth::{Auth, Authorization, Settings};
use cogward_context::Contexts;
use cogward_mail::Outbox;
use cogward_pool::{Pool, PoolOptions};
use cogward_server::{App, Cookies, Limits, Pages, RateLimits, Site, listen, router, serve};
use cogward_session::{KeyRing, Quota, Secret, SessionStore};
use cogward_store_sqlite::SqliteDirectory;
use url::Url;

use crate::log_watch;
use crate::stores::Opened;
use crate::{FakeCognito, FaultyStore, StoreKind, TestApp, TestClock, Upstream};

type OwnRoutes = dyn FnOnce(&Arc<App>) -> Router + Send;

/// What a test wants of its application.
pub struct Builder {
    store: StoreKind,
    site: Box<dyn FnOnce(&mut Site) + Send>,
    settings: Settings,
    rate_limits: RateLimits,
    limits: Limits,
    confidential: bool,
    fake: bool,
    secrets: Vec<String>,
    data: Option<PathBuf>,
    beside: Option<(Arc<Upstream>, TestClock)>,
    shared: Option<Opened>,
    domain: Option<Url>,
    audiences: Vec<String>,
    routes: Box<OwnRoutes>,
    keys_later: bool,
    people: bool,
    contexts: Option<Contexts>,
    outbox: Option<Outbox>,
    admin: bool,
    authorization: Authorization,
}

/// Where the frontend of a test lives; nothing listens there.
pub const FRONTEND: &str = "http://localhost:3000";

impl TestApp {
    /// Memory store, local pool, both route families, plain HTTP.
    pub fn builder() -> Builder {
        log_watch::watch();
        Builder {
            store: StoreKind::Memory,
            site: Box::new(|_| {}),
            settings: Settings::default(),
            rate_limits: RateLimits::default(),
            limits: Limits::default(),
            confidential: false,
            fake: false,
            secrets: vec!["a secret for tests, thirty-two characters".to_owned()],
            data: None,
            beside: None,
            shared: None,
            domain: None,
            audiences: Vec::new(),
            routes: Box::new(|_| Router::new()),
            keys_later: false,
            people: false,
            contexts: None,
            outbox: None,
            admin: false,
            authorization: Authorization::none(),
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

    /// For floods that show something else: one caller may ask as much as he likes.
    pub fn unlimited(mut self) -> Self {
        self.rate_limits = RateLimits {
            address: None,
            session: None,
            bad_credentials: None,
        };
        self.settings.sign_ins.each = Quota::new(u16::MAX, 1);
        self
    }

    /// Changes what connections may take.
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
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

    /// Another process behind the same load balancer: shares Cognito, clock and sessions.
    pub fn replica_of(self, other: &TestApp) -> Self {
        Self {
            shared: Some(other.shared.clone()),
            ..self.beside(other)
        }
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

    /// Routes of an application in the same process.
    pub fn routes(mut self, routes: impl FnOnce(&Arc<App>) -> Router + Send + 'static) -> Self {
        self.routes = Box::new(routes);
        self
    }

    /// Starts without the pool's keys, as when it could not be reached so far.
    pub fn keys_later(mut self) -> Self {
        self.keys_later = true;
        self
    }

    /// Keeps records of people, in `users.db` of [`Builder::data`].
    pub fn people(mut self) -> Self {
        self.people = true;
        self
    }

    /// Roles of people come from there.
    pub fn contexts(mut self, contexts: Contexts) -> Self {
        self.contexts = Some(contexts);
        self
    }

    /// Mails people too.
    pub fn outbox(mut self, outbox: Outbox) -> Self {
        self.outbox = Some(outbox);
        self
    }

    /// May make administrators' calls on the pool.
    pub fn admin(mut self) -> Self {
        self.admin = true;
        self
    }

    /// Decides by policies, those that Cogward brings along unless others are loaded.
    pub fn policies(self) -> Self {
        self.authorization(Authorization::none(), |_| {})
    }

    /// Decides by the policies of `authorization`, once `change` was made to it.
    pub fn authorization(
        mut self,
        mut authorization: Authorization,
        change: impl FnOnce(&mut Authorization),
    ) -> Self {
        change(&mut authorization);
        let texts = authorization.policies.source().read().unwrap();
        authorization.policies.take(&texts).unwrap();
        self.authorization = authorization;
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
        let shared = match self.shared {
            Some(shared) => shared.again().await,
            None => self.store.open(&folder).await,
        };
        let store = FaultyStore::new(Arc::clone(&shared.store));
        let secrets: Vec<Secret> = self.secrets.into_iter().map(Secret::from).collect();
        let ring = || KeyRing::new(&secrets, &[]).unwrap();
        let pool = upstream.as_pool(self.confidential, self.domain, self.audiences);
        let (mut pool, keys) = pool.await;
        if self.admin {
            pool.admin = Some(upstream.admin().await);
        }
        pool.contexts = self.contexts;
        if self.people {
            let people = SqliteDirectory::open(&folder.join("users.db"));
            pool.people = Some(Arc::new(people.unwrap()));
        }
        // On a busy machine a fetch may take longer than it is given.
        let mut tries = if self.keys_later { 0 } else { 5 };
        while tries > 0 && keys.refresh().await.is_err() {
            tries -= 1;
            assert!(tries > 0, "no keys of the pool");
        }
        let auth = Auth::new(
            pool,
            Arc::clone(&store) as Arc<dyn SessionStore>,
            ring(),
            Arc::new(clock.clone()),
            self.settings,
            self.authorization,
            self.outbox,
        );
        let mut site = site(&base, self.rate_limits);
        (self.site)(&mut site);
        let app = App::new(Arc::clone(&auth), site);
        let routes = router(&app, (self.routes)(&app));
        let running = serve(listener, routes, self.limits);
        TestApp {
            base,
            clock,
            auth,
            store,
            ring: ring(),
            upstream,
            keys,
            http: http(),
            running,
            shared,
            _files: files,
        }
    }
}

fn http() -> reqwest::Client {
    let builder = reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    builder.build().unwrap()
}

async fn upstream(fake: bool) -> Upstream {
    if fake {
        return Upstream::Fake(Box::new(FakeCognito::start().await));
    }
    let options = PoolOptions {
        ready_users: true,
        ..PoolOptions::default()
    };
    Upstream::Pool(Pool::start(options).await.unwrap())
}

fn site(base: &Url, rate_limits: RateLimits) -> Site {
    Site {
        app_name: "Test".into(),
        frontend: Url::parse(FRONTEND).unwrap(),
        signed_out_url: FRONTEND.into(),
        allowed_origins: Vec::new(),
        token_handler: Some("/auth".into()),
        backend_proxy: Some("/api/v1".into()),
        accounts: true,
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
        rate_limits,
        show_api: true,
    }
}
