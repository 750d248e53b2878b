use std::collections::HashMap;

use cedar_policy::PolicySet;
use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::source::{Source, Text};

fn text(name: &str, text: &str) -> Text {
    Text {
        name: name.to_owned(),
        text: text.to_owned(),
    }
}

fn engine_of(schema: &str, policies: &str) -> Result<Engine, Faults> {
    let texts = Texts {
        schema: text("own.cedarschema", schema),
        policies: vec![text("own.cedar", policies)],
    };
    Engine::new(&texts, Groups::default())
}

fn default_engine() -> Engine {
    Engine::new(&Source::Embedded.read().unwrap(), Groups::default()).unwrap()
}

const SCHEMA: &str = r#"namespace App {
    entity UserGroup;
    entity User in [UserGroup] = { sub: String, email: String };
    entity Resource = { resourceType: String, owner?: User, level?: Long, tags?: Set<String> };
    type Place = { ip: ipaddr, street?: String };
    action "any";
    action "read", "write" in ["any"] appliesTo { principal: [User], resource: [Resource] };
    action "enter" appliesTo { principal: [User], resource: [Resource], context: Place };
}"#;

fn groups(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// One question of a person in `groups`.
fn ask(engine: &Engine, of: &[&str], question: &Question<'_>) -> Result<Decision, Invalid> {
    let groups = groups(of);
    let principal = Principal {
        sub: "alice",
        email: Some("alice@example.com"),
        groups: &groups,
    };
    engine.decide(&engine.caller(&principal).unwrap(), question)
}

fn document(owner: Option<&str>) -> Resource<'_> {
    Resource {
        id: "doc-1",
        kind: "document",
        owner,
        attributes: None,
    }
}

fn context(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => panic!("{value} is no object"),
    }
}

#[test]
fn ones_own_is_ones_own_and_administrators_use_the_actions_for_all() {
    let engine = default_engine();
    let may = |group: &str, action: &str, owner: Option<&str>| {
        let question = Question::about(document(owner), action);
        ask(&engine, &[group], &question).unwrap().allowed
    };
    for action in ["write:own", "delete:own"] {
        assert!(may("users", action, Some("alice")));
        assert!(may("users", action, None));
        assert!(!may("users", action, Some("bob")));
        assert!(may("Administrators", action, Some("alice")));
        assert!(!may("admin", action, Some("bob")));
    }
    assert!(may("admin", "write:all", Some("bob")));
    assert!(!may("users", "write:all", Some("alice")));
    assert!(!may("nobody-knows", "read:content", None));
}

#[test]
fn the_answer_names_the_policies_that_decided() {
    let engine = default_engine();
    let question = Question::about(document(Some("bob")), "write:own");
    let forbidden = ask(&engine, &["admin", "users"], &question).unwrap();
    assert_eq!(forbidden.determining, ["write-own-of-others"]);
    let question = Question::about(document(Some("alice")), "write:own");
    let mut allowed = ask(&engine, &["admins", "users", "admin"], &question).unwrap();
    allowed.determining.sort();
    assert_eq!(allowed.determining, ["admin", "users"]);
    let nothing = ask(&engine, &[], &question).unwrap();
    assert_eq!(nothing.determining, Vec::<String>::new());
}

#[test]
fn an_action_that_the_schema_does_not_have_is_no_question() {
    let engine = default_engine();
    let large = "a".repeat(1 << 20);
    for action in [
        "",
        "ADMIN:MANAGE",
        "admin:manage\"",
        "admin:manage ",
        &large,
    ] {
        let question = Question::about(Resource::APPLICATION, action);
        assert_eq!(ask(&engine, &["admin"], &question), Err(Invalid::Action));
    }
    // One without a name: what is asked without an action has that.
    let nameless = r#"action "" appliesTo { principal: [User], resource: [Resource] }; }"#;
    let schema = SCHEMA.replace("\n}", nameless);
    let engine = engine_of(&schema, "permit(principal, action, resource);").unwrap();
    let question = Question::about(Resource::APPLICATION, "");
    assert_eq!(ask(&engine, &[], &question), Err(Invalid::Action));
    // One of another type of resource, and a group of actions.
    let hire = r#"action "hire" appliesTo { principal: [User], resource: [User] }; }"#;
    let schema = SCHEMA.replace("\n}", hire);
    let engine = engine_of(&schema, "permit(principal, action, resource);").unwrap();
    for action in ["hire", "any"] {
        let question = Question::about(Resource::APPLICATION, action);
        assert_eq!(ask(&engine, &[], &question), Err(Invalid::Action));
    }
    assert_eq!(
        engine.actions().collect::<Vec<_>>(),
        ["enter", "read", "write"]
    );
}

#[test]
fn names_are_opaque_whatever_they_look_like() {
    let engine = default_engine();
    for name in [
        "UserGroup",
        "User",
        "App::User",
        "App::UserGroup::\"admin\"",
        "admin",
        "\"",
        "::",
        "a\nb",
        "\0",
        "../../admin",
        "{\"__entity\":{}}",
    ] {
        for resource in [
            Resource {
                id: name,
                ..document(None)
            },
            Resource {
                kind: name,
                ..document(None)
            },
            document(Some(name)),
        ] {
            let may = |action: &str| {
                let question = Question::about(resource, action);
                ask(&engine, &["users"], &question).unwrap().allowed
            };
            assert!(!may("admin:manage"), "{resource:?}");
            assert_eq!(may("write:own"), resource.owner.is_none(), "{resource:?}");
        }
        // As the name of a person or a group.
        let groups = groups(&[&format!("x{name}")]);
        let principal = Principal {
            sub: name,
            email: None,
            groups: &groups,
        };
        let caller = engine.caller(&principal).unwrap();
        let question = Question::about(Resource::APPLICATION, "read:content");
        assert!(!engine.decide(&caller, &question).unwrap().allowed);
    }
    let long = "x".repeat(1025);
    let question = Question::about(
        Resource {
            id: &long,
            ..document(None)
        },
        "read:own",
    );
    assert_eq!(
        ask(&engine, &["users"], &question),
        Err(Invalid::Resource("id"))
    );
}

#[test]
fn a_policy_that_fails_is_a_no() {
    // Cedar by itself would leave out the forbid that fails.
    let policies = r#"
        @id("all") permit(principal, action, resource);
        @id("high") forbid(principal, action == App::Action::"read", resource)
            when { resource has level && resource.level * 2 > 10 };"#;
    let engine = engine_of(SCHEMA, policies).unwrap();
    let level = |level: i64| {
        let attributes = context(json!({ "level": level }));
        let resource = Resource {
            attributes: Some(&attributes),
            ..document(None)
        };
        ask(&engine, &[], &Question::about(resource, "read")).unwrap()
    };
    assert!(level(5).allowed);
    assert_eq!(level(6).determining, ["high"]);
    let overflow = level(i64::MAX);
    assert!(!overflow.allowed);
    assert_eq!(overflow.failed, ["high"]);
}

#[test]
fn attributes_that_a_provider_tells_are_checked_and_unknown_ones_left_out() {
    let policies = r#"permit(principal, action, resource)
        when { resource has tags && resource.tags.contains("public") };"#;
    let engine = engine_of(SCHEMA, policies).unwrap();
    let told = |attributes: Value| {
        let attributes = context(attributes);
        let resource = Resource {
            attributes: Some(&attributes),
            ..document(Some("bob"))
        };
        ask(&engine, &[], &Question::about(resource, "read"))
    };
    assert!(
        told(json!({ "tags": ["public"], "colour": 7 }))
            .unwrap()
            .allowed
    );
    assert!(!told(json!({ "tags": [] })).unwrap().allowed);
    // What it says of type and owner is not said here.
    assert!(
        told(json!({ "tags": ["public"], "owner": 7, "resourceType": 7 }))
            .unwrap()
            .allowed
    );
    // Who told no owner told that there is none.
    let nobodys = context(json!({ "owner": { "type": "App::User", "id": "alice" } }));
    let engine = engine_of(
        SCHEMA,
        "permit(principal, action, resource) when { resource has owner };",
    );
    let resource = Resource {
        attributes: Some(&nobodys),
        ..document(None)
    };
    let answer = ask(&engine.unwrap(), &[], &Question::about(resource, "read"));
    assert!(!answer.unwrap().allowed);
    // Who told no owner told that there is none.
    let nobodys = context(json!({ "owner": { "type": "App::User", "id": "alice" } }));
    let owned = "permit(principal, action, resource) when { resource has owner };";
    let resource = Resource {
        attributes: Some(&nobodys),
        ..document(None)
    };
    let question = Question::about(resource, "read");
    let answer = ask(&engine_of(SCHEMA, owned).unwrap(), &[], &question);
    assert!(!answer.unwrap().allowed);
    for wrong in [
        json!({ "tags": "public" }),
        json!({ "tags": [1] }),
        json!({ "level": "high" }),
    ] {
        assert!(
            matches!(told(wrong.clone()), Err(Invalid::Facts(_))),
            "{wrong}"
        );
    }
}

#[test]
fn a_context_is_what_the_schema_says_or_refused() {
    let policies = r#"permit(principal, action == App::Action::"enter", resource)
        when { context.ip.isInRange(ip("10.0.0.0/8")) };"#;
    let engine = engine_of(SCHEMA, policies).unwrap();
    let enter = |given: Option<Value>| {
        let given = given.map(context);
        let question = Question {
            context: given.as_ref(),
            ..Question::about(Resource::APPLICATION, "enter")
        };
        ask(&engine, &[], &question)
    };
    let allowed = |given: Value| enter(Some(given)).unwrap().allowed;
    assert!(allowed(json!({ "ip": "10.1.2.3" })));
    assert!(allowed(
        json!({ "ip": "10.1.2.3", "principal": "App::User::\"bob\"", "x": [] })
    ));
    assert!(!allowed(json!({ "ip": "11.1.2.3", "street": "Main" })));
    for wrong in [
        json!({}),
        json!({ "ip": 7 }),
        json!({ "ip": "nowhere" }),
        json!({ "ip": ["10.1.2.3"] }),
        json!({ "ip": "10.1.2.3", "street": 7 }),
        json!({ "ip": null }),
        json!({ "ip": { "__extn": { "fn": "ip", "arg": "10.1.2.3" } } }),
        json!({ "ip": "10.1.2.3", "x": { "__entity": { "type": "App::User", "id": "bob" } } }),
    ] {
        assert!(
            matches!(enter(Some(wrong.clone())), Err(Invalid::Context(_))),
            "{wrong}"
        );
    }
    assert!(matches!(enter(None), Err(Invalid::Context(_))));
}

#[test]
fn a_context_is_bounded_in_size_and_depth() {
    let engine = default_engine();
    let read = |given: Value| {
        let given = context(given);
        let question = Question {
            context: Some(&given),
            ..Question::about(Resource::APPLICATION, "read:content")
        };
        ask(&engine, &["admin"], &question)
    };
    let mut deep = json!(1);
    for _ in 0..15 {
        deep = json!([deep]);
    }
    assert!(read(json!({ "x": deep })).unwrap().allowed);
    assert_eq!(
        read(json!({ "x": [deep] })),
        Err(Invalid::Context("is too deep".to_owned()))
    );
    assert_eq!(
        read(json!({ "x": vec![0; 100_000] })),
        Err(Invalid::Context("is too large".to_owned()))
    );
}

#[test]
fn faults_are_told_with_their_places_and_all_at_once() {
    let texts = Texts {
        schema: text("own.cedarschema", SCHEMA),
        policies: vec![
            text(
                "a.cedar",
                "permit(principal, action == App::Action::\"raed\", resource);",
            ),
            text("b.cedar", "permit(principal,\n  action,\n  resource"),
            text(
                "c.cedar",
                "permit(principal, action, resource)\nwhen { resource.owner == principal };",
            ),
            text(
                "d.cedar",
                "permit(principal == ?principal, action, resource);",
            ),
        ],
    };
    let faults = Engine::new(&texts, Groups::default()).err().unwrap();
    let told: Vec<_> = faults.0.iter().map(ToString::to_string).collect();
    for (at, (begins, says)) in [
        ("a.cedar:1:29: ", "did you mean `App::Action::\"read\"`?"),
        ("b.cedar:3:11: ", "unexpected end of input; expected"),
        ("c.cedar:2:8: ", "has owner"),
        ("d.cedar:1:1: ", "template"),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(told[at].starts_with(begins), "{told:?}");
        assert!(told[at].contains(says), "{told:?}");
    }
    assert_eq!(told.len(), 4);
}

#[test]
fn a_schema_that_is_not_of_users_and_resources_is_refused() {
    let broken = |schema: &str, says: &str| {
        let faults = engine_of(schema, "permit(principal, action, resource);")
            .err()
            .unwrap();
        assert!(faults.to_string().contains(says), "{faults}");
    };
    broken("namespace App {", "unexpected end of input");
    broken(
        "namespace App { entity User; }",
        "no entity type App::UserGroup",
    );
    broken(
        &SCHEMA.replace("sub: String, ", ""),
        "must have `sub: String`",
    );
    for (plain, nested) in [
        ("entity UserGroup;", "entity UserGroup in [UserGroup];"),
        ("User in [UserGroup]", "User in [UserGroup, Resource]"),
        ("entity Resource =", "entity Resource in [UserGroup] ="),
    ] {
        broken(&SCHEMA.replace(plain, nested), "is ever in a");
    }
    for (plain, nested) in [
        ("entity UserGroup;", "entity UserGroup in [UserGroup];"),
        ("User in [UserGroup]", "User in [UserGroup, Resource]"),
        ("entity Resource =", "entity Resource in [UserGroup] ="),
    ] {
        broken(&SCHEMA.replace(plain, nested), "is ever in a");
    }
    broken(
        &SCHEMA.replace("owner?: User", "owner?: UserGroup"),
        "must have `owner: User`",
    );
    broken(
        &SCHEMA.replace("owner?: User", "owner?: String"),
        "must have `owner: User`",
    );
    broken(
        &SCHEMA.replace("owner?: User", "owner?: UserGroup"),
        "must have `owner: User`",
    );
    broken(
        &SCHEMA.replace("level?: Long", "level: Long"),
        "make it optional: `level?`",
    );
}

#[test]
fn what_nobody_tells_of_a_person_or_in_tags_is_no_schema() {
    let never = r#"permit(principal, action, resource);
        forbid(principal, action, resource) when { principal has suspended && principal.suspended };"#;
    for suspended in ["suspended?: Bool, ", "suspended: Bool, "] {
        let schema = SCHEMA.replace("sub: String, ", &format!("sub: String, {suspended}"));
        let faults = engine_of(&schema, never).err().unwrap().to_string();
        assert!(
            faults.contains("nobody tells `suspended` of an App::User"),
            "{faults}"
        );
        assert!(faults.contains("take out `suspended`"), "{faults}");
    }
    let everything = "permit(principal, action, resource);";
    for (plain, tagged) in [
        ("email: String };", "email: String } tags Bool;"),
        ("tags?: Set<String> };", "tags?: Set<String> } tags String;"),
    ] {
        let schema = SCHEMA.replace(plain, tagged);
        let faults = engine_of(&schema, everything).err().unwrap().to_string();
        assert!(faults.contains("nobody tells tags"), "{faults}");
    }
}

#[test]
fn what_is_beyond_a_name_is_known_of_nobody_but_who_asks() {
    for looks in [
        "resource has owner && resource.owner.sub == \"x\"",
        "resource has owner && resource.owner.email == \"x\"",
        "resource has owner && resource.owner has email",
        "resource has owner && resource.owner in App::UserGroup::\"vip\"",
        "resource has owner && resource.owner != principal && resource.owner.sub == \"x\"",
        "resource has owner.sub",
        "resource has owner && { by: resource.owner }.by.sub == \"x\"",
        "resource has owner && (if principal.sub == \"x\" then resource.owner else principal).sub == \"x\"",
        "App::User::\"bob\".sub == principal.sub",
        "App::Resource::\"doc-1\" has owner",
        "App::User::\"bob\" in App::UserGroup::\"vip\"",
    ] {
        for schema in [SCHEMA, &SCHEMA.replace("email: String", "email?: String")] {
            if looks.contains("email ==") && schema.contains("email?") {
                continue;
            }
            for effect in ["permit", "forbid"] {
                let policy = format!("{effect}(principal, action, resource)\nwhen {{ {looks} }};");
                let faults = engine_of(schema, &policy).err().unwrap().to_string();
                assert!(faults.starts_with("own.cedar:2:"), "{faults}");
                assert!(
                    faults.contains("only the name is known"),
                    "{looks}: {faults}"
                );
            }
        }
    }
}

#[test]
fn an_owner_is_compared_by_name_whoever_asks() {
    let policies = r#"@id("all") permit(principal in App::UserGroup::"admin", action, resource);
        @id("own") permit(principal, action, resource)
            when { resource has owner && resource.owner == principal };
        @id("me") permit(principal, action, resource)
            when { resource has owner && resource.owner == App::User::"alice" && principal.email like "*@example.com" };
        @id("bobs") forbid(principal, action == App::Action::"write", resource)
            when { resource has owner && resource.owner == App::User::"bob" };"#;
    let engine = engine_of(SCHEMA, policies).unwrap();
    for (group, owner, read, write) in [
        ("none", Some("alice"), true, true),
        ("none", Some("bob"), false, false),
        ("none", None, false, false),
        ("admin", Some("alice"), true, true),
        ("admin", Some("bob"), true, false),
        ("admin", None, true, true),
    ] {
        for (action, may) in [("read", read), ("write", write)] {
            let question = Question::about(document(owner), action);
            let answer = ask(&engine, &[group], &question).unwrap();
            assert_eq!(answer.allowed, may, "{group} {owner:?} {action}");
            assert!(answer.failed.is_empty(), "{answer:?}");
        }
    }
}

#[test]
fn a_context_names_no_entities() {
    for (plain, names) in [
        ("street?: String", "by?: User"),
        ("street?: String", "by?: Set<User>"),
        ("street?: String", "by?: { deep?: { of: Resource } }"),
        ("street?: String", "by?: Deep"),
    ] {
        let schema = SCHEMA
            .replace(plain, names)
            .replace("type Place", "type Deep = { of?: UserGroup };\n type Place");
        let faults = engine_of(&schema, "permit(principal, action, resource);");
        let faults = faults.err().unwrap().to_string();
        assert!(
            faults.contains("the context of `enter` names an entity"),
            "{faults}"
        );
    }
}

#[test]
fn without_a_provider_a_schema_has_no_more_of_a_resource_than_is_told() {
    let texts = |schema: &str| Texts {
        schema: text("own.cedarschema", schema),
        policies: vec![text("own.cedar", "permit(principal, action, resource);")],
    };
    let live = crate::Live::new(Source::Embedded, Groups::default());
    assert!(live.take(&texts(SCHEMA)).is_ok());
    let live = crate::Live::new(Source::Embedded, Groups::default()).without_facts();
    let faults = live.take(&texts(SCHEMA)).err().unwrap().to_string();
    assert!(
        faults.contains("nobody tells `level` of an App::Resource"),
        "{faults}"
    );
    assert!(live.engine().is_none());
    let schema = SCHEMA.replace(", level?: Long, tags?: Set<String>", "");
    assert!(live.take(&texts(&schema)).is_ok());
    assert!(live.take(&Source::Embedded.read().unwrap()).is_ok());
}

#[test]
fn a_policy_for_a_group_that_has_another_name_here_is_refused() {
    for (group, called) in [("mods", "moderators"), ("Editors", "editors")] {
        let head = format!("forbid(principal in App::UserGroup::\"{group}\", action, resource);");
        let condition = format!(
            "forbid(principal, action, resource) when {{ principal in App::UserGroup::\"{group}\" }};"
        );
        for policy in [head, condition] {
            let faults = engine_of(SCHEMA, &policy).err().unwrap().to_string();
            let wanted = format!("the group `{group}` is called `{called}` here");
            assert!(faults.contains(&wanted), "{faults}");
        }
    }
}

#[test]
fn an_address_that_may_be_missing_is_missing_unless_it_is_verified() {
    let policy = "permit(principal, action, resource) when { principal has email };";
    let schema = SCHEMA.replace("email: String", "email?: String");
    let engine = engine_of(&schema, policy).unwrap();
    for (email, may) in [(Some("alice@example.com"), true), (None, false)] {
        let principal = Principal {
            sub: "alice",
            email,
            groups: &[],
        };
        let caller = engine.caller(&principal).unwrap();
        let question = Question::about(document(None), "read");
        assert_eq!(engine.decide(&caller, &question).unwrap().allowed, may);
    }
}

#[test]
fn more_policies_than_there_may_be_are_refused() {
    let one = "permit(principal, action, resource);\n";
    let texts = |last: usize| Texts {
        schema: text("own.cedarschema", SCHEMA),
        policies: vec![
            text("a.cedar", &one.repeat(9_000)),
            text("b.cedar", &one.repeat(last)),
        ],
    };
    let engine = Engine::new(&texts(1_000), Groups::default()).unwrap();
    assert_eq!(engine.policies(), 10_000);
    let faults = Engine::new(&texts(1_001), Groups::default()).err().unwrap();
    assert_eq!(
        faults.to_string(),
        "b.cedar: there are more than 10000 policies"
    );
}

#[test]
fn two_policies_of_one_name_are_refused() {
    let twice = r#"@id("a") permit(principal, action, resource);
        @id("a") forbid(principal, action, resource);"#;
    let faults = engine_of(SCHEMA, twice).err().unwrap().to_string();
    assert!(
        faults.contains("own.cedar:2:9: the policy name `a` is in own.cedar:1 too"),
        "{faults}"
    );
}

#[test]
fn a_schema_may_be_in_json() {
    let (fragment, _) = cedar_policy::SchemaFragment::from_cedarschema_str(SCHEMA).unwrap();
    let texts = Texts {
        schema: text("own.cedarschema.json", &fragment.to_json_string().unwrap()),
        policies: vec![text("own.cedar", "permit(principal, action, resource);")],
    };
    let engine = Engine::new(&texts, Groups::default()).unwrap();
    let given = context(json!({ "ip": "10.1.2.3" }));
    let question = Question {
        context: Some(&given),
        ..Question::about(Resource::APPLICATION, "enter")
    };
    assert!(ask(&engine, &[], &question).unwrap().allowed);
    let broken = Texts {
        schema: text("own.cedarschema.json", "{\"App\":"),
        ..texts
    };
    let faults = Engine::new(&broken, Groups::default())
        .err()
        .unwrap()
        .to_string();
    assert!(faults.starts_with("own.cedarschema.json: "), "{faults}");
}

#[test]
fn a_schema_in_json_may_name_types_in_each_way() {
    let schema = |text: Value, owner: Value| {
        let optional = |mut kind: Value| {
            kind["required"] = false.into();
            kind
        };
        let user = json!({ "sub": text, "email": optional(text.clone()) });
        let resource = json!({ "resourceType": text, "owner": optional(owner) });
        let record = |attributes: Value| json!({ "type": "Record", "attributes": attributes });
        let applies = json!({ "principalTypes": ["User"], "resourceTypes": ["Resource"] });
        let types = json!({
            "UserGroup": {}, "Resource": { "shape": record(resource) },
            "User": { "memberOfTypes": ["UserGroup"], "shape": record(user) },
        });
        let actions = json!({ "write": { "appliesTo": applies } });
        json!({ "App": { "entityTypes": types, "actions": actions } }).to_string()
    };
    let named = |name: &str| json!({ "type": "EntityOrCommon", "name": name });
    let entity = |name: &str| json!({ "type": "Entity", "name": name });
    let policies = vec![text(
        "own.cedar",
        "permit(principal, action, resource) when { resource has owner && resource.owner == principal };",
    )];
    for (kind, owner) in [
        (json!({ "type": "String" }), entity("User")),
        (named("String"), named("User")),
        (named("__cedar::String"), entity("App::User")),
    ] {
        let texts = Texts {
            schema: text("own.cedarschema.json", &schema(kind, owner)),
            policies: policies.clone(),
        };
        let engine = Engine::new(&texts, Groups::default());
        let engine = engine.unwrap_or_else(|faults| panic!("{faults}"));
        let write = |owner| ask(&engine, &[], &Question::about(document(owner), "write"));
        assert!(write(Some("alice")).unwrap().allowed);
        assert!(!write(Some("bob")).unwrap().allowed);
    }
}

/// A head or a condition of the small world that is compared in.
fn policy() -> impl Strategy<Value = String> {
    let effect = prop_oneof![3 => Just("permit"), 1 => Just("forbid")];
    let principal = prop_oneof![
        Just("principal"),
        Just("principal == App::User::\"alice\""),
        Just("principal == App::User::\"bob\""),
        Just("principal in App::UserGroup::\"g1\""),
        Just("principal in App::UserGroup::\"g2\""),
        Just("principal is App::User"),
        Just("principal is App::User in App::UserGroup::\"g3\""),
    ];
    let action = prop_oneof![
        Just("action"),
        Just("action == App::Action::\"read\""),
        Just("action in App::Action::\"any\""),
        Just("action in [App::Action::\"write\", App::Action::\"enter\"]"),
    ];
    let resource = prop_oneof![
        3 => Just("resource"),
        1 => Just("resource == App::Resource::\"r1\""),
        1 => Just("resource in App::Resource::\"r2\""),
        1 => Just("resource is App::Resource"),
    ];
    let when = prop_oneof![
        3 => Just(""),
        1 => Just("when { resource has owner && resource.owner == principal }"),
        1 => Just("unless { resource.resourceType == \"document\" }"),
        // Fails with a large level.
        1 => Just("when { resource has level && resource.level * 2 > 4 }"),
    ];
    (effect, principal, action, resource, when)
        .prop_map(|(e, p, a, r, w)| format!("{e}({p}, {a}, {r}) {w};\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn leaving_out_policies_by_their_heads_changes_no_answer(
        policies in prop::collection::vec(policy(), 1..12),
        of in prop::sample::subsequence(vec!["g1", "g2", "g3"], 0..=3),
        action in prop::sample::select(vec!["read", "write"]),
        id in prop::sample::select(vec!["r1", "r2", "r3"]),
        owner in prop::sample::select(vec![None, Some("alice"), Some("bob")]),
        level in prop::sample::select(vec![None, Some(1), Some(3), Some(i64::MAX)]),
    ) {
        let policies = policies.concat();
        let engine = engine_of(SCHEMA, &policies).unwrap();
        let attributes = context(level.map_or(json!({}), |level| json!({ "level": level })));
        let resource = Resource { id, kind: "document", owner, attributes: Some(&attributes) };
        let question = Question::about(resource, action);
        let mut found = ask(&engine, &of, &question).unwrap();

        // The same by Cedar alone.
        let whole: PolicySet = policies.parse().unwrap();
        let entity = |id: &str| named(&engine.types.group, id);
        let alice = Entity::new(
            named(&engine.types.user, "alice"), HashMap::new(), of.iter().map(|it| entity(it)).collect(),
        ).unwrap();
        let action = engine.actions[action].uid.clone();
        let request = Request::new(
            alice.uid(), action, named(&engine.types.resource, id), Context::empty(), None,
        ).unwrap();
        let entities = engine.schema.action_entities().unwrap();
        let entities = entities.add_entities([alice, engine.resource(&resource).unwrap()], None).unwrap();
        let answer = Authorizer::new().is_authorized(&request, &whole, &entities);
        let number = |id: &str| id.trim_start_matches("own.cedar#").trim_start_matches("policy").parse::<usize>().unwrap();
        let mut failed: Vec<_> = answer.diagnostics().errors().map(|it| number(&name_of(it)) + 1).collect();
        failed.sort_unstable();
        let mut ours: Vec<_> = found.failed.iter().map(|it| number(it)).collect();
        ours.sort_unstable();
        prop_assert_eq!(ours, failed);
        if found.failed.is_empty() {
            prop_assert_eq!(found.allowed, answer.decision() == Verdict::Allow);
            let mut reasons: Vec<_> = answer.diagnostics().reason().map(|it| number(it.as_ref()) + 1).collect();
            reasons.sort_unstable();
            found.determining.sort();
            let mut ours: Vec<_> = found.determining.iter().map(|it| number(it)).collect();
            ours.sort_unstable();
            prop_assert_eq!(ours, reasons);
        } else {
            prop_assert!(!found.allowed);
        }
    }
}
