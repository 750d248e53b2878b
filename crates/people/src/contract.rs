//! What every [`UserDirectory`] must do, as a suite that each directory's tests run.

mod addresses;
mod codes;
mod records;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use cogward_session::Timestamp;

use crate::directory::{DirectoryError, UserDirectory};
use crate::person::{Person, Seen};

/// Runs every case, each on a directory of its own from `make`, which must give an empty one.
///
/// # Errors
/// [`Failures`] names the cases that failed and says how.
pub async fn run<D: UserDirectory>(make: impl AsyncFn() -> Arc<D>) -> Result<(), Failures> {
    let mut failures = Vec::new();
    for (name, case) in CASES {
        // On a task, so that a panic of the directory is one failed case.
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

/// The cases a directory failed, one a line.
#[derive(thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Failures(Vec<String>);

impl fmt::Debug for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the directory breaks its contract:\n{self}")
    }
}

macro_rules! cases {
    ($($module:ident::$name:ident),* $(,)?) => {
        const CASES: &[(&str, Case)] =
            &[$((stringify!($name), |directory| Box::pin($module::$name(directory)))),*];
    };
}

cases![
    records::a_sign_up_makes_a_record,
    records::a_sign_in_makes_what_is_missing_and_follows_the_token,
    records::an_earlier_word_moves_no_more_than_times,
    records::a_late_sign_up_adds_the_terms_alone,
    records::every_text_survives,
    records::pages_have_everybody_once_in_order,
    records::a_deleted_record_is_gone_with_its_codes,
    records::of_concurrent_sign_ins_one_record_comes,
    addresses::an_address_moves_as_cognito_says,
    addresses::a_verified_address_is_lost_to_no_unverified_one,
    addresses::an_earlier_word_takes_no_address,
    addresses::a_verified_address_is_marked,
    addresses::of_many_who_claim_an_address_at_once_one_has_it,
    addresses::two_who_swap_addresses_at_once_end_with_one_each,
    codes::a_code_is_spent_once,
    codes::a_new_code_replaces_the_older_and_leaves_the_tries,
    codes::without_tries_no_code_is_put,
    codes::tries_come_back_after_an_hour,
    codes::of_many_tries_at_once_five_count,
    codes::of_many_who_spend_a_code_at_once_one_does,
    codes::codes_of_people_and_purposes_are_apart,
    codes::a_returned_code_is_good_again_and_no_other,
    codes::a_code_that_is_over_is_none,
    codes::a_sweep_takes_what_is_over_and_is_bounded,
];

type Case = fn(Arc<dyn UserDirectory>) -> Pin<Box<dyn Future<Output = Outcome> + Send>>;
type Outcome = Result<(), Failure>;
type Directory = Arc<dyn UserDirectory>;

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Broken(String),
    #[error("{0}: {0:?}")]
    Directory(#[from] DirectoryError),
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

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Ada, who signs up.
fn signed_up(sub: &str, email: &str) -> Seen {
    Seen {
        sub: sub.to_owned(),
        email: Some(email.to_owned()),
        email_verified: false,
        given_name: Some("Ada".to_owned()),
        family_name: Some("Lovelace".to_owned()),
        told_at: Timestamp::from_secs(0),
        at: NOW,
        signed_up: true,
    }
}

/// The same, who signs in `seconds` later with a verified address.
fn signed_in(sub: &str, email: &str, seconds: i64) -> Seen {
    Seen {
        email_verified: true,
        told_at: NOW.plus(seconds),
        at: NOW.plus(seconds),
        signed_up: false,
        ..signed_up(sub, email)
    }
}

/// What is kept of her then.
fn person(seen: &Seen) -> Person {
    Person {
        sub: seen.sub.clone(),
        email: seen.email.clone(),
        email_verified: seen.email_verified,
        given_name: seen.given_name.clone(),
        family_name: seen.family_name.clone(),
        terms_accepted_at: seen.terms_accepted_at(),
        created_at: seen.at,
        last_signed_in_at: seen.signed_in_at(),
    }
}

async fn has(directory: &Directory, sub: &str, expected: Option<Person>, when: &str) -> Outcome {
    same(&directory.by_sub(sub).await?, &expected, when)
}

async fn owner(directory: &Directory, email: &str) -> Result<Option<String>, Failure> {
    Ok(directory.by_email(email).await?.map(|person| person.sub))
}
