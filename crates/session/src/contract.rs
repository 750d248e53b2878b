//! What every [`SessionStore`] must do, as a suite that each store's tests run.
//!
//! All times are given as arguments and lie after the year 2099, so that expiry by the
//! store's own clock never plays a part.

mod cases;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::store::{SessionStore, StoreError};

/// Runs every case, each on a store of its own from `make`, which must give an empty one.
///
/// # Errors
/// [`Failures`] names the cases that failed and says how.
pub async fn run<S: SessionStore>(make: impl AsyncFn() -> Arc<S>) -> Result<(), Failures> {
    let mut failures = Vec::new();
    for (name, case) in cases::ALL {
        // On a task, so that a panic of the store is one failed case.
        let outcome = tokio::spawn(case(make().await))
            .await
            .unwrap_or_else(|e| Err(e.into()));
        if let Err(failure) = outcome {
            failures.push(format!("{name}: {failure}"));
        }
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(Failures(failures))
    }
}

/// The cases a store failed, one a line.
#[derive(thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Failures(Vec<String>);

impl fmt::Debug for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store breaks its contract:\n{self}")
    }
}

type Case = fn(Arc<dyn SessionStore>) -> Pin<Box<dyn Future<Output = Outcome> + Send>>;
type Outcome = Result<(), Failure>;

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Broken(String),
    #[error("{0}: {0:?}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Task(#[from] tokio::task::JoinError),
}

fn ensure(holds: bool, what: impl Into<String>) -> Outcome {
    if holds {
        Ok(())
    } else {
        Err(Failure::Broken(what.into()))
    }
}

fn same<T: PartialEq + fmt::Debug>(found: &T, expected: &T, what: &str) -> Outcome {
    ensure(
        found == expected,
        format!("{what}: found {found:?}, expected {expected:?}"),
    )
}
