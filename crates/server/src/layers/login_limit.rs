//! How often one address may begin a sign-in: each leaves a row in the store
//! for five minutes, so this bounds how many rows a stranger can make.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::Error;

/// At once, for an office behind one address.
const BURST: NonZeroU32 = NonZeroU32::new(1000).unwrap();
/// And per second from then on.
const PER_SECOND: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Addresses remembered before those at rest are forgotten.
const MAX_ADDRESSES: usize = 50_000;
const RETRY_SECONDS: u32 = 1;

pub(crate) struct LoginLimit(DefaultKeyedRateLimiter<IpAddr>);

impl Default for LoginLimit {
    fn default() -> Self {
        Self(RateLimiter::keyed(
            Quota::per_second(PER_SECOND).allow_burst(BURST),
        ))
    }
}

impl LoginLimit {
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), Error> {
        if self.0.len() > MAX_ADDRESSES {
            self.0.retain_recent();
        }
        self.0
            .check_key(&network(address))
            .map_err(|_| Error::too_many(RETRY_SECONDS))
    }
}

/// One household has a /64 of IPv6: addresses in it are one caller.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}
