//! What every [`SessionStore`] must do, as a suite that each store's tests run.
//!
//! All times are given as arguments and lie after the year 2099, so that expiry by the
//! store's own clock never plays a part, but for leases and budgets.

mod budgets;
mod expiry;
mod leases;
mod logins;
mod marks;
mod moves;
mod sessions;
mod support;
mod writes;

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
    for (name, case) in CASES {
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

macro_rules! cases {
    ($($module:ident::$name:ident),* $(,)?) => {
        const CASES: &[(&str, Case)] =
            &[$((stringify!($name), |store| Box::pin($module::$name(store)))),*];
    };
}

cases![
    sessions::an_inserted_record_loads_as_it_was,
    sessions::insert_refuses_an_existing_key,
    sessions::of_concurrent_inserts_one_wins,
    sessions::list_finds_live_records_of_all_indexes,
    sessions::remove_is_idempotent,
    sessions::all_bytes_and_sizes_survive,
    sessions::a_working_store_answers_ping,
    writes::replace_is_compare_and_set,
    writes::of_concurrent_writers_one_wins_each_version,
    writes::a_removed_record_never_comes_back,
    writes::a_remove_beats_concurrent_writes,
    writes::touch_moves_times_and_keeps_the_version,
    writes::an_answered_write_is_never_followed_by_an_older_read,
    moves::a_record_that_moves_is_in_every_list,
    expiry::an_expired_record_is_none_while_still_there,
    expiry::an_expired_login_is_none_and_gone,
    expiry::sweep_is_bounded_and_spares_the_living,
    expiry::extreme_times_survive_and_never_overflow,
    logins::of_concurrent_takers_one_gets_the_login,
    logins::put_login_refuses_an_existing_key,
    logins::logins_and_sessions_never_pass_as_each_other,
    marks::marks_of_one_user_merge,
    marks::marks_of_all_indexes_are_one,
    marks::of_concurrent_marks_none_is_lost,
    marks::an_expired_mark_is_none_while_still_there,
    marks::sweep_takes_marks_and_is_bounded,
    marks::extreme_times_of_marks_survive,
    marks::marks_and_sessions_never_pass_as_each_other,
    leases::of_concurrent_holders_one_gets_the_lease,
    leases::only_its_holder_gives_a_lease_back,
    leases::an_abandoned_lease_is_taken_over,
    leases::a_prolonged_lease_lasts,
    leases::leases_and_sessions_never_pass_as_each_other,
    budgets::after_a_burst_the_wait_is_told,
    budgets::of_concurrent_takers_no_more_than_the_burst_get_one,
    budgets::what_was_taken_comes_back_with_time,
    budgets::what_is_given_back_can_be_taken_again_and_no_more,
    budgets::a_budget_is_of_one_key,
    budgets::a_smaller_quota_counts_at_once,
    budgets::what_is_too_far_ahead_comes_back_in_time,
    budgets::the_largest_quota_never_overflows,
    budgets::full_budgets_are_swept_and_others_are_not,
    budgets::budgets_and_leases_never_pass_as_each_other,
];

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
