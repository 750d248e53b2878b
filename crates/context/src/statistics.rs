//! What came of it so far.

use std::sync::atomic::{AtomicU64, Ordering};

/// Since the start. Answers are of four kinds; each needed one question, or none, or shared one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Answered by what was remembered.
    pub hits: u64,
    /// Answered by what the service said just then.
    pub misses: u64,
    /// Answered by what was remembered, since the service did not answer.
    pub stale: u64,
    /// Not answered.
    pub errors: u64,
    /// How often the service was asked, again included.
    pub questions: u64,
    /// What was forgotten on purpose: calls, not entries.
    pub invalidations: u64,
    /// What is remembered now.
    pub entries: usize,
    /// What that takes, bytes.
    pub bytes: u64,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) stale: Counter,
    pub(crate) errors: Counter,
    pub(crate) invalidations: Counter,
}

#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn so_far(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
