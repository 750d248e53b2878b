//! What may a person do to this: all actions of the schema at once.

use std::collections::BTreeSet;

use cogward_policy::Invalid;

use super::{
    AskedResource, Asking, AuthorizeError, Desk, Evaluation, named, tell_refusal, too_long,
};
use crate::Auth;
use crate::audit::{self, Listed};

/// So many actions are as much work as a request.
const ACTIONS_A_REQUEST: usize = 10;

/// As how many requests [`permissions`] counts, which decides for every action.
pub fn cost_of_permissions(auth: &Auth) -> u32 {
    let engine = auth.authorization.policies.engine();
    let actions = engine.map_or(0, |engine| engine.actions().count());
    u32::try_from(actions.div_ceil(ACTIONS_A_REQUEST).max(1)).unwrap_or(u32::MAX)
}

/// Those actions of the schema that the caller may take on the resource. One that cannot be
/// decided without a context is none of them. The audit log has all of them as one event.
///
/// # Errors
/// As of [`authorize`](super::authorize).
pub async fn permissions(
    auth: &Auth,
    asking: &Asking<'_>,
    resource: &AskedResource,
) -> Result<Vec<String>, AuthorizeError> {
    let desk = Desk::open(auth, asking)?;
    let facts = desk.look_up(resource).await;
    let mut permitted = Vec::new();
    let (mut policies, mut failed) = (BTreeSet::new(), BTreeSet::new());
    let mut evaluation = Evaluation::new(auth.authorization.evaluation);
    for (at, action) in desk.engine.actions().enumerate() {
        // A part of them would read like all of them.
        if evaluation.is_over() && at > 0 {
            return Err(too_long(asking));
        }
        let decided = || desk.decide(action, resource, None, &facts);
        match evaluation.of(decided).await {
            Ok(answer) if answer.decision.allowed => {
                permitted.push(action.to_owned());
                policies.extend(answer.decision.determining);
            }
            Ok(answer) => failed.extend(answer.decision.failed),
            Err(Invalid::Context(_)) => {}
            Err(invalid) => {
                tell_refusal(asking, &invalid);
                return Err(invalid.into());
            }
        }
    }
    let resource = named(resource, &facts);
    audit::permissions(&Listed {
        sub: asking.principal.sub,
        session: asking.session,
        kind: resource.kind,
        resource: resource.id,
        actions: &permitted,
        policies: &Vec::from_iter(policies),
        failed: &Vec::from_iter(failed),
    });
    Ok(permitted)
}
