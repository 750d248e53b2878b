//! What a schema says beyond what [`Schema`] tells: the members of records.

use cedar_policy::{EntityUid, Request, RequestEnv, Schema};
use serde_json::{Map, Value};

use super::declared::Declared;
use super::parse::Policy;
use super::slices::Slices;
use super::{Action, Types, named};
use crate::fault::Fault;

/// Names of common types lead to common types; none that is good so far.
const MAX_DEPTH: usize = 8;
/// The namespace of all that Cogward asks about.
const NAMESPACE: &str = "App";

/// The JSON form of a schema, with every type resolved.
pub(super) struct Shape(pub(super) Value);

impl Shape {
    fn namespace(&self) -> Option<&Value> {
        self.0.get(NAMESPACE)
    }

    pub(super) fn has_entity(&self, name: &str) -> bool {
        let types = self.namespace().and_then(|it| it.get("entityTypes"));
        types.is_some_and(|types| types.get(name).is_some())
    }

    fn entity(&self, name: &str) -> Option<&Map<String, Value>> {
        let shape = self
            .namespace()?
            .get("entityTypes")?
            .get(name)?
            .get("shape")?;
        self.record(shape, MAX_DEPTH)
    }

    fn attribute(&self, entity: &str, name: &str) -> Option<&Value> {
        self.entity(entity)?.get(name)
    }

    pub(super) fn resource(&self) -> Declared {
        Declared::of(self.entity("Resource"))
    }

    pub(super) fn user(&self) -> Declared {
        Declared::of(self.entity("User"))
    }

    fn has_tags(&self, entity: &str) -> bool {
        let types = self.namespace().and_then(|it| it.get("entityTypes"));
        types.is_some_and(|types| types.get(entity).is_some_and(|it| it.get("tags").is_some()))
    }

    /// The types that entities of this one may be in.
    fn containers(&self, entity: &str) -> Vec<&str> {
        let types = || {
            self.namespace()?
                .get("entityTypes")?
                .get(entity)?
                .get("memberOfTypes")
        };
        let types = types().and_then(Value::as_array).into_iter().flatten();
        types.filter_map(Value::as_str).collect()
    }

    fn context(&self, action: &EntityUid) -> Declared {
        let action = action.id().unescaped();
        let applies = || {
            self.namespace()?
                .get("actions")?
                .get(action)?
                .get("appliesTo")
        };
        let context = applies().and_then(|it| it.get("context"));
        Declared::of(context.and_then(|it| self.record(it, MAX_DEPTH)))
    }

    /// The attributes of a record, or of the common type that is named in its place.
    fn record<'s>(&'s self, kind: &'s Value, depth: usize) -> Option<&'s Map<String, Value>> {
        let name = kind.get("type")?.as_str()?;
        if name == "Record" {
            return kind.get("attributes")?.as_object();
        }
        self.record(self.common(name)?, depth.checked_sub(1)?)
    }

    /// Whether a value of the type is an entity, or has one in it.
    fn names_entities(&self, kind: &Value, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return true;
        };
        match kind.get("type").and_then(Value::as_str) {
            Some("Entity") => true,
            Some("Set") => kind
                .get("element")
                .is_none_or(|it| self.names_entities(it, depth)),
            Some("Record") => {
                let members = kind.get("attributes").and_then(Value::as_object);
                let mut members = members.into_iter().flatten();
                members.any(|(_, member)| self.names_entities(member, depth))
            }
            Some("String" | "Long" | "Boolean" | "Bool" | "Extension") => false,
            Some(name) => self
                .common(name)
                .is_some_and(|it| self.names_entities(it, depth)),
            None => false,
        }
    }

    fn common(&self, name: &str) -> Option<&Value> {
        let (namespace, name) = name.rsplit_once("::").unwrap_or(("", name));
        self.0.get(namespace)?.get("commonTypes")?.get(name)
    }

    /// All that a user may be asked about to do to a resource.
    pub(super) fn actions<'s>(
        &self,
        schema: &'s Schema,
        types: &Types,
    ) -> impl Iterator<Item = EntityUid> + use<'s> {
        let (user, resource) = (types.user.clone(), types.resource.clone());
        let asked = move |env: &RequestEnv| *env.principal() == user && *env.resource() == resource;
        let actions = schema.request_envs().filter(asked);
        let ours = |uid: &EntityUid| uid.type_name().to_string() == "App::Action";
        actions.map(|env| env.action().clone()).filter(ours)
    }
}

impl Types {
    /// # Errors
    /// The schema is not about users and resources as Cogward makes them.
    pub(super) fn of(shape: &Shape, file: &str) -> Result<Self, Fault> {
        let parse = |name: &str| {
            let text = format!("{NAMESPACE}::{name}");
            let missing = || Fault::new(file, format!("the schema has no entity type {text}"));
            if !shape.has_entity(name) {
                return Err(missing().hint("begin with the schema that Cogward brings along"));
            }
            text.parse().map_err(|_| missing())
        };
        let types = Self {
            user: parse("User")?,
            group: parse("UserGroup")?,
            resource: parse("Resource")?,
        };
        types_of_members(shape, file)?;
        hierarchies(shape, file)?;
        known_members(shape, file)?;
        plain_contexts(shape, file)?;
        Ok(types)
    }
}

fn types_of_members(shape: &Shape, file: &str) -> Result<(), Fault> {
    let wanted = [
        ("User", "sub", "String"),
        ("User", "email", "String"),
        ("Resource", "resourceType", "String"),
        ("Resource", "owner", "User"),
    ];
    for (entity, name, kind) in wanted {
        let found = shape.attribute(entity, name);
        let needed = name == "sub" || name == "resourceType";
        let member = |name: &str| found.and_then(|it| it.get(name)?.as_str());
        let fits = match (found, kind) {
            (None, _) => !needed,
            (Some(_), "User") => member("name") == Some("App::User"),
            // Cedar names its own types with or without their namespace.
            (Some(_), kind) => {
                member("type").is_some_and(|it| it.strip_prefix("__cedar::").unwrap_or(it) == kind)
            }
        };
        if !fits {
            let text = format!("{NAMESPACE}::{entity} must have `{name}: {kind}`");
            return Err(Fault::new(file, text));
        }
    }
    Ok(())
}

/// Nobody tells what is in what, so that a forbid of what is in something would never apply.
fn hierarchies(shape: &Shape, file: &str) -> Result<(), Fault> {
    let known = [
        ("User", &["App::UserGroup"][..]),
        ("UserGroup", &[]),
        ("Resource", &[]),
    ];
    for (entity, inside) in known {
        let mut others = shape.containers(entity).into_iter();
        if let Some(other) = others.find(|other| !inside.contains(other)) {
            let text = format!("no {NAMESPACE}::{entity} is ever in a `{other}`");
            return Err(Fault::new(file, text).hint(format!("take out `in [{other}]`")));
        }
    }
    Ok(())
}

/// A forbid by what nobody ever tells would never apply. Of a resource an entity provider may tell
/// more, but need not.
fn known_members(shape: &Shape, file: &str) -> Result<(), Fault> {
    let of_user = shape.user();
    let mut untold = of_user.names().filter(|it| !["sub", "email"].contains(it));
    if let Some(name) = untold.next() {
        let text =
            format!("nobody tells `{name}` of an {NAMESPACE}::User: a token has `sub` and `email`");
        return Err(Fault::new(file, text).hint(format!("take out `{name}`, or make it a group")));
    }
    let of_resource = shape.resource();
    let mut needed = of_resource.required().filter(|it| *it != "resourceType");
    if let Some(name) = needed.next() {
        let text = format!("`{name}` of {NAMESPACE}::Resource is not always known");
        return Err(Fault::new(file, text).hint(format!("make it optional: `{name}?`")));
    }
    match ["User", "Resource"]
        .into_iter()
        .find(|it| shape.has_tags(it))
    {
        Some(entity) => {
            let text = format!("nobody tells tags of an {NAMESPACE}::{entity}");
            Err(Fault::new(file, text).hint("take out `tags`"))
        }
        None => Ok(()),
    }
}

/// All that could be known of one is what the caller says; attributes and groups of it never are.
fn plain_contexts(shape: &Shape, file: &str) -> Result<(), Fault> {
    let actions = shape.namespace().and_then(|it| it.get("actions"));
    for (name, action) in actions.and_then(Value::as_object).into_iter().flatten() {
        let context = action.get("appliesTo").and_then(|it| it.get("context"));
        if context.is_some_and(|context| shape.names_entities(context, MAX_DEPTH)) {
            let text =
                format!("the context of `{name}` names an entity, of which nothing is known");
            let hint = "make it a String, and compare it with `principal.sub`";
            return Err(Fault::new(file, text).hint(hint));
        }
    }
    Ok(())
}

impl Action {
    pub(super) fn new(
        uid: EntityUid,
        schema: &Schema,
        types: &Types,
        shape: &Shape,
        policies: &[Policy],
    ) -> Result<Self, String> {
        let failed = |error: &dyn std::fmt::Display| error.to_string();
        let known = schema.action_entities().map_err(|error| failed(&error))?;
        let groups: Vec<EntityUid> = match known.ancestors(&uid) {
            Some(groups) => groups.cloned().collect(),
            None => Vec::new(),
        };
        let entity = (!groups.is_empty()).then(|| known.get(&uid).cloned());
        let bare = Request::new(
            named(&types.user, ""),
            uid.clone(),
            named(&types.resource, ""),
            cedar_policy::Context::empty(),
            Some(schema),
        );
        Ok(Self {
            entity: entity.flatten(),
            context: shape.context(&uid),
            bare: bare.is_ok(),
            slices: Slices::new(policies, types, |other| {
                *other == uid || groups.contains(other)
            })?,
            uid,
        })
    }
}
