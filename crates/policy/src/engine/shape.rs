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
        let (namespace, name) = name.rsplit_once("::").unwrap_or(("", name));
        let common = self.0.get(namespace)?.get("commonTypes")?.get(name)?;
        self.record(common, depth.checked_sub(1)?)
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
        required_members(shape, file)?;
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

fn required_members(shape: &Shape, file: &str) -> Result<(), Fault> {
    let (user, resource) = (shape.user(), shape.resource());
    let of_user = user.required().find(|it| !["sub", "email"].contains(it));
    let of_resource = resource.required().find(|it| *it != "resourceType");
    let of_user = of_user.map(|it| ("User", it));
    match of_user.or(of_resource.map(|it| ("Resource", it))) {
        None => Ok(()),
        Some((entity, name)) => {
            let text = format!("`{name}` of {NAMESPACE}::{entity} is not always known");
            Err(Fault::new(file, text).hint(format!("make it optional: `{name}?`")))
        }
    }
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
