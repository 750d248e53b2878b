//! Authorization by policies: threats M, over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use cogward_auth::Authorization;
use cogward_policy::entities::Cached;
use cogward_policy::{EntityError, EntityProvider, Facts, Groups, Live, Source, Text, Texts};
use cogward_testkit::{Answer, Browser, TestApp};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

use crate::audit::Log;
use crate::support::{claims, tokens, until};

const USER: &str = "user@example.com";
const ADMIN: &str = "admin@example.com";

async fn app() -> TestApp {
    TestApp::builder().policies().start().await
}

/// Somebody of these groups, signed in.
pub(crate) async fn member(app: &TestApp, name: &str, groups: &[&str]) -> Browser {
    let email = format!("{name}@example.com");
    let user = json!({
        "username": email, "password": "Passw0rd!", "groups": groups,
        "attributes": { "email": email },
    });
    app.local("users", user).await;
    signed_in(app, &email).await
}

async fn signed_in(app: &TestApp, email: &str) -> Browser {
    let mut browser = app.browser();
    let tokens = tokens(app, email).await;
    let answer = browser.post_json("/auth/session", &tokens).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    browser
}

pub(crate) async fn ask(browser: &mut Browser, question: Value) -> Answer {
    browser.post_json("/auth/authorize", &question).await
}

#[track_caller]
fn permitted(answer: &Answer, by: &[&str]) {
    let wanted = json!({
        "authorized": true, "reason": "Permitted by policy",
        "diagnostics": { "reason": by, "errors": [] },
    });
    assert_eq!((answer.status.as_u16(), answer.json()), (200, wanted));
}

#[track_caller]
fn denied(answer: &Answer, reason: &str, by: &[&str]) {
    let wanted = json!({
        "authorized": false, "reason": reason,
        "diagnostics": { "reason": by, "errors": [] },
    });
    assert_eq!((answer.status.as_u16(), answer.json()), (403, wanted));
    assert_eq!(answer.header("cache-control"), "no-store");
}

const NOT_PERMITTED: &str = "No matching permit policy";

#[tokio::test]
async fn a_decision_is_by_session_or_by_bearer_token() {
    let app = app().await;
    let mut admin = signed_in(&app, ADMIN).await;
    let question = json!({ "action": "admin:delete-user", "context": { "targetUserId": "x" } });
    permitted(&ask(&mut admin, question.clone()).await, &["admin"]);
    let mut user = signed_in(&app, USER).await;
    denied(&ask(&mut user, question.clone()).await, NOT_PERMITTED, &[]);

    for (email, status) in [(ADMIN, 200), (USER, 403)] {
        let tokens = tokens(&app, email).await;
        for kind in ["access_token", "id_token"] {
            let mut service = app.browser();
            let request = service.request(Method::POST, "/auth/authorize");
            let request = request
                .header("x-l42-csrf", "1")
                .bearer_auth(tokens[kind].as_str().unwrap())
                .json(&question);
            assert_eq!(service.send(request).await.status, status, "{email} {kind}");
        }
    }
}

#[tokio::test]
async fn nobody_and_a_forged_request_are_told_nothing() {
    let app = app().await;
    let question = json!({ "action": "read:content" });
    for path in ["/auth/authorize", "/auth/authorize/batch"] {
        let answer = app.browser().post_json(path, &question).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json(), json!({ "error": "Not authenticated" }));
    }
    assert_eq!(app.browser().get("/auth/permissions").await.status, 401);
    let mut admin = signed_in(&app, ADMIN).await;
    let request = admin
        .request(Method::POST, "/auth/authorize")
        .json(&question);
    let answer = admin.send(request).await;
    assert_eq!(answer.json()["error"], "CSRF validation failed");
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn who_asks_is_never_in_the_question() {
    let app = app().await;
    let mut user = signed_in(&app, USER).await;
    for said in [
        json!({ "principal": "App::User::\"x\"", "sub": "x", "groups": ["admin"] }),
        json!({ "context": { "principal": "x", "groups": ["admin"] } }),
        json!({ "resource": { "id": "x", "principal": "x", "groups": ["admin"], "parents": ["admin"] } }),
        json!({ "user": { "groups": ["admin"] }, "cognito:groups": ["admin"] }),
    ] {
        let mut question = said.clone();
        question["action"] = "admin:manage".into();
        denied(&ask(&mut user, question).await, NOT_PERMITTED, &[]);
    }
    for escape in ["__entity", "__extn", "__expr"] {
        let question = json!({
            "action": "admin:manage",
            "context": { "x": { escape: { "type": "App::UserGroup", "id": "admin" } } },
        });
        let answer = ask(&mut user, question).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["error"], "Invalid context");
    }
}

#[tokio::test]
async fn types_and_names_are_only_text() {
    let app = app().await;
    let mut user = member(&app, "typist", &["users"]).await;
    for text in [
        "UserGroup",
        "User",
        "Action",
        "App::User",
        "App::UserGroup::\"admin\"",
        "admin",
        "\"",
        "::",
        "a\nb",
        "",
    ] {
        for resource in [
            json!({ "type": text, "id": "admin" }),
            json!({ "id": text }),
        ] {
            let question = json!({ "action": "admin:manage", "resource": resource });
            denied(&ask(&mut user, question).await, NOT_PERMITTED, &[]);
            let question = json!({ "action": "read:own", "resource": resource });
            permitted(&ask(&mut user, question).await, &["users"]);
        }
    }
}

#[tokio::test]
async fn an_action_must_be_one_of_the_schema() {
    let app = app().await;
    let mut admin = signed_in(&app, ADMIN).await;
    let large = "a".repeat(1 << 20);
    for action in [
        json!(""),
        json!("ADMIN:MANAGE"),
        json!("admin:manage\""),
        json!(["admin:manage"]),
        json!({ "id": "admin:manage" }),
        json!(null),
        json!(7),
        json!(large),
    ] {
        let answer = ask(&mut admin, json!({ "action": action })).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["error"], "Missing or invalid action");
    }
    let answer = ask(&mut admin, json!({ "resource": { "id": "x" } })).await;
    assert_eq!(
        answer.json(),
        json!({ "error": "Missing or invalid action" })
    );
}

#[tokio::test]
async fn a_resource_of_wrong_types_never_reaches_a_forbid() {
    let app = app().await;
    let mut admin = signed_in(&app, ADMIN).await;
    for owner in [
        json!(7),
        json!(["x"]),
        json!({ "__entity": {} }),
        json!(true),
    ] {
        let resource = json!({ "id": "doc", "owner": owner });
        let answer = ask(
            &mut admin,
            json!({ "action": "write:own", "resource": resource }),
        )
        .await;
        assert_eq!(answer.status, 400, "{}", answer.body);
    }
    for (resource, wrong) in [
        (json!("doc"), "resource must be a map"),
        (json!(["doc"]), "resource must be a map"),
        (json!({ "id": 7 }), "resource is not as expected here"),
        (json!({ "type": [] }), "resource is not as expected here"),
    ] {
        let question = json!({ "action": "write:own", "resource": resource });
        let answer = ask(&mut admin, question).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert_eq!(answer.json()["message"], wrong);
    }
    let answer = ask(&mut admin, json!({ "action": "write:own", "context": [] })).await;
    assert_eq!(answer.status, 400);
    let long = "x".repeat(1025);
    let answer = ask(
        &mut admin,
        json!({ "action": "read:own", "resource": { "id": long } }),
    )
    .await;
    let wanted = json!({ "error": "Invalid resource", "message": "resource.id is too long" });
    assert_eq!((answer.status.as_u16(), answer.json()), (400, wanted));
}

#[tokio::test]
async fn what_is_large_or_deep_is_refused_at_once() {
    let app = app().await;
    let mut admin = signed_in(&app, ADMIN).await;
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let set = format!("[{}1]", "1,".repeat(20_000));
    let huge = format!("\"{}\"", "x".repeat(5 << 20));
    for context in [deep, set, huge] {
        let body = format!(r#"{{"action":"read:content","context":{{"x":{context}}}}}"#);
        for path in ["/auth/authorize", "/auth/authorize/batch"] {
            let request = admin.request(Method::POST, path);
            let request = request
                .header("x-l42-csrf", "1")
                .header("content-type", "application/json")
                .body(body.clone());
            let status = admin.send(request).await.status;
            assert!([400, 413].contains(&status.as_u16()), "{path} {status}");
        }
    }
    permitted(
        &ask(&mut admin, json!({ "action": "read:content" })).await,
        &["admin"],
    );
}

#[tokio::test]
async fn without_a_provider_the_callers_word_for_the_owner_counts() {
    let app = app().await;
    let mut user = member(&app, "owner", &["Members"]).await;
    let sub = user.get("/auth/me").await.json()["sub"].clone();
    let mut about = async |owner: Value| {
        let resource = json!({ "id": "doc-1", "type": "document", "owner": owner });
        ask(
            &mut user,
            json!({ "action": "write:own", "resource": resource }),
        )
        .await
    };
    permitted(&about(sub).await, &["users"]);
    permitted(&about(Value::Null).await, &["users"]);
    let forbidden = about(json!("somebody else")).await;
    denied(&forbidden, "Forbidden by policy", &["write-own-of-others"]);

    let strict = TestApp::builder()
        .authorization(Authorization::none(), |it| it.require_owner = true)
        .start()
        .await;
    let mut user = member(&strict, "owner", &["users", "admin"]).await;
    let sub = user.get("/auth/me").await.json()["sub"].clone();
    for action in ["read:own", "write:own", "delete:own"] {
        let resource = json!({ "id": "doc-1", "type": "document", "owner": sub });
        let answer = ask(&mut user, json!({ "action": action, "resource": resource })).await;
        denied(&answer, "The owner of the resource is not known", &[]);
    }
    permitted(
        &ask(&mut user, json!({ "action": "write:all" })).await,
        &["admin"],
    );
}

/// A table of an application; `fault` fails.
#[derive(Default)]
pub(crate) struct Table(AtomicU32);

#[async_trait]
impl EntityProvider for Table {
    async fn find(&self, _: &str, id: &str) -> Result<Option<Facts>, EntityError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let facts = |owner: Option<&str>, kind: Option<&str>, attributes: Value| Facts {
            owner: owner.map(str::to_owned),
            kind: kind.map(str::to_owned),
            attributes: attributes.as_object().unwrap().clone(),
        };
        match id {
            "fault" => Err(EntityError::unavailable("the table is on fire")),
            "nobodys" => Ok(Some(facts(None, None, json!({})))),
            "secret" => Ok(Some(facts(Some("bob"), Some("vault"), json!({})))),
            "odd" => Ok(Some(facts(None, None, json!({ "level": "high" })))),
            id => match id.strip_prefix("of:") {
                Some(owner) => Ok(Some(facts(Some(owner), None, json!({ "level": 1 })))),
                None => Ok(None),
            },
        }
    }
}

pub(crate) fn with_table(authorization: &mut Authorization) -> Arc<Table> {
    let table = Arc::new(Table::default());
    let cached = Cached::new(
        table.clone(),
        Duration::from_secs(30),
        Duration::from_secs(2),
    );
    authorization.entities = Some(cached);
    table
}

#[tokio::test]
async fn where_a_provider_is_its_word_counts_and_no_other() {
    let mut table = Arc::default();
    let app = TestApp::builder()
        .authorization(Authorization::none(), |it| table = with_table(it))
        .start()
        .await;
    let mut user = member(&app, "owner", &["users"]).await;
    let sub = user.get("/auth/me").await.json()["sub"].clone();
    let mine = format!("of:{}", sub.as_str().unwrap());
    let mut about = async |action: &str, id: &str| {
        // Whatever the caller says.
        let resource = json!({ "id": id, "type": "document", "owner": sub });
        ask(&mut user, json!({ "action": action, "resource": resource })).await
    };
    permitted(&about("write:own", &mine).await, &["users"]);
    let forbidden = about("write:own", "of:bob").await;
    denied(&forbidden, "Forbidden by policy", &["write-own-of-others"]);
    for id in ["nobodys", "unheard of"] {
        denied(
            &about("write:own", id).await,
            "The owner of the resource is not known",
            &[],
        );
    }
    for action in ["write:own", "read:content"] {
        denied(
            &about(action, "fault").await,
            "The resource could not be looked up",
            &[],
        );
    }
    // Nobody owns what is not named, whatever is said of it; "in general?" may be asked.
    for resource in [json!({ "owner": sub }), json!({ "type": "document" })] {
        let answer = ask(
            &mut user,
            json!({ "action": "write:own", "resource": resource }),
        )
        .await;
        denied(&answer, "The owner of the resource is not known", &[]);
    }
    let answer = ask(&mut user, json!({ "action": "write:own" })).await;
    permitted(&answer, &["users"]);
    let mut about = async |action: &str, id: &str| {
        let resource = json!({ "id": id, "type": "document", "owner": sub });
        ask(&mut user, json!({ "action": action, "resource": resource })).await
    };
    let before = table.0.load(Ordering::Relaxed);
    for _ in 0..3 {
        permitted(&about("write:own", &mine).await, &["users"]);
    }
    assert_eq!(table.0.load(Ordering::Relaxed), before);
    about("read:content", "fault").await;
    assert_eq!(table.0.load(Ordering::Relaxed), before + 1);
}

pub(crate) fn texts(schema: &str, policies: &str) -> Texts {
    let embedded = Source::Embedded.read().unwrap();
    let schema = match schema {
        "" => embedded.schema,
        schema => Text {
            name: "own.cedarschema".to_owned(),
            text: schema.to_owned(),
        },
    };
    let policies = Text {
        name: "own.cedar".to_owned(),
        text: policies.to_owned(),
    };
    Texts {
        schema,
        policies: vec![policies],
    }
}

pub(crate) const LEVELS: &str = r#"namespace App {
    entity UserGroup;
    entity User in [UserGroup] = { sub: String, email: String };
    entity Resource = { resourceType: String, owner?: User, level?: Long };
    action "read" appliesTo { principal: [User], resource: [Resource] };
    action "enter" appliesTo { principal: [User], resource: [Resource], context: { level: Long } };
}"#;

#[tokio::test]
async fn a_policy_that_fails_is_a_no_and_its_name_all_that_is_told() {
    let app = app().await;
    let policies = r#"@id("all") permit(principal, action, resource);
        @id("high") forbid(principal, action == App::Action::"enter", resource)
            when { context.level * 2 > 10 };"#;
    app.auth.policies().take(&texts(LEVELS, policies)).unwrap();
    let mut user = signed_in(&app, USER).await;
    let mut enter = async |context: Value| {
        ask(&mut user, json!({ "action": "enter", "context": context })).await
    };
    permitted(&enter(json!({ "level": 5 })).await, &["all"]);
    denied(
        &enter(json!({ "level": 6 })).await,
        "Forbidden by policy",
        &["high"],
    );
    let failed = enter(json!({ "level": i64::MAX })).await;
    assert_eq!(failed.status, 403);
    assert_eq!(
        failed.json(),
        json!({
            "authorized": false, "reason": "A policy could not be evaluated",
            "diagnostics": { "reason": [], "errors": ["high"] },
        })
    );
    for wrong in [
        json!({}),
        json!({ "level": "5" }),
        json!({ "level": [5] }),
        json!({ "level": 1.5 }),
    ] {
        let answer = enter(wrong).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["error"], "Invalid context");
    }
}

#[tokio::test]
async fn facts_that_do_not_fit_the_schema_are_a_fault_and_a_no() {
    let app = TestApp::builder()
        .authorization(Authorization::none(), |it| drop(with_table(it)))
        .start()
        .await;
    let policies =
        r#"permit(principal, action, resource) when { resource.resourceType == "document" };"#;
    app.auth.policies().take(&texts(LEVELS, policies)).unwrap();
    let mut user = signed_in(&app, USER).await;
    let mut read = async |id: &str| {
        let resource = json!({ "id": id, "type": "document" });
        ask(&mut user, json!({ "action": "read", "resource": resource })).await
    };
    permitted(&read("of:bob").await, &["own.cedar#1"]);
    // Of what type it is the provider tells too.
    denied(&read("secret").await, NOT_PERMITTED, &[]);
    let odd = read("odd").await;
    let wanted = json!({ "authorized": false, "error": "Authorization evaluation failed" });
    assert_eq!((odd.status.as_u16(), odd.json()), (500, wanted));
}

#[tokio::test]
async fn without_good_policies_the_server_is_up_and_says_503() {
    let app = TestApp::start().await;
    let mut admin = signed_in(&app, ADMIN).await;
    assert_eq!(
        app.browser().get("/health").await.json()["cedar"],
        "unavailable"
    );
    let unavailable = json!({ "error": "Authorization engine not available", "authorized": false });
    let batch = json!({ "questions": [{ "action": "read:content" }] });
    let answers = [
        ask(&mut admin, json!({ "action": "read:content" })).await,
        admin.post_json("/auth/authorize/batch", &batch).await,
        admin.get("/auth/permissions").await,
    ];
    for answer in answers {
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (503, unavailable.clone())
        );
        assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
    }
    assert_eq!(admin.get("/auth/me").await.status, 200);
    app.auth
        .policies()
        .take(&Source::Embedded.read().unwrap())
        .unwrap();
    assert_eq!(app.browser().get("/health").await.json()["cedar"], "ready");
    permitted(
        &ask(&mut admin, json!({ "action": "read:content" })).await,
        &["admin"],
    );
    let broken = app.auth.policies().take(&texts("", "permit(principal"));
    assert!(broken.is_err());
    permitted(
        &ask(&mut admin, json!({ "action": "read:content" })).await,
        &["admin"],
    );
}

#[tokio::test]
async fn many_questions_are_answered_each_in_its_place() {
    let app = TestApp::builder()
        .authorization(Authorization::none(), |it| drop(with_table(it)))
        .start()
        .await;
    let mut user = member(&app, "asker", &["editors"]).await;
    let questions = json!([
        { "action": "write:content" },
        { "action": "no such" },
        { "action": "admin:manage", "resource": { "id": "fault" } },
        { "action": ["write:content"] },
        { "action": "write:own", "resource": { "id": "of:bob" } },
        { "action": "read:content", "context": { "__extn": 1 } },
    ]);
    let body = json!({ "questions": questions });
    let answer = user.post_json("/auth/authorize/batch", &body).await;
    assert_eq!(answer.status, 200);
    let answers = answer.json()["answers"].clone();
    let seen: Vec<_> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["authorized"].as_bool().unwrap(),
                it["reason"].as_str().or(it["error"].as_str()).unwrap(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (true, "Permitted by policy"),
            (false, "Missing or invalid action"),
            (false, "The resource could not be looked up"),
            (false, "Missing or invalid action"),
            (false, "Forbidden by policy"),
            (false, "Invalid context"),
        ]
    );
    for (many, status) in [(0, 400), (100, 200), (101, 400)] {
        let body = json!({ "questions": vec![json!({ "action": "read:content" }); many] });
        let answer = user.post_json("/auth/authorize/batch", &body).await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn what_is_asked_beyond_the_time_of_a_call_is_not_permitted_and_told_of() {
    let (log, _listening) = Log::listen();
    // Over after the first question, whatever it takes.
    let app = TestApp::builder()
        .authorization(Authorization::none(), |it| {
            it.evaluation = Duration::from_nanos(1);
        })
        .start()
        .await;
    let mut admin = signed_in(&app, ADMIN).await;
    let question = json!({ "action": "read:content" });
    permitted(&ask(&mut admin, question.clone()).await, &["admin"]);
    let body = json!({ "questions": vec![question; 3] });
    let answers = admin.post_json("/auth/authorize/batch", &body).await;
    assert_eq!(answers.status, 200);
    let late = json!({ "authorized": false, "error": "Authorization evaluation failed" });
    let answers = answers.json()["answers"].clone();
    assert_eq!(answers[0]["authorized"], true);
    assert_eq!((&answers[1], &answers[2]), (&late, &late));
    assert_eq!(answers.as_array().unwrap().len(), 3);
    // Some of them would look like all of them.
    let listed = admin.get("/auth/permissions").await;
    assert_eq!((listed.status.as_u16(), listed.json()), (500, late));
    let refused = |it: &Value| it["fields"]["what"] == "authorization";
    assert_eq!(log.audited().iter().filter(|it| refused(it)).count(), 3);
}

#[tokio::test]
async fn permissions_are_the_actions_that_would_be_permitted() {
    let app = app().await;
    let mut user = member(&app, "asker", &["Reader", "users", "reviewers"]).await;
    let listed = user
        .get("/auth/permissions?id=doc&type=document&owner=bob")
        .await
        .json();
    let wanted = [
        "approve:content",
        "read:content",
        "read:own",
        "reject:content",
    ];
    assert_eq!(listed, json!({ "actions": wanted }));
    for action in app.auth.policies().engine().unwrap().actions() {
        let resource = json!({ "id": "doc", "type": "document", "owner": "bob" });
        let answer = ask(&mut user, json!({ "action": action, "resource": resource })).await;
        assert_eq!(answer.status == 200, wanted.contains(&action), "{action}");
    }
    let listed = user.get("/auth/permissions").await.json();
    assert!(
        listed["actions"]
            .as_array()
            .unwrap()
            .contains(&json!("write:own"))
    );
    assert_eq!(user.get("/auth/permissions?id=a&id=b").await.status, 400);
    // Decided only with a context: not among them.
    app.auth
        .policies()
        .take(&texts(LEVELS, "permit(principal, action, resource);"))
        .unwrap();
    assert_eq!(
        user.get("/auth/permissions").await.json(),
        json!({ "actions": ["read"] })
    );
}

#[tokio::test]
async fn a_group_that_was_taken_away_counts_no_more_after_a_refresh() {
    let app = app().await;
    let mut user = member(&app, "former", &["developers"]).await;
    let question = json!({ "action": "debug:view" });
    permitted(&ask(&mut user, question.clone()).await, &["developers"]);
    let input = json!({
        "UserPoolId": cogward_pool::POOL_ID, "Username": "former@example.com", "GroupName": "developers",
    });
    let left = crate::support::pool_call(&app, "AdminRemoveUserFromGroup", &input).await;
    assert_eq!(left.status, 200, "{}", left.body);
    assert_eq!(user.post("/auth/refresh").await.status, 200);
    denied(&ask(&mut user, question).await, NOT_PERMITTED, &[]);
}

#[tokio::test]
async fn every_decision_is_in_the_audit_log_with_its_policies_and_request() {
    let (log, _listening) = Log::listen();
    let app = app().await;
    let mut user = member(&app, "watched", &["users"]).await;
    let sub = user.get("/auth/me").await.json()["sub"].clone();
    let resource =
        json!({ "id": "doc\r\n\u{1b}[31m\",\"x\":\"", "type": "document", "owner": "bob" });
    let question =
        json!({ "action": "write:own", "resource": resource, "context": { "pin": "hunter2" } });
    let answer = ask(&mut user, question).await;
    ask(&mut user, json!({ "action": "read:own" })).await;
    ask(&mut user, json!({ "action": "hunter2" })).await;
    let decided: Vec<_> = log
        .audited()
        .into_iter()
        .filter(|it| it["fields"]["event"] == "decision")
        .map(|it| it["fields"].clone())
        .collect();
    assert_eq!(decided.len(), 2);
    let first = &decided[0];
    assert_eq!(first["request_id"], answer.header("x-request-id"));
    assert_eq!(first["sub"], sub);
    assert_eq!(first["action"], "write:own");
    assert_eq!(first["resource"], resource["id"]);
    assert_eq!(first["resource_type"], "document");
    assert_eq!(first["allowed"], false);
    assert_eq!(first["policies"], "write-own-of-others");
    assert_eq!(first["reason"], "Forbidden by policy");
    assert_eq!(first["session"].as_str().unwrap().len(), 8);
    assert_eq!(decided[1]["allowed"], true);
    assert_eq!(decided[1]["policies"], "users");
    assert!(
        !log.text().contains("hunter2"),
        "what was sent is in the log"
    );
    let refused = |it: &Value| it["fields"]["what"] == "authorization";
    assert_eq!(log.audited().iter().filter(|it| refused(it)).count(), 1);
}

/// Two sets that permit the same two things, each by policies of its own name.
#[tokio::test]
async fn a_reload_under_load_fails_no_request_and_mixes_no_sets() {
    let app = TestApp::builder().policies().unlimited().start().await;
    let app = Arc::new(app);
    let set = |name: &str| {
        texts(
            "",
            &format!(
                r#"@id("{name}-read") permit(principal, action == App::Action::"read:content", resource);
            @id("{name}-write") permit(principal, action == App::Action::"write:content", resource);"#
            ),
        )
    };
    let sets = [set("one"), set("two")];
    app.auth.policies().take(&sets[0]).unwrap();
    let browser = signed_in(&app, USER).await;
    let asked = Arc::new(AtomicU32::new(0));
    let askers: Vec<_> = (0..4)
        .map(|_| {
            let (mut browser, asked) = (browser.copy(), Arc::clone(&asked));
            tokio::spawn(async move {
                let questions: Vec<_> = ["read:content", "write:content"]
                    .iter()
                    .cycle()
                    .take(20)
                    .map(|action| json!({ "action": action }))
                    .collect();
                let body = json!({ "questions": questions });
                for _ in 0..25 {
                    let answer = browser.post_json("/auth/authorize/batch", &body).await;
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    let answers = answer.json()["answers"].clone();
                    let mut names: Vec<_> = answers
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|it| it["diagnostics"]["reason"][0].as_str().unwrap()[..3].to_owned())
                        .collect();
                    names.dedup();
                    assert_eq!(names.len(), 1, "{answers}");
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let mut reloads = 0;
    until("all asked", async || {
        app.auth.policies().take(&sets[reloads % 2]).unwrap();
        assert!(app.auth.policies().take(&texts("", "permit(")).is_err());
        reloads += 1;
        asked.load(Ordering::Relaxed) == 100
    })
    .await;
    for asker in askers {
        asker.await.unwrap();
    }
    assert!(reloads > 3, "{reloads}");
}

#[tokio::test]
async fn group_aliases_are_configuration() {
    let groups = Groups::new([("chefs", "editors")]).unwrap();
    let mut authorization = Authorization::none();
    authorization.policies = Live::new(Source::Embedded, groups);
    let app = TestApp::builder()
        .authorization(authorization, |_| {})
        .start()
        .await;
    let mut chef = member(&app, "chef", &["Chefs"]).await;
    permitted(
        &ask(&mut chef, json!({ "action": "write:content" })).await,
        &["editors"],
    );
    let mut dev = member(&app, "dev", &["devs"]).await;
    denied(
        &ask(&mut dev, json!({ "action": "api:read" })).await,
        NOT_PERMITTED,
        &[],
    );
    // The token says what it says.
    let groups =
        claims(&tokens(&app, "chef@example.com").await["id_token"])["cognito:groups"].clone();
    assert_eq!(groups, json!(["Chefs"]));
}
