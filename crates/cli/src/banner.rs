//! What a person sees when a server is up: addresses to click.

use std::fmt::Write as _;
use std::io::Write as _;

/// Lines of a start banner, a title first.
pub(crate) struct Banner(String);

impl Banner {
    pub(crate) fn new(title: &str) -> Self {
        let bold = anstyle::Style::new().bold();
        let version = env!("CARGO_PKG_VERSION");
        Self(format!("\n  {bold}Cogward {version}{bold:#}  {title}\n\n"))
    }

    /// An address or another fact under its name.
    pub(crate) fn line(mut self, name: &str, value: &str) -> Self {
        let dim = anstyle::Style::new().dimmed();
        // Writing into a string does not fail.
        let _written = writeln!(self.0, "  {dim}{name:<14}{dim:#}{value}");
        self
    }

    pub(crate) fn gap(mut self) -> Self {
        self.0.push('\n');
        self
    }

    /// To standard output, with colours where they are wanted.
    pub(crate) fn print(self) {
        // Nobody looking is no reason to stop.
        let _unseen = writeln!(anstream::stdout(), "{}", self.0);
    }
}
