use std::sync::Arc;

use url::Url;

use crate::calls::Calls;
use crate::client::Client;
use crate::clock::Clock;
use crate::db::Db;
use crate::definition::{Current, Definition};
use crate::error::{ApiError, Result};
use crate::fault::Faults;
use crate::ids::Ids;
use crate::key::Keys;
use crate::limit::Limits;
use crate::options::PoolError;
use crate::pages::Pages;
use crate::password::Passwords;
use crate::random::Random;
use crate::seed::{self, Beginning, Seed};
use crate::stats::Stats;

/// Everything a request may touch.
pub(crate) struct Core {
    pub(crate) db: Arc<Db>,
    pub(crate) random: Arc<Random>,
    pub(crate) ids: Ids,
    pub(crate) clock: Clock,
    pub(crate) keys: Keys,
    pub(crate) passwords: Passwords,
    pub(crate) faults: Faults,
    pub(crate) stats: Stats,
    pub(crate) calls: Calls,
    pub(crate) limits: Limits,
    pub(crate) pages: Pages,
    /// `http(s)://localhost:PORT/`.
    pub(crate) base_url: Url,
    pub(crate) issuer: String,
    pub(crate) tls: bool,
    /// Settings and clients.
    pub(crate) definition: Current,
    /// What the pool began with, and begins with again.
    pub(crate) seed: Option<Seed>,
    pub(crate) ready_users: bool,
    pub(crate) callback_urls: Vec<Url>,
    pub(crate) logout_urls: Vec<Url>,
}

impl Core {
    /// The settings and clients that hold now. Take it once in a call.
    pub(crate) fn definition(&self) -> Arc<Definition> {
        self.definition.get()
    }

    /// # Errors
    /// `ResourceNotFoundException`.
    pub(crate) fn client(&self, id: &str) -> Result<Arc<Client>> {
        self.find_client(id).ok_or_else(|| {
            ApiError::new(
                "ResourceNotFoundException",
                format!("User pool client {id} does not exist."),
            )
        })
    }

    pub(crate) fn find_client(&self, id: &str) -> Option<Arc<Client>> {
        self.definition().clients.get(id).cloned()
    }

    /// Makes the groups and users a pool begins with.
    pub(crate) fn begin(&self) -> Result<(), PoolError> {
        seed::begin(self).map_err(|error| PoolError::Seed {
            what: error.message.into_owned(),
        })
    }

    /// Forgets everything but the keys, and begins again: at once, for whoever looks.
    pub(crate) fn reset(&self) -> Result<()> {
        let first = seed::definition(self.seed.as_ref());
        let now = self.clock.system();
        let counted = self.ids.restart();
        let begun = seed::beginning(self, &first.settings, now)
            .and_then(|beginning| self.begin_again(first, now, &beginning));
        if begun.is_err() {
            self.ids.resume(counted);
        }
        begun
    }

    fn begin_again(&self, first: Definition, now: i64, beginning: &Beginning) -> Result<()> {
        self.definition.reset(
            &self.db,
            first,
            now,
            |tx, settings| beginning.write(tx, settings),
            || {
                self.faults.clear();
                self.stats.clear();
                self.calls.clear();
                self.limits.clear();
                self.clock.reset();
            },
        )
    }

    /// Waits for the signing keys.
    pub(crate) async fn ready(self: &Arc<Self>) -> Result<()> {
        let made = self.here(|core| Ok(core.keys.with(|_| ()))).await?;
        made.ok_or_else(ApiError::internal)
    }

    /// Answers a call by `work` where it arrived. It takes a millisecond or two (a hash, two
    /// signatures, a few rows): handing it to another thread and back would take a third of what
    /// a refresh takes. Before the signing keys are made it may wait for them, so elsewhere.
    pub(crate) async fn here<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match self.keys.are_made() {
            true => self.db.call(|| work(self)),
            false => self.blocking(work).await,
        }
    }

    /// Runs `work` on a blocking thread: it may hash, sign and use the database.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let core = Arc::clone(self);
        tokio::task::spawn_blocking(move || core.db.call(|| work(&core)))
            .await
            .unwrap_or_else(|_| Err(ApiError::internal()))
    }
}
