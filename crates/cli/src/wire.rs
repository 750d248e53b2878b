//! The one place that joins parts: from a configuration to a running server.

pub(crate) mod audit;
pub(crate) mod contexts;
pub(crate) mod entities;
pub(crate) mod mail;
pub(crate) mod people;
pub(crate) mod policies;
pub(crate) mod ring;
pub(crate) mod store;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use cogward_auth::{Auth, Bearers, Pool, Settings, SignIns, Verifiers, accounts, chain, passkey};
use cogward_cognito::accounts::{Admin, AdminCredentials};
use cogward_cognito::{Accounts, ClientSecret, Cognito};
use cogward_config::{AccountLimits, BearerTokens, Budget, Config, Mode};
use cogward_jwt::{HttpKeys, Keys, UserPool};
use cogward_server::{App, CallbackOrigins, Cookies, Limits, Pages, RateLimits, Running, Site};
use cogward_session::{KeyRing, Quota, Rate, SystemClock};

use crate::control::Control;
use crate::data_dir;
use crate::failure::Failure;

/// Signing keys are fetched anew this often.
const KEYS_EVERY: Duration = Duration::from_secs(3600);
/// Expired sessions are removed this often, so many at a time.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
const SWEEP_LIMIT: usize = 1000;

/// A server and the rules behind it.
pub(crate) struct Started {
    running: Running,
    grace: Duration,
    control: Option<Control>,
    /// What it goes by.
    pub(crate) auth: Arc<Auth>,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Started {
    /// Finishes the answers under way, then the work that goes on behind answers.
    pub(crate) async fn stop(mut self) {
        self.control = None;
        tracing::info!("stopping: answers under way are finished first");
        self.running.shutdown().await;
        if tokio::time::timeout(self.grace, self.auth.drain())
            .await
            .is_err()
        {
            let unfinished = self.auth.unfinished();
            tracing::warn!(unfinished, "refreshes, revocations or mails were cut off");
        }
        if let Some(contexts) = &self.auth.pool().contexts {
            contexts::tell_now(&contexts.statistics());
        }
        if let Some(trail) = self.auth.trail() {
            audit::end(trail, self.grace).await;
        }
    }
}

/// Starts a server; the routes of an `application` and a page for `/` belong to the demo.
pub(crate) async fn start(
    config: &Config,
    ring: KeyRing,
    application: impl FnOnce(&Arc<App>) -> Router,
    home_page: Option<&'static str>,
) -> Result<Started, Failure> {
    let address = SocketAddr::new(config.server.host, config.server.port);
    let listener = cogward_server::listen(address).await;
    let listener = listener
        .map_err(|error| Failure::from(error).hint("choose another with --port or PORT"))?;
    let address = listener.local_addr()?;
    let store = store::open(config).await?;
    let mut pool = pool(config)?;
    pool.people = people::open(config).await?;
    pool.admin = admin(config).await?;
    let auth = Auth::new(
        pool,
        store,
        ring,
        Arc::new(SystemClock),
        settings(config),
        policies::open(config).await?,
        mail::outbox(config).await?,
    );
    if let Some(trail) = audit::trail(config)? {
        auth.set_trail(trail);
    }
    if store::is_swept(config) {
        tokio::spawn(sweep(Arc::clone(&auth)));
    }
    people::sweep(&auth);
    contexts::keep(&auth);
    let app = App::new(
        Arc::clone(&auth),
        Site {
            home_page,
            ..site(config)
        },
    );
    let router = cogward_server::router(&app, application(&app));
    let limits = Limits {
        patience: config.server.request_timeout,
        shutdown: config.server.shutdown_grace,
        ..Limits::default()
    };
    let control = control(config, &auth);
    Ok(Started {
        running: cogward_server::serve(listener, router, limits),
        control,
        auth,
        grace: config.server.shutdown_grace,
        address,
    })
}

/// For operators, where nobody but this process has the sessions. A server without it serves
/// all the same: the folder may be read-only.
fn control(config: &Config, auth: &Arc<Auth>) -> Option<Control> {
    if store::is_shared(config) && config.mode == Mode::Serve {
        return None;
    }
    let folder = &config.server.data_dir;
    let opened = data_dir::create(folder).and_then(|()| Control::open(Arc::clone(auth), folder));
    match opened {
        Ok(control) => Some(control),
        Err(error) => {
            let folder = folder.display();
            tracing::warn!(%folder, %error, "no control socket: cogward sessions cannot ask here");
            None
        }
    }
}

fn speaker(config: &Config) -> Result<cogward_cognito::Settings, Failure> {
    let settings = &config.cognito;
    let secret = settings.client_secret.as_ref();
    Ok(cogward_cognito::Settings {
        domain: settings.domain.clone(),
        api: settings.endpoint.clone(),
        client_id: settings.client_id.clone(),
        client_secret: secret.map(|secret| ClientSecret::from(secret.expose().to_owned())),
        scopes: config.login.scopes.clone(),
        trusted_certificate: certificate(config)?,
    })
}

/// Credentials are not looked for before they are needed.
async fn admin(config: &Config) -> Result<Option<Admin>, Failure> {
    let accounts = &config.accounts;
    let given = accounts.credentials.as_ref().map(|given| {
        let token = given.session_token.as_ref();
        AdminCredentials::new(
            given.access_key_id.expose(),
            given.secret_access_key.expose(),
            token.map(|token| token.expose().to_owned()),
        )
    });
    // The local pool takes anybody, and is nobody to show a real key to.
    let credentials = match config.mode {
        Mode::Serve => given,
        _ => Some(AdminCredentials::new("local", "local", None)),
    };
    let (id, region) = (&config.cognito.user_pool_id, &config.cognito.region);
    Ok(match accounts.enabled && accounts.admin {
        true => Some(Admin::new(&speaker(config)?, id, region, credentials).await),
        false => None,
    })
}

fn pool(config: &Config) -> Result<Pool, Failure> {
    let settings = &config.cognito;
    let speaker = speaker(config)?;
    let accounts = &config.accounts;
    let accounts = accounts
        .enabled
        .then(|| Accounts::new(&speaker, &settings.region));
    let cognito = Cognito::new(speaker)?;
    let keys = HttpKeys::new(cognito.http().clone(), settings.jwks_url.clone());
    let keys = Keys::new(Arc::new(keys));
    // Ahead of need, but a Cognito that is slow or down holds up no start.
    keys.keep_fresh(KEYS_EVERY);
    let mut clients = vec![settings.client_id.clone()];
    clients.extend(settings.additional_audience.iter().cloned());
    let clients = cogward_jwt::ClientIds::try_from(clients)?;
    Ok(Pool {
        id: settings.user_pool_id.clone(),
        client_id: settings.client_id.clone(),
        verifiers: Verifiers::new(&UserPool::custom(&settings.issuer, keys), &clients),
        accounts,
        admin: None,
        people: None,
        contexts: contexts::open(config)?,
        cognito,
    })
}

/// That of the local pool beside this server, which has started by now.
fn certificate(config: &Config) -> Result<Option<String>, Failure> {
    if config.mode != Mode::Dev || !config.pool.tls {
        return Ok(None);
    }
    let path = config.server.data_dir.join(cogward_pool::CERTIFICATE_FILE);
    let read = std::fs::read_to_string(&path);
    let pem =
        read.map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
    Ok(Some(pem))
}

fn settings(config: &Config) -> Settings {
    let (session, login) = (&config.session, &config.login);
    let models = config.passkey.aaguid_allowlist.iter();
    Settings {
        absolute_seconds: session.absolute_lifetime_seconds.into(),
        idle_seconds: session.idle_lifetime_seconds.into(),
        max_sessions: usize::try_from(session.max_per_user).unwrap_or(usize::MAX),
        refresh_ahead_seconds: session.refresh_ahead_seconds.into(),
        refresh_rotation: config.cognito.refresh_rotation,
        identity_provider: login.identity_provider.clone(),
        identity_providers: login.identity_providers.clone(),
        bearers: match config.bearer.tokens {
            BearerTokens::Any => Bearers::Any,
            BearerTokens::Access => Bearers::Access,
            BearerTokens::Id => Bearers::Id,
            BearerTokens::Off => Bearers::Off,
        },
        accounts: accounts::Settings {
            hide_existing: config.accounts.hide_existing,
            session_by_default: config.accounts.session_by_default,
            tokens: config.accounts.tokens,
            step: config.accounts.answer_step,
            reset: match config.accounts.reset {
                cogward_config::Reset::Cognito => accounts::Reset::Cognito,
                cogward_config::Reset::Database => accounts::Reset::Database,
            },
            quotas: quotas(&config.accounts.limits),
            recent_seconds: config.accounts.recent_seconds.into(),
        },
        replicas: store::is_shared(config),
        sign_ins: SignIns {
            each: quota(config.limits.sign_ins),
            all: rate(config.limits.all_sign_ins),
        },
        passkeys: passkey::Rules {
            // Checked when they were read.
            models: models.filter_map(|text| text.parse().ok()).collect(),
            device_bound: config.passkey.require_device_bound,
        },
    }
}

fn quotas(limits: &AccountLimits) -> accounts::Quotas {
    accounts::Quotas {
        attempts: quota(limits.attempts),
        messages: quota(limits.messages),
        all_messages: quota(limits.all_messages),
    }
}

fn quota(budget: Budget) -> Quota {
    Quota::new(budget.burst, budget.refill_seconds)
}

fn rate(rate: cogward_config::Rate) -> Rate {
    Rate::new(rate.burst, rate.per_second)
}

/// Where a deployment lives, as the HTTP side wants it.
pub(crate) fn site(config: &Config) -> Site {
    let (frontend, families, callback) = (&config.frontend, &config.families, &config.callback);
    let url = |origin: &cogward_config::Origin| origin.to_url();
    let several = callback.allowed_origins.iter().map(url).collect();
    Site {
        app_name: config.server.app_name.clone(),
        frontend: frontend.url.clone(),
        signed_out_url: frontend.signed_out_url.clone(),
        allowed_origins: frontend.additional_origins.iter().map(url).collect(),
        token_handler: families
            .token_handler
            .then(|| families.auth_path_prefix.as_str().to_owned()),
        backend_proxy: families
            .backend_proxy
            .then(|| families.api_path_prefix.as_str().to_owned()),
        accounts: config.accounts.enabled,
        public_url: config.server.public_url.clone(),
        backend_callback: callback.api_url.clone(),
        token_handler_callback: callback.token_handler_url.clone(),
        callback_origins: callback.use_origin.then_some(CallbackOrigins {
            listed: several,
            any: callback.allow_any_origin,
        }),
        pages: Pages {
            dashboard: frontend.success_path.as_str().to_owned(),
            error: frontend.error_path.as_str().to_owned(),
            success: frontend.token_handler_success_path.as_str().to_owned(),
            login: frontend.token_handler_error_path.as_str().to_owned(),
        },
        cookies: Cookies {
            session: config.cookie.session_name.clone(),
            login: config.cookie.login_name.clone(),
            secure: config.cookie.secure,
            domain: config.cookie.domain.clone(),
        },
        trusted_proxies: config.server.trusted_proxies.clone(),
        rate_limits: RateLimits {
            address: config.limits.address.map(rate),
            session: config.limits.session.map(rate),
            bad_credentials: config.limits.bad_credentials.map(rate),
        },
        body_limit: config.server.body_limit_bytes,
        body_timeout: config.server.request_timeout,
        show_api: !config.server.is_production(),
        home_page: None,
    }
}

/// Removes what has expired, for stores that do not do so themselves: in
/// portions, so that nobody waits long for the store, until nothing is left.
async fn sweep(auth: Arc<Auth>) {
    let mut every = tokio::time::interval(SWEEP_EVERY);
    loop {
        every.tick().await;
        while sweep_portion(&auth).await == SWEEP_LIMIT {
            tokio::task::yield_now().await;
        }
    }
}

async fn sweep_portion(auth: &Auth) -> usize {
    match auth.store().sweep(auth.now(), SWEEP_LIMIT).await {
        Ok(removed) => removed,
        Err(error) => {
            tracing::warn!(error = chain(&error), "expired sessions not removed");
            0
        }
    }
}

/// The URL a person clicks for a server on this address.
pub(crate) fn local_url(address: SocketAddr) -> String {
    match address.ip().is_unspecified() || address.ip().is_loopback() {
        true => format!("http://localhost:{}", address.port()),
        false => format!("http://{address}"),
    }
}
