//! Log lines: for people in a terminal, JSON where a machine reads them.

use std::io::{self, IsTerminal, Write};

use cogward_config::{Log, LogFormat};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Format;
use tracing_subscriber::fmt::format::{
    Compact, DefaultFields, FormatFields, Json, JsonFields, debug_fn,
};
use tracing_subscriber::fmt::{MakeWriter, SubscriberBuilder};

use crate::failure::Failure;
use crate::printable::printable;

const AUDIT: &str = "cogward::audit=info";
/// At their lower levels these write down what they send, credentials and sealed records too.
const TALKATIVE: [&str; 6] = [
    "aws_config=warn",
    "aws_credential_types=warn",
    "aws_runtime=warn",
    "aws_sigv4=warn",
    "aws_smithy_runtime=warn",
    "tokio_postgres=warn",
];

/// Starts logging to standard error.
pub(crate) fn start(log: &Log) -> Result<(), Failure> {
    // The audit trail is not a matter of taste: whatever the level, it is written.
    let mut filter = EnvFilter::try_new(&log.level)?.add_directive(AUDIT.parse()?);
    if filter.max_level_hint() > Some(LevelFilter::INFO) {
        for level in TALKATIVE {
            filter = filter.add_directive(level.parse()?);
        }
    }
    let lines = tracing_subscriber::fmt().with_env_filter(filter);
    let started = match log.format {
        LogFormat::Json => json(lines, || Plain(io::stderr())).try_init(),
        LogFormat::Human => human(lines, colours()).with_writer(io::stderr).try_init(),
    };
    started.map_err(|error| Failure::new(error.to_string()))?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        // Not the message: it may quote what it choked on.
        tracing::error!(
            place,
            "a request handler panicked: this is a defect, please report it"
        );
    }));
    Ok(())
}

type Lines = SubscriberBuilder<DefaultFields, Format, EnvFilter>;

fn json<W>(lines: Lines, to: W) -> SubscriberBuilder<JsonFields, Format<Json>, EnvFilter, W>
where
    W: for<'w> MakeWriter<'w> + 'static,
{
    lines.json().flatten_event(true).with_writer(to)
}

/// As `tracing-subscriber` has it, but no value can end a line or act on a terminal.
fn human(
    lines: Lines,
    colours: bool,
) -> SubscriberBuilder<impl for<'w> FormatFields<'w> + 'static, Format<Compact>, EnvFilter> {
    let field = debug_fn(|line, field, value| {
        let value = printable(&format!("{value:?}"));
        let (name, italic) = (field.name(), anstyle::Style::new().italic());
        match name {
            // Of records of the crate `log`: they are in the line already.
            name if name.starts_with("log.") => Ok(()),
            "message" => write!(line, "{value}"),
            name if line.has_ansi_escapes() => write!(line, "{italic}{name}{italic:#}={value}"),
            name => write!(line, "{name}={value}"),
        }
    });
    lines
        .fmt_fields(field.delimited(" "))
        .compact()
        .with_ansi(colours)
}

/// Writes out what JSON lets stand and a terminal acts on; it stays the same JSON.
struct Plain<W>(W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(line) {
            Ok(text) if !text.is_ascii() || text.contains('\u{7f}') => {
                let mut plain = printable(text.trim_end_matches('\n'));
                plain.push('\n');
                self.0.write_all(plain.as_bytes())?;
            }
            _ => self.0.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn colours() -> bool {
    io::stderr().is_terminal()
        && anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    pub(crate) struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Kept {
        pub(crate) fn lines(&self) -> Vec<String> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            // What some readers take for the end of a line, not only `\n`.
            let ends = [
                '\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}',
            ];
            match text.trim_end() {
                "" => Vec::new(),
                text => text.split(ends).map(str::to_owned).collect(),
            }
        }
    }

    fn lines() -> Lines {
        tracing_subscriber::fmt().with_env_filter(EnvFilter::new("info"))
    }

    /// Everything there is in it, in every place that a caller's text can get to.
    const HOSTILE: &str = "a\r\n{\"level\":\"INFO\"}\u{1b}]0;title\u{7}\u{1b}[2J\u{7f}\u{9b}31m\u{85}\u{2028}\u{202e}\0\",\"x\":\"y\\";

    fn log() {
        let span = tracing::info_span!("request", path = %HOSTILE, user = HOSTILE);
        span.in_scope(|| {
            tracing::info!(shown = %HOSTILE, text = HOSTILE, debug = ?HOSTILE, "said {HOSTILE}");
        });
    }

    #[test]
    fn t181_no_value_ends_a_line_for_people_or_acts_on_their_terminal() {
        for colours in [false, true] {
            let kept = Kept::default();
            let writer = kept.clone();
            let lines = human(lines(), colours).with_writer(move || writer.clone());
            tracing::subscriber::with_default(lines.finish(), log);
            let lines = kept.lines();
            assert_eq!(lines.len(), 1, "{lines:?}");
            // What is ours: how a field is called, and how bad it is.
            let rest = lines[0].replace("\u{1b}[0m", "");
            let rest = [1, 2, 3, 32].into_iter().fold(rest, |rest, style| {
                rest.replace(&format!("\u{1b}[{style}m"), "")
            });
            assert!(rest.chars().all(cogward_auth::audit::is_plain), "{rest:?}");
            assert_eq!(rest.matches("title").count(), 6, "{rest}");
            assert_eq!(colours, rest != lines[0]);
        }
    }

    #[test]
    fn t181_no_value_ends_an_object_or_acts_on_a_terminal() {
        let kept = Kept::default();
        let writer = kept.clone();
        let lines = json(lines(), move || Plain(writer.clone()));
        tracing::subscriber::with_default(lines.finish(), log);
        let lines = kept.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].chars().all(cogward_auth::audit::is_plain),
            "{:?}",
            lines[0]
        );
        let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["shown"], HOSTILE);
        assert_eq!(line["text"], HOSTILE);
        assert_eq!(line["message"], format!("said {HOSTILE}"));
        assert_eq!(line["span"]["path"], HOSTILE);
    }

    #[test]
    fn lines_for_people_read_as_they_should() {
        let kept = Kept::default();
        let writer = kept.clone();
        let lines = human(lines(), false).with_writer(move || writer.clone());
        tracing::subscriber::with_default(lines.finish(), || {
            tracing::warn!(target: "cogward::audit", event = "refused", reason = %"no state", count = 3, "Grüße");
        });
        let lines = kept.lines();
        let expected = " WARN cogward::audit: Grüße event=\"refused\" reason=no state count=3";
        assert!(lines[0].ends_with(expected), "{}", lines[0]);
    }
}
