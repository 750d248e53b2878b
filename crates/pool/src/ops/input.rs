use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::client::Client;
use crate::error::{ApiError, Result};

/// The members of one call. Constraint failures gather and are told together by
/// [`Input::check`], as the service tells them; a value of the wrong type is told at once.
pub(super) struct Input<'a> {
    members: &'a Map<String, Value>,
    failures: Vec<String>,
}

/// A constraint of the service model.
pub(super) struct Rule {
    min: usize,
    max: usize,
    pattern: &'static str,
    allows: fn(char) -> bool,
    /// The value stays out of messages.
    secret: bool,
}

pub(super) const CLIENT_ID: Rule = Rule {
    min: 1,
    max: 128,
    pattern: r"[\w+]+",
    allows: is_word_plus,
    secret: false,
};
pub(super) const CLIENT_SECRET: Rule = Rule {
    min: 24,
    max: 64,
    pattern: r"[\w+]+",
    allows: is_word_plus,
    secret: true,
};
pub(super) const SECRET_HASH: Rule = Rule {
    min: 1,
    max: 128,
    pattern: r"[\w+=/]+",
    allows: |c| is_word_plus(c) || matches!(c, '=' | '/'),
    secret: true,
};
pub(super) const USERNAME: Rule = Rule {
    min: 1,
    max: 128,
    pattern: r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+",
    allows: |c| !c.is_whitespace() && !c.is_control(),
    secret: false,
};
pub(super) const PASSWORD: Rule = Rule {
    min: 0,
    max: 256,
    pattern: r"[\S]+",
    allows: |c| !c.is_whitespace(),
    secret: true,
};
pub(super) const CODE: Rule = Rule {
    min: 1,
    max: 2048,
    pattern: r"[\S]+",
    allows: |c| !c.is_whitespace(),
    secret: true,
};
pub(super) const TOKEN: Rule = Rule {
    min: 1,
    max: usize::MAX,
    pattern: r"[A-Za-z0-9-_=.]+",
    allows: |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=' | '.'),
    secret: true,
};
const ATTRIBUTE_NAME: Rule = Rule {
    min: 1,
    max: 32,
    ..USERNAME
};
const ATTRIBUTE_VALUE: Rule = Rule {
    min: 0,
    max: 2048,
    pattern: "",
    allows: |_| true,
    secret: false,
};

impl<'a> Input<'a> {
    pub(super) fn new(members: &'a Map<String, Value>) -> Self {
        Self {
            members,
            failures: Vec::new(),
        }
    }

    /// A string the service asks for; empty when it is missing, which `check` then tells.
    pub(super) fn required(&mut self, name: &str, rule: &Rule) -> Result<&'a str> {
        let value = self.optional(name, rule)?;
        if value.is_none() {
            self.failures.push(format!(
                "Value null at '{}' failed to satisfy constraint: Member must not be null",
                lower_first(name)
            ));
        }
        Ok(value.unwrap_or_default())
    }

    pub(super) fn optional(&mut self, name: &str, rule: &Rule) -> Result<Option<&'a str>> {
        let Some(text) = text(self.members.get(name))? else {
            return Ok(None);
        };
        self.constrain(&lower_first(name), text, rule);
        Ok(Some(text))
    }

    /// A map of strings, empty when absent.
    pub(super) fn map(&mut self, name: &str) -> Result<BTreeMap<&'a str, &'a str>> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(BTreeMap::new()),
            Some(Value::Object(map)) => map
                .iter()
                .filter_map(|(key, value)| {
                    text(Some(value))
                        .map(|text| text.map(|text| (key.as_str(), text)))
                        .transpose()
                })
                .collect(),
            Some(_) => Err(not_convertible("Map")),
        }
    }

    /// A list of `{Name, Value}`; a missing value is a blank one.
    pub(super) fn attributes(&mut self, name: &str) -> Result<BTreeMap<String, String>> {
        let list = match self.members.get(name) {
            None | Some(Value::Null) => return Ok(BTreeMap::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(not_convertible("List")),
        };
        let mut attributes = BTreeMap::new();
        for (index, item) in list.iter().enumerate() {
            let item = item
                .as_object()
                .ok_or_else(|| not_convertible("AttributeType"))?;
            let at = format!("{}.{}.member", lower_first(name), index + 1);
            let key = text(item.get("Name"))?.unwrap_or_default();
            let value = text(item.get("Value"))?.unwrap_or_default();
            self.constrain(&format!("{at}.name"), key, &ATTRIBUTE_NAME);
            self.constrain(&format!("{at}.value"), value, &ATTRIBUTE_VALUE);
            attributes.insert(key.to_owned(), value.to_owned());
        }
        Ok(attributes)
    }

    /// Adds a failure of an enumeration.
    pub(super) fn one_of(&mut self, name: &str, value: &str, values: &[&str]) {
        if !values.contains(&value) {
            self.failures.push(format!(
                "Value '{}' at '{}' failed to satisfy constraint: Member must satisfy enum \
                 value set: [{}]",
                shown(value),
                lower_first(name),
                values.join(", ")
            ));
        }
    }

    /// # Errors
    /// `InvalidParameterException` with every constraint failed so far.
    pub(super) fn check(&self) -> Result<()> {
        match self.failures.len() {
            0 => Ok(()),
            n => Err(ApiError::invalid_parameter(format!(
                "{n} validation error{} detected: {}",
                if n == 1 { "" } else { "s" },
                self.failures.join("; ")
            ))),
        }
    }

    /// `ClientId`, `Username` and `SecretHash`, once every other member was read.
    pub(super) fn client_and_username(&mut self) -> Result<&'a str> {
        let client_id = self.required("ClientId", &CLIENT_ID)?;
        let username = self.required("Username", &USERNAME)?;
        let secret_hash = self.optional("SecretHash", &SECRET_HASH)?;
        self.check()?;
        Client::require(client_id)?.check_secret_hash(username, secret_hash)?;
        Ok(username)
    }

    fn constrain(&mut self, at: &str, text: &str, rule: &Rule) {
        let length = text.chars().count();
        let fault = if length < rule.min {
            format!(
                "Member must have length greater than or equal to {}",
                rule.min
            )
        } else if length > rule.max {
            format!("Member must have length less than or equal to {}", rule.max)
        } else if !text.chars().all(rule.allows) || (length == 0 && rule.pattern.ends_with('+')) {
            format!(
                "Member must satisfy regular expression pattern: {}",
                rule.pattern
            )
        } else {
            return;
        };
        let value = if rule.secret {
            String::new()
        } else {
            format!(" '{}'", shown(text))
        };
        self.failures.push(format!(
            "Value{value} at '{at}' failed to satisfy constraint: {fault}"
        ));
    }
}

fn text(value: Option<&Value>) -> Result<Option<&str>> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(not_convertible("String")),
    }
}

fn not_convertible(kind: &str) -> ApiError {
    ApiError::new(
        "SerializationException",
        format!("A value can not be converted to a {kind}"),
    )
}

/// Of a value no more than the longest valid one: the message stands in a header too.
fn shown(value: &str) -> String {
    value.chars().take(128).collect()
}

fn is_word_plus(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '+')
}

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().collect::<String>() + chars.as_str()
    })
}
