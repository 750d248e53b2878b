//! Reads each setting and remembers where its value came from.

use std::collections::BTreeMap;

use crate::example;
use crate::fault::{Fault, redact};
use crate::find::{Found, find, split};
use crate::setting::{About, Fallback, Setting};
use crate::sources::{Mode, Source, Sources};
use crate::toml_file::TomlValue;
use crate::value::Item;

/// Reads settings one by one; a faulty one is noted and a placeholder given,
/// so that all faults are found in one pass.
pub(crate) struct Reader<'a> {
    pub(crate) sources: &'a Sources,
    pub(crate) toml: BTreeMap<String, TomlValue>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) effective: BTreeMap<&'static str, Effective>,
}

/// What holds for a setting, and why.
#[derive(Clone, Debug)]
pub(crate) struct Effective {
    pub(crate) text: String,
    pub(crate) source: Source,
}

impl Reader<'_> {
    pub(crate) fn mode(&self) -> Mode {
        self.sources.mode
    }

    /// The value somebody gave, if any.
    pub(crate) fn given<T: Item>(&mut self, setting: &Setting<T>) -> Option<T> {
        let values = self.read(setting);
        values.and_then(|values| values.into_iter().next())
    }

    /// The value or, as declared, its default.
    #[expect(
        clippy::expect_used,
        reason = "a test reads the default of every declaration"
    )]
    pub(crate) fn value<T: Item>(&mut self, setting: &Setting<T>) -> T {
        self.given(setting).unwrap_or_else(|| {
            defaults(&setting.about)
                .and_then(|mut items| items.pop())
                .expect("has a default")
        })
    }

    /// The value or one worked out from others.
    pub(crate) fn or<T: Item>(&mut self, setting: &Setting<T>, derived: impl FnOnce() -> T) -> T {
        let given = self.given(setting);
        self.settle(setting, given, derived)
    }

    /// As [`Self::or`], for a setting read before.
    pub(crate) fn settle<T: Item>(
        &mut self,
        setting: &Setting<T>,
        given: Option<T>,
        derived: impl FnOnce() -> T,
    ) -> T {
        given.unwrap_or_else(|| {
            let value = derived();
            self.note(&setting.about, value.text(), Source::Derived);
            value
        })
    }

    /// The value; for `serve` its absence is a fault.
    pub(crate) fn required<T: Item>(&mut self, setting: &Setting<T>, placeholder: T) -> T {
        self.given(setting).unwrap_or_else(|| {
            self.missing(&setting.about);
            placeholder
        })
    }

    /// All values of a list, or its default.
    pub(crate) fn list<T: Item>(&mut self, setting: &Setting<T>) -> Vec<T> {
        self.read(setting)
            .unwrap_or_else(|| defaults(&setting.about).unwrap_or_default())
    }

    /// All values of a list that `serve` needs at least one of.
    pub(crate) fn required_list<T: Item>(&mut self, setting: &Setting<T>) -> Vec<T> {
        let values = self.list(setting);
        if values.is_empty() {
            self.missing(&setting.about);
        }
        values
    }

    /// A value the command sets, whatever the sources say.
    pub(crate) fn fix<T: Item>(&mut self, setting: &Setting<T>, value: T) -> T {
        self.note(
            &setting.about,
            value.text(),
            Source::Fixed(self.mode().command()),
        );
        value
    }

    /// As [`Self::fix`], to have no value.
    pub(crate) fn fix_unset<T: Item>(&mut self, setting: &Setting<T>) {
        self.note(
            &setting.about,
            String::new(),
            Source::Fixed(self.mode().command()),
        );
    }

    /// Whether the value was worked out from others.
    pub(crate) fn is_derived(&self, about: &About) -> bool {
        let effective = self.effective.get(about.key);
        effective.is_some_and(|effective| effective.source == Source::Derived)
    }

    pub(crate) fn has_fault(&self, key: &str) -> bool {
        self.faults.iter().any(|fault| fault.key == Some(key))
    }

    fn note(&mut self, about: &About, text: String, source: Source) {
        self.effective.insert(about.key, Effective { text, source });
    }

    fn missing(&mut self, about: &About) {
        if self.mode() == Mode::Serve {
            self.missing_because(about, "is required");
        }
    }

    /// A fault in the value that was read, unless the setting has one.
    pub(crate) fn broken(&mut self, about: &About, problem: String) {
        let source = self.effective.get(about.key).map(|e| e.source.clone());
        if !self.has_fault(about.key) {
            let source = source.unwrap_or(Source::Default);
            self.faults.push(Fault::of(about, &source, problem));
        }
    }

    /// A fault, unless the setting has one.
    pub(crate) fn missing_because(&mut self, about: &About, why: &str) {
        if self.has_fault(about.key) {
            return;
        }
        let example = example::in_env(about, &about.canonical_env());
        self.faults.push(Fault {
            key: Some(about.key),
            name: about.canonical_env(),
            problem: format!("{why} and not set (in cogward.toml: {})", about.key),
            hint: format!("for example {example}"),
        });
    }

    /// Everything given for the setting; `None` when nothing is, or when what
    /// is given is faulty.
    fn read<T: Item>(&mut self, setting: &Setting<T>) -> Option<Vec<T>> {
        let about = &setting.about;
        let found = match find(self.sources, &self.toml, about) {
            Ok(Some(found)) => found,
            Ok(None) => {
                let text = match about.fallback {
                    Fallback::Text(text) => text,
                    _ => "",
                };
                self.note(about, text.to_owned(), Source::Default);
                return None;
            }
            Err(fault) => {
                self.faults.push(fault);
                return None;
            }
        };
        match parse_all::<T>(about, &found) {
            Ok(values) => {
                let text = values.iter().map(T::text).collect::<Vec<_>>().join(",");
                self.note(about, text, found.source);
                Some(values)
            }
            Err(fault) => {
                self.faults.push(fault);
                None
            }
        }
    }
}

fn defaults<T: Item>(about: &About) -> Option<Vec<T>> {
    let Fallback::Text(text) = about.fallback else {
        return None;
    };
    split(about, text)
        .iter()
        .map(|item| T::parse(item).ok())
        .collect()
}

fn parse_all<T: Item>(about: &About, found: &Found) -> Result<Vec<T>, Fault> {
    // A comma in a password would part a URL before its `@`.
    let parted = found.items.len() > 1 && found.items.iter().any(|item| item.contains('@'));
    let parse = |item: &String| {
        let checked = about.check_text(item).and_then(|()| T::parse(item));
        checked.map_err(|problem| {
            let problem = if about.secret || parted {
                problem
            } else {
                format!("{problem}, not `{}`", redact(item))
            };
            Fault::of(about, &found.source, problem)
        })
    };
    found.items.iter().map(parse).collect()
}
