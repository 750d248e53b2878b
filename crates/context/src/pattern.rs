//! Which answers to forget.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `SUB/CONTEXT`, each with `*` for any text: `*/recipes`, `4f0a…/*`, `*/shop-*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    sub: String,
    context: String,
}

/// What is no pattern.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a pattern is SUB/CONTEXT, up to 256 characters, each with `*` for any text")]
pub struct PatternError;

impl Pattern {
    /// Everything there is.
    #[must_use]
    pub fn all() -> Self {
        Self::new("*", "*")
    }

    /// One person's, in every context. None when no person is called so.
    #[must_use]
    pub fn of_user(sub: &str) -> Option<Self> {
        let plain = !sub.contains(['*', '/']);
        plain.then(|| format!("{sub}/*").parse().ok()).flatten()
    }

    /// The person, if it means one and every context.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        let one = !self.sub.contains('*') && self.context == "*";
        one.then_some(self.sub.as_str())
    }

    fn new(sub: &str, context: &str) -> Self {
        Self {
            sub: sub.to_owned(),
            context: context.to_owned(),
        }
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn matches(&self, sub: &str, context: &str) -> bool {
        fits(&self.sub, sub) && fits(&self.context, context)
    }
}

/// Without going back more than to the last `*`, so that no pattern is dear.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut left) = text.strip_prefix(start) else {
        return false;
    };
    let mut parts: Vec<_> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else {
            return false;
        };
        left = left.split_at(at + part.len()).1;
    }
    left.ends_with(end)
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let (sub, context) = text.split_once('/').ok_or(PatternError)?;
        let good = |part: &str| !part.is_empty() && !part.contains(['/']) && part.len() <= 256;
        let good = good(sub) && good(context) && !text.contains(char::is_control);
        good.then(|| Self::new(sub, context)).ok_or(PatternError)
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.sub, self.context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text_and_all_else_itself() {
        for (pattern, sub, context, expected) in [
            ("*/*", "a", "recipes", true),
            ("a/*", "a", "recipes", true),
            ("a/*", "ab", "recipes", false),
            ("a*/*", "ab", "recipes", true),
            ("*/recipes", "x", "recipes", true),
            ("*/recipes", "x", "Recipes", false),
            ("*/shop-*", "x", "shop-", true),
            ("*/shop-*", "x", "shop", false),
            ("*/*-eu-*", "x", "shop-eu-1", true),
            ("*/*-eu-*", "x", "shop-eu", false),
            ("*/a*a", "x", "a", false),
            ("*/a*a", "x", "aa", true),
            ("*/*ab*ab", "x", "ab", false),
            ("é*é/x", "éé", "x", true),
            ("?/x", "a", "x", false),
        ] {
            let parsed: Pattern = pattern.parse().unwrap();
            assert_eq!(
                parsed.matches(sub, context),
                expected,
                "{pattern} {sub} {context}"
            );
            assert_eq!(parsed.to_string(), pattern);
        }
        assert!(Pattern::all().matches("", ""));
    }

    #[test]
    fn what_is_none_is_refused() {
        let long = format!("{}/x", "a".repeat(257));
        for text in ["", "*", "a", "/x", "a/", "a/b/c", "a\n/x", &long] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
        assert!(Pattern::of_user("*").is_none() && Pattern::of_user("").is_none());
        assert!(Pattern::of_user("a/b").is_none());
        assert!(Pattern::of_user("a").unwrap().matches("a", "x"));
        for (pattern, user) in [
            ("a/*", Some("a")),
            ("a*/*", None),
            ("a/b", None),
            ("*/*", None),
        ] {
            assert_eq!(pattern.parse::<Pattern>().unwrap().user(), user);
        }
    }
}
