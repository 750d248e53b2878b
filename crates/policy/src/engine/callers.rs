//! Callers made ready lately: that costs as much as a decision, and who asks asks again.
//!
//! Everything that a caller is made from is the key, compared whole. The cache is its engine's:
//! other policies begin with none.

use std::sync::Arc;

use quick_cache::Equivalent;
use quick_cache::sync::Cache;

use super::Caller;
use crate::question::{Invalid, Principal};

/// Some 1.5 KB each.
const ENTRIES: usize = 16 * 1024;

pub(super) struct Callers(Cache<Key, Arc<Caller>>);

/// Hashed as a [`Principal`] is.
#[derive(Hash, PartialEq, Eq)]
struct Key {
    sub: String,
    email: Option<String>,
    groups: Vec<String>,
}

impl Default for Callers {
    fn default() -> Self {
        Self(Cache::new(ENTRIES))
    }
}

impl Callers {
    pub(super) fn get_or(
        &self,
        principal: &Principal<'_>,
        make: impl FnOnce() -> Result<Caller, Invalid>,
    ) -> Result<Arc<Caller>, Invalid> {
        if let Some(known) = self.0.get(principal) {
            return Ok(known);
        }
        let caller = Arc::new(make()?);
        let key = Key {
            sub: principal.sub.to_owned(),
            email: principal.email.map(ToOwned::to_owned),
            groups: principal.groups.to_owned(),
        };
        self.0.insert(key, Arc::clone(&caller));
        Ok(caller)
    }
}

impl Equivalent<Key> for Principal<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.sub == key.sub && self.email == key.email.as_deref() && *self.groups == *key.groups
    }
}
