//! How often one caller may begin what is costly: sign-ins, and what accounts do.
//!
//! Each process counts for itself first, which answers most refusals; then the store counts for
//! all of them. A store that fails leaves the process's own count: there is always one. What every
//! request draws is told to the store by the unit, behind the answer.

use std::net::IpAddr;
use std::sync::Arc;

use cogward_session::{
    BucketKey, BucketKeys, Buckets, BudgetKey, Budgets, Drawn, Quota, Rate, StoreError, Taken,
    Timestamp,
};
use parking_lot::Mutex;

use crate::audit::{self, Refused};
use crate::{Auth, Client, chain};

/// Of the refusals of one place: a flood of requests is no flood of lines.
const ONE_A_SECOND: Rate = Rate::new(1, 1);
/// So many budgets of a kind a process keeps itself.
const MOST: usize = 50_000;
/// A store that fails is told of this often, in seconds.
const TOLD_EVERY: i64 = 60;

/// How many sign-ins may begin: each leaves a row in the store for five minutes, or asks Cognito.
#[derive(Clone, Copy, Debug)]
pub struct SignIns {
    /// From one address, at all servers that share a store.
    pub each: Quota,
    /// From all addresses, at this server: so that many of them fill no store either.
    pub all: Rate,
}

impl Default for SignIns {
    fn default() -> Self {
        Self {
            // Everybody in a large office in the same minute.
            each: Quota::new(2000, 1),
            all: Rate::new(20_000, 500),
        }
    }
}

/// A limit that was met, as the caller may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many {name}: again in {seconds} s")]
pub struct Limited {
    /// What there were too many of.
    pub name: &'static str,
    /// What there is when nothing is used up,
    pub most: u32,
    /// and in how many seconds all of it comes back.
    pub window: u32,
    /// When there is one more, in seconds.
    pub seconds: u32,
}

/// What this process counts by itself.
pub(crate) struct Limits {
    sign_ins: Budgets,
    all_sign_ins: Buckets,
    /// Who was told of lately in the trail.
    told: Buckets,
    keys: BucketKeys,
    pub(crate) attempts: Budgets,
    pub(crate) messages: Budgets,
    pub(crate) all_messages: Budgets,
    told_at: Mutex<Option<Timestamp>>,
}

impl Limits {
    pub(crate) fn new(sign_ins: SignIns) -> Self {
        let budgets = || Budgets::new(MOST);
        Self {
            sign_ins: budgets(),
            all_sign_ins: Buckets::new(sign_ins.all, 1),
            told: Buckets::new(ONE_A_SECOND, MOST),
            keys: BucketKeys::default(),
            attempts: budgets(),
            messages: budgets(),
            all_messages: budgets(),
            told_at: Mutex::default(),
        }
    }
}

/// One budget of somebody's: here, and under the same key in the store.
pub(crate) struct Purse<'a> {
    own: &'a Budgets,
    name: &'static str,
    key: BudgetKey,
    quota: Quota,
}

/// Counts a sign-in that begins.
pub(crate) async fn sign_in(auth: &Auth, client: &Client) -> Result<(), Limited> {
    let taken = begin(auth, &[sign_ins(auth, client)]).await;
    taken.inspect_err(|limited| tell_refused(auth, client, Refused::SignIn, limited))
}

/// Tells of a limit that a caller met, once a second.
pub(crate) fn tell_refused(auth: &Auth, client: &Client, what: Refused, limited: &Limited) {
    let key = bucket(auth, client);
    let told = auth.limits.told.draw(key, 1, auth.now());
    if matches!(told, Drawn::Granted { .. }) {
        audit::refused(what, limited);
    }
}

/// Takes one of each, and one of what all addresses have together, or none. Who has used up his
/// own takes nothing from the others.
pub(crate) async fn begin(auth: &Auth, purses: &[Purse<'_>]) -> Result<(), Limited> {
    let now = auth.now();
    take_here(purses, now)?;
    from_all(auth, now).inspect_err(|_| give_back_here(purses, now))?;
    take_there(auth, purses, now).await
}

fn from_all(auth: &Auth, now: Timestamp) -> Result<(), Limited> {
    let all = &auth.limits.all_sign_ins;
    match all.draw(BucketKey::default(), 1, now) {
        Drawn::Granted { .. } => Ok(()),
        Drawn::Refused { seconds, .. } => Err(Limited {
            name: "sign-ins in all",
            most: all.rate().burst(),
            window: all.rate().span(),
            seconds,
        }),
    }
}

/// The budget of sign-ins of an address.
pub(crate) fn sign_ins<'a>(auth: &'a Auth, client: &Client) -> Purse<'a> {
    let whose = ["sign-ins", &place(client)];
    let (own, quota) = (&auth.limits.sign_ins, auth.settings.sign_ins.each);
    purse(auth, own, "sign-ins", quota, &whose)
}

pub(crate) fn purse<'a>(
    auth: &Auth,
    own: &'a Budgets,
    name: &'static str,
    quota: Quota,
    whose: &[&str],
) -> Purse<'a> {
    let fields = [&[auth.pool.id.as_str()], whose].concat();
    let key = auth.ring().budget_key(&fields);
    Purse {
        own,
        name,
        key,
        quota,
    }
}

impl Purse<'_> {
    fn limited(&self, seconds: u32) -> Limited {
        Limited {
            name: self.name,
            most: self.quota.burst().into(),
            window: u32::try_from(self.quota.span()).unwrap_or(u32::MAX),
            seconds,
        }
    }
}

/// Takes one of each, or none.
pub(crate) async fn take(auth: &Auth, purses: &[Purse<'_>]) -> Result<(), Limited> {
    let now = auth.now();
    take_here(purses, now)?;
    take_there(auth, purses, now).await
}

/// Has the store count, for all servers that share it, so many units of what was drawn here. It
/// goes on behind the answer; where others have drawn the rest, the bucket is empty from then on.
pub fn count_together(
    auth: &Arc<Auth>,
    buckets: &Arc<Buckets>,
    key: BucketKey,
    [name, whom]: [&str; 2],
    units: u32,
) {
    let shared = auth.ring().budget_key(&[&auth.pool.id, name, whom]);
    let (own, buckets) = (Arc::clone(auth), Arc::clone(buckets));
    auth.spawn(async move {
        let quota = buckets.rate().in_units();
        for _ in 0..units {
            let now = own.now();
            match own.store.take_from(&shared, quota, now).await {
                Ok(Taken::Granted) => {}
                Ok(Taken::Refused { seconds }) => return buckets.empty(key, seconds, now),
                Err(error) => return tell(&own, &error, now),
            }
        }
    });
}

fn take_here(purses: &[Purse<'_>], now: Timestamp) -> Result<(), Limited> {
    for (purse, before) in with_those_before(purses) {
        if let Taken::Refused { seconds } = purse.own.take(&purse.key, purse.quota, now) {
            give_back_here(before, now);
            return Err(purse.limited(seconds));
        }
    }
    Ok(())
}

/// Of the store, what was taken here; otherwise that is given back.
async fn take_there(auth: &Auth, purses: &[Purse<'_>], now: Timestamp) -> Result<(), Limited> {
    for (purse, before) in with_those_before(purses) {
        match auth.store.take_from(&purse.key, purse.quota, now).await {
            Ok(Taken::Granted) => {}
            Ok(Taken::Refused { seconds }) => {
                give_back_here(purses, now);
                give_back_there(auth, before, now).await;
                // Until then there is no need to ask.
                purse.own.empty(&purse.key, purse.quota, now, seconds);
                return Err(purse.limited(seconds));
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

pub(crate) async fn give_back(auth: &Auth, purses: &[Purse<'_>]) {
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
    let mut told_at = auth.limits.told_at.lock();
    let lately = |at: Timestamp| (0..TOLD_EVERY).contains(&at.seconds_until(now));
    if !told_at.is_some_and(lately) {
        *told_at = Some(now);
        let error = chain(error);
        tracing::warn!(
            error,
            "the store does not count for limits: each server counts its own"
        );
    }
}

/// Where the caller is, as text; one name for all whose address is not known.
pub(crate) fn place(client: &Client) -> String {
    let address = client.address.as_deref();
    let place = address.and_then(|address| address.parse().ok());
    place.map_or(String::new(), |address| household(address).to_string())
}

/// What [`place`] names, as the key of its bucket.
pub(crate) fn bucket(auth: &Auth, client: &Client) -> BucketKey {
    auth.limits.keys.of(place(client))
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
