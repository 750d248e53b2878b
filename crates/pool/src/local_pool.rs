use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::core::Core;
use crate::db::messages;
use crate::error::ApiError;
use crate::local;
use crate::options::{POOL_ID, PoolError, PoolOptions};
use crate::pool::Pool;
use crate::seed::Seed;

/// A user pool for one test: a free port, everything in memory, gone when dropped. It has the
/// built-in clients ([`crate::PUBLIC_CLIENT_ID`], [`crate::SECRET_CLIENT_ID`]) and the users
/// `user@example.com` and `admin@example.com` (group `admin`), password `Passw0rd!`, or what a
/// [`Seed`] says.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = cogward_pool::LocalPool::start().await?;
/// pool.user("ada@example.com", "Passw0rd!").await?;
/// let endpoint = pool.url(); // of any AWS SDK, and COGNITO_ENDPOINT of Cogward
/// # let _ = endpoint;
/// # Ok(())
/// # }
/// ```
pub struct LocalPool(Pool);

/// What a running pool refused to do, in one sentence.
#[derive(Debug, thiserror::Error)]
#[error("the local user pool refused: {0}")]
pub struct LocalPoolError(String);

impl From<ApiError> for LocalPoolError {
    fn from(error: ApiError) -> Self {
        Self(error.message.into_owned())
    }
}

impl LocalPool {
    /// Starts a pool with the built-in clients and users.
    ///
    /// # Errors
    /// [`PoolError`] names what could not be used.
    pub async fn start() -> Result<Self, PoolError> {
        Self::with(None).await
    }

    /// Starts a pool of which a seed file's text says everything.
    ///
    /// # Errors
    /// [`PoolError`]; that of a bad seed names the line.
    pub async fn seeded(toml: &str) -> Result<Self, PoolError> {
        let seed = Seed::from_toml(toml).map_err(|error| PoolError::Seed {
            what: error.to_string(),
        })?;
        Self::with(Some(seed)).await
    }

    async fn with(seed: Option<Seed>) -> Result<Self, PoolError> {
        let options = PoolOptions {
            ready_users: true,
            seed,
            ..PoolOptions::default()
        };
        Pool::start(options).await.map(Self)
    }

    /// `http://localhost:PORT`, without a slash at the end: the endpoint of the user-pool API
    /// and of the hosted pages.
    pub fn url(&self) -> String {
        self.0.base_url().as_str().trim_end_matches('/').to_owned()
    }

    /// What stands in the tokens as `iss`.
    pub fn issuer(&self) -> &str {
        self.0.issuer()
    }

    /// [`POOL_ID`].
    pub fn id(&self) -> &'static str {
        POOL_ID
    }

    /// The pool itself.
    pub fn pool(&self) -> &Pool {
        &self.0
    }

    /// Makes a confirmed user, or gives one another password; answers the `sub`.
    ///
    /// # Errors
    /// The name or the password is not one this pool takes.
    pub async fn user(&self, name: &str, password: &str) -> Result<String, LocalPoolError> {
        let user = local::PutUser::new(name, password);
        let sub = self
            .core()
            .blocking(move |core| local::put_user(core, user));
        Ok(sub.await?.sub)
    }

    /// The newest code that was sent to an address.
    ///
    /// # Errors
    /// Nothing was sent to it.
    pub async fn code(&self, recipient: &str) -> Result<String, LocalPoolError> {
        let wanted = recipient.to_owned();
        let code = self.core().blocking(move |core| {
            core.db
                .run(|tx| messages::newest_code(tx, &wanted).map_err(ApiError::from))
        });
        code.await?
            .ok_or_else(|| LocalPoolError(format!("nothing was sent to {recipient}")))
    }

    /// Changes settings, as `POST /_local/settings` does.
    ///
    /// # Errors
    /// The first member that is not one, or has no such value.
    pub async fn settings(&self, members: Map<String, Value>) -> Result<(), LocalPoolError> {
        let change = self
            .core()
            .blocking(move |core| local::change_settings(core, &members));
        change.await?;
        Ok(())
    }

    /// Moves the pool's time forward, so that tokens, codes and sessions expire.
    pub fn advance(&self, by: Duration) {
        let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        self.core().clock.advance(seconds);
    }

    /// Makes the pool's time stand still, at seconds since the Unix epoch.
    pub fn fix_time(&self, at: i64) {
        self.core().clock.fix(at);
    }

    /// Back to what it began with; keys and address stay.
    ///
    /// # Errors
    /// The pool's database failed.
    pub async fn reset(&self) -> Result<(), LocalPoolError> {
        Ok(self.core().blocking(Core::reset).await?)
    }

    fn core(&self) -> &Arc<Core> {
        self.0.core()
    }
}
