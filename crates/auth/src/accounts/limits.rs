//! How often an account may be tried, and sent codes. Passwords and codes are counted for each
//! place on the network by itself, so that whoever uses up a budget elsewhere locks nobody out
//! here; Cognito's own lock stands behind them. Messages are counted for the account as well, so
//! that many places fill nobody's inbox.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::{AccountRefusal, Email};
use crate::{Client, audit};

/// Budgets are remembered for so many accounts before those at rest are forgotten.
const MOST: usize = 50_000;

/// Budgets of one process.
pub struct Limits {
    attempts: Budget,
    messages: Budget,
}

/// Of an account from one place, and perhaps of the account from everywhere.
struct Budget {
    here: DefaultKeyedRateLimiter<(Email, Option<IpAddr>)>,
    everywhere: Option<DefaultKeyedRateLimiter<Email>>,
    clock: DefaultClock,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: Budget::new(quota(10, 30), None),
            messages: Budget::new(quota(3, 60), quota(10, 300)),
        }
    }
}

/// So many at once, and one more every so many seconds.
fn quota(burst: u32, seconds: u64) -> Option<Quota> {
    let quota = Quota::with_period(Duration::from_secs(seconds))?;
    Some(quota.allow_burst(NonZeroU32::new(burst)?))
}

impl Limits {
    /// Counts a password or a code that is tried.
    pub(super) fn attempt(&self, email: &Email, client: &Client) -> Result<(), AccountRefusal> {
        self.attempts.take(email, client, "attempts")
    }

    /// Counts a message that is asked for.
    pub(super) fn message(&self, email: &Email, client: &Client) -> Result<(), AccountRefusal> {
        self.messages.take(email, client, "messages")
    }
}

impl Budget {
    fn new(here: Option<Quota>, everywhere: Option<Quota>) -> Self {
        let least = Quota::per_hour(NonZeroU32::MIN);
        Self {
            here: RateLimiter::keyed(here.unwrap_or(least)),
            everywhere: everywhere.map(RateLimiter::keyed),
            clock: DefaultClock::default(),
        }
    }

    fn take(&self, email: &Email, client: &Client, what: &str) -> Result<(), AccountRefusal> {
        if self.here.len() > MOST {
            self.here.retain_recent();
            if let Some(everywhere) = &self.everywhere {
                everywhere.retain_recent();
            }
        }
        let address = client.address.as_deref().and_then(network);
        let here = self.here.check_key(&(email.clone(), address));
        let everywhere = self.everywhere.as_ref();
        let refused = here.and_then(|()| everywhere.map_or(Ok(()), |it| it.check_key(email)));
        refused.map_err(|until| {
            audit::refused("account", &format_args!("too many {what}"));
            let wait = until.wait_time_from(self.clock.now());
            let seconds = wait.as_secs().saturating_add(1);
            AccountRefusal::Limited {
                seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
            }
        })
    }
}

fn network(address: &str) -> Option<IpAddr> {
    address.parse().ok().map(household)
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

    fn from(address: &str) -> Client {
        Client {
            address: Some(address.to_owned()),
            user_agent: None,
        }
    }

    #[test]
    fn a_budget_is_of_one_account_and_one_place() {
        let limits = Limits::default();
        let (ada, bob) = (Email::parse("ada@x.com"), Email::parse("bob@x.com"));
        let (ada, bob) = (ada.unwrap(), bob.unwrap());
        for _ in 0..10 {
            limits.attempt(&ada, &from("192.0.2.1")).unwrap();
        }
        let refused = limits.attempt(&ada, &from("192.0.2.1")).unwrap_err();
        assert!(matches!(
            refused,
            AccountRefusal::Limited { seconds: 1..=31 }
        ));
        limits.attempt(&ada, &from("192.0.2.2")).unwrap();
        limits.attempt(&bob, &from("192.0.2.1")).unwrap();
        limits.message(&ada, &from("192.0.2.1")).unwrap();
    }

    #[test]
    fn many_places_share_the_budget_of_messages_and_not_of_attempts() {
        let limits = Limits::default();
        let ada = Email::parse("ada@x.com").unwrap();
        for last in 0..=255 {
            limits
                .attempt(&ada, &from(&format!("192.0.2.{last}")))
                .unwrap();
        }
        let tried = (0..=255).map(|last| limits.message(&ada, &from(&format!("192.0.2.{last}"))));
        assert_eq!(tried.filter(Result::is_ok).count(), 10);
    }

    #[test]
    fn a_household_is_one_place() {
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:2"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("unix"), None);
    }
}
