//! Identities opened lately, so that a session in use is not unsealed again
//! with every request (decision 0006).
//!
//! The store is read for every request all the same: what was ended there is
//! not asked for here. An entry counts only for the very record it was opened
//! from, in the very place where the store keeps it, and only its session's id
//! leads to it.

use std::sync::{Arc, Weak};

use cogward_session::{Identity, LookupKey, OpenError, Record};
use quick_cache::sync::Cache;

/// Some 0.7 KB each.
const ENTRIES: usize = 12 * 1024;

pub(crate) struct Opened(Cache<LookupKey, Entry>);

#[derive(Clone)]
struct Entry {
    /// Records do not change where they lie, and while this lives nothing else
    /// comes to lie there.
    record: Weak<Record>,
    identity: Arc<Identity>,
}

impl Default for Opened {
    fn default() -> Self {
        Self(Cache::new(ENTRIES))
    }
}

impl Opened {
    /// The identity in `record`, from here or else through `open`.
    pub(crate) fn get_or(
        &self,
        key: &LookupKey,
        record: &Arc<Record>,
        open: impl FnOnce() -> Result<Identity, OpenError>,
    ) -> Result<Arc<Identity>, OpenError> {
        match self.0.get(key) {
            Some(entry) if entry.is_of(record) => Ok(entry.identity),
            _ => {
                let identity = Arc::new(open()?);
                let entry = Entry {
                    record: Arc::downgrade(record),
                    identity: Arc::clone(&identity),
                };
                self.0.insert(*key, entry);
                Ok(identity)
            }
        }
    }

    /// Whoever signed out need not stay in memory.
    pub(crate) fn forget(&self, key: &LookupKey) {
        self.0.remove(key);
    }
}

impl Entry {
    fn is_of(&self, record: &Arc<Record>) -> bool {
        std::ptr::eq(self.record.as_ptr(), Arc::as_ptr(record))
    }
}

#[cfg(test)]
mod tests {
    use cogward_session::{Timestamp, UserIndex};

    use super::*;

    const KEY: LookupKey = LookupKey::from_bytes([1; 32]);

    #[test]
    fn only_the_very_same_record_is_not_opened_again() {
        let opened = Opened::default();
        let first = record(1, 7);
        assert_eq!(subject(&opened, &first, "first").unwrap(), "first");
        let again = Arc::clone(&first);
        assert_eq!(subject(&opened, &again, "second").unwrap(), "first");
        for other in [record(2, 7), record(1, 8), record(1, 7)] {
            assert_eq!(subject(&opened, &other, "third").unwrap(), "third");
            assert_eq!(subject(&opened, &first, "first").unwrap(), "first");
        }
    }

    #[test]
    fn a_record_changed_in_its_place_is_opened_again() {
        let opened = Opened::default();
        let mut kept = record(1, 7);
        subject(&opened, &kept, "first").unwrap();
        Arc::make_mut(&mut kept).version = 2;
        assert_eq!(subject(&opened, &kept, "second").unwrap(), "second");
    }

    #[test]
    fn an_altered_box_does_not_open_because_a_good_one_did() {
        let opened = Opened::default();
        subject(&opened, &record(1, 7), "first").unwrap();
        let altered = record(1, 8);
        let refused = opened.get_or(&KEY, &altered, || Err(OpenError::Forged));
        assert!(matches!(refused, Err(OpenError::Forged)));
        assert_eq!(subject(&opened, &altered, "later").unwrap(), "later");
    }

    #[test]
    fn what_was_forgotten_is_opened_again() {
        let opened = Opened::default();
        let kept = record(1, 7);
        subject(&opened, &kept, "first").unwrap();
        opened.forget(&KEY);
        assert_eq!(subject(&opened, &kept, "second").unwrap(), "second");
    }

    fn subject(opened: &Opened, record: &Arc<Record>, sealed: &str) -> Result<String, OpenError> {
        let identity = opened.get_or(&KEY, record, || Ok(identity(sealed)));
        identity.map(|identity| identity.sub.clone())
    }

    fn record(version: u64, byte: u8) -> Arc<Record> {
        Arc::new(Record {
            version,
            user: UserIndex::from_bytes([1; 32]),
            last_seen_at: Timestamp::from_secs(0),
            expires_at: Timestamp::from_secs(1),
            identity: [byte; 40].into(),
            tokens: Box::default(),
            device: Box::default(),
        })
    }

    fn identity(sub: &str) -> Identity {
        let at = Timestamp::from_secs(0);
        Identity {
            pool: String::new(),
            client_id: String::new(),
            sub: sub.to_owned(),
            username: String::new(),
            email: None,
            email_verified: false,
            given_name: None,
            family_name: None,
            groups: Vec::new(),
            auth_method: String::new(),
            created_at: at,
            ends_at: at,
            access_expires_at: at,
            refreshed_at: at,
            refreshable: false,
            origin_jti: None,
        }
    }
}
