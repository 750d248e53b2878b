//! The budgets of `[accounts]`.

use crate::read::Reader;
use crate::setting::Setting;

/// So many at once, and one more every so many seconds; neither is 0.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// What a full one holds.
    pub burst: u16,
    /// How long one takes to come back.
    pub refill_seconds: u16,
}

/// How often an account may be tried, and written to.
#[derive(Clone, Copy, Debug)]
pub struct AccountLimits {
    /// Passwords and codes tried, of an account from one address.
    pub attempts: Budget,
    /// Registrations and codes asked for, of an account from one address.
    pub messages: Budget,
    /// And of an account from everywhere.
    pub all_messages: Budget,
}

pub(crate) static ATTEMPTS: Setting<u16> = Setting::new(
    "accounts.attempts",
    "Passwords, codes and registrations that may be tried at once for one account from one address \
     (of IPv6: one /64). Whoever uses them up elsewhere locks the owner out nowhere else.",
)
.default("10")
.range(1, 10_000)
.example("5");
pub(crate) static ATTEMPTS_REFILL: Setting<u16> = Setting::new(
    "accounts.attempts_refill_seconds",
    "Until there is one attempt more.",
)
.default("30")
.range(1, 65_535)
.example("60");
pub(crate) static MESSAGES: Setting<u16> = Setting::new(
    "accounts.messages",
    "Registrations and codes that may be asked for at once for one account from one address.",
)
.default("3")
.range(1, 10_000)
.example("5");
pub(crate) static MESSAGES_REFILL: Setting<u16> = Setting::new(
    "accounts.messages_refill_seconds",
    "Until there is one message more. Choose it several times longer than \
     `all_messages_refill_seconds`, so that no single address keeps an account from its codes.",
)
.default("1200")
.range(1, 65_535)
.example("1800");
pub(crate) static ALL_MESSAGES: Setting<u16> = Setting::new(
    "accounts.all_messages",
    "The same for one account from all addresses together, so that many of them fill nobody's inbox.",
)
.default("10")
.range(1, 10_000)
.example("20");
pub(crate) static ALL_MESSAGES_REFILL: Setting<u16> = Setting::new(
    "accounts.all_messages_refill_seconds",
    "Until there is one of these more.",
)
.default("300")
.range(1, 65_535)
.example("600");

pub(crate) fn load(r: &mut Reader<'_>) -> AccountLimits {
    let mut budget = |burst: &Setting<u16>, refill: &Setting<u16>| Budget {
        burst: r.value(burst),
        refill_seconds: r.value(refill),
    };
    AccountLimits {
        attempts: budget(&ATTEMPTS, &ATTEMPTS_REFILL),
        messages: budget(&MESSAGES, &MESSAGES_REFILL),
        all_messages: budget(&ALL_MESSAGES, &ALL_MESSAGES_REFILL),
    }
}
