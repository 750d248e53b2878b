//! Numbers that are names.

use std::fmt;

use serde::{Serialize, Serializer};

/// So many of the number's lowest digits, in hex.
#[derive(Clone, Copy, Debug)]
pub struct Hex<const DIGITS: usize>(pub u128);

impl<const DIGITS: usize> Hex<DIGITS> {
    /// As ASCII, in lower case.
    pub fn digits(self) -> [u8; DIGITS] {
        let (mut text, mut left) = ([b'0'; DIGITS], self.0);
        for place in text.iter_mut().rev() {
            let [digit, ..] = (left & 0xf).to_le_bytes();
            *place = digit + if digit < 10 { b'0' } else { b'a' - 10 };
            left >>= 4;
        }
        text
    }
}

impl<const DIGITS: usize> fmt::Display for Hex<DIGITS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl<const DIGITS: usize> Serialize for Hex<DIGITS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(str::from_utf8(&self.digits()).unwrap_or_default())
    }
}
