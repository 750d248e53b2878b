//! Log lines: for people in a terminal, JSON where a machine reads them.

use std::io::IsTerminal;

use cogward_config::{Log, LogFormat};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::failure::Failure;

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
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Human => lines.with_ansi(colours()).compact().try_init(),
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

fn colours() -> bool {
    std::io::stderr().is_terminal()
        && anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}
