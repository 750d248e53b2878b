//! Ids of new things: random, or with the setting `deterministic` the same in every run.
//!
//! Then the third user of one run has the id of the third of another, whatever else is done between;
//! so do sign-ins, devices and the rest, each counted apart. What shows that somebody may do something
//! (codes, tokens, sessions, keys, and the `origin_jti` that access tokens are revoked by) is random
//! all the same.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use parking_lot::Mutex;

use crate::core::Core;
use crate::db::{Db, meta};
use crate::settings::Settings;

const STARTS: &str = "starts";

/// What an id is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum IdOf {
    User,
    Session,
    Event,
    Token,
    Device,
}

/// How many ids there were of each kind.
pub(crate) struct Ids {
    /// Which start of the same data this is: each has ids of its own.
    start: u64,
    counts: Mutex<BTreeMap<IdOf, u64>>,
}

impl Ids {
    pub(crate) fn open(db: &Db) -> rusqlite::Result<Self> {
        let start = db.run(|tx| {
            let before: u64 = meta::get(tx, STARTS)?
                .and_then(|text| text.parse().ok())
                .unwrap_or_default();
            meta::set(tx, STARTS, &(before + 1).to_string())?;
            Ok::<_, rusqlite::Error>(before + 1)
        })?;
        Ok(Self {
            start,
            counts: Mutex::default(),
        })
    }

    /// Counts from the beginning; says how far it had come.
    pub(crate) fn restart(&self) -> BTreeMap<IdOf, u64> {
        std::mem::take(&mut self.counts.lock())
    }

    pub(crate) fn resume(&self, counts: BTreeMap<IdOf, u64>) {
        *self.counts.lock() = counts;
    }

    fn next(&self, of: IdOf) -> [u8; 16] {
        let mut counts = self.counts.lock();
        let count = counts.entry(of).or_default();
        *count += 1;
        let text = format!("cogward {of:?} {} {count}", self.start);
        let mut bytes = [0; 16];
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        for (byte, hashed) in bytes.iter_mut().zip(hash.as_ref()) {
            *byte = *hashed;
        }
        bytes
    }
}

impl Core {
    /// A UUID for something new, as the settings in force say.
    pub(crate) fn new_id(&self, of: IdOf) -> String {
        self.new_id_by(&self.definition().settings, of)
    }

    /// The same by settings that are to be in force.
    pub(crate) fn new_id_by(&self, settings: &Settings, of: IdOf) -> String {
        let bytes = if settings.deterministic {
            self.ids.next(of)
        } else {
            self.random.bytes()
        };
        uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .to_string()
    }

    /// A session's id in ListUserSessions: `tkn` and 25 lower-case letters and digits.
    pub(crate) fn new_session_id(&self) -> String {
        let digits = self.new_id(IdOf::Session).replace('-', "");
        format!("tkn{}", digits.split_at(25).0)
    }
}
