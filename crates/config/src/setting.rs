//! How a setting is declared.

use std::marker::PhantomData;

use crate::value::Item;

/// The declaration of one setting: everything that loading, faults, `show`,
/// the schema and the reference page know about it.
#[derive(Debug)]
pub(crate) struct About {
    /// `section.name`, as in `cogward.toml`.
    pub(crate) key: &'static str,
    /// The names it has in the documents; the first is the canonical one.
    pub(crate) env: &'static [&'static str],
    pub(crate) flag: Option<&'static str>,
    pub(crate) kind: Kind,
    pub(crate) list: bool,
    pub(crate) fallback: Fallback,
    pub(crate) doc: &'static str,
    pub(crate) example: &'static str,
    /// Never printed, and can be read from a file.
    pub(crate) secret: bool,
    /// Several environment names may disagree; the first one set wins.
    pub(crate) first_name_wins: bool,
    pub(crate) range: Option<(u64, u64)>,
    pub(crate) check: Option<Check>,
}

/// Says what a text must be when it is not that.
pub(crate) type Check = fn(&str) -> Result<(), String>;

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
    Boolean,
    Url,
    Origin,
    UrlPath,
    File,
    Address,
    Network,
    Choice(&'static [&'static str]),
}

/// What holds when nobody sets the value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fallback {
    /// `serve` does not start without it.
    Required,
    /// No value.
    Unset,
    /// This text, read as if somebody had written it.
    Text(&'static str),
    /// Worked out from other settings, as these words say.
    Derived(&'static str),
}

/// A declaration whose value is a `T` (or, read with `list`, several).
#[derive(Debug)]
pub(crate) struct Setting<T> {
    pub(crate) about: About,
    value: PhantomData<fn() -> T>,
}

impl<T: Item> Setting<T> {
    /// An optional setting; the methods below say the rest.
    pub(crate) const fn new(key: &'static str, doc: &'static str) -> Self {
        Self {
            about: About {
                key,
                env: &[],
                flag: None,
                kind: T::KIND,
                list: false,
                fallback: Fallback::Unset,
                doc,
                example: "",
                secret: T::SECRET,
                first_name_wins: false,
                range: None,
                check: None,
            },
            value: PhantomData,
        }
    }

    pub(crate) const fn env(mut self, names: &'static [&'static str]) -> Self {
        self.about.env = names;
        self
    }

    pub(crate) const fn flag(mut self, name: &'static str) -> Self {
        self.about.flag = Some(name);
        self
    }

    pub(crate) const fn list(mut self) -> Self {
        self.about.list = true;
        self
    }

    pub(crate) const fn required(mut self) -> Self {
        self.about.fallback = Fallback::Required;
        self
    }

    pub(crate) const fn default(mut self, text: &'static str) -> Self {
        self.about.fallback = Fallback::Text(text);
        self
    }

    pub(crate) const fn derived(mut self, words: &'static str) -> Self {
        self.about.fallback = Fallback::Derived(words);
        self
    }

    pub(crate) const fn example(mut self, text: &'static str) -> Self {
        self.about.example = text;
        self
    }

    pub(crate) const fn first_name_wins(mut self) -> Self {
        self.about.first_name_wins = true;
        self
    }

    pub(crate) const fn range(mut self, least: u64, most: u64) -> Self {
        self.about.range = Some((least, most));
        self
    }

    pub(crate) const fn check(mut self, check: Check) -> Self {
        self.about.check = Some(check);
        self
    }
}

impl About {
    pub(crate) fn name(&self) -> &'static str {
        self.key.split_once('.').map_or(self.key, |(_, name)| name)
    }

    /// The name every setting has without being given one: `COGWARD_` and the
    /// key. Checked after the names of the documents.
    pub(crate) fn own_env(&self) -> String {
        format!("COGWARD_{}", self.key.replace('.', "_").to_uppercase())
    }

    pub(crate) fn env_names(&self) -> Vec<String> {
        let given = self.env.iter().map(|name| (*name).to_owned());
        given.chain([self.own_env()]).collect()
    }

    pub(crate) fn canonical_env(&self) -> String {
        self.env
            .first()
            .map_or_else(|| self.own_env(), |name| (*name).to_owned())
    }

    /// Range and check, with what is wrong when the text fails them.
    pub(crate) fn check_text(&self, text: &str) -> Result<(), String> {
        if let Some((least, most)) = self.range
            && !text.parse().is_ok_and(|n: u64| (least..=most).contains(&n))
        {
            return Err(format!("must be a whole number from {least} to {most}"));
        }
        self.check.map_or(Ok(()), |check| check(text))
    }
}
