//! Numbers that are names.

use std::fmt;

/// So many of the number's lowest digits, in hex.
#[derive(Clone, Copy, Debug)]
pub struct Hex<const DIGITS: usize>(pub u128);

impl<const DIGITS: usize> Hex<DIGITS> {
    /// As ASCII, in lower case.
    pub fn digits(self) -> [u8; DIGITS] {
        const { assert!(DIGITS.is_multiple_of(2), "bytes have two digits each") };
        let mut text = [b'0'; DIGITS];
        for (pair, byte) in text.rchunks_exact_mut(2).zip(self.0.to_le_bytes()) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
        }
        text
    }
}

fn digit(value: u8) -> u8 {
    value + if value < 10 { b'0' } else { b'a' - 10 }
}

impl<const DIGITS: usize> fmt::Display for Hex<DIGITS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.digits()).unwrap_or_default())
    }
}
