//! Text of strangers, made fit for a terminal.

use std::fmt::Write as _;

use cogward_auth::audit::is_plain;

/// One line without anything that a terminal acts on or that changes how other text looks:
/// line ends and tabs become spaces; control characters, and those that are invisible or
/// turn the direction of writing, become JSON's `\u001b`. JSON stays the same JSON.
pub(crate) fn printable(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' | '\r' | '\t' => line.push(' '),
            char if !is_plain(char) => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    // Writing into a string does not fail.
                    let _written = write!(line, "\\u{unit:04x}");
                }
            }
            char => line.push(char),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_written_out() {
        for (text, expected) in [
            ("Grüße, 你好 🙂", "Grüße, 你好 🙂"),
            ("a\r\nb\tc", "a  b c"),
            ("\u{1b}[2J\u{7f}\u{9b}31m", "\\u001b[2J\\u007f\\u009b31m"),
            ("\u{202e}gpj\u{2028}\u{feff}", "\\u202egpj\\u2028\\ufeff"),
            ("\u{e0041}", "\\udb40\\udc41"),
        ] {
            assert_eq!(printable(text), expected);
        }
    }

    #[test]
    fn json_stays_the_same_json() {
        let hostile: String = ('\0'..='\u{3000}')
            .chain('\u{e0000}'..='\u{e0fff}')
            .collect();
        let value = serde_json::json!({ &hostile: [hostile, 1.5] });
        for json in [value.to_string(), format!("{value:#}")] {
            let line = printable(&json);
            assert!(!line.chars().any(char::is_control), "{line}");
            let again: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(again, value);
        }
    }
}
