//! What must hold whatever is asked; the function tells whether it was permitted. The fuzz target
//! calls it, and so does the test that replays the seeds (`tests/corpus.rs`).

use std::sync::OnceLock;

use cogward_policy::{
    Asked, Considered, Effect, Engine, Facts, Groups, Invalid, Principal, Question, Resource,
    Source, Text, Texts, Verdict,
};
use serde_json::{Map, Value};

/// The body of `POST /auth/authorize`, read by the server's own parser; beside the question it may
/// have what a token would say (`groups`) and an entity provider (`facts`), which that ignores.
///
/// By the policies that Cogward brings along only whoever the matrix of the roles allows is
/// permitted; by policies that look at everything nothing panics. By both nobody is permitted but
/// by a policy that permits it, and nobody where one forbids it or failed.
pub fn question(input: &[u8]) -> bool {
    let Ok(asked) = serde_json::from_slice::<Asked>(input) else {
        return false;
    };
    // What the parser ignores need not be a value: a number of a thousand digits.
    let sent: Value = serde_json::from_slice(input).unwrap_or_default();
    let facts: Facts = facts(sent.get("facts"));
    let groups = strings(sent.get("groups"));
    let said = asked.question();
    let told = Question {
        resource: Resource {
            attributes: Some(&facts.attributes),
            ..said.resource
        },
        ..said
    };
    let principal = Principal {
        sub: "alice",
        email: None,
        groups: &groups,
    };
    let mut by_default = false;
    for question in [said, told] {
        by_default = by(default_engine(), &principal, &question);
        assert!(!by_default || expected(&groups, &question), "{question:?}");
        by(curious_engine(), &principal, &question);
    }
    by_default
}

fn by(engine: &Engine, principal: &Principal<'_>, question: &Question<'_>) -> bool {
    let caller = engine.caller(principal).expect("any caller is one");
    match engine.decide(&caller, question) {
        Ok(decision) if decision.allowed => {
            assert!(decision.failed.is_empty(), "{decision:?}");
            let explained = engine.explain(&caller, question).expect("it was decided");
            // Each policy put to Cedar by itself.
            let decides = |it: &&Considered| it.verdict == Verdict::Decides;
            let mut permits = explained.policies.iter().filter(decides).peekable();
            assert!(permits.peek().is_some(), "{explained:?}");
            assert!(
                permits.all(|it| it.effect == Effect::Permit),
                "{explained:?}"
            );
            let refuses = |it: &Considered| match it.verdict {
                Verdict::Failed(_) => true,
                Verdict::Overruled => it.effect == Effect::Forbid,
                _ => false,
            };
            assert!(!explained.policies.iter().any(refuses), "{explained:?}");
            true
        }
        Ok(_) => false,
        Err(Invalid::Action) => {
            assert!(!engine.actions().any(|known| known == question.action));
            false
        }
        Err(_) => false,
    }
}

/// The roles as the documentation has them, written down a second time.
fn expected(groups: &[String], question: &Question<'_>) -> bool {
    let known = Groups::default();
    let own = question.resource.owner.is_none_or(|owner| owner == "alice");
    let action = question.action;
    if ["write:own", "delete:own"].contains(&action) && !own {
        return false;
    }
    groups.iter().any(|group| match known.of(group) {
        "admin" => true,
        "users" => action.ends_with(":own"),
        "editors" => ["read:content", "write:content", "publish:content"].contains(&action),
        "reviewers" => ["read:content", "approve:content", "reject:content"].contains(&action),
        "publishers" => ["read:content", "publish:content", "deploy:static"].contains(&action),
        "moderators" => ["read:users", "mute:users", "kick:users", "manage:chat"].contains(&action),
        "developers" => [
            "api:read",
            "api:write",
            "read:logs",
            "read:metrics",
            "debug:view",
        ]
        .contains(&action),
        "readonly" => action.starts_with("read:"),
        _ => false,
    })
}

fn default_engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let texts = Source::Embedded.read().expect("embedded");
        Engine::new(&texts, Groups::default()).expect("good")
    })
}

const SCHEMA: &str = r#"namespace App {
    entity UserGroup;
    entity User in [UserGroup] = { sub: String, email: String };
    entity Resource = { resourceType: String, owner?: User, level?: Long, tags?: Set<String>, at?: ipaddr };
    action "all";
    action "read", "write" in ["all"] appliesTo {
        principal: [User], resource: [Resource],
        context: { ip?: ipaddr, amount?: decimal, when?: datetime, deep?: { of?: Set<Long>, by?: String } },
    };
}"#;

const POLICIES: &str = r#"
    @id("all") permit(principal, action in App::Action::"all", resource);
    @id("level") forbid(principal, action, resource) when { resource has level && resource.level * 3 > 9 };
    @id("ip") forbid(principal, action, resource) when { context has ip && context.ip.isLoopback() };
    @id("amount") forbid(principal, action, resource)
        when { context has amount && context.amount.greaterThan(decimal("10.0")) };
    @id("when") forbid(principal, action, resource)
        when { context has when && context.when > datetime("2026-11-22") };
    @id("deep") forbid(principal, action, resource)
        when { context has deep.of && context.deep.of.contains(7) };
    @id("by") forbid(principal, action, resource) when { context has deep.by && context.deep.by != principal.sub };
    @id("tags") forbid(principal in App::UserGroup::"users", action == App::Action::"write", resource)
        unless { resource has tags && resource.tags.contains("open") };
    @id("at") forbid(principal, action, resource == App::Resource::"r1")
        when { resource has at && resource.at.isMulticast() };
"#;

fn curious_engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let text = |name: &str, text: &str| Text {
            name: name.to_owned(),
            text: text.to_owned(),
        };
        let texts = Texts {
            schema: text("curious.cedarschema", SCHEMA),
            policies: vec![text("curious.cedar", POLICIES)],
        };
        Engine::new(&texts, Groups::default()).expect("good")
    })
}

fn facts(told: Option<&Value>) -> Facts {
    let attributes: Option<&Map<String, Value>> = told.and_then(Value::as_object);
    Facts {
        attributes: attributes.cloned().unwrap_or_default(),
        ..Facts::default()
    }
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|it| it.as_str().map(ToOwned::to_owned))
        .collect()
}
