/// Lower case, two digits a byte.
pub(super) fn encode(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The number's bytes, big-endian, without zeros in front; an odd count of digits, upper case
/// and leading zeros are what clients send too. `None` for anything else, and for no digit.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let digits = text.trim_start_matches('0');
    let even = format!("{}{digits}", if digits.len() % 2 == 1 { "0" } else { "" });
    even.as_bytes()
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_as_a_number() {
        assert_eq!(encode(&[0, 0xab, 9]), "00ab09");
        assert_eq!(decode("abC").unwrap(), [0x0a, 0xbc]);
        assert_eq!(decode("000012").unwrap(), [0x12]);
        assert!(decode("0").unwrap().is_empty());
        for bad in ["", "0x12", "1g", " 12", "12\n", "-1", "+1", "1\u{661}"] {
            assert_eq!(decode(bad), None, "{bad:?}");
        }
    }
}
