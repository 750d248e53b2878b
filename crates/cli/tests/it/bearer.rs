//! The demo's API called with bearer tokens, as any HTTP client calls it.

mod deletions;
mod revocation;

use std::time::Duration;

use cogward_testkit::{Answer, Browser};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::process::{Dev, Server, http, local, sign_in};

const USER: &str = "user@example.com";
const ADMIN: &str = "admin@example.com";
const PASSWORD: &str = "Passw0rd!";

const INVALID: &str = r#"{"detail":"Invalid or expired token"}"#;
const UNKNOWN_KEY: &str = r#"{"detail":"Invalid token key"}"#;
const NOBODY: &str = r#"{"detail":"Not authenticated"}"#;
const NOT_ADMIN: &str = r#"{"detail":"Admin access required"}"#;
const MALFORMED: &str = r#"{"detail":"Invalid Authorization header"}"#;

/// The demo with its pool, and a client that has no cookies.
struct Api {
    dev: Dev,
    server: Server,
    client: Browser,
}

/// What a sign-in gives to a client that is no browser.
struct Tokens {
    access: String,
    id: String,
}

impl Api {
    async fn start(env: &[(&str, &str)]) -> Self {
        let dev = Dev::new();
        let server = dev.start(env).await;
        let client = server.browser();
        Self {
            dev,
            server,
            client,
        }
    }

    async fn call(&self, method: Method, path: &str, authorization: &[&str]) -> Answer {
        let mut client = self.client.copy();
        let mut request = client.request(method, path);
        for line in authorization {
            request = request.header("authorization", *line);
        }
        let answer = client.send(request).await;
        assert_eq!(answer.set_cookies(), Vec::<String>::new());
        answer
    }

    async fn get(&self, path: &str, token: &str) -> Answer {
        let line = format!("Bearer {token}");
        self.call(Method::GET, path, &[&line]).await
    }

    async fn delete(&self, id: &str, token: &str) -> Answer {
        let (path, line) = (format!("/users/{id}"), format!("Bearer {token}"));
        self.call(Method::DELETE, &path, &[&line]).await
    }

    async fn private(&self, token: &str) -> Answer {
        self.get("/messages/private", token).await
    }

    async fn try_to_sign_in(&self, email: &str) -> Value {
        let body = json!({
            "ClientId": cogward_pool::PUBLIC_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": { "USERNAME": email, "PASSWORD": PASSWORD },
        });
        initiate_auth(&self.dev.pool(), &body).await
    }

    async fn sign_in(&self, email: &str) -> Tokens {
        Tokens::of(&self.try_to_sign_in(email).await)
    }

    /// Makes the user where there is none; its `sub`.
    async fn user(&self, email: &str, groups: &[&str]) -> String {
        let user = json!({ "username": email, "password": PASSWORD, "groups": groups });
        let user = local(&self.dev.pool(), "users", &user).await;
        user["username"].as_str().unwrap().to_owned()
    }
}

impl Tokens {
    fn of(answer: &Value) -> Self {
        let result = &answer["AuthenticationResult"];
        let token = |name: &str| match result[name].as_str() {
            Some(token) => token.to_owned(),
            None => panic!("no {name}: {answer}"),
        };
        Self {
            access: token("AccessToken"),
            id: token("IdToken"),
        }
    }

    fn both(&self) -> [&str; 2] {
        [&self.access, &self.id]
    }
}

async fn initiate_auth(pool: &Url, body: &Value) -> Value {
    let request = http()
        .post(pool.clone())
        .header("content-type", "application/x-amz-json-1.1")
        .header(
            "x-amz-target",
            "AWSCognitoIdentityProviderService.InitiateAuth",
        )
        .body(body.to_string());
    request.send().await.unwrap().json().await.unwrap()
}

#[track_caller]
fn assert_says(answer: &Answer, expected: &Value) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json(), *expected);
}

/// To the letter, with the challenge of RFC 6750 §3.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, body: &str, challenge: &str) {
    let got = (answer.status.as_u16(), answer.body.as_str());
    assert_eq!(got, (status, body));
    let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
    assert_eq!(challenges, [challenge]);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
}

fn invalid_token(description: &str) -> String {
    format!(r#"Bearer error="invalid_token", error_description="{description}""#)
}

#[track_caller]
fn assert_invalid(answer: &Answer, description: &str) {
    assert_refused(answer, 401, INVALID, &invalid_token(description));
}

#[track_caller]
fn assert_unknown_key(answer: &Answer) {
    let challenge = invalid_token("the token is signed with an unknown key");
    assert_refused(answer, 401, UNKNOWN_KEY, &challenge);
}

#[tokio::test]
async fn both_kinds_of_token_tell_who_is_calling() {
    let api = Api::start(&[]).await;
    let (sub, tokens) = (api.user(USER, &[]).await, api.sign_in(USER).await);
    let hello = json!({ "message": format!("Hello, {USER}!"), "user_id": sub });
    assert_says(&api.private(&tokens.id).await, &hello);
    // Access tokens carry no address.
    let unknown = json!({ "message": "Hello, unknown!", "user_id": sub });
    assert_says(&api.private(&tokens.access).await, &unknown);
    let personalized = json!({ "feed": "personalized", "user": USER });
    assert_says(&api.get("/feed", &tokens.id).await, &personalized);
    let unnamed = json!({ "feed": "personalized", "user": null });
    assert_says(&api.get("/feed", &tokens.access).await, &unnamed);
    for scheme in ["bearer", "BEARER ", "Bearer   "] {
        let line = format!("{scheme} {}", tokens.id);
        let answer = api.call(Method::GET, "/messages/private", &[&line]).await;
        assert_says(&answer, &hello);
    }
}

#[tokio::test]
async fn nobody_is_turned_away_where_everybody_may_come() {
    let api = Api::start(&[]).await;
    let good = format!("Bearer {}", api.sign_in(USER).await.id);
    let world = json!({ "message": "Hello, world!" });
    let generic = json!({ "feed": "generic" });
    let nobody: [&[&str]; 5] = [
        &[],
        &["Bearer x"],
        &["Bearer"],
        &["Basic YTpi"],
        &[&good, &good],
    ];
    for lines in nobody {
        let answer = api.call(Method::GET, "/messages/public", lines).await;
        assert_says(&answer, &world);
        let answer = api.call(Method::GET, "/feed", lines).await;
        assert_says(&answer, &generic);
    }
    let answer = api.call(Method::GET, "/messages/public", &[&good]).await;
    assert_says(&answer, &world);
}

#[tokio::test]
async fn who_is_refused_is_told_why_and_no_more() {
    let api = Api::start(&[("LOG_LEVEL", "debug")]).await;
    let id = api.sign_in(ADMIN).await.id;
    let sub = api.user(USER, &[]).await;
    let [_, payload, signature] = <[&str; 3]>::try_from(id.split('.').collect::<Vec<_>>()).unwrap();
    // {"alg":"RS256","kid":"nobody"} and {"alg":"none"}
    let unknown = format!("Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6Im5vYm9keSJ9.{payload}.{signature}");
    let unsigned = format!("Bearer eyJhbGciOiJub25lIn0.{payload}.");
    let (good, cut) = (
        format!("Bearer {id}"),
        format!("Bearer {}", &id[..id.len() - 4]),
    );
    let not_valid = &invalid_token("the token is not valid here");
    let unknown_key = &invalid_token("the token is signed with an unknown key");
    let twice =
        r#"Bearer error="invalid_request", error_description="more than one Authorization header""#;
    let malformed = r#"Bearer error="invalid_request", error_description="the Authorization header is malformed""#;
    let cases: [(&[&str], u16, &str, &str); 11] = [
        (&[], 401, NOBODY, r#"Bearer realm="api""#),
        (&["Basic YTpi"], 401, NOBODY, r#"Bearer realm="api""#),
        (&["Bearer x"], 401, INVALID, not_valid),
        (&[&cut], 401, INVALID, not_valid),
        (&[&unsigned], 401, INVALID, not_valid),
        (&[&unknown], 401, UNKNOWN_KEY, unknown_key),
        (&["Bearer"], 400, MALFORMED, malformed),
        (&["Bearer a b"], 400, MALFORMED, malformed),
        (&["Bearer a, Bearer b"], 400, MALFORMED, malformed),
        (&[&good, &good], 400, MALFORMED, twice),
        (&["Basic YTpi", &good], 400, MALFORMED, twice),
    ];
    let in_query = format!("/messages/private?access_token={id}");
    let deletion = format!("/users/{sub}");
    for (lines, status, body, challenge) in cases {
        let guarded = [
            (Method::GET, "/messages/private"),
            (Method::GET, &in_query),
            (Method::DELETE, &deletion),
        ];
        for (method, path) in guarded {
            let answer = api.call(method, path, lines).await;
            assert_refused(&answer, status, body, challenge);
        }
    }
    api.sign_in(USER).await;
    assert!(!api.server.log().contains(signature));
}

#[tokio::test]
async fn a_bearer_token_decides_alone_beside_a_cookie() {
    let api = Api::start(&[]).await;
    let (user, admin) = (api.sign_in(USER).await, api.sign_in(ADMIN).await);
    let mut browser = api.server.browser();
    sign_in(&mut browser, ADMIN).await;
    let ask = |line: String| {
        let request = browser.request(Method::GET, "/messages/private");
        request.header("authorization", line)
    };
    let asked = [
        (ask("Basic YTpi".into()), 200, ADMIN),
        (ask(format!("Bearer {}", user.id)), 200, USER),
        (ask(format!("Bearer {}", admin.id)), 200, ADMIN),
        (ask("Bearer x".into()), 401, INVALID),
        (ask("Bearer".into()), 400, MALFORMED),
    ];
    for (request, status, part) in asked {
        let answer = browser.send(request).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.body.contains(part), "{}", answer.body);
    }
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let api = Api::start(&[]).await;
    let short = json!({ "id_token_seconds": 1, "access_token_seconds": 1 });
    local(&api.dev.pool(), "settings", &short).await;
    let tokens = api.sign_in(USER).await;
    for token in tokens.both() {
        while api.private(token).await.status == 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_invalid(&api.private(token).await, "the token has expired");
    }
}

#[tokio::test]
async fn tokens_of_another_client_are_good_where_it_is_configured() {
    let other = ("ADDITIONAL_AUDIENCE", cogward_pool::SECRET_CLIENT_ID);
    for (env, good) in [(&[][..], false), (&[other][..], true)] {
        let api = Api::start(env).await;
        let theirs = json!({
            "ClientId": cogward_pool::SECRET_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {
                "USERNAME": USER, "PASSWORD": PASSWORD,
                // HMAC-SHA256 with the client's secret, over the user's name and the client's id
                "SECRET_HASH": "+c2eX+uVV0ygByPLMNmlGkrTANHtVkz/RZiCJiBxOq8=",
            },
        });
        let theirs = Tokens::of(&initiate_auth(&api.dev.pool(), &theirs).await);
        for token in theirs.both() {
            match api.private(token).await {
                answer if good => assert_eq!(answer.status, 200, "{}", answer.body),
                answer => assert_invalid(&answer, "the token is not valid here"),
            }
        }
        for token in api.sign_in(USER).await.both() {
            assert_eq!(api.private(token).await.status, 200);
        }
    }
}

/// A new key may stay unknown for the seconds between two fetches; an old one is good for
/// as long as the issuer shows it.
#[tokio::test]
async fn keys_are_rotated_while_the_server_runs() {
    let api = Api::start(&[]).await;
    let before = api.sign_in(USER).await;
    let rotate = async |keep: bool| {
        let body = json!({ "keep_previous": keep });
        local(&api.dev.pool(), "keys/rotate", &body).await;
        let tokens = api.sign_in(USER).await;
        loop {
            let answer = api.private(&tokens.id).await;
            if answer.status == 200 {
                break;
            }
            assert_unknown_key(&answer);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(api.private(&tokens.access).await.status, 200);
        tokens
    };
    let between = rotate(true).await;
    for token in before.both() {
        assert_eq!(api.private(token).await.status, 200);
    }
    rotate(false).await;
    for token in [before.both(), between.both()].concat() {
        assert_unknown_key(&api.private(token).await);
    }
}

#[tokio::test]
async fn which_kinds_of_token_count_is_a_setting() {
    for (kinds, access_is_good, id_is_good) in [
        ("off", false, false),
        ("access", true, false),
        ("id", false, true),
        ("any", true, true),
    ] {
        let api = Api::start(&[("BEARER_TOKENS", kinds)]).await;
        let tokens = api.sign_in(USER).await;
        for (token, good) in [(&tokens.access, access_is_good), (&tokens.id, id_is_good)] {
            let answer = api.private(token).await;
            let expected = match (good, kinds) {
                (true, _) => 200,
                (false, "off") => {
                    assert_eq!(answer.body, NOBODY);
                    401
                }
                (false, _) => {
                    assert_invalid(&answer, "the token is not valid here");
                    401
                }
            };
            assert_eq!(answer.status, expected, "{kinds}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn without_bearer_tokens_the_cookie_decides_whatever_comes_beside_it() {
    let api = Api::start(&[("BEARER_TOKENS", "off")]).await;
    let other = api.sign_in(ADMIN).await.id;
    let mut browser = api.server.browser();
    sign_in(&mut browser, USER).await;
    for line in [format!("Bearer {other}"), "Bearer".to_owned()] {
        let request = browser.request(Method::GET, "/messages/private");
        let answer = browser.send(request.header("authorization", line)).await;
        let message = answer.json()["message"].clone();
        assert_eq!(message, format!("Hello, {USER}!"));
    }
}
