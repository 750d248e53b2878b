//! Texts of strangers in an event, no longer than they need be.

use std::fmt::{self, Write as _};

use serde::{Serialize, Serializer};

/// No text that a caller has a hand in is longer, in bytes.
const LONGEST: usize = 1024;

/// A text of somebody else's, cut where it is too long.
#[derive(Clone, Copy)]
pub(super) struct Text<'a>(pub(super) &'a str);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.len() > LONGEST {
            true => Shown(&self.0).serialize(serializer),
            false => serializer.serialize_str(self.0),
        }
    }
}

/// The same of what is shown as it is written.
pub(super) struct Shown<'a>(pub(super) &'a dyn fmt::Display);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cut = Cut {
            to: f,
            left: LONGEST,
        };
        write!(cut, "{}", self.0)
    }
}

/// Passes on so many bytes, and says that there were more.
struct Cut<'a, 'f> {
    to: &'a mut fmt::Formatter<'f>,
    left: usize,
}

impl fmt::Write for Cut<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fits = text.floor_char_boundary(self.left);
        let (now, rest) = text.split_at_checked(fits).unwrap_or((text, ""));
        self.to.write_str(now)?;
        if !rest.is_empty() && self.left > 0 {
            self.to.write_char('…')?;
        }
        self.left = if rest.is_empty() {
            self.left - now.len()
        } else {
            0
        };
        Ok(())
    }
}
