//! What may a person do to this: all actions of the schema at once.

use std::collections::BTreeSet;

use cogward_policy::Invalid;

use super::{AskedResource, Asking, AuthorizeError, Desk, give_way, named, tell_refusal};
use crate::Auth;
use crate::audit::{self, Listed};

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
    for (at, action) in desk.engine.actions().enumerate() {
        give_way(at).await;
        match desk.decide(action, resource, None, &facts) {
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
