//! What policies say to anybody is in the audit trail, with its request.

use std::collections::BTreeSet;

use cogward_auth::Authorization;
use cogward_testkit::{Answer, TestApp};
use serde_json::{Value, json};

use crate::m_policies::{LEVELS, ask, member, texts, with_table};
use crate::o_audit_trail::{Audited, code_of};

/// Those of these names that one answer's request caused.
fn of<'e>(events: &'e [Value], answer: &Answer, code: &str) -> Vec<&'e Value> {
    let id = answer.header("x-request-id");
    let events = events.iter().filter(|it| code_of(it) == code);
    let events = events.filter(|it| it["metadata"]["correlation_uid"] == id);
    let events: Vec<_> = events.collect();
    assert!(events.iter().all(|it| it["http_request"]["uid"] == id));
    events
}

#[tokio::test]
async fn each_question_of_a_batch_is_an_event_of_the_same_request() {
    let audited = Audited::start(TestApp::builder().policies()).await;
    let mut user = member(&audited.app, "asker", &["users"]).await;
    let about = |id: &str| json!({ "action": "read:own", "resource": { "id": id } });
    let body = json!({ "questions": [about("a"), about("b"), about("c")] });
    let answer = user.post_json("/auth/authorize/batch", &body).await;
    assert_eq!(answer.status, 200);
    let (_, events) = audited.end().await;
    let decided = of(&events, &answer, "decision");
    let about: Vec<_> = decided
        .iter()
        .map(|it| &it["resources"][0]["uid"])
        .collect();
    assert_eq!(about, ["a", "b", "c"]);
    let places: BTreeSet<_> = decided
        .iter()
        .map(|it| it["metadata"]["uid"].as_str())
        .collect();
    assert_eq!(places.len(), 3);
}

#[tokio::test]
async fn a_no_is_an_event_whatever_it_is_because_of() {
    let builder = TestApp::builder().authorization(Authorization::none(), |it| {
        with_table(it);
    });
    let audited = Audited::start(builder).await;
    let mut user = member(&audited.app, "asker", &["users"]).await;
    let about = |action: &str, id: &str| json!({ "action": action, "resource": { "id": id } });
    let mut answers = Vec::new();
    for (question, reason) in [
        (
            about("read:own", "nobodys"),
            "The owner of the resource is not known",
        ),
        (
            about("read:content", "fault"),
            "The resource could not be looked up",
        ),
        (about("write:own", "of:bob"), "Forbidden by policy"),
        (about("admin:manage", "of:bob"), "No matching permit policy"),
    ] {
        answers.push((ask(&mut user, question).await, reason));
    }
    let fails = r#"@id("high") permit(principal, action, resource)
        when { context has level && context.level * 2 > 10 };"#;
    let policies = audited.app.auth.policies();
    policies.take(&texts(LEVELS, fails)).unwrap();
    let question = json!({ "action": "enter", "context": { "level": i64::MAX } });
    answers.push((
        ask(&mut user, question).await,
        "A policy could not be evaluated",
    ));
    let (_, events) = audited.end().await;
    for (answer, reason) in &answers {
        assert_eq!(answer.status, 403, "{reason}");
        let [event] = of(&events, answer, "decision")[..] else {
            panic!("{reason}");
        };
        assert_eq!(event["status_detail"], *reason);
        assert_eq!(event["action"], "Denied");
    }
}

#[tokio::test]
async fn what_somebody_may_do_is_one_event_of_the_request() {
    let audited = Audited::start(TestApp::builder().policies()).await;
    let mut user = member(&audited.app, "asker", &["users"]).await;
    let path = "/auth/permissions?id=doc&type=document&owner=bob";
    let answer = user.get(path).await;
    let long = format!("/auth/permissions?id={}", "x".repeat(2000));
    let refused = user.get(&long).await;
    assert_eq!(refused.status, 400);
    let sub = user.get("/auth/me").await.json()["sub"].clone();
    let (_, events) = audited.end().await;
    let [event] = of(&events, &answer, "permissions")[..] else {
        panic!("one event");
    };
    let resource = &event["resources"][0];
    assert_eq!(
        (&resource["uid"], &resource["type"]),
        (&"doc".into(), &"document".into())
    );
    assert_eq!(
        resource["data"]["permitted_actions"],
        answer.json()["actions"]
    );
    assert!(!answer.json()["actions"].as_array().unwrap().is_empty());
    assert_eq!(event["actor"]["user"]["uid"], sub);
    assert_eq!(
        event["actor"]["authorizations"][0]["policy"]["uid"],
        "users"
    );
    assert!(of(&events, &answer, "decision").is_empty());
    assert_eq!(of(&events, &refused, "authorization_refused").len(), 1);
}

#[tokio::test]
async fn without_policies_a_flood_of_questions_is_few_events_that_count_the_others() {
    let audited = Audited::start(TestApp::builder()).await;
    let app = &audited.app;
    let mut user = member(app, "asker", &["users"]).await;
    let question = json!({ "action": "read:own" });
    let batch = json!({ "questions": [question] });
    let asked = 40;
    let first = ask(&mut user, question.clone()).await;
    for path in ["/auth/authorize", "/auth/authorize/batch"].repeat(asked / 2 - 1) {
        let body = if path.ends_with("batch") {
            &batch
        } else {
            &question
        };
        assert_eq!(user.post_json(path, body).await.status, 503);
    }
    app.advance(1).await;
    let last = user.get("/auth/permissions").await;
    let sub = user.get("/auth/me").await.json()["sub"].clone();
    let (_, events) = audited.end().await;
    for answer in [&first, &last] {
        assert_eq!(answer.status, 503);
        let told = of(&events, answer, "authorization_unavailable");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["actor"]["user"]["uid"], sub);
    }
    let none = "no policies are in force";
    let told: Vec<_> = events
        .iter()
        .filter(|it| code_of(it) == "authorization_unavailable")
        .map(|it| it["status_detail"].as_str().unwrap())
        .collect();
    let passed_over = |why: &&str| {
        let more = why.strip_prefix(none).unwrap();
        let more = more.strip_prefix("; not told of since the last: ");
        more.map_or(0, |more| more.parse::<usize>().unwrap())
    };
    assert!(told.len() < asked, "{told:?}");
    assert_eq!(
        told.len() + told.iter().map(passed_over).sum::<usize>(),
        asked
    );
}
