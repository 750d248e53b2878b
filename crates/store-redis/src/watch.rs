use std::sync::Arc;

use redis::{Cmd, Value};
use tokio::sync::Notify;

use crate::cache::Cache;
use crate::keys::Keys;

/// What becomes of the news that the connections bring.
pub(crate) struct Watch {
    keys: Arc<Keys>,
    cache: Option<Arc<Cache>>,
    /// Something is not as it was: the servers must be looked at.
    pub(crate) trouble: Notify,
}

impl Watch {
    pub(crate) fn new(keys: Arc<Keys>, cache: Option<Arc<Cache>>) -> Self {
        Self {
            keys,
            cache,
            trouble: Notify::new(),
        }
    }

    pub(crate) fn cache(&self) -> Option<&Cache> {
        self.cache.as_deref()
    }

    /// What a new connection must say so that it is told of every change, whoever makes it.
    pub(crate) fn request(&self) -> Option<Cmd> {
        self.cache.as_ref()?;
        let mut request = redis::cmd("CLIENT");
        request.arg("TRACKING").arg("ON").arg("BCAST");
        for prefix in self.keys.watched() {
            request.arg("PREFIX").arg(prefix);
        }
        Some(request)
    }

    /// A server tells which keys have changed; all of them, when it names none.
    pub(crate) fn changed(&self, data: &[Value]) {
        let Some(cache) = &self.cache else { return };
        let [Value::Array(keys)] = data else {
            return self.lost();
        };
        for key in keys {
            match key {
                Value::BulkString(key) => {
                    if let Some(key) = self.keys.watched_key(key) {
                        cache.forget(&key);
                    }
                }
                _ => self.lost(),
            }
        }
    }

    /// A connection is lost, and with it what it would have told.
    pub(crate) fn lost(&self) {
        if let Some(cache) = &self.cache {
            cache.lose();
        }
        self.trouble.notify_one();
    }
}
