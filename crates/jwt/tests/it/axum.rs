use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{FromRef, Request};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::{from_extractor_with_state, map_request};
use axum::routing::{get, post};
use cogward_jwt::axum::{Bearer, Group, InGroup, Scope, WithScope};
use cogward_jwt::bearer::Refusal;
use cogward_jwt::{
    AccessClaims, AnyClaims, Claims, FetchError, FetchKeys, Fetching, IdClaims, Keys, UserPool,
    Verifier,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::issuer::{CLIENT, ISSUER, Signer, access_claims, id_claims, key_set, with};

struct Admins;

impl Group for Admins {
    const ANY_OF: &'static [&'static str] = &["admin", "owner"];
    const DETAIL: &'static str = "Admin access required";
}

struct Orders;

impl Scope for Orders {
    const ANY_OF: &'static [&'static str] = &["orders/read", "orders/write"];
}

async fn required<C: Claims>(bearer: Bearer<C>) -> String {
    format!("required {}", bearer.sub())
}

async fn optional<C: Claims>(bearer: Option<Bearer<C>>) -> String {
    bearer.map_or("nobody".to_owned(), |Bearer(claims)| {
        format!("optional {}", claims.sub())
    })
}

async fn group<C: Claims>(admin: InGroup<Admins, C>) -> String {
    format!("group {}", admin.sub())
}

async fn scope<C: Claims>(client: WithScope<Orders, C>) -> String {
    format!("scope {}", client.into_claims().sub())
}

fn routes<C: Claims>(verifier: Verifier<C>) -> Router {
    Router::new()
        .route("/required", get(required::<C>).post(required::<C>))
        .route("/optional", get(optional::<C>))
        .route("/group", get(group::<C>))
        .route("/scope", get(scope::<C>))
        .with_state(Arc::new(verifier))
}

#[tokio::test]
async fn each_extractor_gives_the_claims_of_either_kind_of_token() {
    let signer = Signer::new("k");
    let access = Server::of(routes(verifier::<AccessClaims>(&signer))).await;
    let any = Server::of(routes(verifier::<AnyClaims>(&signer))).await;
    let id = Server::of(routes(verifier::<IdClaims>(&signer))).await;
    let may_read = with(fresh(access_claims()), "scope", json!("openid orders/read"));
    let [access_token, id_token] = [may_read, fresh(id_claims())].map(|c| signer.token(&c));
    for path in ["/required", "/optional", "/group", "/scope"] {
        let said = format!("{} aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", &path[1..]);
        for server in [&access, &any] {
            let answer = server.get(path, &[&bearer(&access_token)]).await;
            assert_eq!((answer.status, &answer.body), (200, &said));
        }
        if path != "/scope" {
            let answer = id.get(path, &[&bearer(&id_token)]).await;
            assert_eq!((answer.status, answer.body), (200, said));
        }
    }
    let scoped = id.get("/scope", &[&bearer(&id_token)]).await;
    assert_eq!(scoped.status, 403, "an ID token has no scopes");
    let other_kind = access.get("/required", &[&bearer(&id_token)]).await;
    assert_eq!(other_kind, invalid(NOT_VALID_HERE));
}

#[tokio::test]
async fn each_refusal_has_its_status_body_and_challenge() {
    let [signer, stranger] = ["k", "k"].map(Signer::new);
    let server = Server::of(routes(verifier::<AccessClaims>(&signer))).await;
    let good = fresh(access_claims());
    let signed = |name, value| bearer(&signer.token(&with(good.clone(), name, value)));
    let none = Answer::new(401, "Not authenticated", Some(r#"Bearer realm="api""#));
    let mut unknown = invalid("the token is signed with an unknown key");
    unknown.body = r#"{"detail":"Invalid token key"}"#.to_owned();
    for (authorization, expected) in [
        (None, none),
        (
            Some("Bearer".to_owned()),
            bad_request("the Authorization header is malformed"),
        ),
        (Some("Bearer x".to_owned()), invalid(NOT_VALID_HERE)),
        (
            Some(signed("exp", json!(1))),
            invalid("the token has expired"),
        ),
        (
            Some(signed("client_id", json!("x"))),
            invalid(NOT_VALID_HERE),
        ),
        (
            Some(bearer(&stranger.token(&good))),
            invalid(NOT_VALID_HERE),
        ),
        (Some(bearer(&Signer::new("x").token(&good))), unknown),
    ] {
        let lines: Vec<_> = authorization.iter().map(String::as_str).collect();
        for path in ["/required", "/group", "/scope"] {
            assert_eq!(server.get(path, &lines).await, expected, "{path} {lines:?}");
        }
        let optional = server.get("/optional", &lines).await;
        assert_eq!((optional.status, &*optional.body), (200, "nobody"));
    }

    let outside = signed("cognito:groups", json!(["staff"]));
    let challenge = r#"Bearer error="insufficient_scope", error_description="the user is not in a group that may do this""#;
    let expected = Answer::new(403, "Admin access required", Some(challenge));
    assert_eq!(server.get("/group", &[&outside]).await, expected);
    let challenge = r#"Bearer error="insufficient_scope", error_description="the token does not have the scope for this", scope="orders/read orders/write""#;
    let expected = Answer::new(403, "Scope required", Some(challenge));
    assert_eq!(server.get("/scope", &[&outside]).await, expected);
}

#[tokio::test]
async fn what_the_verifier_itself_wants_is_said_as_well() {
    let signer = Signer::new("k");
    let orders = verifier::<AccessClaims>(&signer).require_scope("orders/read");
    let server = Server::of(routes(orders.require_group("owner"))).await;
    let good = fresh(access_claims());
    let outsider = bearer(&signer.token(&good));
    let answer = server.get("/required", &[&outsider]).await;
    assert_eq!(answer.body, r#"{"detail":"Group membership required"}"#);
    assert_eq!(server.get("/optional", &[&outsider]).await.body, "nobody");
    let owner = with(good, "cognito:groups", json!(["owner"]));
    let answer = server
        .get("/required", &[&bearer(&signer.token(&owner))])
        .await;
    assert_eq!(
        (answer.status, &*answer.body),
        (403, r#"{"detail":"Scope required"}"#)
    );
    let challenge = answer.challenge.unwrap();
    assert!(
        challenge.ends_with(r#", scope="orders/read""#),
        "{challenge}"
    );
}

#[tokio::test]
async fn without_keys_nobody_is_signed_out() {
    let signer = Signer::new("k");
    let pool = UserPool::custom(ISSUER, Keys::new(Arc::new(Down)));
    let server = Server::of(routes(Verifier::<AccessClaims>::new(pool, CLIENT))).await;
    let good = bearer(&signer.token(&fresh(access_claims())));
    let detail = "Signing keys are unavailable, please try again";
    let mut expected = Answer::new(503, detail, None);
    expected.retry_after = Some("2".to_owned());
    for path in ["/required", "/optional", "/group", "/scope"] {
        assert_eq!(server.get(path, &[&good]).await, expected, "{path}");
    }
    assert_eq!(server.get("/optional", &[]).await.body, "nobody");
    assert_eq!(server.get("/required", &[]).await.status, 401);
}

#[tokio::test]
async fn t109_a_machine_is_nobody_where_only_people_may() {
    let signer = Signer::new("k");
    let machine = with(fresh(access_claims()), "username", Value::Null);
    let token = bearer(&signer.token(&with(machine, "sub", json!(CLIENT))));
    let all = Server::of(routes(verifier::<AccessClaims>(&signer))).await;
    assert_eq!(
        all.get("/required", &[&token]).await.body,
        format!("required {CLIENT}")
    );
    let people = Server::of(routes(verifier::<AccessClaims>(&signer).people_only())).await;
    assert_eq!(
        people.get("/required", &[&token]).await,
        invalid(NOT_VALID_HERE)
    );
    assert_eq!(people.get("/optional", &[&token]).await.body, "nobody");
}

#[tokio::test]
async fn t110_one_token_in_one_header_is_one_bearer() {
    let signer = Signer::new("k");
    let server = Server::of(routes(verifier::<AccessClaims>(&signer))).await;
    let token = signer.token(&fresh(access_claims()));
    for scheme in ["Bearer ", "bearer ", "BEARER ", "Bearer    "] {
        let answer = server
            .get("/required", &[&format!("{scheme}{token}")])
            .await;
        assert_eq!(answer.status, 200, "{scheme}");
    }
    let [good, basic] = ["Bearer", "Basic"].map(|scheme| format!("{scheme} {token}"));
    let several = bad_request("more than one Authorization header");
    let malformed = bad_request("the Authorization header is malformed");
    let forms: [(&[&str], Answer); 8] = [
        (
            &[&basic],
            Answer::new(401, "Not authenticated", Some(r#"Bearer realm="api""#)),
        ),
        (
            &[&token],
            Answer::new(401, "Not authenticated", Some(r#"Bearer realm="api""#)),
        ),
        (&[&good, &good], several.clone()),
        (&[&basic, &good], several.clone()),
        (&[&good, &basic], several),
        (&[&format!("{good}, {token}")], malformed.clone()),
        (&[&format!("{good} {token}")], malformed.clone()),
        (&[&format!("Bearer\t{token}")], malformed),
    ];
    for (lines, expected) in forms {
        assert_eq!(server.get("/required", lines).await, expected, "{lines:?}");
        assert_eq!(
            server.get("/optional", lines).await.body,
            "nobody",
            "{lines:?}"
        );
    }
    let in_query = format!("/required?access_token={token}&token={token}");
    assert_eq!(server.get(&in_query, &[]).await.status, 401);
    let in_body = server.request(reqwest::Method::POST, "/required", &[]);
    let in_body = in_body.form(&[("access_token", &token)]);
    assert_eq!(in_body.send().await.unwrap().status(), 401);
    let elsewhere = server.request(reqwest::Method::GET, "/required", &[]);
    let elsewhere = elsewhere
        .header("x-authorization", &good)
        .header("cookie", format!("token={token}"));
    assert_eq!(elsewhere.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn t113_only_an_array_with_the_exact_name_is_a_group() {
    let signer = Signer::new("k");
    let server = Server::of(routes(verifier::<AccessClaims>(&signer))).await;
    let status = async |name: &str, groups: Value| {
        let token = signer.token(&with(fresh(access_claims()), name, groups));
        server.get("/group", &[&bearer(&token)]).await.status
    };
    assert_eq!(
        status("cognito:groups", json!(["staff", "owner"])).await,
        200
    );
    for groups in [
        Value::Null,
        json!("admin"),
        json!("[\"admin\"]"),
        json!({"admin": true}),
        json!([["admin"]]),
        json!(["admin", 1]),
        json!([]),
        json!([""]),
        json!([" admin"]),
        json!(["admin "]),
        json!(["admin,staff"]),
        json!(["admi"]),
        json!(["administrator"]),
        json!(["Admin"]),
        json!(["ADMIN"]),
        json!(["ad\u{200b}min"]),
        json!(["\u{430}dmin"]),
        json!(["admin\u{0}"]),
        json!(vec!["x"; 2000]),
    ] {
        assert_eq!(
            status("cognito:groups", groups.clone()).await,
            403,
            "{groups}"
        );
    }
    let mut outside = with(fresh(access_claims()), "cognito:groups", Value::Null);
    for name in ["custom:groups", "groups", "cognito:roles", "Cognito:Groups"] {
        outside = with(outside, name, json!(["admin"]));
    }
    let answer = server
        .get("/group", &[&bearer(&signer.token(&outside))])
        .await;
    assert_eq!(answer.status, 403);
    let five_thousand = json!(vec!["admin"; 5000]);
    assert_eq!(
        status("cognito:groups", five_thousand).await,
        401,
        "too long to be Cognito's"
    );
}

#[tokio::test]
async fn a_request_is_verified_once_by_each_verifier() {
    let signer = Signer::new("k");
    let (verifier, verified) = counting(&signer);
    let handler = async |one: Bearer, _: InGroup<Admins>, two: Option<Bearer>| {
        assert_eq!(one.sub, two.unwrap().sub);
    };
    let guard = from_extractor_with_state::<Bearer, _>(Arc::clone(&verifier));
    let router = Router::new().route("/", get(handler)).route_layer(guard);
    let server = Server::of(router.with_state(Arc::clone(&verifier))).await;
    let good = bearer(&signer.token(&fresh(access_claims())));
    for requests in 1..4 {
        assert_eq!(server.get("/", &[&good]).await.status, 200);
        assert_eq!(verified.load(Ordering::SeqCst), requests);
    }

    // Another verifier, even of the same claims, hears nothing of the first one's verdict.
    let (again, again_verified) = counting(&signer);
    let again = Arc::into_inner(again).unwrap().require_group("owner");
    let guard = from_extractor_with_state::<Bearer, _>(verifier);
    let router = Router::new().route("/", get(required::<AccessClaims>));
    let server = Server::of(router.with_state(Arc::new(again)).layer(guard)).await;
    assert_eq!(server.get("/", &[&good]).await.status, 403);
    let owner = with(fresh(access_claims()), "cognito:groups", json!(["owner"]));
    let owner = bearer(&signer.token(&owner));
    assert_eq!(server.get("/", &[&owner]).await.status, 200);
    assert_eq!(verified.load(Ordering::SeqCst), 5);
    assert_eq!(again_verified.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_header_that_was_changed_on_the_way_is_read_anew() {
    let signer = Signer::new("k");
    let verifier = Arc::new(verifier::<AccessClaims>(&signer));
    let router = || Router::new().route("/", get(required::<AccessClaims>));
    let change = |change: fn(&mut HeaderMap)| {
        let guard = from_extractor_with_state::<Bearer, _>(Arc::clone(&verifier));
        let changing = map_request(move |mut request: Request| {
            change(request.headers_mut());
            std::future::ready(request)
        });
        Server::of(
            router()
                .layer(changing)
                .layer(guard)
                .with_state(Arc::clone(&verifier)),
        )
    };
    let good = bearer(&signer.token(&fresh(access_claims())));
    let removed = change(|headers| drop(headers.remove(header::AUTHORIZATION))).await;
    assert_eq!(removed.get("/", &[&good]).await.status, 401);
    let swapped = change(|headers| {
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
    });
    assert_eq!(swapped.await.get("/", &[&good]).await.status, 401);
    let doubled = change(|headers| {
        let value = headers[header::AUTHORIZATION].clone();
        headers.append(header::AUTHORIZATION, value);
    });
    assert_eq!(doubled.await.get("/", &[&good]).await.status, 400);
    assert_eq!(change(|_| ()).await.get("/", &[&good]).await.status, 200);
}

#[tokio::test]
async fn the_verifiers_are_parts_of_a_state_and_answers_can_be_ones_own() {
    #[derive(Clone)]
    struct App {
        access: Arc<Verifier<AccessClaims>>,
        id: Arc<Verifier<IdClaims>>,
    }
    impl FromRef<App> for Arc<Verifier<AccessClaims>> {
        fn from_ref(app: &App) -> Self {
            Self::clone(&app.access)
        }
    }
    impl FromRef<App> for Arc<Verifier<IdClaims>> {
        fn from_ref(app: &App) -> Self {
            Self::clone(&app.id)
        }
    }
    async fn own(bearer: Result<Bearer<IdClaims>, Refusal>) -> String {
        match bearer {
            Ok(Bearer(claims)) => claims.email.clone().unwrap(),
            Err(refusal) => format!("{}: {}", refusal.status().as_u16(), refusal.detail()),
        }
    }
    let signer = Signer::new("k");
    let app = App {
        access: Arc::new(verifier(&signer)),
        id: Arc::new(verifier(&signer)),
    };
    let router = Router::new()
        .route("/access", post(required::<AccessClaims>))
        .route("/own", get(own));
    let server = Server::of(router.with_state(app)).await;
    let token = bearer(&signer.token(&fresh(access_claims())));
    let accepted = server.request(reqwest::Method::POST, "/access", &[&token]);
    assert_eq!(accepted.send().await.unwrap().status(), 200);
    let refused = server.get("/own", &[&token]).await;
    assert_eq!(refused.body, "401: Invalid or expired token");
    let token = bearer(&signer.token(&fresh(id_claims())));
    assert_eq!(server.get("/own", &[&token]).await.body, "jane@example.com");
}

const NOT_VALID_HERE: &str = "the token is not valid here";

pub(crate) fn verifier<C: Claims>(signer: &Signer) -> Verifier<C> {
    let keys = Keys::preloaded(key_set(&[signer]));
    Verifier::new(UserPool::custom(ISSUER, keys), CLIENT)
}

/// With the number of tokens it has accepted.
fn counting(signer: &Signer) -> (Arc<Verifier<AccessClaims>>, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let verifier = verifier(signer).check(move |_: &AccessClaims| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    (Arc::new(verifier), count)
}

/// Good whenever the test runs.
pub(crate) fn fresh(claims: Value) -> Value {
    with(
        with(claims, "iat", json!(1)),
        "exp",
        json!(253_402_300_799_i64),
    )
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// A key server that never answers well.
pub(crate) struct Down;

impl FetchKeys for Down {
    fn fetch(&self) -> Fetching<'_> {
        Box::pin(std::future::ready(Err(FetchError::Status(500))))
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    challenge: Option<String>,
    retry_after: Option<String>,
}

impl Answer {
    fn new(status: u16, detail: &str, challenge: Option<&str>) -> Self {
        Self {
            status,
            body: json!({"detail": detail}).to_string(),
            challenge: challenge.map(str::to_owned),
            retry_after: None,
        }
    }
}

fn invalid(description: &str) -> Answer {
    let challenge = format!(r#"Bearer error="invalid_token", error_description="{description}""#);
    Answer::new(401, "Invalid or expired token", Some(&challenge))
}

fn bad_request(description: &str) -> Answer {
    let challenge = format!(r#"Bearer error="invalid_request", error_description="{description}""#);
    Answer::new(400, "Invalid Authorization header", Some(&challenge))
}

/// A router that is served, and who asks it.
pub(crate) struct Server {
    base: String,
    client: reqwest::Client,
}

impl Server {
    pub(crate) async fn of(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self::at(base)
    }

    pub(crate) fn at(base: String) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { base, client }
    }

    fn request(
        &self,
        method: reqwest::Method,
        path: &str,
        authorization: &[&str],
    ) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        authorization.iter().fold(request, |request, line| {
            request.header(header::AUTHORIZATION, *line)
        })
    }

    /// With so many `Authorization` headers. A refusal's body must be called JSON.
    pub(crate) async fn get(&self, path: &str, authorization: &[&str]) -> Answer {
        let request = self.request(reqwest::Method::GET, path, authorization);
        let response = request.send().await.unwrap();
        let header = |name| {
            let value = response.headers().get(name);
            value.map(|value: &HeaderValue| value.to_str().unwrap().to_owned())
        };
        let (challenge, retry_after) = (header("www-authenticate"), header("retry-after"));
        let status = response.status().as_u16();
        let json = header("content-type").as_deref() == Some("application/json");
        assert_eq!(json, status >= 400);
        Answer {
            status,
            body: response.text().await.unwrap(),
            challenge,
            retry_after,
        }
    }
}
