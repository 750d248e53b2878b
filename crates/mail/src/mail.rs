use std::fmt;

use crate::Address;

/// RFC 5322 §2.1.1 has lines of 998 bytes; phones show less than 100 characters.
const LONGEST_SUBJECT: usize = 200;

/// One mail to one recipient. It does not print: there may be a code in it.
#[derive(Clone)]
pub struct Mail {
    pub(crate) to: Address,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// What cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a subject must be one line of 1 to {LONGEST_SUBJECT} characters")]
pub struct MailError;

impl Mail {
    /// A mail that is shown as `html`, or as `text` where that cannot be.
    ///
    /// # Errors
    /// The subject is none, or would be more than a header's value.
    pub fn new(to: Address, subject: &str, text: String, html: String) -> Result<Self, MailError> {
        let length = subject.chars().count();
        match (1..=LONGEST_SUBJECT).contains(&length) && one_line(subject) == subject {
            true => Ok(Self {
                to,
                subject: subject.to_owned(),
                text,
                html,
            }),
            false => Err(MailError),
        }
    }

    /// Who gets it.
    pub fn to(&self) -> &Address {
        &self.to
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mail({})", self.to)
    }
}

/// Without what would end a header, or turn its letters around; spaces stand for it.
pub(crate) fn one_line(text: &str) -> String {
    let breaks =
        |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let words = text.split(|c: char| breaks(c) || c == ' ');
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
