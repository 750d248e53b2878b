//! `config show`: every effective value and where it came from.

use std::fmt;

use crate::load::Config;
use crate::sections;

/// One setting as it holds.
#[derive(Clone, Debug)]
pub struct Shown {
    /// `section.name`.
    pub key: &'static str,
    /// The value; `(set, 43 characters)` for a secret, `(not set)` for none.
    pub value: String,
    /// Where it came from.
    pub source: String,
}

/// All settings as they hold; displays as one aligned line each.
#[derive(Clone, Debug)]
pub struct Show(pub Vec<Shown>);

impl Config {
    /// All settings, in the order they are documented. No secret is in it.
    #[must_use]
    pub fn show(&self) -> Show {
        let shown = sections::settings().map(|about| {
            let effective = self.effective.get(about.key);
            let text = effective.map_or("", |effective| effective.text.as_str());
            Shown {
                key: about.key,
                value: if text.is_empty() {
                    "(not set)".to_owned()
                } else {
                    text.to_owned()
                },
                source: effective.map_or_else(String::new, |e| e.source.to_string()),
            }
        });
        Show(shown.collect())
    }
}

impl fmt::Display for Show {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |part: fn(&Shown) -> &str| {
            self.0
                .iter()
                .map(|shown| part(shown).chars().count())
                .max()
                .unwrap_or(0)
        };
        let keys = width(|shown| shown.key);
        let values = width(|shown| &shown.value).min(60);
        for (index, Shown { key, value, source }) in self.0.iter().enumerate() {
            let end = if index > 0 { "\n" } else { "" };
            write!(f, "{end}{key:keys$}  {value:values$}  {source}")?;
        }
        Ok(())
    }
}
