//! What is wrong with a configuration, without repeating what is secret in it.

use std::fmt;

use crate::example;
use crate::setting::About;
use crate::sources::Source;

/// One thing wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub(crate) key: Option<&'static str>,
    pub(crate) name: String,
    pub(crate) problem: String,
    pub(crate) hint: String,
}

impl Fault {
    /// A fault in a value that `source` has for the setting.
    pub(crate) fn of(about: &About, source: &Source, problem: String) -> Self {
        Self {
            key: Some(about.key),
            name: example::name(about, source),
            problem,
            hint: example::hint(about, source),
        }
    }

    /// A fault that belongs to no declared setting.
    pub(crate) fn elsewhere(
        name: impl Into<String>,
        problem: impl Into<String>,
        hint: String,
    ) -> Self {
        Self {
            key: None,
            name: name.into(),
            problem: problem.into(),
            hint,
        }
    }

    /// The setting it is about, `section.name`; none for an unknown name or a
    /// file that is not TOML.
    #[must_use]
    pub fn key(&self) -> Option<&'static str> {
        self.key
    }
}

impl fmt::Display for Fault {
    /// One line: the name as the user wrote it and where, what is wrong, and
    /// what would be right.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.problem)?;
        if self.hint.is_empty() {
            Ok(())
        } else {
            write!(f, "; {}", self.hint)
        }
    }
}

/// Everything wrong with a configuration.
#[derive(Clone, Debug)]
pub struct Faults(pub(crate) Vec<Fault>);

impl Faults {
    /// The faults, in the order of the sections.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }
}

impl fmt::Display for Faults {
    /// One fault a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// `text` as it may be shown: without userinfo, query and fragment (where
/// connection strings keep passwords), on one line, not longer than 80
/// characters.
pub(crate) fn redact(text: &str) -> String {
    let shown = match text.rsplit_once('@') {
        Some((before, host)) => {
            let scheme = before.split_once("//").map_or("", |(scheme, _)| scheme);
            let slashes = if before.contains("//") { "//" } else { "" };
            format!("{scheme}{slashes}***@{host}")
        }
        None => text.to_owned(),
    };
    let shown = match shown.find(['?', '#']) {
        Some(at) if shown.contains("//") => format!("{}***", shown.get(..=at).unwrap_or("")),
        _ => shown,
    };
    let one_line = one_line(&shown);
    if one_line.chars().count() > 80 {
        one_line.chars().take(79).chain(['…']).collect()
    } else {
        one_line
    }
}

/// `text` with line ends and control characters escaped.
pub(crate) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// `"; did you mean …"` for a name nearly right.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    known
        .map(|candidate| {
            let whole = strsim::jaro_winkler(name, candidate);
            let same_name = if last(name) == last(candidate) {
                0.99
            } else {
                0.0
            };
            (whole.max(same_name), candidate)
        })
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(String::new(), |(_, candidate)| {
            format!("did you mean {candidate}?")
        })
}
