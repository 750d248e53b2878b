use std::error::Error as _;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::fault::{Fault, is_of_tls};
use crate::open::{OpenError, Options};
use crate::schema::{self, Schema};
use crate::statements::Statements;
use crate::tls;

/// For each step of connecting, whatever a call may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// Others may be making the tables.
const SCHEMA_LIMIT: Duration = Duration::from_secs(60);
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Makes connections that are ready for use.
pub(crate) struct Connector {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    settings: String,
    /// None where nothing is ours, and nothing is written.
    schema: Option<&'static Schema>,
    server: String,
    /// Whether the tables have been found as they must be. Not asked again by this process: a
    /// later release, which may change them while this one still runs, keeps them usable.
    checked: AtomicBool,
}

/// A connection, and what drives it.
pub(crate) struct Live {
    pub(crate) session: Session,
    pub(crate) driver: Driver,
}

pub(crate) type Driver = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A connection with its prepared statements.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) statements: Statements,
    since: Instant,
    /// When PostgreSQL last answered a call here: microseconds from `since` on.
    heard: AtomicU64,
    ended: AtomicBool,
    end: Notify,
}

impl Connector {
    /// To tables of ours.
    pub(crate) fn new(options: &Options, schema: &'static Schema) -> Result<Self, OpenError> {
        Self::to(options, Some(schema))
    }

    /// To tables that others made, which may be those of a standby.
    pub(crate) fn reading(options: &Options) -> Result<Self, OpenError> {
        Self::to(options, None)
    }

    fn to(options: &Options, schema: Option<&'static Schema>) -> Result<Self, OpenError> {
        let mut config = options.url.config().clone();
        let limit = options.call_limit;
        if config.get_application_name().is_none() {
            config.application_name("cogward");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(limit);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(KEEPALIVE);
        }
        if schema.is_some() {
            // A standby would answer with what once was.
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        config
            .keepalives_idle(KEEPALIVE)
            .keepalives_interval(KEEPALIVE / 3)
            .keepalives_retries(3);
        let tls = match config.get_ssl_mode() {
            SslMode::Disable => None,
            _ => Some(tls::connector(options.authorities.as_deref())?),
        };
        Ok(Self {
            config,
            tls,
            settings: match schema {
                Some(_) => settings(limit),
                None => settings(limit) + READ_ONLY,
            },
            schema,
            server: options.url.server().to_owned(),
            checked: AtomicBool::new(false),
        })
    }

    /// Connects once. [`Fault::Unusable`] is for whoever configured it to mend; anything else
    /// may pass.
    pub(crate) async fn connect(&self) -> Result<Live, Fault> {
        let (client, mut driver) = self.bare().await?;
        let statements = timeout(CONNECT_LIMIT, Statements::prepare(&client));
        let statements = driven(&mut driver, statements).await?;
        let session = Session {
            statements: statements.map_err(|_| Fault::Slow)??,
            client,
            since: Instant::now(),
            heard: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            end: Notify::new(),
        };
        Ok(Live { session, driver })
    }

    /// A connection alone, to tables that are as they must be.
    pub(crate) async fn bare(&self) -> Result<(Client, Driver), Fault> {
        let (mut client, mut driver) = timeout(CONNECT_LIMIT, self.dial())
            .await
            .map_err(|_| Fault::Slow)??;
        driven(&mut driver, self.set_up(&mut client)).await??;
        Ok((client, driver))
    }

    async fn dial(&self) -> Result<(Client, Driver), Fault> {
        match self.tls.clone() {
            None => self.config.connect(NoTls).await.map(|(client, driver)| {
                let driver: Driver = Box::pin(driver);
                (client, driver)
            }),
            Some(tls) => self.config.connect(tls).await.map(|(client, driver)| {
                let driver: Driver = Box::pin(driver);
                (client, driver)
            }),
        }
        .map_err(|error| self.refused(error))
    }

    async fn set_up(&self, client: &mut Client) -> Result<(), Fault> {
        let settings = client.batch_execute(&self.settings);
        timeout(CONNECT_LIMIT, settings)
            .await
            .map_err(|_| Fault::Slow)??;
        if let Some(schema) = self.schema
            && !self.checked.load(Ordering::Acquire)
        {
            let checked = schema::ensure(schema, client, &self.server);
            timeout(SCHEMA_LIMIT, checked)
                .await
                .map_err(|_| Fault::Slow)??;
            self.checked.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn refused(&self, error: Error) -> Fault {
        let server = self.server.clone();
        let inner = error
            .source()
            .and_then(|source| source.downcast_ref::<io::Error>());
        let untrusted = inner.is_some_and(is_of_tls);
        let fault = Fault::from(error);
        if fault.passes() {
            return fault;
        }
        let refused = matches!(fault, Fault::Database { .. });
        let source = fault.into();
        Fault::Unusable(match (untrusted, refused) {
            (true, _) => OpenError::Untrusted { server, source },
            (_, true) => OpenError::Refused { server, source },
            _ => OpenError::Handshake { server, source },
        })
    }
}

impl Session {
    /// Notes an answer.
    pub(crate) fn hear(&self) {
        let heard = self.since.elapsed().as_micros();
        let heard = u64::try_from(heard).unwrap_or(u64::MAX);
        self.heard.fetch_max(heard, Ordering::Relaxed);
    }

    pub(crate) fn heard_since(&self, moment: Instant) -> bool {
        let heard = Duration::from_micros(self.heard.load(Ordering::Relaxed));
        moment.saturating_duration_since(self.since) <= heard
    }

    /// Ends it, and all calls under way on it.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.end.notify_one();
    }

    /// Until somebody ends it.
    pub(crate) async fn lasts(&self) {
        self.end.notified().await;
    }

    /// Whether a call is worth sending.
    pub(crate) fn is_open(&self) -> bool {
        !self.ended.load(Ordering::Acquire) && !self.client.is_closed()
    }
}

/// What comes of `work` while its connection is driven.
async fn driven<T>(driver: &mut Driver, work: impl Future<Output = T>) -> Result<T, Fault> {
    tokio::select! {
        done = work => Ok(done),
        ended = driver => Err(match ended {
            Err(error) => Fault::from(error),
            Ok(()) => Fault::Slow,
        }),
    }
}

/// What is more where nothing is to be written.
const READ_ONLY: &str = ";
         SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";

/// What a connection needs whatever the server's defaults are: the statements are written for
/// `READ COMMITTED`, and an answered write must stand. Plans are kept, also those made while the
/// tables were small, so that they must go by an index. A statement that waits, for a row
/// or a disk, ends before it holds up others for long.
fn settings(limit: Duration) -> String {
    let limit = limit.as_millis();
    format!(
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;
         SELECT set_config('synchronous_commit', 'on', false)
             WHERE current_setting('synchronous_commit') = 'off';
         SET statement_timeout = {limit};
         SET lock_timeout = {};
         SET idle_in_transaction_session_timeout = {limit};
         SET plan_cache_mode = force_generic_plan;
         SET enable_seqscan = off;
         SET jit = off;
         SET client_min_messages = warning",
        (limit / 4).max(1)
    )
}
