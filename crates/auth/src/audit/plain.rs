//! Text of strangers in a line of ours.

use std::io;

use serde_json::ser::Formatter;

/// JSON in which every character that is no plain one is `\u` and four digits: also those that
/// JSON lets stand and a terminal or a reader of lines acts on. Names are ours, and plain.
#[derive(Default)]
pub(super) struct Plain {
    in_name: bool,
    is_open: bool,
}

impl Plain {
    /// For members of an object whose beginning is written.
    pub(super) fn within() -> Self {
        Self {
            is_open: true,
            ..Self::default()
        }
    }
}

impl Formatter for Plain {
    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        match std::mem::take(&mut self.is_open) {
            true => Ok(()),
            false => writer.write_all(b"{"),
        }
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.in_name = true;
        match first {
            true => Ok(()),
            false => writer.write_all(b","),
        }
    }

    fn end_object_key<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.in_name = false;
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if self.in_name || is_plain_ascii(fragment) {
            return writer.write_all(fragment.as_bytes());
        }
        for char in fragment.chars() {
            match is_plain(char) {
                false => {
                    for unit in char.encode_utf16(&mut [0; 2]) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
                true => writer.write_all(char.encode_utf8(&mut [0; 4]).as_bytes())?,
            }
        }
        Ok(())
    }
}

/// JSON has written out what is below a space. Without a way out of the loop, so that many bytes
/// are looked at in one step.
fn is_plain_ascii(fragment: &str) -> bool {
    let bytes = fragment.as_bytes().iter();
    bytes.fold(true, |plain, &byte| plain & (byte < 0x7f))
}

/// Whether a character neither acts on who shows it nor hides: no control character, none of
/// Unicode's format characters (`Cf`), no separator of lines.
pub fn is_plain(char: char) -> bool {
    !char.is_control()
        && !matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}
