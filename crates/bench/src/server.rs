//! Cogward under load: the whole router on the whole server, sessions made beforehand.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use cogward_auth::{Auth, Pool, Settings, Verifiers};
use cogward_cognito::Cognito;
use cogward_context::Contexts;
use cogward_jwt::UserPool;
use cogward_server::{App, Cookies, Limits, Pages, RateLimits, Site, listen, router, serve};
use cogward_session::{MemoryStore, Rate, SessionStore, SystemClock};
use cogward_store_dynamodb::{DynamoStore, StaticCredentials};
use cogward_store_postgres::PostgresStore;
use cogward_store_redis::RedisStore;
use cogward_store_sqlite::SqliteStore;
use url::Url;

use crate::bearers::Issuer;
use crate::table::say;
use crate::{contexts, decisions, messages, sessions};

/// Of Redis' records: enough for all that are asked for.
const CACHE_BYTES: u64 = 128 << 20;
/// Nothing meets this limit.
const AMPLE: Rate = Rate::new(u32::MAX, u32::MAX);
pub(crate) const COOKIE_NAME: &str = "cogward_session";

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    Memory,
    Sqlite,
    /// With client-side caching.
    RedisCached,
    /// Without.
    Redis,
    Postgres,
    #[value(name = "dynamodb")]
    DynamoDb,
}

impl Store {
    /// Those that need nothing beside this process.
    pub(crate) const BOTH: [Self; 2] = [Self::Memory, Self::Sqlite];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::RedisCached => "redis-cached",
            Self::Redis => "redis",
            Self::Postgres => "postgres",
            Self::DynamoDb => "dynamodb",
        }
    }

    /// Whether nobody else can use it.
    pub(crate) fn in_process(self) -> bool {
        Self::BOTH.contains(&self)
    }

    /// `url` is where the store is, if that is another process.
    pub(crate) async fn open(self, url: &str, folder: &Path) -> Result<Arc<dyn SessionStore>> {
        Ok(match self {
            Self::Memory => Arc::new(MemoryStore::new()),
            Self::Sqlite => Arc::new(SqliteStore::open(
                &folder.join("sessions.db"),
                Default::default(),
            )?),
            Self::RedisCached | Self::Redis => {
                let mut options = cogward_store_redis::Options::new(url);
                options.key_prefix = format!("{}:", self.name());
                options.cache_bytes = match self {
                    Self::RedisCached => CACHE_BYTES,
                    _ => 0,
                };
                Arc::new(RedisStore::open(options).await?)
            }
            Self::Postgres => {
                let url = url.parse()?;
                Arc::new(PostgresStore::open(cogward_store_postgres::Options::new(url)).await?)
            }
            Self::DynamoDb => {
                let options = cogward_store_dynamodb::Options {
                    endpoint: Some(url.parse()?),
                    region: Some("us-east-1".to_owned()),
                    credentials: Some(StaticCredentials::new("bench", "bench", None)),
                    ..cogward_store_dynamodb::Options::default()
                };
                cogward_store_dynamodb::create_table(&options).await?;
                Arc::new(DynamoStore::open(options).await?)
            }
        })
    }
}

#[derive(clap::Args)]
pub(crate) struct Options {
    #[arg(long)]
    store: Store,
    #[arg(long)]
    sessions: usize,
    #[arg(long, default_value_t = 1)]
    bearers: usize,
    /// Where the store is, when it is a process of its own
    #[arg(long, default_value = "")]
    url: String,
    /// Where the IAM service is, if there is one
    #[arg(long)]
    iam: Option<String>,
    /// For the database and the lists of cookies and bearer tokens
    #[arg(long)]
    folder: PathBuf,
}

/// Prints its address, then, when all sessions are there, "ready".
pub(crate) fn run(options: &Options) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?
        .block_on(async {
            let store = options.store.open(&options.url, &options.folder).await?;
            let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
            let address = listener.local_addr()?;
            let issuer = Issuer::new("http://localhost:9/")?;
            let contexts = options.iam.as_deref().map(contexts::of).transpose()?;
            let app = app(Arc::clone(&store), &address, &issuer.pool()?, contexts)?;
            let routes = router(&app, messages::routes(&app));
            let running = serve(listener, routes, Limits::default());
            say(&address.to_string());
            sessions::make(&store, options.sessions, &options.folder.join("cookies")).await?;
            issuer.make(options.bearers, &options.folder.join("bearers"))?;
            say("ready");
            // Killed when the measurement is over.
            std::future::pending::<()>().await;
            running.shutdown().await;
            Ok(())
        })
}

/// Nothing listens where Cognito should be: no request here needs it.
fn app(
    store: Arc<dyn SessionStore>,
    address: &SocketAddr,
    user_pool: &UserPool,
    contexts: Option<Contexts>,
) -> Result<Arc<App>> {
    let nowhere = Url::parse("http://localhost:9/")?;
    let cognito = Cognito::new(cogward_cognito::Settings {
        domain: nowhere.clone(),
        api: nowhere,
        client_id: sessions::CLIENT_ID.to_owned(),
        client_secret: None,
        scopes: vec!["openid".to_owned()],
        trusted_certificate: None,
    })?;
    let pool = Pool {
        id: sessions::POOL_ID.to_owned(),
        client_id: sessions::CLIENT_ID.to_owned(),
        verifiers: Verifiers::new(user_pool, &sessions::CLIENT_ID.into()),
        accounts: None,
        admin: None,
        people: None,
        contexts,
        cognito,
    };
    let auth = Auth::new(
        pool,
        store,
        sessions::ring()?,
        Arc::new(SystemClock),
        Settings::default(),
        decisions::authorization()?,
        None,
    );
    auth.set_trail(decisions::trail()?);
    let base = Url::parse(&format!("http://localhost:{}", address.port()))?;
    Ok(App::new(auth, site(&base)?))
}

fn site(base: &Url) -> Result<Site> {
    Ok(Site {
        app_name: "Benchmark".into(),
        signed_out_url: String::new(),
        frontend: Url::parse("http://localhost:3000")?,
        allowed_origins: Vec::new(),
        token_handler: Some("/auth".into()),
        backend_proxy: Some("/api/v1".into()),
        accounts: false,
        public_url: base.clone(),
        body_limit: 64 * 1024,
        body_timeout: Duration::from_secs(4),
        home_page: None,
        backend_callback: base.join("/api/v1/auth/callback")?,
        token_handler_callback: base.join("/auth/callback")?,
        callback_origins: None,
        pages: Pages::default(),
        cookies: Cookies {
            session: COOKIE_NAME.into(),
            login: "cogward_login".into(),
            secure: false,
            domain: None,
        },
        trusted_proxies: Vec::new(),
        // Counted as ever, but all load comes from one address.
        rate_limits: RateLimits {
            address: Some(AMPLE),
            session: Some(AMPLE),
            bad_credentials: Some(AMPLE),
        },
        show_api: false,
    })
}
