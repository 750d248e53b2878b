//! Finds each setting's value in the sources and remembers where it was.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::example;
use crate::fault::{Fault, redact};
use crate::setting::{About, Fallback, Kind, Setting};
use crate::sources::{Mode, Source, Sources};
use crate::toml_file::{Shape, TomlValue};
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

struct Found {
    items: Zeroizing<Vec<String>>,
    source: Source,
}

/// The largest file a secret is read from.
const SECRET_FILE_BYTES: u64 = 64 * 1024;

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

    pub(crate) fn has_fault(&self, key: &str) -> bool {
        self.faults.iter().any(|fault| fault.key == Some(key))
    }

    fn note(&mut self, about: &About, text: String, source: Source) {
        self.effective.insert(about.key, Effective { text, source });
    }

    fn missing(&mut self, about: &About) {
        if self.mode() != Mode::Serve || self.has_fault(about.key) {
            return;
        }
        let example = example::in_env(about, &about.canonical_env());
        self.faults.push(Fault {
            key: Some(about.key),
            name: about.canonical_env(),
            problem: format!("is required and not set (in cogward.toml: {})", about.key),
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
    let parse = |item: &String| {
        let checked = about.check_text(item).and_then(|()| T::parse(item));
        checked.map_err(|problem| {
            let problem = if about.secret {
                problem
            } else {
                format!("{problem}, not `{}`", redact(item))
            };
            fault(about, &found.source, problem)
        })
    };
    found.items.iter().map(parse).collect()
}

fn fault(about: &About, source: &Source, problem: String) -> Fault {
    Fault {
        key: Some(about.key),
        name: example::name(about, source),
        problem,
        hint: example::hint(about, source),
    }
}

/// The highest source that has the setting.
fn find(
    sources: &Sources,
    toml: &BTreeMap<String, TomlValue>,
    about: &About,
) -> Result<Option<Found>, Fault> {
    if let Some(text) = sources.flags.get(about.key) {
        let name = about.flag.unwrap_or(about.name());
        let source = Source::Flag(name.to_owned());
        return Ok(Some(Found {
            items: split(about, text),
            source,
        }));
    }
    match from_env(sources, about)? {
        Some(found) => Ok(Some(found)),
        None => from_toml(sources, toml, about),
    }
}

/// All names are looked at: two that disagree are a fault, unless the setting
/// says that the first wins.
fn from_env(sources: &Sources, about: &About) -> Result<Option<Found>, Fault> {
    let mut found: Option<Found> = None;
    for name in about.env_names() {
        let mut given = Vec::new();
        if let Some(text) = set(sources, &name) {
            let source = Source::Environment(name.clone());
            given.push(Found {
                items: split(about, text),
                source,
            });
        }
        let file = format!("{name}_FILE");
        if about.secret
            && let Some(path) = set(sources, &file)
        {
            let source = Source::SecretFile {
                named_by: file,
                path: path.into(),
            };
            given.push(Found {
                items: secret_file(about, &source, path)?,
                source,
            });
        }
        for next in given {
            match &found {
                None => found = Some(next),
                Some(_) if about.first_name_wins => {}
                Some(first) if same(about, first, &next) => {}
                Some(first) => {
                    let other = example::name(about, &first.source);
                    let problem = format!("disagrees with {other}: set only one of them");
                    return Err(fault(about, &next.source, problem));
                }
            }
        }
    }
    Ok(found)
}

/// An environment variable that says something; an empty one is as if unset.
fn set<'a>(sources: &'a Sources, name: &str) -> Option<&'a str> {
    sources
        .env
        .get(name)
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
}

fn same(about: &About, a: &Found, b: &Found) -> bool {
    let truth = |found: &Found| found.items.first().map(|text| bool::parse(text));
    if about.kind == Kind::Boolean {
        truth(a) == truth(b)
    } else {
        a.items == b.items
    }
}

fn from_toml(
    sources: &Sources,
    toml: &BTreeMap<String, TomlValue>,
    about: &About,
) -> Result<Option<Found>, Fault> {
    let Some((path, _)) = &sources.toml else {
        return Ok(None);
    };
    let at = |value: &TomlValue| Source::File {
        path: path.clone(),
        line: value.line,
    };
    let file_key = format!("{}_file", about.key);
    let by_file = toml.get(&file_key).filter(|_| about.secret);
    match (toml.get(about.key), by_file) {
        (None, None) => Ok(None),
        (Some(_), Some(file)) => {
            let problem = format!("stands beside {file_key}: set only one of them");
            Err(fault(about, &at(file), problem))
        }
        (Some(value), None) => {
            let items =
                toml_items(about, value).map_err(|problem| fault(about, &at(value), problem))?;
            let empty = !about.list && items.iter().all(String::is_empty);
            Ok((!empty).then(|| Found {
                items,
                source: at(value),
            }))
        }
        (None, Some(file)) => {
            let Ok([path]) = file.items.as_deref() else {
                return Err(fault(
                    about,
                    &at(file),
                    "must be the path of a file".to_owned(),
                ));
            };
            let named_by = format!("{file_key} ({})", at(file));
            let source = Source::SecretFile {
                named_by,
                path: path.into(),
            };
            Ok(Some(Found {
                items: secret_file(about, &source, path)?,
                source,
            }))
        }
    }
}

fn toml_items(about: &About, value: &TomlValue) -> Result<Zeroizing<Vec<String>>, String> {
    let items = value.items.as_ref();
    let items = items.map_err(|found| format!("must not be {found}"))?;
    let wanted = match about.kind {
        Kind::Integer => (Shape::Integer, "a whole number without quotes"),
        Kind::Boolean => (Shape::Boolean, "true or false without quotes"),
        _ => (Shape::Text, "a text in quotes"),
    };
    match value.shape {
        Shape::Array if about.list => {
            let trimmed = items.iter().map(|item| item.trim().to_owned());
            Ok(Zeroizing::new(trimmed.collect()))
        }
        shape if shape == wanted.0 => Ok(items
            .first()
            .map_or_else(Zeroizing::default, |text| split(about, text))),
        _ if about.list => Err("must be an array of texts".to_owned()),
        _ => Err(format!("must be {}", wanted.1)),
    }
}

/// One text as the values it stands for: commas (and line ends) part a list.
fn split(about: &About, text: &str) -> Zeroizing<Vec<String>> {
    let items = if about.list {
        let parts = text
            .split([',', '\n'])
            .map(str::trim)
            .filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    } else {
        vec![text.trim().to_owned()]
    };
    Zeroizing::new(items)
}

fn secret_file(
    about: &About,
    source: &Source,
    path: &str,
) -> Result<Zeroizing<Vec<String>>, Fault> {
    let mut text = Zeroizing::new(String::new());
    let read = File::open(PathBuf::from(path))
        .and_then(|file| file.take(SECRET_FILE_BYTES).read_to_string(&mut text));
    match read {
        Err(error) => Err(fault(about, source, format!("cannot be read: {error}"))),
        Ok(_) if text.trim().is_empty() => {
            Err(fault(about, source, "the file is empty".to_owned()))
        }
        Ok(_) => Ok(split(about, &text)),
    }
}
