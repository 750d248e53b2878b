//! What must hold whatever is asked; the function tells whether it was permitted. The fuzz target
//! calls it, and so does the test that replays the seeds (`tests/corpus.rs`).

use std::sync::OnceLock;

use cogward_policy::{
    Engine, Facts, Groups, Invalid, Principal, Question, Resource, Source, Text, Texts,
};
use serde_json::{Map, Value};

/// A question as a caller sends it: `{"action", "resource": {"id", "type", "owner"}, "context"}`,
/// beside it what a token would say (`groups`) and an entity provider (`facts`).
///
/// By the policies that Cogward brings along only whoever the matrix of the roles allows is
/// permitted; by policies that look at everything nothing panics, and nobody is permitted whom
/// a forbid of those that cannot fail names.
pub fn question(input: &[u8]) -> bool {
    let Ok(Value::Object(sent)) = serde_json::from_slice(input) else {
        return false;
    };
    let resource = sent.get("resource").and_then(Value::as_object);
    let text = |name: &str| resource.and_then(|it| it.get(name)?.as_str());
    let facts: Facts = facts(sent.get("facts"));
    let groups = strings(sent.get("groups"));
    let question = Question {
        action: sent.get("action").and_then(Value::as_str).unwrap_or(""),
        resource: Resource {
            id: text("id").unwrap_or(Resource::APPLICATION.id),
            kind: text("type").unwrap_or(Resource::APPLICATION.kind),
            owner: text("owner"),
            attributes: Some(&facts.attributes),
        },
        context: sent.get("context").and_then(Value::as_object),
    };
    let principal = Principal {
        sub: "alice",
        email: None,
        groups: &groups,
    };
    let by_default = by(default_engine(), &principal, &question);
    assert!(!by_default || expected(&groups, &question), "{question:?}");
    by(curious_engine(), &principal, &question);
    by_default
}

fn by(engine: &Engine, principal: &Principal<'_>, question: &Question<'_>) -> bool {
    let caller = engine.caller(principal).expect("any caller is one");
    match engine.decide(&caller, question) {
        Ok(decision) => {
            assert!(!decision.allowed || decision.failed.is_empty());
            assert!(!decision.allowed || !decision.determining.is_empty());
            decision.allowed
        }
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
