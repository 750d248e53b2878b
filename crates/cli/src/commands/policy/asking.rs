//! A question to the policies, put as the server puts it.

use cogward_auth::authorize::{Answer, Reason};
use cogward_policy::{
    Decision, Explanation, Invalid, Principal, Question, Resource, is_on_ones_own,
};
use serde_json::{Map, Value};

use super::{Asked, nearest};
use crate::printable::printable;

/// Who asks what.
pub(super) struct Asking {
    pub(super) sub: String,
    pub(super) email: Option<String>,
    /// As the token has them.
    pub(super) groups: Vec<String>,
    pub(super) action: String,
    pub(super) id: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) owner: Option<String>,
    /// As an entity provider would tell them.
    pub(super) attributes: Option<Map<String, Value>>,
    pub(super) context: Option<Map<String, Value>>,
}

impl Asking {
    pub(super) fn resource(&self) -> Resource<'_> {
        let application = Resource::APPLICATION;
        Resource {
            id: self.id.as_deref().unwrap_or(application.id),
            kind: self.kind.as_deref().unwrap_or(application.kind),
            owner: self.owner.as_deref(),
            attributes: self.attributes.as_ref(),
        }
    }

    fn principal(&self) -> Principal<'_> {
        Principal {
            sub: &self.sub,
            email: self.email.as_deref(),
            groups: &self.groups,
        }
    }

    fn question(&self) -> Question<'_> {
        Question {
            action: &self.action,
            resource: self.resource(),
            context: self.context.as_ref(),
        }
    }
}

impl Asked {
    /// The answer, or why there is none.
    pub(super) fn answer(&self, asking: &Asking) -> Result<Answer, String> {
        let caller = self.engine.caller(&asking.principal());
        let decision = caller.and_then(|it| self.engine.decide(&it, &asking.question()));
        let decision = decision.map_err(|invalid| self.told(&invalid, asking))?;
        Ok(self.judge(asking, decision))
    }

    /// The answer, and what each policy says; or why there is none.
    pub(super) fn explain(&self, asking: &Asking) -> Result<(Answer, Explanation), String> {
        let caller = self.engine.caller(&asking.principal());
        let explained = caller.and_then(|it| self.engine.explain(&it, &asking.question()));
        let explained = explained.map_err(|invalid| self.told(&invalid, asking))?;
        let answer = self.judge(asking, explained.decision.clone());
        Ok((answer, explained))
    }

    /// Who asks here stands for the entity provider.
    fn judge(&self, asking: &Asking, decision: Decision) -> Answer {
        let unknown = self.owner_must_be_told && asking.owner.is_none();
        match unknown && is_on_ones_own(&asking.action) {
            true => Answer::no(Reason::NoOwner),
            false => Answer::of(decision),
        }
    }

    fn told(&self, invalid: &Invalid, asking: &Asking) -> String {
        let told = match invalid {
            Invalid::Action => format!("the action `{}` is not in the schema", asking.action),
            _ => invalid.to_string(),
        };
        let near = matches!(invalid, Invalid::Action)
            .then(|| nearest(&asking.action, self.engine.actions()))
            .flatten();
        printable(&match near {
            Some(near) => format!("{told}; {near}"),
            None => told,
        })
    }
}
