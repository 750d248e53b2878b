//! How often an account may be tried, and sent codes. Passwords and codes are counted for each
//! place on the network by itself, so that whoever uses up a budget elsewhere locks nobody out
//! here; Cognito's own lock stands behind them. Messages are counted for the account as well, so
//! that many places fill nobody's inbox.
//!
//! Whatever is asked of accounts is a sign-in of its address too.

use cogward_session::{Budgets, Quota};

use super::{AccountRefusal, Email};
use crate::audit::Refused;
use crate::limits::{Limited, Purse, begin, give_back, place, purse, sign_ins, take, tell_refused};
use crate::{Auth, Client};

/// How much there is of each.
#[derive(Clone, Copy, Debug)]
pub struct Quotas {
    /// Passwords and codes tried, of an account from one place.
    pub attempts: Quota,
    /// Registrations and codes asked for, of an account from one place.
    pub messages: Quota,
    /// And of an account from everywhere.
    pub all_messages: Quota,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            attempts: Quota::new(10, 30),
            // So that one place cannot use up what there is for all.
            messages: Quota::new(3, 1200),
            all_messages: Quota::new(10, 300),
        }
    }
}

/// Counts a password or a code that is tried.
pub(super) async fn attempt(
    auth: &Auth,
    email: &Email,
    client: &Client,
) -> Result<(), AccountRefusal> {
    let quota = auth.settings.accounts.quotas.attempts;
    let own = &auth.limits.attempts;
    let whose = ["attempts", email.as_str(), &place(client)];
    let attempts = purse(auth, own, "attempts", quota, &whose);
    let taken = begin(auth, &[sign_ins(auth, client), attempts]).await;
    taken.map_err(|limited| refused(auth, client, limited))
}

/// Counts a message that is asked for, and nothing else with it.
pub(super) async fn message(
    auth: &Auth,
    email: &Email,
    client: &Client,
) -> Result<(), AccountRefusal> {
    let [here, everywhere] = messages(auth, email, client);
    let taken = begin(auth, &[sign_ins(auth, client), here, everywhere]).await;
    taken.map_err(|limited| refused(auth, client, limited))
}

/// Counts the message that comes of an attempt.
pub(super) async fn message_of_attempt(
    auth: &Auth,
    email: &Email,
    client: &Client,
) -> Result<(), AccountRefusal> {
    let taken = take(auth, &messages(auth, email, client)).await;
    taken.map_err(|limited| refused(auth, client, limited))
}

/// Gives a message back that was certainly not sent.
pub(super) async fn not_sent(auth: &Auth, email: &Email, client: &Client) {
    give_back(auth, &messages(auth, email, client)).await;
}

fn messages<'a>(auth: &'a Auth, email: &Email, client: &Client) -> [Purse<'a>; 2] {
    let (limits, quotas) = (&auth.limits, &auth.settings.accounts.quotas);
    let (email, place) = (email.as_str(), place(client));
    let purse =
        |own: &'a Budgets, quota: Quota, whose: &[&str]| purse(auth, own, "messages", quota, whose);
    [
        purse(
            &limits.messages,
            quotas.messages,
            &["messages", email, &place],
        ),
        purse(
            &limits.all_messages,
            quotas.all_messages,
            &["all messages", email],
        ),
    ]
}

fn refused(auth: &Auth, client: &Client, limited: Limited) -> AccountRefusal {
    tell_refused(auth, client, Refused::Account, &limited);
    AccountRefusal::Limited(limited)
}
