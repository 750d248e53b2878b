//! What a person reads when a command did not work: what, why, and what to do.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use crate::printable::printable;

/// An error for the terminal, with a hint where there is one.
pub(crate) struct Failure {
    text: String,
    hint: Option<String>,
    code: u8,
}

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            hint: None,
            code: 1,
        }
    }

    /// All of it has been said.
    pub(crate) fn said() -> Self {
        Self::new("")
    }

    /// Where 1 is an answer: nothing could be told.
    pub(crate) fn undecided(self) -> Self {
        Self { code: 2, ..self }
    }

    pub(crate) fn code(&self) -> ExitCode {
        self.code.into()
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    pub(crate) fn print(&self) {
        if self.text.is_empty() {
            return;
        }
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
        // A cause may quote a stranger; it is one line.
        let mut text = printable(&error.to_string());
        let mut source = error.source();
        while let Some(cause) = source {
            // Writing into a string does not fail.
            let _written = write!(text, "\n  caused by: {}", printable(&cause.to_string()));
            source = cause.source();
        }
        Self::new(text)
    }
}
