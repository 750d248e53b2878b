//! How often one address may begin a sign-in: each leaves a row in the store
//! for five minutes, so this bounds how many rows a stranger can make.

use std::net::IpAddr;
use std::num::NonZeroU32;

use cogward_auth::accounts::household;
use cogward_auth::audit;
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::Error;

/// At once, for an office behind one address.
const BURST: NonZeroU32 = NonZeroU32::new(1000).unwrap();
/// And per second from then on.
const PER_SECOND: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Addresses remembered before those at rest are forgotten.
const MAX_ADDRESSES: usize = 50_000;
const RETRY_SECONDS: u32 = 1;

/// From all addresses together, so that many of them fill no store either.
const TOTAL_BURST: NonZeroU32 = NonZeroU32::new(20_000).unwrap();
const TOTAL_PER_SECOND: NonZeroU32 = NonZeroU32::new(500).unwrap();

pub(crate) struct LoginLimit {
    each: DefaultKeyedRateLimiter<IpAddr>,
    all: DefaultDirectRateLimiter,
}

impl Default for LoginLimit {
    fn default() -> Self {
        let all = Quota::per_second(TOTAL_PER_SECOND).allow_burst(TOTAL_BURST);
        Self {
            each: RateLimiter::keyed(Quota::per_second(PER_SECOND).allow_burst(BURST)),
            all: RateLimiter::direct(all),
        }
    }
}

impl LoginLimit {
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), Error> {
        if self.each.len() > MAX_ADDRESSES {
            self.each.retain_recent();
        }
        let each = self.each.check_key(&household(address)).is_ok();
        match each && self.all.check().is_ok() {
            true => Ok(()),
            false => {
                audit::refused("sign-in", &"too many from this address, or from all");
                Err(Error::too_many(RETRY_SECONDS))
            }
        }
    }
}
