use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::fault::operations;

/// How often each operation was called since the start.
#[derive(Debug)]
pub(crate) struct Stats(Mutex<BTreeMap<&'static str, u64>>);

impl Default for Stats {
    fn default() -> Self {
        Self(Mutex::new(operations().map(|op| (op, 0)).collect()))
    }
}

impl Stats {
    pub(crate) fn clear(&self) {
        self.0.lock().values_mut().for_each(|count| *count = 0);
    }

    pub(crate) fn count(&self, op: &'static str) {
        *self.0.lock().entry(op).or_default() += 1;
    }

    pub(crate) fn all(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().clone()
    }
}
