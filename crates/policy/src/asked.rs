//! A question as a caller sends it: the body of `POST /auth/authorize`, read as strictly as anything
//! that anybody may write.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::question::{Question, Resource};

/// A question. Who asks is not part of it: that is the session or the bearer token.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Question))]
pub struct Asked {
    /// `write:content`, as the schema has it.
    // Empty where it is no text: no question has an action without a name.
    #[serde(default, deserialize_with = "text")]
    pub action: String,
    /// Without one the application as a whole.
    #[serde(default, deserialize_with = "object")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<AskedResource>))]
    pub resource: AskedResource,
    /// What the schema has for the action; other members are not looked at.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub context: Option<Map<String, Value>>,
}

/// A resource, as the caller knows it. Where an entity provider is configured, its word counts.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AboutResource))]
pub struct AskedResource {
    /// `_application` without one.
    #[serde(default)]
    pub id: Option<String>,
    /// `application` without one.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// `sub` of the person whose it is; not looked at where an entity provider is configured.
    #[serde(default)]
    pub owner: Option<String>,
}

impl Asked {
    /// The question, where nobody but the caller tells of the resource.
    pub fn question(&self) -> Question<'_> {
        Question {
            action: &self.action,
            resource: self.resource.as_said(),
            context: self.context.as_ref(),
        }
    }
}

impl AskedResource {
    /// What it is, in the caller's words.
    pub fn kind(&self) -> &str {
        let kind = self.kind.as_deref();
        kind.unwrap_or(Resource::APPLICATION.kind)
    }

    /// The resource in the caller's words.
    pub fn as_said(&self) -> Resource<'_> {
        Resource {
            id: self.id.as_deref().unwrap_or(Resource::APPLICATION.id),
            kind: self.kind(),
            owner: self.owner.as_deref(),
            attributes: None,
        }
    }

    /// Nothing in particular is asked about.
    pub fn says_nothing(&self) -> bool {
        self.id.is_none() && self.kind.is_none() && self.owner.is_none()
    }
}

fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text,
        _ => String::new(),
    })
}

/// A list is not one, though serde would take it for its members.
fn object<'de, D: Deserializer<'de>>(from: D) -> Result<AskedResource, D::Error> {
    from.deserialize_any(OneResource)
}

struct OneResource;

impl<'de> Visitor<'de> for OneResource {
    type Value = AskedResource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<AskedResource, A::Error> {
        AskedResource::deserialize(MapAccessDeserializer::new(members))
    }

    /// `null`
    fn visit_unit<E>(self) -> Result<AskedResource, E> {
        Ok(AskedResource::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Option<Asked> {
        serde_json::from_str(body).ok()
    }

    #[test]
    fn a_question_is_read_as_it_is_written_and_nothing_made_of_it() {
        let asked = read(r#"{"action":"read","resource":{"id":"a","type":"b","owner":"c"},"x":1}"#);
        let asked = asked.unwrap();
        let Question {
            action,
            resource,
            context,
        } = asked.question();
        let said = (resource.id, resource.kind, resource.owner);
        assert_eq!((action, said), ("read", ("a", "b", Some("c"))));
        assert!(context.is_none() && resource.attributes.is_none());
        for nothing in [
            "{}",
            r#"{"action":["read"],"resource":null,"context":null}"#,
        ] {
            let asked = read(nothing).unwrap();
            assert!(asked.action.is_empty() && asked.resource.says_nothing());
            assert_eq!(asked.question().resource.id, Resource::APPLICATION.id);
        }
    }

    #[test]
    fn what_is_no_question_is_not_read() {
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        for body in [
            "",
            "7",
            r#"{"action":"a","action":"b"}"#,
            r#"{"resource":["a","b","c"]}"#,
            r#"{"resource":{"id":"a","id":"b"}}"#,
            r#"{"resource":{"id":7}}"#,
            r#"{"resource":{"owner":{"__entity":{}}}}"#,
            r#"{"context":[]}"#,
            r#"{"action":"a"} {"action":"b"}"#,
            &format!(r#"{{"context":{{"x":{deep}}}}}"#),
        ] {
            assert!(read(body).is_none(), "{body}");
        }
    }
}
