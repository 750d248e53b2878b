//! What an IAM service says of a person.

use std::fmt;
use std::sync::Arc;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A person has no more roles in a context.
const MOST: usize = 256;
/// Nor one of a longer name, bytes.
const LONGEST: usize = 256;

/// The names of somebody's roles in one context, in alphabetical order, each once.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Roles(Arc<[String]>);

impl Roles {
    /// Of somebody whom the service does not know.
    #[must_use]
    pub fn none() -> Self {
        Self(Arc::from([]))
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Whether this is one of them, exactly as it is spelt.
    #[must_use]
    pub fn contains(&self, role: &str) -> bool {
        self.0.iter().any(|name| name == role)
    }
}

/// Roles are an array of names and nothing else: what is not understood is no role.
impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_seq(Names)
    }
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Roles;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "up to {MOST} names of roles")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Roles, A::Error> {
        let mut names = Vec::new();
        while let Some(name) = seq.next_element::<String>()? {
            let good =
                !name.is_empty() && name.len() <= LONGEST && !name.contains(char::is_control);
            if !good || names.len() == MOST {
                return Err(Error::custom("no name of a role"));
            }
            names.push(name);
        }
        names.sort_unstable();
        names.dedup();
        Ok(Roles(names.into()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: &Value) -> Option<Roles> {
        serde_json::from_str(&value.to_string()).ok()
    }

    #[test]
    fn names_are_sorted_and_each_is_there_once() {
        let roles = read(&json!(["editor", "cook", "editor", "Köchin"])).unwrap();
        assert_eq!(roles.as_slice(), ["Köchin", "cook", "editor"]);
        assert!(roles.contains("cook") && !roles.contains("Cook"));
        assert_eq!(read(&json!([])), Some(Roles::none()));
        assert_eq!(read(&json!(vec!["x"; 256])).unwrap().as_slice(), ["x"]);
    }

    #[test]
    fn anything_else_is_no_roles() {
        let many: Vec<_> = (0..257).map(|n| n.to_string()).collect();
        for value in [
            json!(null),
            json!("admin"),
            json!({"admin": true}),
            json!([1]),
            json!([null]),
            json!([["admin"]]),
            json!([""]),
            json!(["a\nb"]),
            json!(["x".repeat(257)]),
            json!(many),
        ] {
            assert_eq!(read(&value), None, "{value}");
        }
    }
}
