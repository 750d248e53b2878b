//! A name for every answer: given out here, never taken from a caller.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use http::HeaderValue;

/// Unique among processes by its random half, within one by its count.
#[derive(Clone, Copy)]
pub(crate) struct RequestId {
    process: u64,
    count: u64,
}

impl RequestId {
    pub(crate) fn next() -> Self {
        static PROCESS: OnceLock<u64> = OnceLock::new();
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let process = *PROCESS.get_or_init(|| {
            let mut bytes = [0; 8];
            // Without randomness ids are less unique, which costs nobody anything.
            let _unfilled = SystemRandom::new().fill(&mut bytes);
            u64::from_le_bytes(bytes)
        });
        Self {
            process,
            count: COUNT.fetch_add(1, Ordering::Relaxed),
        }
    }

    pub(crate) fn header(self) -> HeaderValue {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0_u8; 24];
        let digits = (u128::from(self.process) << 32) | u128::from(self.count & 0xffff_ffff);
        for (place, byte) in text.iter_mut().rev().enumerate() {
            let digit = (digits >> (4 * place)) & 0xf;
            *byte = usize::try_from(digit)
                .ok()
                .and_then(|d| HEX.get(d))
                .copied()
                .unwrap_or(b'0');
        }
        HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("-"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:08x}", self.process, self.count & 0xffff_ffff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_text_agree_and_differ_each_time() {
        let (one, other) = (RequestId::next(), RequestId::next());
        assert_eq!(one.header().to_str().unwrap(), one.to_string());
        assert_ne!(one.to_string(), other.to_string());
    }
}
