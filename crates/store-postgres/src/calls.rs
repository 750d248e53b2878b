use cogward_session::{Replaced, StoreError};
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::fault::Fault;
use crate::lanes::Which;
use crate::rows::column;
use crate::store::PostgresStore;

pub(crate) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// How a statement is sent: which connections carry it, how often, and for how long.
impl PostgresStore {
    /// A lost connection says nothing about a row, so that another one is asked, once.
    pub(crate) async fn read(
        &self,
        which: Which,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Fault> {
        match self.reads.query(which, parameters).await {
            Err(fault) if fault.lost_connection() => self.reads.query(which, parameters).await,
            answer => answer,
        }
    }

    /// Never sent twice: what became of a write on a lost connection is not known.
    pub(crate) async fn write(
        &self,
        which: Which,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Fault> {
        let answer = self.writes.query(which, parameters).await;
        if matches!(answer, Err(Fault::ReadOnly)) {
            self.leave_standby();
        }
        answer
    }

    /// What was connected to is no primary any more; the reading connections lead there too.
    pub(crate) fn leave_standby(&self) {
        self.reads.reset();
        self.writes.reset();
    }

    pub(crate) async fn limited<T>(
        &self,
        call: impl Future<Output = Result<T, Fault>> + Send,
    ) -> Result<T, Fault> {
        timeout(self.call_limit, call)
            .await
            .unwrap_or(Err(Fault::Slow))
    }

    /// Whether a row was written that had to be new.
    pub(crate) async fn added(
        &self,
        which: Which,
        parameters: Parameters<'_>,
    ) -> Result<(), StoreError> {
        let rows = self.limited(self.write(which, parameters)).await?;
        match rows.is_empty() {
            true => Err(StoreError::Exists),
            false => Ok(()),
        }
    }

    pub(crate) async fn replaced(
        &self,
        which: Which,
        parameters: Parameters<'_>,
    ) -> Result<Replaced, StoreError> {
        let rows = self.limited(self.write(which, parameters)).await?;
        let row = rows.first().ok_or(Fault::Row("done"))?;
        Ok(match (column(row, 0, "done")?, column(row, 1, "exists")?) {
            (true, _) => Replaced::Done,
            (false, true) => Replaced::Conflict,
            (false, false) => Replaced::Missing,
        })
    }
}
