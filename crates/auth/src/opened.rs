//! Identities opened lately, so that a session in use is not unsealed again
//! with every request (decision 0006).
//!
//! The store is read for every request all the same: what was ended there is
//! not asked for here. An entry counts only for the very bytes it was opened
//! from, and only its session's id leads to it.

use std::sync::Arc;

use cogward_session::{Identity, KeyRing, LookupKey, OpenError, Record, seal};
use quick_cache::sync::Cache;

/// Some 1.2 KB each.
const ENTRIES: usize = 10 * 1024;

pub(crate) struct Opened(Cache<LookupKey, Entry>);

#[derive(Clone)]
struct Entry {
    version: u64,
    sealed: Arc<[u8]>,
    identity: Arc<Identity>,
}

impl Default for Opened {
    fn default() -> Self {
        Self(Cache::new(ENTRIES))
    }
}

impl Opened {
    /// The identity in `record`, from here or else through `open`. What was sealed with a
    /// key that is no more in the ring is not here any more either.
    pub(crate) fn get_or(
        &self,
        ring: &KeyRing,
        key: &LookupKey,
        record: &Record,
        open: impl FnOnce() -> Result<Identity, OpenError>,
    ) -> Result<Arc<Identity>, OpenError> {
        match self.0.get(key) {
            Some(entry) if entry.is_of(record) && seal::is_known(ring, &record.identity) => {
                Ok(entry.identity)
            }
            _ => {
                let identity = Arc::new(open()?);
                let entry = Entry {
                    version: record.version,
                    sealed: (*record.identity).into(),
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
    /// Neither is secret: they came from the store just now.
    fn is_of(&self, record: &Record) -> bool {
        self.version == record.version && *self.sealed == *record.identity
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use cogward_session::{Device, Secret, Timestamp, UserIndex};

    use super::*;

    const KEY: LookupKey = LookupKey::from_bytes([1; 32]);

    #[test]
    fn only_the_very_same_bytes_are_not_opened_again() {
        let (ring, opened) = (ring(&["one"]), Opened::default());
        let first = record(&ring, 1);
        assert_eq!(subject(&ring, &opened, &first, "first").unwrap(), "first");
        let again = first.clone();
        assert_eq!(subject(&ring, &opened, &again, "second").unwrap(), "first");
        let later = Record {
            version: 2,
            ..first.clone()
        };
        for other in [later, record(&ring, 1)] {
            assert_eq!(subject(&ring, &opened, &other, "third").unwrap(), "third");
            assert_eq!(subject(&ring, &opened, &first, "first").unwrap(), "first");
        }
    }

    #[test]
    fn an_altered_box_does_not_open_because_a_good_one_did() {
        let (ring, opened) = (ring(&["one"]), Opened::default());
        let good = record(&ring, 1);
        subject(&ring, &opened, &good, "first").unwrap();
        for at in 0..good.identity.len() {
            let mut altered = good.clone();
            altered.identity[at] ^= 1;
            let refused = opened.get_or(&ring, &KEY, &altered, || Err(OpenError::Forged));
            assert!(matches!(refused, Err(OpenError::Forged)), "byte {at}");
        }
    }

    #[test]
    fn what_was_forgotten_is_opened_again() {
        let (ring, opened) = (ring(&["one"]), Opened::default());
        let kept = record(&ring, 1);
        subject(&ring, &opened, &kept, "first").unwrap();
        opened.forget(&KEY);
        assert_eq!(subject(&ring, &opened, &kept, "second").unwrap(), "second");
    }

    #[test]
    fn what_a_dropped_key_sealed_is_opened_again() {
        let (old, opened) = (ring(&["one"]), Opened::default());
        let kept = record(&old, 1);
        subject(&old, &opened, &kept, "first").unwrap();
        let both = ring(&["two", "one"]);
        assert_eq!(subject(&both, &opened, &kept, "second").unwrap(), "first");
        let new = ring(&["two"]);
        assert_eq!(subject(&new, &opened, &kept, "second").unwrap(), "second");
    }

    fn subject(
        ring: &KeyRing,
        opened: &Opened,
        record: &Record,
        sealed: &str,
    ) -> Result<String, OpenError> {
        let identity = opened.get_or(ring, &KEY, record, || Ok(identity(sealed)));
        identity.map(|identity| identity.sub.clone())
    }

    fn ring(secrets: &[&str]) -> KeyRing {
        let secret = |text: &&str| Secret::from(format!("{text}, long enough to be one"));
        KeyRing::new(&secrets.iter().map(secret).collect::<Vec<_>>(), &[]).unwrap()
    }

    /// Sealed: other bytes every time.
    fn record(ring: &KeyRing, version: u64) -> Record {
        let at = Timestamp::from_secs(0);
        let device = Device {
            created_at: at,
            user_agent: None,
            address: None,
        };
        Record {
            version,
            user: UserIndex::from_bytes([1; 32]),
            last_seen_at: at,
            expires_at: Timestamp::from_secs(1),
            identity: seal::seal_device(ring, &KEY, &device, &SystemRandom::new()).unwrap(),
            tokens: Box::default(),
            device: Box::default(),
        }
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
