//! Which policies can concern a question, by their heads alone.
//!
//! Cedar evaluates every policy of a set. Most heads name an action and a group, so that nearly
//! all policies are found not to concern a question before any is evaluated. The head of a policy
//! cannot fail: leaving out one whose head does not match changes no answer (a test compares with
//! the whole set).

use std::collections::HashMap;

use cedar_policy::{
    ActionConstraint, EntityTypeName, EntityUid, PolicySet, PrincipalConstraint, ResourceConstraint,
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
    pub(super) policies: PolicySet,
    /// One of them looks further than its head.
    pub(super) looks: bool,
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
            if !concerns {
                continue;
            }
            let who = match policy.principal_constraint() {
                PrincipalConstraint::Any | PrincipalConstraint::Is(_) => None,
                PrincipalConstraint::In(uid)
                | PrincipalConstraint::Eq(uid)
                | PrincipalConstraint::IsIn(_, uid) => Some(uid),
            };
            let what = match policy.resource_constraint() {
                ResourceConstraint::Any | ResourceConstraint::Is(_) => None,
                ResourceConstraint::In(uid)
                | ResourceConstraint::Eq(uid)
                | ResourceConstraint::IsIn(_, uid) => Some(uid),
            };
            let of = match who {
                None => &mut slices.anybody,
                Some(uid) => match id_of(&uid, &types.user) {
                    Some(sub) => slices.users.entry(sub).or_default(),
                    None => match id_of(&uid, &types.group) {
                        Some(group) => slices.groups.entry(group).or_default(),
                        // Nobody is that.
                        None => continue,
                    },
                },
            };
            let slice = match what.map(|uid| id_of(&uid, &types.resource)) {
                None => of.anything.get_or_insert_default(),
                Some(Some(id)) => of.resources.entry(id).or_default(),
                // Nothing is that.
                Some(None) => continue,
            };
            slice.looks |= policy.has_non_scope_constraint();
            let added = slice.policies.add(policy.clone());
            added.map_err(|error| error.to_string())?;
        }
        Ok(slices)
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

fn id_of(uid: &EntityUid, kind: &EntityTypeName) -> Option<String> {
    (uid.type_name() == kind).then(|| uid.id().unescaped().to_owned())
}
