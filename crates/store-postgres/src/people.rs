//! Records of people, for many server processes.

mod statements;

use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use cogward_people::{CodeKey, DirectoryError, OneTimeCode, Person, Seen, UserDirectory};
use cogward_session::Timestamp;
use tokio_postgres::Client;

use crate::connect::Connector;
use crate::connections::Connections;
use crate::fault::Fault;
use crate::open::{OpenError, Options};
use crate::schema::PEOPLE;

/// People in a PostgreSQL database: the tables `cogward_person` and `cogward_one_time_code`;
/// `cogward_people_schema` says which of `migrations/people/` are done. A user who owns nothing
/// needs `SELECT, INSERT, UPDATE, DELETE` on the first two and `SELECT` on the third.
pub struct PostgresDirectory {
    connections: Connections,
    call_limit: Duration,
}

impl PostgresDirectory {
    /// Opens the database, whose tables are made or brought up to date if need be. One that
    /// cannot be reached is no error: the directory is unavailable until it can. Connections are
    /// made as they are needed.
    ///
    /// # Errors
    /// [`OpenError`] for what waiting does not mend, but never [`OpenError::Unreachable`].
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let connector = Connector::new(&options, &PEOPLE)?;
        let connections = Connections::new(connector, options.connections);
        match connections.take().await {
            Ok(first) => first.keep(),
            Err(Fault::Unusable(error)) => return Err(error),
            Err(fault) => {
                let error: &dyn std::error::Error = &fault;
                let server = options.url.server();
                tracing::warn!(server, error, "PostgreSQL cannot be reached yet");
            }
        }
        Ok(Self {
            connections,
            call_limit: options.call_limit,
        })
    }

    async fn with<T>(
        &self,
        work: impl for<'c> FnOnce(&'c mut Client) -> Call<'c, T> + Send,
    ) -> Result<T, DirectoryError> {
        let call = async {
            let mut connection = self.connections.take().await?;
            let done = work(connection.client()).await?;
            connection.keep();
            Ok(done)
        };
        let done = tokio::time::timeout(self.call_limit, call).await;
        let done: Result<T, Fault> = done.unwrap_or(Err(Fault::Slow));
        done.map_err(DirectoryError::unavailable)
    }
}

type Call<'c, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'c>>;

#[async_trait]
impl UserDirectory for PostgresDirectory {
    async fn keep(&self, seen: Seen) -> Result<(), DirectoryError> {
        self.with(|db| Box::pin(async move { statements::keep(db, &seen).await }))
            .await
    }

    async fn verified(&self, email: &str) -> Result<bool, DirectoryError> {
        let email = email.to_owned();
        self.with(|db| Box::pin(async move { statements::verified(db, &email).await }))
            .await
    }

    async fn by_sub(&self, sub: &str) -> Result<Option<Person>, DirectoryError> {
        let sub = sub.to_owned();
        self.with(|db| Box::pin(async move { statements::by_sub(db, &sub).await }))
            .await
    }

    async fn by_email(&self, email: &str) -> Result<Option<Person>, DirectoryError> {
        let email = email.to_owned();
        self.with(|db| Box::pin(async move { statements::by_email(db, &email).await }))
            .await
    }

    async fn page(&self, after: Option<&str>, limit: usize) -> Result<Vec<Person>, DirectoryError> {
        // No sub is empty.
        let after = after.unwrap_or("").to_owned();
        self.with(|db| Box::pin(async move { statements::page(db, &after, limit).await }))
            .await
    }

    async fn delete(&self, sub: &str) -> Result<bool, DirectoryError> {
        let sub = sub.to_owned();
        self.with(|db| Box::pin(async move { statements::delete(db, &sub).await }))
            .await
    }

    async fn put_code(
        &self,
        key: &CodeKey,
        code: &OneTimeCode,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, DirectoryError> {
        let (key, code) = (key.clone(), code.clone());
        self.with(|db| {
            Box::pin(async move { statements::put_code(db, &key, &code, expires_at, now).await })
        })
        .await
    }

    async fn try_code(
        &self,
        key: &CodeKey,
        now: Timestamp,
    ) -> Result<Option<OneTimeCode>, DirectoryError> {
        let key = key.clone();
        self.with(|db| Box::pin(async move { statements::try_code(db, &key, now).await }))
            .await
    }

    async fn spend_code(&self, key: &CodeKey, code: &OneTimeCode) -> Result<bool, DirectoryError> {
        let (key, code) = (key.clone(), code.clone());
        self.with(|db| Box::pin(async move { statements::spend_code(db, &key, &code).await }))
            .await
    }

    async fn return_code(&self, key: &CodeKey, code: &OneTimeCode) -> Result<(), DirectoryError> {
        let (key, code) = (key.clone(), code.clone());
        self.with(|db| Box::pin(async move { statements::return_code(db, &key, &code).await }))
            .await
    }

    async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, DirectoryError> {
        self.with(|db| Box::pin(async move { statements::sweep(db, now, limit).await }))
            .await
    }

    async fn ping(&self) -> Result<(), DirectoryError> {
        self.with(|db| Box::pin(async move { statements::ping(db).await }))
            .await
    }
}
