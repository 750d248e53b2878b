//! Why an answer is what it is: each policy asked by itself, by Cedar.

use std::fmt::Display;

use cedar_policy::{
    Decision as Answer, Effect as CedarEffect, EntityTypeName, EntityUid, Policy as CedarPolicy,
    PolicySet, PrincipalConstraint, ResourceConstraint,
};
use serde_json::{Value, json};

use super::parse::Policy;
use super::{Asked, Caller, Engine, Types};
use crate::explanation::{Considered, Effect, Explanation, Verdict};
use crate::question::{Decision, Invalid, Question};

impl Engine {
    /// Asks the policies, and each of those about the action alone. Slow: for people.
    ///
    /// # Errors
    /// The schema does not allow the question.
    pub fn explain(
        &self,
        caller: &Caller,
        question: &Question<'_>,
    ) -> Result<Explanation, Invalid> {
        let asked = self.put(self.check(question)?, caller, question)?;
        let decision = self.decide(caller, question)?;
        let policies = self.policies.iter();
        let policies = policies.filter(|it| self.part_holds(it, "action", &asked) != Ok(false));
        let policies = policies.map(|it| self.considered(it, &asked, &decision));
        Ok(Explanation {
            policies: policies.collect(),
            groups: caller.groups.clone(),
            decision,
        })
    }

    fn considered(&self, given: &Policy, asked: &Asked, decision: &Decision) -> Considered {
        let policy = &given.policy;
        let name = policy.id().to_string();
        let verdict = match self.holds(policy, asked) {
            Ok(true) if decision.determining.contains(&name) => Verdict::Decides,
            Ok(true) => Verdict::Overruled,
            Ok(false) => self.against(given, asked),
            Err(why) => Verdict::Failed(why),
        };
        Considered {
            effect: match policy.effect() {
                CedarEffect::Permit => Effect::Permit,
                CedarEffect::Forbid => Effect::Forbid,
            },
            file: given.file.clone(),
            line: given.line,
            text: policy.to_cedar().unwrap_or_else(|| policy.to_string()),
            name,
            verdict,
        }
    }

    /// Why a policy does not hold.
    fn against(&self, given: &Policy, asked: &Asked) -> Verdict {
        let (types, policy) = (&self.types, &given.policy);
        let wanted = [
            ("principal", principal(types, policy)),
            ("resource", resource(types, policy)),
        ];
        let not_so = |(part, wanted): (_, Option<String>)| match self.part_holds(given, part, asked)
        {
            Ok(true) => None,
            Ok(false) => wanted.map(Ok),
            Err(why) => Some(Err(why)),
        };
        match wanted.into_iter().filter_map(not_so).collect() {
            Err(why) => Verdict::Failed(why),
            Ok(none) if Vec::is_empty(&none) => Verdict::Condition,
            Ok(wants) => Verdict::Head(wants),
        }
    }

    /// Whether the principal, the action or the resource is one that the policy is about.
    fn part_holds(&self, given: &Policy, part: &str, asked: &Asked) -> Result<bool, String> {
        let mut form = given.policy.to_json().map_err(told)?;
        if let Some(form) = form.as_object_mut() {
            for other in ["principal", "action", "resource"] {
                if other != part {
                    form.insert(other.to_owned(), json!({ "op": "All" }));
                }
            }
            form.insert("conditions".to_owned(), Value::Array(Vec::new()));
        }
        let alone = CedarPolicy::from_json(None, form).map_err(told)?;
        self.holds(&alone, asked)
    }

    fn holds(&self, policy: &CedarPolicy, asked: &Asked) -> Result<bool, String> {
        let set = PolicySet::from_policies([policy.clone()]).map_err(told)?;
        let Asked { request, entities } = asked;
        let answer = self.authorizer.is_authorized(request, &set, entities);
        let found = answer.diagnostics();
        match found.errors().next() {
            Some(error) => Err(told(error)),
            None => Ok(answer.decision() == Answer::Allow || found.reason().next().is_some()),
        }
    }
}

/// Of whom it is, in words.
fn principal(types: &Types, policy: &CedarPolicy) -> Option<String> {
    Some(match policy.principal_constraint() {
        PrincipalConstraint::Any => return None,
        PrincipalConstraint::Is(kind) => of_type(&kind),
        PrincipalConstraint::In(uid)
        | PrincipalConstraint::Eq(uid)
        | PrincipalConstraint::IsIn(_, uid) => match uid.type_name() {
            kind if *kind == types.group => format!("the group {}", id(&uid)),
            kind if *kind == types.user => format!("the user {}", id(&uid)),
            _ => uid.to_string(),
        },
    })
}

/// To what it is, in words.
fn resource(types: &Types, policy: &CedarPolicy) -> Option<String> {
    Some(match policy.resource_constraint() {
        ResourceConstraint::Any => return None,
        ResourceConstraint::Is(kind) => of_type(&kind),
        ResourceConstraint::In(uid)
        | ResourceConstraint::Eq(uid)
        | ResourceConstraint::IsIn(_, uid) => match *uid.type_name() == types.resource {
            true => format!("the resource {}", id(&uid)),
            false => uid.to_string(),
        },
    })
}

fn of_type(kind: &EntityTypeName) -> String {
    format!("something of the type {kind}")
}

fn id(uid: &EntityUid) -> &str {
    uid.id().unescaped()
}

fn told(error: impl Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::Groups;
    use crate::question::{Principal, Resource};
    use crate::source::{Source, Text, Texts};

    const POLICIES: &str = r#"// The first line.
@id("editors")
permit (principal in App::UserGroup::"editors", action == App::Action::"write:own", resource);
permit (
  principal == App::User::"bob",
  action in [App::Action::"write:own", App::Action::"read:own"],
  resource == App::Resource::"doc-2"
);
@id("own") permit (principal is App::User, action == App::Action::"write:own", resource)
when { resource has owner && resource.owner == principal };
@id("readers") permit (principal, action == App::Action::"read:own", resource);
@id("frozen") forbid (principal, action, resource is App::Resource)
when { resource.resourceType == "frozen" };
"#;

    fn engine(policies: &str) -> Engine {
        let text = Text {
            name: "set/own.cedar".to_owned(),
            text: policies.to_owned(),
        };
        let schema = Source::Embedded.read().unwrap().schema;
        let texts = Texts {
            schema,
            policies: vec![text],
        };
        Engine::new(&texts, Groups::default()).unwrap()
    }

    fn explain(engine: &Engine, groups: &[&str], kind: &str, owner: &str) -> Explanation {
        let groups: Vec<_> = groups.iter().map(|&it| it.to_owned()).collect();
        let principal = Principal {
            sub: "alice",
            email: None,
            groups: &groups,
        };
        let resource = Resource {
            id: "doc-1",
            kind,
            owner: Some(owner),
            attributes: None,
        };
        let caller = engine.caller(&principal).unwrap();
        let question = Question::about(resource, "write:own");
        let explanation = engine.explain(&caller, &question).unwrap();
        assert_eq!(
            explanation.decision,
            engine.decide(&caller, &question).unwrap()
        );
        explanation
    }

    fn verdicts(explanation: &Explanation) -> Vec<(&str, usize, &Verdict)> {
        let policies = explanation.policies.iter();
        policies
            .map(|it| (it.name.as_str(), it.line, &it.verdict))
            .collect()
    }

    #[test]
    fn each_policy_about_the_action_says_why_it_decides_or_does_not() {
        let engine = engine(POLICIES);
        let wants = |all: &[&str]| Verdict::Head(all.iter().map(|&it| it.to_owned()).collect());
        let bob = wants(&["the user bob", "the resource doc-2"]);
        let others = explain(&engine, &["readers"], "document", "carol");
        assert_eq!(
            verdicts(&others),
            [
                ("editors", 2, &wants(&["the group editors"])),
                ("own.cedar#2", 4, &bob),
                ("own", 9, &Verdict::Condition),
                ("frozen", 12, &Verdict::Condition),
            ]
        );
        let own = explain(&engine, &["Editor"], "document", "alice");
        assert_eq!(own.groups, ["editors"]);
        assert_eq!(
            verdicts(&own),
            [
                ("editors", 2, &Verdict::Decides),
                ("own.cedar#2", 4, &bob),
                ("own", 9, &Verdict::Decides),
                ("frozen", 12, &Verdict::Condition),
            ]
        );
        let frozen = explain(&engine, &["editors"], "frozen", "carol");
        assert_eq!(
            verdicts(&frozen),
            [
                ("editors", 2, &Verdict::Overruled),
                ("own.cedar#2", 4, &bob),
                ("own", 9, &Verdict::Condition),
                ("frozen", 12, &Verdict::Decides),
            ]
        );
    }

    #[test]
    fn a_policy_is_told_as_it_stands_in_its_file() {
        let engine = engine(POLICIES);
        let told = explain(&engine, &[], "document", "carol");
        for policy in &told.policies {
            assert_eq!(policy.file, "set/own.cedar");
            let above: Vec<_> = POLICIES.lines().take(policy.line - 1).collect();
            let (_, rest) = POLICIES.split_at(above.join("\n").len());
            assert!(rest.trim_start().starts_with(&policy.text), "{policy:?}");
            let forbid = policy.name == "frozen";
            assert_eq!(policy.effect == Effect::Forbid, forbid);
        }
    }

    #[test]
    fn a_policy_that_fails_says_so_and_overrules_the_others() {
        let engine = engine(
            r#"@id("all") permit(principal, action, resource);
            @id("sum") forbid(principal, action, resource)
            when { 9223372036854775807 + (if resource.resourceType == "x" then 1 else 0) < 0 };"#,
        );
        let failed = explain(&engine, &[], "x", "bob");
        let [(_, 1, Verdict::Overruled), (_, 2, Verdict::Failed(why))] = verdicts(&failed)[..]
        else {
            panic!("{failed:?}");
        };
        assert!(why.contains("overflow"), "{why}");
        let good = explain(&engine, &[], "y", "bob");
        assert_eq!(
            verdicts(&good),
            [
                ("all", 1, &Verdict::Decides),
                ("sum", 2, &Verdict::Condition)
            ]
        );
    }
}
