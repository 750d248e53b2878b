//! `[limits]`

use crate::read::Reader;
use crate::sections::Section;
use crate::sections::account_limits::Budget;
use crate::setting::{About, Setting};

/// So many at once, and so many more every second; neither is 0.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// What there is at once.
    pub burst: u32,
    /// What comes back in a second.
    pub per_second: u32,
}

/// What one caller may ask; `None` is as much as he likes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests of one address.
    pub address: Option<Rate>,
    /// Requests with one session or bearer token.
    pub session: Option<Rate>,
    /// Forged cookies and bad tokens of one address.
    pub bad_credentials: Option<Rate>,
    /// Sign-ins of one address.
    pub sign_ins: Budget,
    /// And of all, at one server.
    pub all_sign_ins: Rate,
}

pub(crate) static SECTION: Section = Section {
    name: "limits",
    doc: "How much one caller may ask; beyond, the answer is 429 with `Retry-After`. An address is \
          one IPv4 address or one /64 of IPv6, behind a proxy of `server.trusted_proxies` the one \
          that the proxy names. Accounts have limits of their own in `[accounts]`.",
    settings: &[
        &ADDRESS.about,
        &ADDRESS_PER_SECOND.about,
        &SESSION.about,
        &SESSION_PER_SECOND.about,
        &BAD_CREDENTIALS.about,
        &BAD_CREDENTIALS_PER_SECOND.about,
        &SIGN_INS.about,
        &SIGN_INS_REFILL.about,
        &ALL_SIGN_INS.about,
        &ALL_SIGN_INS_PER_SECOND.about,
    ],
};

static ADDRESS: Setting<u32> = Setting::new(
    "limits.address",
    "Requests that one address may make at once, of every kind but `/health`. Servers that share a \
     store share it, a second's worth at a time. 0 is no limit.",
)
.default("10000")
.range(0, 10_000_000)
.example("2000");
static ADDRESS_PER_SECOND: Setting<u32> = Setting::new(
    "limits.address_per_second",
    "And so many more every second.",
)
.default("1000")
.range(1, 10_000_000)
.example("200");
static SESSION: Setting<u32> = Setting::new(
    "limits.session",
    "Requests that may be made at once with one session cookie, or one bearer token; a batch of \
     questions counts as many. Servers that share a store share it. 0 is no limit.",
)
.default("1000")
.range(0, 10_000_000)
.example("500");
static SESSION_PER_SECOND: Setting<u32> = Setting::new(
    "limits.session_per_second",
    "And so many more every second.",
)
.default("100")
.range(1, 10_000_000)
.example("50");
static BAD_CREDENTIALS: Setting<u32> = Setting::new(
    "limits.bad_credentials",
    "Session cookies and bearer tokens that are none of this server's, sent at once from one address: \
     beyond, they are answered 429 in place of 401, and those that are good as ever. 0 is no limit.",
)
.default("1000")
.range(0, 10_000_000)
.example("100");
static BAD_CREDENTIALS_PER_SECOND: Setting<u32> = Setting::new(
    "limits.bad_credentials_per_second",
    "And so many more every second.",
)
.default("100")
.range(1, 10_000_000)
.example("10");
static SIGN_INS: Setting<u16> = Setting::new(
    "limits.sign_ins",
    "Sign-ins that may be begun at once from one address: `login` of both families, sessions from \
     tokens, and every password, code and message asked for of accounts. Servers that share a store \
     count together.",
)
.default("2000")
.range(1, 65_535)
.example("500");
static SIGN_INS_REFILL: Setting<u16> = Setting::new(
    "limits.sign_ins_refill_seconds",
    "Until there is one sign-in more.",
)
.default("1")
.range(1, 65_535)
.example("2");
static ALL_SIGN_INS: Setting<u32> = Setting::new(
    "limits.all_sign_ins",
    "The same from all addresses together, at each server: it bounds what many addresses can put \
     into the store.",
)
.default("20000")
.range(1, 10_000_000)
.example("5000");
static ALL_SIGN_INS_PER_SECOND: Setting<u32> = Setting::new(
    "limits.all_sign_ins_per_second",
    "And so many more every second.",
)
.default("500")
.range(1, 10_000_000)
.example("100");

impl Limits {
    /// The settings that set no limit.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &'static About> {
        [
            (self.address, &ADDRESS.about),
            (self.session, &SESSION.about),
            (self.bad_credentials, &BAD_CREDENTIALS.about),
        ]
        .into_iter()
        .filter_map(|(rate, about)| rate.is_none().then_some(about))
    }
}

pub(crate) fn load(r: &mut Reader<'_>) -> Limits {
    let mut rate = |burst: &Setting<u32>, per_second: &Setting<u32>| {
        let (burst, per_second) = (r.value(burst), r.value(per_second));
        (burst > 0).then_some(Rate { burst, per_second })
    };
    let address = rate(&ADDRESS, &ADDRESS_PER_SECOND);
    let session = rate(&SESSION, &SESSION_PER_SECOND);
    let bad_credentials = rate(&BAD_CREDENTIALS, &BAD_CREDENTIALS_PER_SECOND);
    Limits {
        address,
        session,
        bad_credentials,
        sign_ins: Budget {
            burst: r.value(&SIGN_INS),
            refill_seconds: r.value(&SIGN_INS_REFILL),
        },
        all_sign_ins: Rate {
            burst: r.value(&ALL_SIGN_INS),
            per_second: r.value(&ALL_SIGN_INS_PER_SECOND),
        },
    }
}
