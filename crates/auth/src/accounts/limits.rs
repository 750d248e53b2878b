//! How often an account may be tried, and sent codes. Passwords and codes are counted for each
//! place on the network by itself, so that whoever uses up a budget elsewhere locks nobody out
//! here; Cognito's own lock stands behind them. Messages are counted for the account as well, so
//! that many places fill nobody's inbox.
//!
//! Each process counts for itself first, which answers most refusals; then the store counts for
//! all of them. A store that fails leaves the process's own count.

use std::net::IpAddr;

use cogward_session::{BudgetKey, Budgets, Quota, StoreError, Taken, Timestamp};
use parking_lot::Mutex;

use super::{AccountRefusal, Email};
use crate::{Auth, Client, audit, chain};

/// So many budgets of a kind a process keeps itself.
const MOST: usize = 50_000;
/// A store that fails is told of this often, in seconds.
const TOLD_EVERY: i64 = 60;

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

/// What this process counts by itself.
pub(crate) struct Limits {
    attempts: Budgets,
    messages: Budgets,
    all_messages: Budgets,
    told_at: Mutex<Option<Timestamp>>,
}

impl Default for Limits {
    fn default() -> Self {
        let budgets = || Budgets::new(MOST);
        Self {
            attempts: budgets(),
            messages: budgets(),
            all_messages: budgets(),
            told_at: Mutex::default(),
        }
    }
}

/// One budget of somebody's: here, and under the same key in the store.
struct Purse<'a> {
    own: &'a Budgets,
    key: BudgetKey,
    quota: Quota,
}

/// Counts a password or a code that is tried.
pub(super) async fn attempt(
    auth: &Auth,
    email: &Email,
    client: &Client,
) -> Result<(), AccountRefusal> {
    let limits = &auth.account_limits;
    let quota = auth.settings.accounts.quotas.attempts;
    let place = place(client);
    let purse = purse(
        auth,
        &limits.attempts,
        quota,
        &["attempts", email.as_str(), &place],
    );
    let taken = take(auth, &[purse]).await;
    taken.map_err(|seconds| refused("attempts", seconds))
}

/// Counts a message that is asked for.
pub(super) async fn message(
    auth: &Auth,
    email: &Email,
    client: &Client,
) -> Result<(), AccountRefusal> {
    let taken = take(auth, &messages(auth, email, client)).await;
    taken.map_err(|seconds| refused("messages", seconds))
}

/// Gives a message back that was certainly not sent.
pub(super) async fn not_sent(auth: &Auth, email: &Email, client: &Client) {
    give_back(auth, &messages(auth, email, client)).await;
}

fn messages<'a>(auth: &'a Auth, email: &Email, client: &Client) -> [Purse<'a>; 2] {
    let (limits, quotas) = (&auth.account_limits, &auth.settings.accounts.quotas);
    let (email, place) = (email.as_str(), place(client));
    let everywhere = &limits.all_messages;
    [
        purse(
            auth,
            &limits.messages,
            quotas.messages,
            &["messages", email, &place],
        ),
        purse(
            auth,
            everywhere,
            quotas.all_messages,
            &["all messages", email],
        ),
    ]
}

fn purse<'a>(auth: &Auth, own: &'a Budgets, quota: Quota, whose: &[&str]) -> Purse<'a> {
    let fields = [&[auth.pool.id.as_str()], whose].concat();
    let key = auth.ring().budget_key(&fields);
    Purse { own, key, quota }
}

/// Takes one of each, or none and the seconds to wait.
async fn take(auth: &Auth, purses: &[Purse<'_>]) -> Result<(), u32> {
    let now = auth.now();
    for (purse, before) in with_those_before(purses) {
        if let Taken::Refused { seconds } = purse.own.take(&purse.key, purse.quota, now) {
            give_back_here(before, now);
            return Err(seconds);
        }
    }
    for (purse, before) in with_those_before(purses) {
        match auth.store.take_from(&purse.key, purse.quota, now).await {
            Ok(Taken::Granted) => {}
            Ok(Taken::Refused { seconds }) => {
                give_back_here(purses, now);
                give_back_there(auth, before, now).await;
                // Until then there is no need to ask.
                purse.own.empty(&purse.key, purse.quota, now, seconds);
                return Err(seconds);
            }
            Err(error) => tell(auth, &error, now),
        }
    }
    Ok(())
}

fn with_those_before<'p, 'a>(
    purses: &'p [Purse<'a>],
) -> impl Iterator<Item = (&'p Purse<'a>, &'p [Purse<'a>])> {
    let before = (0..).map_while(|count| purses.get(..count));
    purses.iter().zip(before)
}

async fn give_back(auth: &Auth, purses: &[Purse<'_>]) {
    let now = auth.now();
    give_back_here(purses, now);
    give_back_there(auth, purses, now).await;
}

fn give_back_here(purses: &[Purse<'_>], now: Timestamp) {
    for purse in purses {
        purse.own.give_back(&purse.key, purse.quota, now);
    }
}

async fn give_back_there(auth: &Auth, purses: &[Purse<'_>], now: Timestamp) {
    for purse in purses {
        let given = auth.store.give_back(&purse.key, purse.quota, now).await;
        if let Err(error) = given {
            tell(auth, &error, now);
        }
    }
}

/// Nobody is locked out by a store that fails, and nobody freed: this process has counted.
fn tell(auth: &Auth, error: &StoreError, now: Timestamp) {
    let mut told_at = auth.account_limits.told_at.lock();
    let lately = |at: Timestamp| (0..TOLD_EVERY).contains(&at.seconds_until(now));
    if !told_at.is_some_and(lately) {
        *told_at = Some(now);
        let error = chain(error);
        tracing::warn!(
            error,
            "the store does not count attempts: each server counts its own"
        );
    }
}

fn refused(what: &str, seconds: u32) -> AccountRefusal {
    audit::refused("account", &format_args!("too many {what}"));
    AccountRefusal::Limited { seconds }
}

/// Where the caller is, as text; one name for all whose address is not known.
fn place(client: &Client) -> String {
    let address = client.address.as_deref();
    let place = address.and_then(|address| address.parse().ok());
    place.map_or(String::new(), |address| household(address).to_string())
}

/// What counts as one caller: a household has a /64 of IPv6.
pub fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_is_one_place() {
        let from = |address: &str| {
            place(&Client {
                address: Some(address.to_owned()),
                user_agent: None,
            })
        };
        assert_eq!(from("2001:db8::1"), from("2001:db8::ffff:2"));
        assert_ne!(from("2001:db8::1"), from("2001:db8:0:1::1"));
        assert_ne!(from("192.0.2.1"), from("192.0.2.2"));
        assert_eq!(from("unix"), "");
    }
}
