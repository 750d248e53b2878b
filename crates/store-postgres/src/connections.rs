//! Connections that are lent to one call at a time: a call may be several statements.

use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_postgres::Client;
use tokio_util::task::AbortOnDropHandle;

use crate::connect::Connector;
use crate::fault::Fault;

pub(crate) struct Connections {
    connector: Connector,
    free: Mutex<Vec<Connection>>,
    /// As many as there may be connections.
    permits: Semaphore,
}

struct Connection {
    client: Client,
    _driver: AbortOnDropHandle<()>,
}

/// Ends its connection when it is dropped, with whatever was under way there.
pub(crate) struct Lent<'a> {
    connection: Connection,
    home: &'a Connections,
    _permit: SemaphorePermit<'a>,
}

impl Connections {
    pub(crate) fn new(connector: Connector, most: usize) -> Self {
        Self {
            connector,
            free: Mutex::default(),
            permits: Semaphore::new(most.max(1)),
        }
    }

    /// One that was used last, else a new one.
    pub(crate) async fn take(&self) -> Result<Lent<'_>, Fault> {
        let permit = self.permits.acquire().await.map_err(|_| Fault::Slow)?;
        let open = self.free_one();
        let connection = match open {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(Lent {
            connection,
            home: self,
            _permit: permit,
        })
    }

    fn free_one(&self) -> Option<Connection> {
        let mut free = self.free.lock();
        free.retain(|connection| !connection.client.is_closed());
        free.pop()
    }

    async fn connect(&self) -> Result<Connection, Fault> {
        let (client, driver) = self.connector.bare().await?;
        let driver = tokio::spawn(async move {
            // Its calls are told.
            let _ended = driver.await;
        });
        Ok(Connection {
            client,
            _driver: AbortOnDropHandle::new(driver),
        })
    }
}

impl Lent<'_> {
    pub(crate) fn client(&mut self) -> &mut Client {
        &mut self.connection.client
    }

    /// All went well: it is there for the next call.
    pub(crate) fn keep(self) {
        self.home.free.lock().push(self.connection);
    }
}
