//! What an IAM service says of a person.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A person has no more roles in a context.
const MOST: usize = 256;
/// Nor one of a longer name, bytes.
const LONGEST: usize = 256;

/// The names of somebody's roles in one context, in alphabetical order, each once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>")]
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

impl TryFrom<Vec<String>> for Roles {
    type Error = NoRoles;

    fn try_from(mut names: Vec<String>) -> Result<Self, NoRoles> {
        let good = |name: &String| {
            !name.is_empty() && name.len() <= LONGEST && !name.contains(char::is_control)
        };
        if names.len() > MOST || !names.iter().all(good) {
            return Err(NoRoles);
        }
        names.sort_unstable();
        names.dedup();
        Ok(Self(names.into()))
    }
}

/// What is not understood is no role.
#[derive(Debug, thiserror::Error)]
#[error("roles are not up to {MOST} names of 1 to {LONGEST} bytes")]
pub struct NoRoles;

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
