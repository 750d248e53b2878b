use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use url::Url;

use crate::calls::Calls;
use crate::clock::Clock;
use crate::core::Core;
use crate::db::Db;
use crate::definition::Current;
use crate::fault::Faults;
use crate::ids::Ids;
use crate::key::{KeySource, Keys};
use crate::limit::Limits;
use crate::listen;
use crate::options::{POOL_ID, PoolError, PoolOptions};
use crate::owner::OwnerLock;
use crate::pages::Pages;
use crate::password::Passwords;
use crate::random::Random;
use crate::router::router;
use crate::seed;
use crate::stats::Stats;
use crate::tls::Development;
use crate::users::Users;

/// How long a shutdown waits for answers under way.
const DRAIN: Duration = Duration::from_secs(5);

/// A running local user pool. Dropping it stops it without waiting.
pub struct Pool {
    address: SocketAddr,
    certificate_pem: Option<String>,
    core: Arc<Core>,
    connections: TaskTracker,
    stop: DropGuard,
    /// Last: what is served ends first.
    _lock: Option<OwnerLock>,
}

impl Pool {
    /// Opens the data and listens. The two RSA keys of a new pool are made meanwhile in the
    /// background: what needs them waits.
    ///
    /// # Errors
    /// [`PoolError`] names what could not be used.
    pub async fn start(options: PoolOptions) -> Result<Self, PoolError> {
        let keys = match options.key_file.clone() {
            Some(file) => KeySource::File(file),
            None => KeySource::Own,
        };
        Self::start_with(options, keys).await
    }

    pub(crate) async fn start_with(
        options: PoolOptions,
        keys: KeySource,
    ) -> Result<Self, PoolError> {
        if options.production {
            return Err(PoolError::Production);
        }
        if let Some(issuer) = options
            .issuer
            .as_deref()
            .filter(|issuer| !is_issuer(issuer))
        {
            return Err(PoolError::Issuer {
                issuer: issuer.to_owned(),
            });
        }
        let lock = options
            .data_dir
            .as_deref()
            .map(OwnerLock::take)
            .transpose()?;
        let (address, listeners) = listen::bind(options.port).await?;
        let ready = tokio::task::spawn_blocking(move || open(options, keys, address));
        let (core, tls) = ready
            .await
            .map_err(|_| PoolError::Keys { what: "state" })??;
        let core = Arc::new(core);
        let (stop, connections) = (CancellationToken::new(), TaskTracker::new());
        let (acceptor, certificate_pem) =
            tls.map(|tls| (tls.acceptor, tls.certificate_pem)).unzip();
        let router = router(Arc::clone(&core));
        for listener in listeners {
            let (router, acceptor) = (router.clone(), acceptor.clone());
            let (stop, tracker) = (stop.clone(), connections.clone());
            connections.spawn(listen::accept(listener, router, acceptor, stop, tracker));
        }
        connections.close();
        Ok(Self {
            address,
            certificate_pem,
            core,
            connections,
            stop: stop.drop_guard(),
            _lock: lock,
        })
    }

    /// The IPv4 loopback address; the IPv6 one has the same port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://localhost:PORT/`, `https` with TLS: the user-pool API and the pages.
    pub fn base_url(&self) -> Url {
        self.core.base_url.clone()
    }

    /// What stands in the tokens as `iss`.
    pub fn issuer(&self) -> &str {
        &self.core.issuer
    }

    /// Waits until the keys of a new pool are made. Whoever fetches them with little patience
    /// does so after this.
    pub async fn ready(&self) {
        // A pool that could not make them says so wherever they are needed.
        let _ = self.core.ready().await;
    }

    /// Whether there is such an app client.
    pub fn has_client(&self, id: &str) -> bool {
        self.core.find_client(id).is_some()
    }

    /// Whether the ids of new users are the same in every run, as the setting `deterministic` says.
    pub fn is_deterministic(&self) -> bool {
        self.core.definition().settings.deterministic
    }

    /// Its users, for an application in the same process.
    pub fn users(&self) -> Users {
        Users::of(&self.core)
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// The development certificate, with TLS: clients have to trust it.
    pub fn certificate_pem(&self) -> Option<&str> {
        self.certificate_pem.as_deref()
    }

    /// Stops accepting and waits up to five seconds for the answers under way.
    pub async fn shutdown(self) {
        drop(self.stop);
        let _ = tokio::time::timeout(DRAIN, self.connections.wait()).await;
    }
}

fn is_issuer(issuer: &str) -> bool {
    Url::parse(issuer).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.path_segments().and_then(Iterator::last) == Some(POOL_ID)
    })
}

fn open(
    options: PoolOptions,
    keys: KeySource,
    address: SocketAddr,
) -> Result<(Core, Option<Development>), PoolError> {
    let data_dir = options.data_dir.as_deref();
    let db = Arc::new(Db::open(data_dir)?);
    let random = Arc::new(Random::default());
    let (keys, making) = Keys::open(&db, &random, keys)?;
    let passwords = Passwords::open(&db, &random)?;
    let tls = options
        .tls
        .then(|| Development::open(&db, data_dir))
        .transpose()?;
    let scheme = if options.tls { "https" } else { "http" };
    let base = format!("{scheme}://localhost:{}/", address.port());
    let issuer = options.issuer.unwrap_or_else(|| format!("{base}{POOL_ID}"));
    let first = seed::definition(options.seed.as_ref());
    let clock = Clock::default();
    let definition = Current::open(&db, first, options.seed.is_some(), clock.now())?;
    let core = Core {
        base_url: Url::parse(&base).map_err(|_| PoolError::Issuer { issuer: base })?,
        issuer,
        ids: Ids::open(&db)?,
        db,
        random,
        keys,
        clock,
        passwords,
        pages: Pages::new().ok_or(PoolError::Keys {
            what: "page templates",
        })?,
        faults: Faults::default(),
        stats: Stats::default(),
        calls: Calls::default(),
        limits: Limits::default(),
        tls: options.tls,
        definition,
        seed: options.seed,
        ready_users: options.ready_users,
        callback_urls: options.callback_urls,
        logout_urls: options.logout_urls,
    };
    core.begin()?;
    if let Some(making) = making {
        making.begin();
    }
    Ok((core, tls))
}
