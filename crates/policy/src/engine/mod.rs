//! Policies by Cedar: checked once, then asked.

mod callers;
mod context;
mod declared;
mod explain;
mod parse;
mod shape;
mod slices;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision as Verdict, Entities, Entity, EntityId,
    EntityTypeName, EntityUid, Request, RestrictedExpression, Schema,
};
use serde_json::Value;

use self::callers::Callers;
use self::declared::Declared;
use self::slices::{Slice, Slices};
use crate::fault::{Fault, Faults};
use crate::groups::Groups;
use crate::question::{Decision, Invalid, Principal, Question, Resource};
use crate::source::Texts;

/// An application's ids are shorter; what is longer is no name of anything.
const MAX_ID: usize = 1024;
const MAX_KIND: usize = 256;

/// Schema and policies, checked against each other and ready to be asked.
pub struct Engine {
    schema: Schema,
    types: Types,
    groups: Groups,
    callers: Callers,
    resource: Declared,
    user: Declared,
    actions: BTreeMap<String, Action>,
    authorizer: Authorizer,
    policies: Vec<parse::Policy>,
    warnings: Vec<Fault>,
}

/// The types that every schema must have.
struct Types {
    user: EntityTypeName,
    group: EntityTypeName,
    resource: EntityTypeName,
}

/// What may be asked of a user and a resource.
struct Action {
    uid: EntityUid,
    /// With the groups of actions that it is in, where it is in any.
    entity: Option<Entity>,
    /// Members of its context.
    context: Declared,
    /// A question without context fits the schema.
    bare: bool,
    slices: Slices,
}

/// Somebody who asks, once for all of his questions.
pub struct Caller {
    uid: EntityUid,
    /// The groups as policies know them.
    groups: Vec<String>,
    sub: String,
    entities: Entities,
}

/// A question that is one, as far as that is told without asking.
struct Checked<'e> {
    action: &'e Action,
    context: Context,
    /// Nothing of it is for the schema to judge.
    plain: bool,
}

/// A question as Cedar takes it.
struct Asked {
    request: Request,
    entities: Entities,
}

impl Engine {
    /// Reads schema and policies and checks them, strictly, against each other.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn new(texts: &Texts, groups: Groups) -> Result<Self, Faults> {
        let (schema, shape) = parse::schema(&texts.schema)?;
        let types = Types::of(&shape, &texts.schema.name)?;
        let policies = parse::policies(&texts.policies, &schema)?;
        policies.check_groups(&types.group, &groups, &texts.policies)?;
        let mut actions = BTreeMap::new();
        // What is asked without an action has an empty one.
        let named = |uid: &EntityUid| !uid.id().unescaped().is_empty();
        for uid in shape.actions(&schema, &types).filter(named) {
            let action = Action::new(uid, &schema, &types, &shape, &policies.all);
            let action = action.map_err(|why| Fault::new(&texts.schema.name, why))?;
            actions.insert(action.uid.id().unescaped().to_owned(), action);
        }
        Ok(Self {
            resource: shape.resource(),
            user: shape.user(),
            schema,
            types,
            groups,
            callers: Callers::default(),
            actions,
            authorizer: Authorizer::new(),
            policies: policies.all,
            warnings: policies.warnings,
        })
    }

    /// The actions that may be asked about, in order.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.actions.keys().map(String::as_str)
    }

    /// Attributes of a resource that only an entity provider tells.
    pub fn told_by_providers(&self) -> impl Iterator<Item = &str> {
        let known = ["resourceType", "owner"];
        self.resource.names().filter(move |it| !known.contains(it))
    }

    /// How many policies there are.
    pub fn policies(&self) -> usize {
        self.policies.len()
    }

    /// What may be a mistake, as a policy that never applies.
    pub fn warnings(&self) -> &[Fault] {
        &self.warnings
    }

    /// Makes ready what does not change from question to question.
    ///
    /// # Errors
    /// None that is known.
    pub fn caller(&self, principal: &Principal<'_>) -> Result<Arc<Caller>, Invalid> {
        self.callers
            .get_or(principal, || self.new_caller(principal))
    }

    fn new_caller(&self, principal: &Principal<'_>) -> Result<Caller, Invalid> {
        let mut groups: Vec<String> = Vec::with_capacity(principal.groups.len());
        for group in principal.groups {
            let group = self.groups.of(group);
            if !groups.iter().any(|known| known == group) {
                groups.push(group.to_owned());
            }
        }
        let uid = named(&self.types.user, principal.sub);
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let mut attributes = HashMap::from([("sub".to_owned(), text(principal.sub))]);
        // Where it may be missing it is, rather than empty.
        let empty = self.user.requires("email").then_some("");
        let email = principal.email.or(empty);
        if let Some(email) = email.filter(|_| self.user.has("email")) {
            attributes.insert("email".to_owned(), text(email));
        }
        let parents: HashSet<_> = groups
            .iter()
            .map(|group| named(&self.types.group, group))
            .collect();
        let user = Entity::new(uid.clone(), attributes, parents).map_err(facts)?;
        Ok(Caller {
            entities: Entities::from_entities([user], None).map_err(facts)?,
            uid,
            groups,
            sub: principal.sub.to_owned(),
        })
    }

    /// Asks the policies.
    ///
    /// # Errors
    /// The schema does not allow the question.
    pub fn decide(&self, caller: &Caller, question: &Question<'_>) -> Result<Decision, Invalid> {
        let checked = self.check(question)?;
        let (slices, id) = (&checked.action.slices, question.resource.id);
        let slices = slices.concerning(&caller.sub, &caller.groups, id);
        let slices: Vec<&Slice> = slices.collect();
        // Heads are matched by names alone.
        if checked.plain && slices.iter().all(|slice| slice.conditional.is_none()) {
            return Ok(self.ask(&slices, None));
        }
        let asked = self.put(checked, caller, question)?;
        Ok(self.ask(&slices, Some(&asked)))
    }

    fn check(&self, question: &Question<'_>) -> Result<Checked<'_>, Invalid> {
        let action = self.actions.get(question.action);
        let action = action.ok_or(Invalid::Action)?;
        let context = match question.context {
            None => Context::empty(),
            Some(given) => context::read(given, &action.context, &self.schema, &action.uid)?,
        };
        check_lengths(&question.resource)?;
        let given = question.context.is_some_and(|it| !it.is_empty());
        Ok(Checked {
            action,
            context,
            plain: action.bare && !given,
        })
    }

    fn put(
        &self,
        checked: Checked<'_>,
        caller: &Caller,
        question: &Question<'_>,
    ) -> Result<Asked, Invalid> {
        let Checked {
            action,
            context,
            plain,
        } = checked;
        let request = Request::new(
            caller.uid.clone(),
            action.uid.clone(),
            named(&self.types.resource, question.resource.id),
            context,
            (!plain).then_some(&self.schema),
        );
        let request = request.map_err(|error| Invalid::Context(error.to_string()))?;
        let resource = self.resource(&question.resource)?;
        let more = [resource].into_iter().chain(action.entity.clone());
        let entities = caller.entities.clone().add_entities(more, None);
        Ok(Asked {
            request,
            entities: entities.map_err(facts)?,
        })
    }

    /// Policies that do not concern the caller, the action or the resource by their very head
    /// are left out: they could neither permit nor forbid nor fail. Without what is `asked` there
    /// are none with a condition.
    fn ask(&self, slices: &[&Slice], asked: Option<&Asked>) -> Decision {
        let (mut permits, mut forbids, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for slice in slices {
            permits.extend_from_slice(&slice.permits);
            forbids.extend_from_slice(&slice.forbids);
            let (Some(policies), Some(asked)) = (&slice.conditional, asked) else {
                continue;
            };
            let Asked { request, entities } = asked;
            let answer = self.authorizer.is_authorized(request, policies, entities);
            let found = answer.diagnostics();
            let into = match answer.decision() {
                Verdict::Allow => &mut permits,
                Verdict::Deny => &mut forbids,
            };
            into.extend(found.reason().map(ToString::to_string));
            failed.extend(found.errors().map(name_of));
        }
        let allowed = failed.is_empty() && forbids.is_empty() && !permits.is_empty();
        Decision {
            allowed,
            determining: match allowed {
                true => permits,
                false => forbids,
            },
            failed,
        }
    }

    fn resource(&self, asked: &Resource<'_>) -> Result<Entity, Invalid> {
        let uid = named(&self.types.resource, asked.id);
        let owner = asked.owner.filter(|_| self.resource.has("owner"));
        let owner = owner.map(|sub| named(&self.types.user, sub));
        match asked.attributes.filter(|it| !it.is_empty()) {
            None => {
                let kind = RestrictedExpression::new_string(asked.kind.to_owned());
                let owner = owner.map(RestrictedExpression::new_entity_uid);
                let owner = owner.map(|owner| ("owner".to_owned(), owner));
                let attributes = [("resourceType".to_owned(), kind)].into_iter().chain(owner);
                Entity::new(uid, attributes.collect(), HashSet::new()).map_err(facts)
            }
            Some(told) => {
                let mut attributes = self.resource.only(told);
                // Whose it is was told elsewhere, or it is nobody's.
                attributes.remove("owner");
                attributes.insert("resourceType".to_owned(), asked.kind.into());
                if let Some(owner) = owner {
                    attributes.insert("owner".to_owned(), json(&owner));
                }
                let entity =
                    serde_json::json!({ "uid": json(&uid), "attrs": attributes, "parents": [] });
                Entity::from_json_value(entity, Some(&self.schema)).map_err(facts)
            }
        }
    }
}

fn check_lengths(asked: &Resource<'_>) -> Result<(), Invalid> {
    let too_long = |text: &str, most, name| match text.len() > most {
        true => Err(Invalid::Resource(name)),
        false => Ok(()),
    };
    too_long(asked.id, MAX_ID, "id")?;
    too_long(asked.kind, MAX_KIND, "type")?;
    too_long(asked.owner.unwrap_or_default(), MAX_KIND, "owner")
}

/// The policy that failed. What it failed at may hold what was asked.
fn name_of(error: &AuthorizationError) -> String {
    let AuthorizationError::PolicyEvaluationError(error) = error;
    error.policy_id().to_string()
}

fn facts(error: impl std::fmt::Display) -> Invalid {
    Invalid::Facts(error.to_string())
}

fn named(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn json(uid: &EntityUid) -> Value {
    serde_json::json!({ "type": uid.type_name().to_string(), "id": uid.id().unescaped() })
}
