//! What a call was about, and the policies that decided of it.

use serde::{Serialize, Serializer};

use super::Judged;
use super::cut::Text;
use super::ocsf::More;

/// The policies that decided, and those that failed.
pub(super) struct Authorizations<'a> {
    permit: bool,
    determining: &'a [String],
    failed: &'a [String],
}

impl<'a> Authorizations<'a> {
    pub(super) fn of(more: &More<'a>) -> Option<Self> {
        match *more {
            More::Decision(Judged { answer, .. }) => Some(Self {
                permit: answer.decision.allowed,
                determining: &answer.decision.determining,
                failed: &answer.decision.failed,
            }),
            More::Permissions(listed) => Some(Self {
                permit: true,
                determining: listed.policies,
                failed: listed.failed,
            }),
            _ => None,
        }
    }
}

impl Serialize for Authorizations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let decision = if self.permit { "Permit" } else { "Forbid" };
        let determining = self.determining.iter().map(|uid| (decision, uid));
        let failed = self.failed.iter().map(|uid| ("Error", uid));
        let all = determining.chain(failed);
        serializer.collect_seq(all.map(|(decision, uid)| Authorization {
            decision,
            policy: Policy { uid: Text(uid) },
        }))
    }
}

#[derive(Serialize)]
struct Authorization<'a> {
    decision: &'static str,
    policy: Policy<'a>,
}

#[derive(Serialize)]
struct Policy<'a> {
    uid: Text<'a>,
}

#[derive(Serialize)]
pub(super) struct Resource<'a> {
    uid: Text<'a>,
    #[serde(rename = "type")]
    kind: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Permitted<'a>>,
}

/// What may be done to it.
#[derive(Serialize)]
struct Permitted<'a> {
    permitted_actions: Texts<'a>,
}

struct Texts<'a>(&'a [String]);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|text| Text(text)))
    }
}

impl<'a> Resource<'a> {
    pub(super) fn of(more: &More<'a>) -> Option<Self> {
        match *more {
            More::Decision(judged) => Some(Self {
                uid: Text(judged.resource),
                kind: Text(judged.kind),
                data: None,
            }),
            More::Permissions(listed) => Some(Self {
                uid: Text(listed.resource),
                kind: Text(listed.kind),
                data: Some(Permitted {
                    permitted_actions: Texts(listed.actions),
                }),
            }),
            _ => None,
        }
    }
}
