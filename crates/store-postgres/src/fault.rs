use std::io;
use std::sync::Arc;

use cogward_session::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::open::OpenError;

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("PostgreSQL did not answer in time")]
    Slow,
    #[error("the connection to PostgreSQL is dead: nobody was answered on it")]
    Silent,
    #[error("the connection to PostgreSQL failed")]
    Connection(#[source] Error),
    /// Without what PostgreSQL adds to its message, which quotes rows.
    #[error("PostgreSQL says: {message} ({})", code.code())]
    Database { code: SqlState, message: String },
    #[error("the connected PostgreSQL server takes no writes: it may be a standby")]
    ReadOnly,
    #[error("column {0} of a row in PostgreSQL holds what Cogward did not write")]
    Row(&'static str),
    #[error("too many others write the same row in PostgreSQL")]
    Contended,
    #[error("there is no connection to PostgreSQL")]
    Unconnected(#[source] Arc<Fault>),
    #[error(transparent)]
    Unusable(OpenError),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error.as_db_error() {
            Some(said) if *said.code() == SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly,
            Some(said) => Self::Database {
                code: said.code().clone(),
                message: said.message().replace(['\r', '\n'], " "),
            },
            None => Self::Connection(error),
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        Self::unavailable(fault)
    }
}

impl Fault {
    /// Whether it says that the connection is gone and nothing of what was asked.
    pub(crate) fn lost_connection(&self) -> bool {
        match self {
            Self::Silent => true,
            Self::Connection(error) => lost(error),
            Self::Database { code, .. } => ends_connection(code),
            _ => false,
        }
    }

    /// Whether the server could not be reached, or not at this moment: nothing that whoever
    /// configured it could mend.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::Slow | Self::ReadOnly => true,
            Self::Database { code, .. } => Self::is_passing(code),
            other => other.lost_connection(),
        }
    }

    pub(crate) fn is_passing(code: &SqlState) -> bool {
        ends_connection(code) || *code == SqlState::TOO_MANY_CONNECTIONS
    }
}

fn lost(error: &Error) -> bool {
    use std::error::Error as _;
    let source = error
        .source()
        .map(|source| source.downcast_ref::<io::Error>());
    match source {
        None => error.is_closed(),
        Some(source) => source.is_some_and(|error| !is_of_tls(error)),
    }
}

/// Class 08 is of connections, 57P of servers that start, stop, or end a session.
fn ends_connection(code: &SqlState) -> bool {
    ["08", "57P"]
        .iter()
        .any(|class| code.code().starts_with(class))
}

pub(crate) fn is_of_tls(error: &io::Error) -> bool {
    let inner = error.get_ref();
    inner.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
}
