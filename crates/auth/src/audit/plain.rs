//! A line of JSON in which nothing that strangers wrote acts on who reads it.

use std::fmt::{self, Write as _};
use std::io::Write as _;

/// So much of a text is taken, in bytes.
const LONGEST: usize = 1024;

/// Members of the object in which a line ends so far. Names are ours, and plain.
pub(super) struct Members<'l>(&'l mut Vec<u8>);

impl<'l> Members<'l> {
    /// Of an object that is open.
    pub(super) fn of(line: &'l mut Vec<u8>) -> Self {
        Self(line)
    }

    /// One object in the other begins, of which what comes next are the members.
    pub(super) fn open(&mut self, name: &str) {
        self.name(name);
        self.0.push(b'{');
    }

    /// And ends.
    pub(super) fn close(&mut self) {
        self.0.push(b'}');
    }

    /// Members as they were written for another object.
    pub(super) fn written(&mut self, members: &[u8]) {
        self.next();
        self.0.extend_from_slice(members);
    }

    pub(super) fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        // Writing into memory does not fail.
        let _written = write!(self.0, "{number}");
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.quoted(text);
    }

    /// What is shown as it is written.
    pub(super) fn shown(&mut self, name: &str, shown: &dyn fmt::Display) {
        self.name(name);
        self.0.push(b'"');
        let _written = write!(Text::begin(self.0), "{shown}");
        self.0.push(b'"');
    }

    pub(super) fn texts<'t>(&mut self, name: &str, texts: impl IntoIterator<Item = &'t str>) {
        self.list(name, texts, Self::quoted);
    }

    /// A list of objects.
    pub(super) fn objects<T>(
        &mut self,
        name: &str,
        objects: impl IntoIterator<Item = T>,
        members: impl Fn(&mut Self, T),
    ) {
        self.list(name, objects, |list, object| {
            list.0.push(b'{');
            members(list, object);
            list.close();
        });
    }

    fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        write: impl Fn(&mut Self, T),
    ) {
        self.name(name);
        self.0.push(b'[');
        for item in items {
            self.next();
            write(self, item);
        }
        self.0.push(b']');
    }

    fn name(&mut self, name: &str) {
        self.next();
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    /// No value ends in an opening bracket, for a text has its quote behind it.
    fn next(&mut self) {
        if !matches!(self.0.last(), Some(b'{' | b'[') | None) {
            self.0.push(b',');
        }
    }

    fn quoted(&mut self, text: &str) {
        self.0.push(b'"');
        let _written = Text::begin(self.0).write_str(text);
        self.0.push(b'"');
    }
}

/// Takes so many bytes, and says that there were more. Every character that is no plain one is
/// `\u` and four digits: also those that JSON lets stand and a terminal or a reader of lines acts on.
struct Text<'l> {
    line: &'l mut Vec<u8>,
    /// None once it is cut.
    left: Option<usize>,
}

impl<'l> Text<'l> {
    fn begin(line: &'l mut Vec<u8>) -> Self {
        Self {
            line,
            left: Some(LONGEST),
        }
    }

    fn push(&mut self, char: char) {
        if matches!(char, '"' | '\\') {
            self.line.push(b'\\');
        }
        if is_plain(char) {
            let mut bytes = [0; 4];
            let bytes = char.encode_utf8(&mut bytes).as_bytes();
            return self.line.extend_from_slice(bytes);
        }
        for unit in char.encode_utf16(&mut [0; 2]) {
            let _written = write!(self.line, "\\u{unit:04x}");
        }
    }
}

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Some(left) = self.left else {
            return Ok(());
        };
        let fits = text.floor_char_boundary(left);
        let (now, rest) = text.split_at_checked(fits).unwrap_or((text, ""));
        match needs_nothing(now) {
            true => self.line.extend_from_slice(now.as_bytes()),
            false => now.chars().for_each(|char| self.push(char)),
        }
        self.left = rest.is_empty().then(|| left - fits);
        if self.left.is_none() {
            self.push('…');
        }
        Ok(())
    }
}

/// As nearly every text does. Without a way out of the loop, so that many bytes are looked at in
/// one step.
fn needs_nothing(text: &str) -> bool {
    let stays = |byte: u8| (b' '..0x7f).contains(&byte) & (byte != b'"') & (byte != b'\\');
    let bytes = text.as_bytes().iter();
    bytes.fold(true, |all, &byte| all & stays(byte))
}

/// Whether a character neither acts on who shows it nor hides: no control character, no separator of
/// lines, none of Unicode's format characters (`Cf`) but those of scripts that are seen.
pub fn is_plain(char: char) -> bool {
    !char.is_control()
        && !matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn written(write: impl FnOnce(&mut Members<'_>)) -> String {
        let mut line = vec![b'{'];
        let mut members = Members::of(&mut line);
        write(&mut members);
        members.close();
        String::from_utf8(line).unwrap()
    }

    proptest! {
        /// Any text at all: whoever reads JSON reads what was written, in a line that acts on nobody.
        #[test]
        fn every_text_is_read_as_it_was_written(chars in vec(any::<char>(), 0..64)) {
            let text = String::from_iter(chars);
            let said = written(|members| members.text("said", &text));
            let shown = written(|members| members.shown("said", &text));
            prop_assert_eq!(&said, &shown);
            prop_assert!(said.chars().all(is_plain), "{:?}", said);
            let read: Value = serde_json::from_str(&said).unwrap();
            prop_assert_eq!(&read["said"], &Value::from(text));
        }
    }

    #[test]
    fn every_character_is_plain_or_written_in_digits() {
        for char in char::MIN..=char::MAX {
            let said = written(|members| members.text("said", &char.to_string()));
            assert!(said.chars().all(is_plain), "{char:?}");
            let read: Value = serde_json::from_str(&said).unwrap();
            assert_eq!(read["said"], Value::from(char.to_string()));
        }
    }

    #[test]
    fn a_text_in_pieces_is_cut_where_it_is_too_long_and_says_so() {
        let long = |pieces: &[usize]| {
            let mut line = Vec::new();
            let mut text = Text::begin(&mut line);
            for piece in pieces {
                text.write_str(&"x".repeat(*piece)).unwrap();
            }
            String::from_utf8(line).unwrap()
        };
        let whole = "x".repeat(LONGEST);
        assert_eq!(long(&[LONGEST - 1, 1, 0]), whole);
        for pieces in [&[LONGEST + 1][..], &[LONGEST, 1, 1], &[1, LONGEST, 7]] {
            assert_eq!(long(pieces), format!("{whole}…"), "{pieces:?}");
        }
    }

    #[test]
    fn members_and_items_have_commas_between_them() {
        let line = written(|members| {
            members.number("one", 1);
            members.open("two");
            members.close();
            members.texts("none", []);
            members.texts("three", ["{", "[", ","]);
            members.objects("four", ["a", "b"], |object, text| {
                object.text("is", text);
            });
            members.written(br#""five":5"#);
        });
        let expected = r#"{"one":1,"two":{},"none":[],"three":["{","[",","],"four":[{"is":"a"},{"is":"b"}],"five":5}"#;
        assert_eq!(line, expected);
    }
}
