//! Finds a setting in flags, environment and file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::example;
use crate::fault::Fault;
use crate::setting::{About, Kind};
use crate::sources::{Source, Sources};
use crate::toml_file::{Shape, TomlValue};
use crate::value::Item as _;

/// What a source has for a setting.
pub(crate) struct Found {
    pub(crate) items: Zeroizing<Vec<String>>,
    pub(crate) source: Source,
}

/// The largest file a secret is read from, in bytes.
const SECRET_FILE_BYTES: usize = 64 * 1024;

/// The highest source that has the setting.
pub(crate) fn find(
    sources: &Sources,
    toml: &BTreeMap<String, TomlValue>,
    about: &About,
) -> Result<Option<Found>, Fault> {
    if let Some(flag) = about.flag
        && let Some(text) = sources.flags.get(flag)
    {
        let items = split(about, text);
        let source = Source::Flag(sources.mode.flag_as_written(flag).to_owned());
        return Ok(Some(Found { items, source }));
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
            let named_by = format!("{file} (environment)");
            let source = Source::SecretFile {
                named_by,
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
                    return Err(Fault::of(about, &next.source, problem));
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
            Err(Fault::of(about, &at(file), problem))
        }
        (Some(value), None) => {
            let items = toml_items(about, value)
                .map_err(|problem| Fault::of(about, &at(value), problem))?;
            let empty = !about.list && items.iter().all(String::is_empty);
            Ok((!empty).then(|| Found {
                items,
                source: at(value),
            }))
        }
        (None, Some(file)) => {
            let Ok([path]) = file.items.as_deref() else {
                return Err(Fault::of(
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
pub(crate) fn split(about: &About, text: &str) -> Zeroizing<Vec<String>> {
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
    let read = File::open(PathBuf::from(path)).and_then(|file| {
        file.take(SECRET_FILE_BYTES as u64 + 1)
            .read_to_string(&mut text)
    });
    match read {
        Err(error) => Err(Fault::of(about, source, format!("cannot be read: {error}"))),
        Ok(_) if text.trim().is_empty() => {
            Err(Fault::of(about, source, "the file is empty".to_owned()))
        }
        Ok(read) if read > SECRET_FILE_BYTES => Err(Fault::of(
            about,
            source,
            "the file is too large for a secret".to_owned(),
        )),
        Ok(_) => Ok(split(about, &text)),
    }
}
