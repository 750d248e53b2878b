//! Room for connections: so many in all, and of them so many of one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use cogward_auth::household;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// All of them.
pub(super) struct Places {
    all: Arc<Semaphore>,
    each: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// That of one connection, until it is dropped.
pub(super) struct Place {
    of: Option<(IpAddr, Arc<Places>)>,
    _one: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new(all: usize, each: usize) -> Arc<Self> {
        Arc::new(Self {
            all: Arc::new(Semaphore::new(all)),
            each,
            taken: Mutex::default(),
        })
    }

    /// Waits until there is room for one more, whosever it is.
    pub(super) async fn one(&self) -> Option<OwnedSemaphorePermit> {
        // Never closed, so there is always one in the end.
        Arc::clone(&self.all).acquire_owned().await.ok()
    }

    /// Gives it to the address, unless it has as many as one may have.
    pub(super) fn give(self: &Arc<Self>, one: OwnedSemaphorePermit, to: IpAddr) -> Option<Place> {
        let to = household(to.to_canonical());
        let mut taken = self.taken.lock();
        let count = taken.entry(to).or_default();
        if *count >= self.each {
            return None;
        }
        *count += 1;
        Some(Place {
            of: Some((to, Arc::clone(self))),
            _one: one,
        })
    }

    /// Gives it to a proxy of ours, who has as many as there are.
    pub(super) fn give_proxy(one: OwnedSemaphorePermit) -> Place {
        Place {
            of: None,
            _one: one,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((address, places)) = &self.of else {
            return;
        };
        let mut taken = places.taken.lock();
        if let Some(count) = taken.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_takes_no_more_than_its_share_and_leaves_no_trace() {
        let places = Places::new(5, 2);
        let take = async |address: &str| {
            let one = places.one().await.unwrap();
            places.give(one, address.parse().unwrap())
        };
        let first = take("192.0.2.1").await.unwrap();
        let _second = take("::ffff:192.0.2.1").await.unwrap();
        assert!(take("192.0.2.1").await.is_none());
        let others = [
            take("2001:db8::1").await.unwrap(),
            take("2001:db8::2").await.unwrap(),
        ];
        assert!(take("2001:db8::3").await.is_none(), "a household");
        drop(first);
        let _again = take("192.0.2.1").await.unwrap();
        drop(others);
        assert_eq!(places.taken.lock().len(), 1);
        assert_eq!(places.all.available_permits(), 3);
    }
}
