use cogward_session::StoreError;
use redis::{ErrorKind, RedisError, ServerErrorKind, Value};

use crate::endpoint::Address;

/// Why a command has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// It may have been carried out.
    #[error("redis at {server} takes too long to answer")]
    TimedOut { server: Address },
    /// It was not sent.
    #[error("redis at {server} cannot be reached: {error}")]
    Down { server: Address, error: RedisError },
    /// It may have been carried out.
    #[error("the connection to redis at {server} was lost: {error}")]
    Lost { server: Address, error: RedisError },
    /// It was refused.
    #[error("redis at {server} refuses: {error}")]
    Refused { server: Address, error: RedisError },
    /// It was not sent.
    #[error("no server of the redis cluster is known to hold the key")]
    NoServer,
    /// What stands there is nothing that Cogward wrote.
    #[error("redis holds {0} of an unknown format")]
    Garbage(&'static str),
    /// No answer to what was asked.
    #[error("redis answered something else than was asked for")]
    Odd,
}

impl CallError {
    pub(crate) fn is_refused_as(&self, kind: ServerErrorKind) -> bool {
        matches!(self, Self::Refused { error, .. } if error.kind() == ErrorKind::Server(kind))
    }

    /// Whether it is all about what stands at the key.
    pub(crate) fn is_garbage(&self) -> bool {
        match self {
            Self::Garbage(_) => true,
            Self::Refused { error, .. } => error.code() == Some("WRONGTYPE"),
            _ => false,
        }
    }
}

impl From<CallError> for StoreError {
    fn from(error: CallError) -> Self {
        Self::unavailable(error)
    }
}

/// The bytes at a key.
pub(crate) fn bytes(answer: Value) -> Result<Option<Vec<u8>>, CallError> {
    match answer {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => Ok(Some(bytes)),
        _ => Err(CallError::Odd),
    }
}

pub(crate) fn number(answer: &Value) -> Result<i64, CallError> {
    match answer {
        Value::Int(number) => Ok(*number),
        _ => Err(CallError::Odd),
    }
}

/// Whether a `SET … NX` found the place free.
pub(crate) fn was_set(answer: &Value) -> Result<bool, CallError> {
    match answer {
        Value::Okay => Ok(true),
        Value::Nil => Ok(false),
        _ => Err(CallError::Odd),
    }
}

/// Whether `ROLE` was answered by a replica.
pub(crate) fn is_replica(role: &Value) -> bool {
    let Value::Array(role) = role else {
        return false;
    };
    role.first() == Some(&Value::BulkString(b"slave".to_vec()))
}
