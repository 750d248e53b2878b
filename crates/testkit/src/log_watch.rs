//! Every test of a server listens to all that is logged, at every level, for secrets.

use std::io::{self, Write};
use std::sync::Once;

use cogward_pool::CLIENT_SECRET;
use tracing::level_filters::LevelFilter;

use crate::token_shape::holds_a_token;

/// What tests sign in, sign and seal with, and the name of what a cookie's value follows.
const MARKERS: [&str; 8] = [
    "Passw0rd!",
    CLIENT_SECRET,
    "a secret for tests",
    "a-secret-for-replicas",
    "MARKER",
    "service-token-of-tests",
    "refresh-of-",
    "cogward_session=",
];

/// The secret that stands in a text of the log, if there is one: a password, key or secret of the
/// tests', a session cookie or a token.
pub fn secret_in(log: &str) -> Option<&'static str> {
    let mut markers = MARKERS.into_iter();
    let marker = markers.find(|marker| log.contains(marker));
    marker.or_else(|| holds_a_token(log).then_some("a token"))
}

/// From here on a secret in the log ends the process, and with it the test. A test that listens to
/// the log itself does so in this one's place, and calls [`hear`].
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let listening = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(|| Watch)
            .finish();
        // Another may be there already, and goes on.
        let _other = tracing::subscriber::set_global_default(listening);
    });
}

struct Watch;

/// Ends the process where a secret stands in a line of the log. A panic would end whatever task
/// logs, and nobody would know.
pub fn hear(line: &[u8]) {
    let text = String::from_utf8_lossy(line);
    if let Some(secret) = secret_in(&text) {
        let mut out = io::stderr();
        let _told = writeln!(out, "{secret} is in the log: {text}");
        std::process::abort();
    }
}

impl Write for Watch {
    /// A line at once, whole.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        hear(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn secrets_are_found() {
        for (text, secret) in [
            ("password=Passw0rd!", Some("Passw0rd!")),
            ("cookie: cogward_session=v1.x", Some("cogward_session=")),
            ("token eyJhbGciOiJub25lIn0.e30.", Some("a token")),
            ("a line as it should be, eyJ and all", None),
        ] {
            assert_eq!(secret_in(text), secret);
        }
    }

    /// Runs itself: in that process a secret is logged.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "how the process is told what it is to do"
    )]
    fn one_in_the_log_ends_the_process() {
        const WHAT: &str = "COGWARD_TEST_LOGS";
        if let Ok(said) = std::env::var(WHAT) {
            watch();
            tracing::trace!("said: {said}");
            return;
        }
        for (said, ends_well) in [("nothing", true), ("Passw0rd!", false)] {
            let this = std::env::current_exe().unwrap();
            let name = "log_watch::tests::one_in_the_log_ends_the_process";
            let mut again = Command::new(this);
            let output = again.args(["--exact", name]).env(WHAT, said).output();
            assert_eq!(output.unwrap().status.success(), ends_well, "{said}");
        }
    }
}
