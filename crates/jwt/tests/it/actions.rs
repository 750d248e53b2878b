//! What policies permit a caller, and what is told of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRef, Path};
use axum::http::Request;
use axum::routing::get;
use cogward_jwt::axum::{Action, RequireAction};
use cogward_jwt::bearer::Refusal;
use cogward_jwt::{AccessClaims, Verifier};
use cogward_policy::{Groups, Live, Resource, Source};
use serde_json::json;
use tower::ServiceExt as _;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::axum::{Server, bearer, fresh, verifier};
use crate::issuer::{Signer, access_claims, with};

struct WriteOwn;

impl Action for WriteOwn {
    const NAME: &'static str = "write:own";
    const DETAIL: &'static str = "Only your own";
}

#[derive(Clone)]
struct Policed {
    verifier: Arc<Verifier<AccessClaims>>,
    policies: Arc<Live>,
}

impl FromRef<Policed> for Arc<Verifier<AccessClaims>> {
    fn from_ref(it: &Policed) -> Self {
        Arc::clone(&it.verifier)
    }
}

impl FromRef<Policed> for Arc<Live> {
    fn from_ref(it: &Policed) -> Self {
        Arc::clone(&it.policies)
    }
}

async fn edit(user: RequireAction<WriteOwn>, Path(owner): Path<String>) -> Result<String, Refusal> {
    user.on(&Resource {
        id: "note",
        kind: "note",
        owner: Some(owner.as_str()).filter(|owner| *owner != "nobody"),
        attributes: None,
    })?;
    Ok(format!("{} edits", user.sub))
}

#[tokio::test]
async fn an_action_is_required_of_the_caller_and_of_the_resource() {
    let signer = Signer::new("k");
    let policies = Arc::new(Live::new(Source::Embedded, Groups::default()));
    let state = Policed {
        verifier: Arc::new(verifier::<AccessClaims>(&signer)),
        policies: Arc::clone(&policies),
    };
    let router = Router::new()
        .route("/notes/{owner}", get(edit))
        .with_state(state);
    let server = Server::of(router).await;
    let token = |groups: &[&str]| {
        signer.token(&with(
            fresh(access_claims()),
            "cognito:groups",
            json!(groups),
        ))
    };
    let sub = access_claims()["sub"].as_str().unwrap().to_owned();
    let (own, others) = (format!("/notes/{sub}"), "/notes/somebody-else");

    let answer = server.get(&own, &[&bearer(&token(&["users"]))]).await;
    assert_eq!(answer.status, 503);
    policies.take(&Source::Embedded.read().unwrap()).unwrap();
    for (groups, path, status) in [
        (&["users"][..], own.as_str(), 200),
        (&["Members"], &own, 200),
        (&["users"], others, 403),
        (&["users"], "/notes/nobody", 403),
        (&["admin"], others, 403),
        (&["editors"], &own, 403),
        (&[], &own, 403),
    ] {
        let answer = server.get(path, &[&bearer(&token(groups))]).await;
        assert_eq!(answer.status, status, "{groups:?} {path}");
        if status == 403 {
            assert_eq!(
                answer.body,
                json!({ "detail": "Only your own" }).to_string()
            );
        }
    }
    let answer = server.get(&own, &[]).await;
    assert_eq!(answer.status, 401);
}

/// Events of the audit log on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Told>>>);

/// Its fields by name.
type Told = BTreeMap<&'static str, String>;

struct Fields(Told);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "cogward::audit"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(Told::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Asks as somebody of these groups; what is told then.
async fn told(log: &Log, router: &Router, headers: &[(&str, &str)], path: &str) -> Vec<Told> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    router.clone().oneshot(request).await.unwrap();
    std::mem::take(&mut *log.0.lock().unwrap())
}

fn notes(signer: &Signer) -> Router {
    let policies = Arc::new(Live::new(Source::Embedded, Groups::default()));
    policies.take(&Source::Embedded.read().unwrap()).unwrap();
    let verifier = Arc::new(verifier::<AccessClaims>(signer));
    let router = Router::new().route("/notes/{owner}", get(edit));
    router.with_state(Policed { verifier, policies })
}

fn user(signer: &Signer, groups: &[&str]) -> String {
    let claims = fresh(access_claims());
    bearer(&signer.token(&with(claims, "cognito:groups", json!(groups))))
}

#[tokio::test]
async fn every_decision_is_told_with_its_reason_and_request() {
    let log = Log::default();
    let _listening = tracing::subscriber::set_default(log.clone());
    let signer = Signer::new("k");
    let router = notes(&signer);
    let (member, nobody) = (user(&signer, &["users"]), user(&signer, &[]));
    let sub = access_claims()["sub"].as_str().unwrap().to_owned();
    for (who, owner, reasons) in [
        (&member, sub.as_str(), &["Permitted by policy"; 2][..]),
        (
            &member,
            "bob",
            &["Permitted by policy", "Forbidden by policy"],
        ),
        (
            &member,
            "nobody",
            &[
                "Permitted by policy",
                "The owner of the resource is not known",
            ],
        ),
        (&nobody, &sub, &["No matching permit policy"]),
    ] {
        let headers = [("authorization", who.as_str()), ("x-request-id", "a-Z_0.9")];
        let told = told(&log, &router, &headers, &format!("/notes/{owner}")).await;
        let seen: Vec<&str> = told.iter().map(|it| it["reason"].as_str()).collect();
        assert_eq!(seen, reasons, "{owner}");
        for decision in &told {
            assert_eq!(decision["event"], "decision");
            assert_eq!(decision["request_id"], "a-Z_0.9");
            let yes = decision["reason"] == "Permitted by policy";
            assert_eq!(decision["allowed"], yes.to_string());
        }
    }
}

#[tokio::test]
async fn only_one_plain_name_of_a_request_is_told() {
    let log = Log::default();
    let _listening = tracing::subscriber::set_default(log.clone());
    let signer = Signer::new("k");
    let (router, nobody) = (notes(&signer), user(&signer, &[]));
    let (fits, long) = ("x".repeat(64), "x".repeat(65));
    for (ids, named) in [
        (&[fits.as_str()][..], true),
        (&[], false),
        (&[""], false),
        (&[&long], false),
        (&["a b"], false),
        (&["a\"b"], false),
        (&["\u{fc}"], false),
        (&["one", "two"], false),
    ] {
        let mut headers = vec![("authorization", nobody.as_str())];
        headers.extend(ids.iter().map(|id| ("x-request-id", *id)));
        let told = told(&log, &router, &headers, "/notes/bob").await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].contains_key("request_id"), named, "{ids:?}");
    }
}
