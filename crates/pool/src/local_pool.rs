use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::core::Core;
use crate::db::messages;
use crate::error::ApiError;
use crate::fault::Fault;
use crate::key::KeySource;
use crate::local;
use crate::options::{POOL_ID, PoolError, PoolOptions};
use crate::pool::Pool;
use crate::seed::{self, Seed};

/// A user pool for one test: a free port, everything in memory, gone when dropped. It has the
/// built-in clients ([`crate::PUBLIC_CLIENT_ID`], [`crate::SECRET_CLIENT_ID`]) and the users
/// `user@example.com` and `admin@example.com` (group `admin`), password `Passw0rd!`, or what a
/// [`Seed`] says. Its two RSA keys are those of every `LocalPool` of the process, made by the first
/// one while it is running: `start` waits for none, the first token does.
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
        Pool::start_with(options, KeySource::Process)
            .await
            .map(Self)
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
        self.put(local::PutUser::new(name, password)).await
    }

    /// The same with groups, made where they are missing, and attributes. A user who is there has
    /// these groups then, and of the attributes those not given as before.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let pool = cogward_pool::LocalPool::start().await?;
    /// let groups = ["admin", "staff"];
    /// let attributes = [("given_name", "Ada"), ("custom:plan", "gold")];
    /// pool.user_with("ada@example.com", "Passw0rd!", &groups, &attributes).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`user`](Self::user), and of a group or an attribute that there cannot be.
    pub async fn user_with(
        &self,
        name: &str,
        password: &str,
        groups: &[&str],
        attributes: &[(&str, &str)],
    ) -> Result<String, LocalPoolError> {
        let user = local::PutUser::new(name, password);
        self.put(user.with(groups, attributes)).await
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
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let pool = cogward_pool::LocalPool::start().await?;
    /// pool.settings(serde_json::json!({ "mfa": "OPTIONAL", "fixed_code": "123456" })).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The first member that is not one, or has no such value.
    pub async fn settings(&self, members: impl Into<Value>) -> Result<(), LocalPoolError> {
        let Value::Object(members) = members.into() else {
            return Err(LocalPoolError("settings are a JSON object".to_owned()));
        };
        let change = self
            .core()
            .blocking(move |core| local::change_settings(core, &members));
        change.await?;
        Ok(())
    }

    /// Makes the next calls of an operation fail, as `POST /_local/faults` does.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let pool = cogward_pool::LocalPool::start().await?;
    /// pool.fault(serde_json::json!({ "op": "InitiateAuth", "type": "TooManyRequestsException" }))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The operation or member that there is not.
    pub fn fault(&self, fault: Value) -> Result<(), LocalPoolError> {
        let fault: Fault =
            serde_json::from_value(fault).map_err(|error| LocalPoolError(error.to_string()))?;
        self.core()
            .faults
            .set(fault)
            .map(drop)
            .map_err(LocalPoolError)
    }

    /// Makes two new signing keys, which no other pool has. The key set shows the earlier ones too
    /// when `keep_previous`.
    ///
    /// # Errors
    /// They could not be made.
    pub async fn rotate_keys(&self, keep_previous: bool) -> Result<(), LocalPoolError> {
        let rotate = self
            .core()
            .blocking(move |core| local::rotate(core, keep_previous));
        Ok(rotate.await?)
    }

    /// The pool as a seed file, for [`seeded`](Self::seeded) or `cogward pool --seed`. It holds
    /// secrets: its first lines say which.
    ///
    /// # Errors
    /// The pool's database failed.
    pub async fn export(&self) -> Result<String, LocalPoolError> {
        Ok(self.core().blocking(seed::export).await?)
    }

    /// Moves the pool's time forward, so that tokens, codes and sessions expire; up to the year
    /// 2200, where it stops.
    pub fn advance(&self, by: Duration) {
        let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        self.core().clock.advance(seconds);
    }

    /// Makes the pool's time stand still, at seconds since the Unix epoch (from 1970 to 2200).
    pub fn fix_time(&self, at: i64) {
        self.core().clock.fix(at);
    }

    /// The pool's time is the machine's again, neither fixed nor advanced.
    pub fn release_time(&self) {
        self.core().clock.reset();
    }

    /// Back to what it began with; keys and address stay.
    ///
    /// # Errors
    /// The pool's database failed.
    pub async fn reset(&self) -> Result<(), LocalPoolError> {
        Ok(self.core().blocking(Core::reset).await?)
    }

    async fn put(&self, user: local::PutUser) -> Result<String, LocalPoolError> {
        let put = self
            .core()
            .blocking(move |core| local::put_user(core, user));
        Ok(put.await?.sub)
    }

    fn core(&self) -> &Arc<Core> {
        self.0.core()
    }
}
