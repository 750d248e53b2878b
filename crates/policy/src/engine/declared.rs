use serde_json::{Map, Value};

/// The members that a schema knows of a record.
#[derive(Debug, Default)]
pub(super) struct Declared(Vec<Member>);

#[derive(Debug)]
struct Member {
    name: String,
    required: bool,
}

impl Declared {
    /// Of `attributes` in the JSON form of a schema.
    pub(super) fn of(attributes: Option<&Map<String, Value>>) -> Self {
        let members = attributes
            .into_iter()
            .flatten()
            .map(|(name, member)| Member {
                name: name.clone(),
                required: member.get("required").and_then(Value::as_bool) != Some(false),
            });
        Self(members.collect())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|member| member.name.as_str())
    }

    pub(super) fn requires(&self, name: &str) -> bool {
        self.required().any(|required| required == name)
    }

    /// Those that must be there.
    pub(super) fn required(&self) -> impl Iterator<Item = &str> {
        let required = self.0.iter().filter(|member| member.required);
        required.map(|member| member.name.as_str())
    }

    /// The members that the schema knows; no policy can see the others.
    pub(super) fn only(&self, given: &Map<String, Value>) -> Map<String, Value> {
        let known = self.0.iter().filter_map(|Member { name, .. }| {
            let value = given.get(name)?;
            Some((name.clone(), value.clone()))
        });
        known.collect()
    }
}
