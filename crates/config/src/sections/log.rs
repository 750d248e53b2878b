//! `[log]`

use crate::read::Reader;
use crate::sections::Section;
use crate::setting::Setting;
use crate::value::choice;

choice! {
    /// How log lines look.
    LogFormat {
        /// For a terminal.
        Human = "human",
        /// One JSON object a line.
        Json = "json",
    }
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct Log {
    /// How lines look.
    pub format: LogFormat,
    /// A level or a list of `target=level`, as `tracing`'s `EnvFilter` reads it.
    pub level: String,
}

pub(crate) static SECTION: Section = Section {
    name: "log",
    doc: "What is logged, and how.",
    settings: &[&FORMAT.about, &LEVEL.about],
};

static FORMAT: Setting<LogFormat> = Setting::new(
    "log.format",
    "`human` for a terminal, `json` for one JSON object a line.",
)
.env(&["LOG_FORMAT"])
.default("human")
.example("json");
static LEVEL: Setting<String> = Setting::new(
    "log.level",
    "`off`, `error`, `warn`, `info`, `debug` or `trace`; also for single modules, with the general \
     level first.",
)
.env(&["LOG_LEVEL"])
.default("info")
.check(filter)
.example("info,cogward_auth=debug");

pub(crate) fn load(r: &mut Reader<'_>) -> Log {
    Log {
        format: r.value(&FORMAT),
        level: r.value(&LEVEL).to_ascii_lowercase(),
    }
}

fn filter(text: &str) -> Result<(), String> {
    let level = |word: &str| {
        let word = word.trim().to_ascii_lowercase();
        matches!(
            word.as_str(),
            "off" | "error" | "warn" | "info" | "debug" | "trace"
        )
    };
    let target = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_:-".contains(&b))
    };
    let good = |part: &str| match part.split_once('=') {
        Some((name, word)) => target(name.trim()) && level(word),
        None => level(part),
    };
    if text.split(',').all(good) {
        Ok(())
    } else {
        Err("must be off, error, warn, info, debug or trace, or a list of module=level".to_owned())
    }
}
