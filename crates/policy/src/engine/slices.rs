//! Which policies can concern a question, by their heads alone.
//!
//! Cedar evaluates every policy of a set. Most heads name an action and a group, so that nearly
//! all policies are found not to concern a question before any is evaluated. The head of a policy
//! cannot fail: leaving out one whose head does not match changes no answer, and one that is no
//! more than a head holds where it matches (a test compares with the whole set, put to Cedar).

use std::collections::HashMap;

use cedar_policy::{
    ActionConstraint, Effect, EntityTypeName, EntityUid, Policy as CedarPolicy, PolicySet,
    PrincipalConstraint, ResourceConstraint,
};

use super::Types;
use super::parse::Policy;

/// The policies of one action, by whom they name.
#[derive(Default)]
pub(super) struct Slices {
    anybody: Of,
    users: HashMap<String, Of>,
    groups: HashMap<String, Of>,
}

/// By the resource that they name. Resources are in no others.
#[derive(Default)]
struct Of {
    anything: Option<Slice>,
    resources: HashMap<String, Slice>,
}

/// Policies with the same head, as far as it matters.
#[derive(Default)]
pub(super) struct Slice {
    /// Names of those that are no more than a head: it matches, so they hold.
    pub(super) permits: Vec<String>,
    /// The same of those that forbid.
    pub(super) forbids: Vec<String>,
    /// Those with a condition, which Cedar evaluates.
    pub(super) conditional: Option<PolicySet>,
}

/// Whom a policy's head names, and what.
struct Head {
    who: Who,
    resource: Option<String>,
}

enum Who {
    Anybody,
    User(String),
    Group(String),
}

impl Slices {
    /// Of the policies whose action is one of those that `is` tells.
    pub(super) fn new(
        policies: &[Policy],
        types: &Types,
        is: impl Fn(&EntityUid) -> bool,
    ) -> Result<Self, String> {
        let mut slices = Self::default();
        for Policy { policy, .. } in policies {
            let concerns = match policy.action_constraint() {
                ActionConstraint::Any => true,
                ActionConstraint::Eq(action) => is(&action),
                ActionConstraint::In(actions) => actions.iter().any(&is),
            };
            if let Some(head) = Head::of(policy, types).filter(|_| concerns) {
                slices.slice(head).add(policy)?;
            }
        }
        Ok(slices)
    }

    fn slice(&mut self, Head { who, resource }: Head) -> &mut Slice {
        let of = match who {
            Who::Anybody => &mut self.anybody,
            Who::User(sub) => self.users.entry(sub).or_default(),
            Who::Group(group) => self.groups.entry(group).or_default(),
        };
        match resource {
            None => of.anything.get_or_insert_default(),
            Some(id) => of.resources.entry(id).or_default(),
        }
    }

    /// Those that a question is put to, each by itself.
    pub(super) fn concerning<'s>(
        &'s self,
        sub: &str,
        groups: &'s [String],
        resource: &'s str,
    ) -> impl Iterator<Item = &'s Slice> {
        let groups = groups.iter().filter_map(|group| self.groups.get(group));
        [Some(&self.anybody), self.users.get(sub)]
            .into_iter()
            .flatten()
            .chain(groups)
            .flat_map(move |of| [of.anything.as_ref(), of.resources.get(resource)])
            .flatten()
    }
}

impl Slice {
    fn add(&mut self, policy: &CedarPolicy) -> Result<(), String> {
        if policy.has_non_scope_constraint() {
            let conditional = self.conditional.get_or_insert_default();
            let added = conditional.add(policy.clone());
            return added.map_err(|error| error.to_string());
        }
        let names = match policy.effect() {
            Effect::Permit => &mut self.permits,
            Effect::Forbid => &mut self.forbids,
        };
        names.push(policy.id().to_string());
        Ok(())
    }
}

impl Head {
    /// None of a policy that is for nobody who asks, or for nothing that is asked about: one of
    /// another type.
    fn of(policy: &CedarPolicy, types: &Types) -> Option<Self> {
        let who = match policy.principal_constraint() {
            PrincipalConstraint::Any => Who::Anybody,
            PrincipalConstraint::Is(kind) if kind == types.user => Who::Anybody,
            PrincipalConstraint::In(uid) | PrincipalConstraint::Eq(uid) => Who::of(&uid, types)?,
            PrincipalConstraint::IsIn(kind, uid) if kind == types.user => Who::of(&uid, types)?,
            PrincipalConstraint::Is(_) | PrincipalConstraint::IsIn(..) => return None,
        };
        let resource = match policy.resource_constraint() {
            ResourceConstraint::Any => None,
            ResourceConstraint::Is(kind) if kind == types.resource => None,
            ResourceConstraint::In(uid) | ResourceConstraint::Eq(uid) => {
                Some(id_of(&uid, &types.resource)?)
            }
            ResourceConstraint::IsIn(kind, uid) if kind == types.resource => {
                Some(id_of(&uid, &types.resource)?)
            }
            ResourceConstraint::Is(_) | ResourceConstraint::IsIn(..) => return None,
        };
        Some(Self { who, resource })
    }
}

impl Who {
    fn of(uid: &EntityUid, types: &Types) -> Option<Self> {
        let user = id_of(uid, &types.user).map(Self::User);
        user.or_else(|| id_of(uid, &types.group).map(Self::Group))
    }
}

fn id_of(uid: &EntityUid, kind: &EntityTypeName) -> Option<String> {
    (uid.type_name() == kind).then(|| uid.id().unescaped().to_owned())
}
