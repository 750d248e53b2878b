//! How much one caller may ask: by address, and by session or bearer token. Every request is
//! counted before anything else is done for it, whatever route it is for, so that no route can be
//! forgotten; in this process, for a store that is asked each time would be what is flooded. Servers
//! that share one tell it now and then, behind an answer, what a caller has drawn, and learn what he
//! drew elsewhere. What is costly counts in the store each time: `cogward_auth` sees to it.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use axum::response::Response;
use cogward_auth::audit::{self, Refused};
use cogward_auth::{Bearers, Limited, count_together, household};
use cogward_session::{BucketKeys, Buckets, Drawn, Rate, Timestamp};
use http::header::{AUTHORIZATION, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

use crate::App;
use crate::cookies::Which;
use crate::error::Error;
use crate::extract::address;

/// What one caller may ask; `None` is as much as he likes.
#[derive(Clone, Copy, Debug)]
pub struct RateLimits {
    /// From one address, a /64 of IPv6.
    pub address: Option<Rate>,
    /// With one session cookie or bearer token.
    pub session: Option<Rate>,
    /// With forged cookies and bad tokens, from one address.
    pub bad_credentials: Option<Rate>,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            address: Some(Rate::new(10_000, 1000)),
            session: Some(Rate::new(1000, 100)),
            bad_credentials: Some(Rate::new(1000, 100)),
        }
    }
}

/// Callers that are not at rest, of each kind; 16 bytes each, taken at the start.
const MOST: usize = 32_768;

/// It asks nobody, so whoever wants to know may ask as often as he likes.
pub(crate) const UNCOUNTED: &str = "/health";

/// The name of each limit, as refusals have it.
const ADDRESS: &str = "requests of this address";
const SESSION: &str = "requests of this session";
const BAD_CREDENTIALS: &str = "bad credentials of this address";

pub(crate) const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
pub(crate) const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
pub(crate) const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// What this process has counted.
pub(crate) struct RateLimiter {
    address: Option<Limit>,
    session: Option<Limit>,
    bad_credentials: Option<Limit>,
    keys: BucketKeys,
}

struct Limit {
    name: &'static str,
    buckets: Arc<Buckets>,
    shown: HeaderValue,
}

/// Whom a request is counted for.
#[derive(Clone, Copy)]
pub(crate) struct Counted {
    /// Of IPv6 the /64.
    address: u128,
    /// What the cookie and the token end in, genuine or not; a request may carry both, and which
    /// of them is looked at the route decides.
    credentials: [Option<u128>; 2],
    /// Neither came, not even one that nobody could take for one.
    is_anonymous: bool,
}

/// A request that may be answered.
pub(super) struct Granted<'a> {
    pub(super) to: Counted,
    pub(super) left: Option<Left<'a>>,
}

/// What is left of the limit that is nearest.
#[derive(Clone, Copy)]
pub(super) struct Left<'a> {
    of: &'a Limit,
    left: u32,
}

impl RateLimiter {
    pub(crate) fn new(limits: RateLimits) -> Self {
        let limit = |name, rate: Option<Rate>| {
            rate.map(|rate| Limit {
                name,
                buckets: Arc::new(Buckets::new(rate, MOST)),
                shown: rate.burst().into(),
            })
        };
        Self {
            address: limit(ADDRESS, limits.address),
            session: limit(SESSION, limits.session),
            bad_credentials: limit(BAD_CREDENTIALS, limits.bad_credentials),
            keys: BucketKeys::default(),
        }
    }

    /// Counts a request before anything else is done for it; none is what is not counted.
    pub(super) fn begin(
        &self,
        app: &App,
        request: &Request,
        from: Option<IpAddr>,
    ) -> Result<Option<Granted<'_>>, Error> {
        if request.uri().path() == UNCOUNTED && request.method() != Method::OPTIONS {
            return Ok(None);
        }
        let to = Self::whom(app, request.headers(), from);
        match self.count(app, to, 1) {
            Ok(left) => Ok(Some(Granted { to, left })),
            Err(limited) => Err(Error::limited(limited)),
        }
    }

    /// Counts who came with bad credentials.
    pub(super) fn end(&self, app: &App, whom: Counted, response: &Response) -> Result<(), Error> {
        if !whom.is_anonymous
            && let Some(error) = response.extensions().get::<Error>()
            && error.of_credentials
        {
            let counted = self.count_bad(app, whom);
            counted.map_err(|limited| error.then_limited(limited))?;
        }
        Ok(())
    }

    fn whom(app: &App, headers: &HeaderMap, from: Option<IpAddr>) -> Counted {
        // Where nobody knows who calls, all are one.
        let from = from.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        let address = match household(from) {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        let cookie = app.site.cookies.first(headers, Which::Session);
        let bearer = match app.auth.settings().bearers {
            Bearers::Off => None,
            _ => bearer(headers),
        };
        Counted {
            address: address.to_bits(),
            credentials: [cookie, bearer.filter(|token| is_signed(token))]
                .map(|value| value.map(end_of)),
            is_anonymous: cookie.is_none() && bearer.is_none(),
        }
    }

    fn count(&self, app: &App, whom: Counted, cost: u32) -> Result<Option<Left<'_>>, Limited> {
        let now = app.auth.now();
        let mut nearest = match &self.address {
            Some(limit) => Some(self.draw(app, limit, whom.address, cost, now)?),
            None => None,
        };
        let Some(session) = &self.session else {
            return Ok(nearest);
        };
        for credential in whom.credentials.into_iter().flatten() {
            let left = self.draw(app, session, credential, cost, now)?;
            if nearest.is_none_or(|nearest| left.left <= nearest.left) {
                nearest = Some(left);
            }
        }
        Ok(nearest)
    }

    fn count_bad(&self, app: &App, whom: Counted) -> Result<(), Limited> {
        let Some(limit) = &self.bad_credentials else {
            return Ok(());
        };
        let left = self.draw(app, limit, whom.address, 1, app.auth.now());
        left.map(drop)
    }

    fn draw<'l>(
        &self,
        app: &App,
        limit: &'l Limit,
        whom: u128,
        cost: u32,
        now: Timestamp,
    ) -> Result<Left<'l>, Limited> {
        let key = self.keys.of(whom);
        let (drawn, units) = limit.buckets.draw_units(key, cost, now);
        if units > 0 && app.auth.settings().replicas {
            let whom = format!("{whom:032x}");
            count_together(&app.auth, &limit.buckets, key, [limit.name, &whom], units);
        }
        limit.left(drawn)
    }
}

impl Limit {
    fn left(&self, drawn: Drawn) -> Result<Left<'_>, Limited> {
        match drawn {
            Drawn::Granted { left } => Ok(Left { of: self, left }),
            Drawn::Refused { seconds, first } => {
                let rate = self.buckets.rate();
                let limited = Limited {
                    name: self.name,
                    most: rate.burst(),
                    window: rate.span(),
                    seconds,
                };
                // Once a second for each caller: a flood of requests is no flood of lines.
                if first {
                    audit::refused(Refused::Request, &limited);
                }
                Err(limited)
            }
        }
    }
}

impl Left<'_> {
    /// In a second there is more again.
    pub(super) fn add_headers(&self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, self.of.shown.clone());
        headers.insert(REMAINING, self.left.into());
        headers.insert(RESET, HeaderValue::from_static("1"));
    }
}

/// What the header says after `Bearer`, whatever it is.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.as_bytes().split_at_checked(6)?;
    scheme.eq_ignore_ascii_case(b"bearer").then_some(token)
}

/// Whether it has the parts of a JWS. Another is nobody's: a page that sends `undefined` shares no
/// limit with all others that do.
fn is_signed(token: &[u8]) -> bool {
    memchr::memchr_iter(b'.', token).count() == 2
}

/// What tells this session, or this token, from others: bytes of its MAC, or its signature.
fn end_of(value: &[u8]) -> u128 {
    match value.last_chunk() {
        Some(end) => u128::from_le_bytes(*end),
        None => value
            .iter()
            .fold(0, |end, byte| end << 8 | u128::from(*byte)),
    }
}

impl Counted {
    /// What a request turned out to be beyond the one that it was counted for.
    pub(crate) fn further(self, app: &App, cost: u32) -> Result<(), Error> {
        let counted = app.rate_limiter.count(app, self, cost);
        counted.map(drop).map_err(Error::limited)
    }
}

impl FromRequestParts<Arc<App>> for Counted {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        let from = address(&app.site, &parts.headers, &parts.extensions);
        Ok(RateLimiter::whom(app, &parts.headers, from))
    }
}
