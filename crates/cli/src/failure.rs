//! What a person reads when a command did not work: what, why, and what to do.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;

/// An error for the terminal, with a hint where there is one.
pub(crate) struct Failure {
    text: String,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    pub(crate) fn print(&self) {
        let mut err = anstream::stderr();
        let (red, cyan) = (
            anstyle::AnsiColor::Red.on_default().bold(),
            anstyle::AnsiColor::Cyan,
        );
        let cyan = cyan.on_default();
        // A closed terminal is no reason to fail differently.
        let _unseen = writeln!(err, "{red}error:{red:#} {}", self.text);
        if let Some(hint) = &self.hint {
            let _unseen = writeln!(err, "\n{cyan}hint:{cyan:#} {hint}");
        }
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            // Writing into a string does not fail.
            let _written = write!(text, "\n  caused by: {cause}");
            source = cause.source();
        }
        Self::new(text)
    }
}
