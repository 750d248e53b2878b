//! A name for every answer: given out here, never taken from a caller.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::rand::SecureRandom;
use cogward_auth::audit::{Hex, RequestId};
use http::HeaderValue;

/// Gives out ids: unique among processes by their random half, within one by their count.
pub(crate) struct RequestIds {
    process: u64,
    count: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(rng: &dyn SecureRandom) -> Self {
        let mut bytes = [0; 8];
        // Without randomness ids are less unique, which costs nobody anything.
        let _unfilled = rng.fill(&mut bytes);
        Self {
            process: u64::from_le_bytes(bytes),
            count: AtomicU64::new(0),
        }
    }

    pub(crate) fn next(&self) -> RequestId {
        let count = self.count.fetch_add(1, Ordering::Relaxed) & 0xffff_ffff;
        Hex(u128::from(self.process) << 32 | u128::from(count))
    }
}

pub(crate) fn header(id: RequestId) -> HeaderValue {
    HeaderValue::from_bytes(&id.digits()).unwrap_or(HeaderValue::from_static("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_text_agree_and_differ_each_time() {
        let ids = RequestIds::new(&aws_lc_rs::rand::SystemRandom::new());
        let (one, other) = (ids.next(), ids.next());
        assert_eq!(header(one).to_str().unwrap(), one.to_string());
        assert_eq!(one.to_string(), format!("{:024x}", one.0));
        assert_ne!(one.to_string(), other.to_string());
    }
}
