//! A name for every answer: given out here, never taken from a caller.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::rand::SecureRandom;
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
        RequestId {
            process: self.process,
            count: self.count.fetch_add(1, Ordering::Relaxed),
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct RequestId {
    process: u64,
    count: u64,
}

impl RequestId {
    /// What its 24 digits say.
    pub(crate) fn number(self) -> u128 {
        u128::from(self.process) << 32 | u128::from(self.count & 0xffff_ffff)
    }

    pub(crate) fn header(self) -> HeaderValue {
        let mut text = [0; 24];
        let (process, count) = text.split_at_mut(16);
        hex(self.process, process);
        hex(self.count & 0xffff_ffff, count);
        HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("-"))
    }
}

/// The lowest digits of `number`, as many as there is room for.
fn hex(mut number: u64, text: &mut [u8]) {
    for place in text.iter_mut().rev() {
        let [digit, ..] = (number & 0xf).to_le_bytes();
        *place = digit + if digit < 10 { b'0' } else { b'a' - 10 };
        number >>= 4;
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:024x}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_text_agree_and_differ_each_time() {
        let ids = RequestIds::new(&aws_lc_rs::rand::SystemRandom::new());
        let (one, other) = (ids.next(), ids.next());
        assert_eq!(one.header().to_str().unwrap(), one.to_string());
        assert_ne!(one.to_string(), other.to_string());
    }
}
