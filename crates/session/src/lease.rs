use std::collections::HashMap;
use std::collections::hash_map::Entry;

use parking_lot::Mutex;

use crate::id::LookupKey;
use crate::time::Timestamp;

/// Who holds a lease: random, made anew for every attempt to hold one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder([u8; 16]);

impl Holder {
    /// From random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// What became of asking for a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// The caller's: it was free, or the caller's already.
    Granted,
    /// The caller's, from a holder that let it run out without giving it back: it may have
    /// died, and what it had begun may have happened or not.
    TakenOver,
    /// Another's.
    Held,
}

/// For so many seconds after it ran out, a lease that was not given back is known as such:
/// longer than its holder may try to write what it got.
pub const ABANDONED_SECONDS: u32 = 900;

/// Leases in this process's memory, for a store that is one process's own.
#[derive(Default)]
pub struct Leases(Mutex<HashMap<LookupKey, Kept>>);

struct Kept {
    holder: Holder,
    until: Timestamp,
}

impl Kept {
    fn is_forgotten(&self, now: Timestamp) -> bool {
        self.until.plus(ABANDONED_SECONDS.into()) <= now
    }
}

impl Leases {
    /// As [`SessionStore::lease`](crate::SessionStore::lease).
    pub fn take(&self, key: &LookupKey, holder: &Holder, now: Timestamp, seconds: u32) -> Lease {
        let mut leases = self.0.lock();
        let own = Kept {
            holder: *holder,
            until: now.plus(seconds.into()),
        };
        match leases.entry(*key) {
            Entry::Occupied(kept) if kept.get().holder != *holder && now < kept.get().until => {
                Lease::Held
            }
            Entry::Occupied(mut kept) => {
                let old = kept.insert(own);
                match old.holder == *holder || old.is_forgotten(now) {
                    true => Lease::Granted,
                    false => Lease::TakenOver,
                }
            }
            Entry::Vacant(place) => {
                place.insert(own);
                Lease::Granted
            }
        }
    }

    /// As [`SessionStore::release`](crate::SessionStore::release).
    pub fn release(&self, key: &LookupKey, holder: &Holder) {
        if let Entry::Occupied(kept) = self.0.lock().entry(*key)
            && kept.get().holder == *holder
        {
            kept.remove();
        }
    }

    /// Forgets at most `limit` that nobody gave back; how many.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        let mut leases = self.0.lock();
        let forgotten = leases.extract_if(|_, kept| kept.is_forgotten(now));
        forgotten.take(limit).count()
    }
}
