//! Server-side sessions: ids, cookie values, sealed records, key ring and the store trait.
//!
//! The walk of one request: [`cookie_value::verify`] checks the cookie without touching a store,
//! [`SessionId::lookup_key`] names the record, [`SessionStore::load`] fetches it and
//! [`seal::open_identity`] opens the small part of it that every request needs.

mod buckets;
mod budget;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod cookie_value;
mod id;
mod keyring;
mod lease;
mod mark;
mod memory;
mod record;
pub mod seal;
mod store;
mod time;
mod token_codec;

pub use buckets::{BucketKey, BucketKeys, Buckets, Drawn, Rate};
pub use budget::{BudgetKey, Budgets, Quota, Taken};
pub use cookie_value::{CookieValue, Purpose};
pub use id::{Handle, LookupKey, ParseHandleError, RandomError, SessionId, UserIndex};
pub use keyring::{KeyRing, KeyRingError, Secret};
pub use lease::{ABANDONED_SECONDS, Holder, Lease, Leases};
pub use mark::{KeptMark, Marks, RevocationMark, Spared};
pub use memory::MemoryStore;
pub use record::{Device, Identity, Record, Token, TokenSet};
pub use seal::{OpenError, SealError};
pub use store::{LoginKey, Replaced, SessionStore, StoreError};
pub use time::{Clock, SystemClock, Timestamp};
