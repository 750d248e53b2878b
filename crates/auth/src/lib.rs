//! The rules of sign-in, sessions, refresh and sign-out, without HTTP.
//!
//! Every function takes the [`Auth`] it works with, and returns values; the
//! server crate turns them into responses.

pub mod accounts;
pub mod audit;
pub mod authorize;
pub mod bearer;
pub mod context;
pub mod devices;
mod error;
mod lately;
mod limits;
pub mod login;
pub mod logout;
mod opened;
pub mod operator;
pub mod passkey;
pub mod people;
pub mod refresh;
mod return_path;
pub mod revocation;
pub mod session;
mod upkeep;
mod verifiers;

use std::fmt;
use std::sync::{Arc, OnceLock};

use arc_swap::{ArcSwap, Guard};
use aws_lc_rs::rand::SystemRandom;
use cogward_cognito::Cognito;
use cogward_context::Contexts;
use cogward_mail::{Letter, Outbox};
use cogward_people::UserDirectory;
use cogward_policy::Live;
use cogward_session::{Clock, KeyRing, SessionStore, Timestamp};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use audit::{By, Cause, Changed, Trail};
pub use authorize::Authorization;
pub use bearer::{BearerError, Bearers};
pub use error::{LoginError, LoginRefusal, SessionError, chain};
pub use limits::{Limited, SignIns, count_together, household};
pub use operator::Operator;
pub use return_path::{ReturnPath, ReturnPathError};
pub use verifiers::Verifiers;

use lately::Lately;

/// Everything the rules work with, made once at start.
pub struct Auth {
    pool: Pool,
    store: Arc<dyn SessionStore>,
    ring: ArcSwap<KeyRing>,
    clock: Arc<dyn Clock>,
    rng: SystemRandom,
    settings: Settings,
    authorization: Authorization,
    undecided: authorize::Undecided,
    flights: refresh::Flights,
    condemned: logout::Condemned,
    opened: opened::Opened,
    limits: limits::Limits,
    outbox: Option<Outbox>,
    code_turns: accounts::Turns,
    notices: Arc<context::Pending>,
    /// Whose roles were forgotten for a token that was revoked.
    disowned: Lately,
    touched: Lately,
    mourned: Lately,
    tasks: TaskTracker,
    trail: OnceLock<Trail>,
}

/// A user pool with the app client that signs people in.
pub struct Pool {
    /// `us-east-1_AbCdEfGhI`.
    pub id: String,
    /// The app client's id.
    pub client_id: String,
    /// How this pool is talked to.
    pub cognito: Cognito,
    /// Verifies this pool's tokens.
    pub verifiers: Verifiers,
    /// People's accounts, where they are served.
    pub accounts: Option<cogward_cognito::Accounts>,
    /// An administrator's calls, where there are credentials for them.
    pub admin: Option<cogward_cognito::accounts::Admin>,
    /// Records of its people, where some are kept.
    pub people: Option<Arc<dyn UserDirectory>>,
    /// Who its people are in the application's own terms, where a service tells.
    pub contexts: Option<Contexts>,
}

/// The numbers and lists the rules go by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A session ends this many seconds after sign-in, whatever happens.
    pub absolute_seconds: i64,
    /// A session ends after this many seconds without a request.
    pub idle_seconds: i64,
    /// So many sessions a person has at most; a sign-in beyond ends the one that was not used
    /// for longest.
    pub max_sessions: usize,
    /// Tokens are renewed when the access token has this many seconds left.
    pub refresh_ahead_seconds: i64,
    /// Refresh through `GetTokensFromRefreshToken`, as rotation wants it.
    pub refresh_rotation: bool,
    /// Sent to the authorize page when a sign-in names none.
    pub identity_provider: Option<String>,
    /// What a sign-in may name.
    pub identity_providers: Vec<String>,
    /// Which tokens count beside sessions.
    pub bearers: Bearers,
    /// Sign-up and sign-in on the application's own pages.
    pub accounts: accounts::Settings,
    /// How many sign-ins may begin.
    pub sign_ins: SignIns,
    /// Which passkeys are allowed.
    pub passkeys: passkey::Rules,
    /// Other servers work on the same store.
    pub replicas: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            absolute_seconds: 30 * 24 * 3600,
            idle_seconds: 7 * 24 * 3600,
            max_sessions: 100,
            refresh_ahead_seconds: 60,
            refresh_rotation: false,
            identity_provider: None,
            identity_providers: Vec::new(),
            bearers: Bearers::default(),
            accounts: accounts::Settings::default(),
            sign_ins: SignIns::default(),
            passkeys: passkey::Rules::default(),
            replicas: false,
        }
    }
}

/// Which protocol a sign-in was started through; one started in one family
/// cannot be finished in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Family {
    /// `/auth`, the Token Handler protocol.
    TokenHandler,
    /// `/api/v1/auth`, the backend-proxy protocol.
    BackendProxy,
}

/// What is known of the caller beside the cookie: for the device list.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The address, as far as it can be believed.
    pub address: Option<String>,
}

impl Auth {
    /// Joins the parts. Without an outbox nobody is mailed, except by Cognito.
    pub fn new(
        pool: Pool,
        store: Arc<dyn SessionStore>,
        ring: KeyRing,
        clock: Arc<dyn Clock>,
        settings: Settings,
        authorization: Authorization,
        outbox: Option<Outbox>,
    ) -> Arc<Self> {
        Arc::new(Self {
            pool,
            store,
            ring: ArcSwap::from_pointee(ring),
            clock,
            rng: SystemRandom::new(),
            limits: limits::Limits::new(settings.sign_ins),
            settings,
            authorization,
            undecided: authorize::Undecided::default(),
            flights: refresh::Flights::default(),
            condemned: logout::Condemned::default(),
            opened: opened::Opened::default(),
            code_turns: accounts::Turns::default(),
            outbox,
            notices: Arc::default(),
            disowned: Lately::new(upkeep::SECONDS),
            touched: Lately::new(upkeep::SECONDS),
            mourned: Lately::new(upkeep::SECONDS),
            tasks: TaskTracker::new(),
            trail: OnceLock::new(),
        })
    }

    /// Waits for the work that goes on behind answers: refreshes to be written,
    /// tokens to be revoked, mails to be handed over. To be called when no more requests come.
    pub async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        if let Some(outbox) = &self.outbox {
            outbox.drain().await;
        }
    }

    /// How much such work there is.
    pub fn unfinished(&self) -> usize {
        let mails = self.outbox.as_ref().map_or(0, Outbox::unfinished);
        self.tasks.len() + mails
    }

    /// Work that does not end with the request that caused it.
    pub(crate) fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let cause = Cause::going_on().unwrap_or_else(|| self.caused(By::Server));
        self.tasks.spawn(cause.of(work.instrument(audit::span())))
    }

    /// Events are told there from here on; to be called once, at start. Without it they go to
    /// the log.
    pub fn set_trail(&self, trail: Trail) {
        let _there_is_one = self.trail.set(trail);
    }

    /// Where events are told.
    pub fn trail(&self) -> Option<&Trail> {
        self.trail.get()
    }

    /// What is done for somebody is told as caused by him.
    pub fn caused(&self, by: By) -> Cause {
        Cause::new(by, self.trail.get().cloned())
    }

    /// Tells that the server took, or refused, something else to go by.
    pub fn tell_changed(&self, what: Changed, detail: &dyn fmt::Display) {
        self.caused(By::Server)
            .tells(|| audit::changed(what, detail));
    }

    /// Mails a person, behind the answer; nobody where there is no outbox.
    pub(crate) fn mail(&self, to: &accounts::Email, letter: &Letter<'_>) {
        if let Some(outbox) = &self.outbox {
            audit::span().in_scope(|| outbox.send(to.as_str(), letter));
        }
    }

    /// Takes other keys into use from here on. Requests under way end with the keys they
    /// began with.
    pub fn set_ring(&self, ring: KeyRing) {
        self.ring.store(Arc::new(ring));
    }

    pub(crate) fn ring(&self) -> Guard<Arc<KeyRing>> {
        self.ring.load()
    }

    /// The time as this process sees it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The pool and client in use.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The session store, for health checks and sweeping.
    pub fn store(&self) -> &Arc<dyn SessionStore> {
        &self.store
    }

    /// The policies, for those who reload them.
    pub fn policies(&self) -> &Live {
        &self.authorization.policies
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}
