//! `client_credentials`: a client that acts for itself.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::common::{PASSWORD, TestPool, claims, header};

const SECRET: &str = "machinesecret0123456789abcdef";
const SEED: &str = r#"
[[resource_servers]]
identifier = "https://api.example.com"
scopes = ["read", "write"]

[[resource_servers]]
identifier = "photos"
scopes = ["photos.read"]

[[clients]]
id = "machine"
secrets = ["machinesecret0123456789abcdef", "secondsecret0123456789abcdefg"]
oauth_flows = ["client_credentials"]
scopes = ["https://api.example.com/read", "photos/photos.read"]
access_token_seconds = 120

[[clients]]
id = "browser"

[[clients]]
id = "person"
secrets = ["personsecret0123456789abcdefg"]
scopes = ["openid", "photos/photos.read"]

[[clients]]
id = "idle"
secrets = ["idlesecret0123456789abcdefghi"]
oauth_flows = ["client_credentials"]
scopes = ["openid"]
"#;

async fn ask(pool: &TestPool, fields: &[(&str, &str)]) -> (StatusCode, Value) {
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend_from_slice(fields);
    pool.oauth("/oauth2/token", &form).await
}

async fn machine(pool: &TestPool, fields: &[(&str, &str)]) -> (StatusCode, Value) {
    let mut form = vec![("client_id", "machine"), ("client_secret", SECRET)];
    form.extend_from_slice(fields);
    ask(pool, &form).await
}

#[track_caller]
fn refused(answer: &(StatusCode, Value), error: &str) {
    assert_eq!(
        *answer,
        (StatusCode::BAD_REQUEST, json!({ "error": error }))
    );
}

#[tokio::test]
async fn a_machine_gets_an_access_token_and_nothing_else() {
    let pool = TestPool::seeded(SEED).await;
    let (status, body) = machine(&pool, &[("scope", "photos/photos.read")]).await;
    assert_eq!(status, 200, "{body}");
    let mut members: Vec<_> = body.as_object().unwrap().keys().collect();
    // Some builds keep the order in which they came.
    members.sort();
    assert_eq!(members, ["access_token", "expires_in", "token_type"]);
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("Bearer"), &json!(120))
    );
    let token_text = body["access_token"].clone();
    let token = claims(&token_text);
    let mut members: Vec<_> = token
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    members.sort_unstable();
    let expected = [
        "auth_time",
        "client_id",
        "exp",
        "iat",
        "iss",
        "jti",
        "scope",
        "sub",
        "token_use",
        "version",
    ];
    assert_eq!(members, expected);
    assert_eq!(
        (&token["sub"], &token["client_id"]),
        (&json!("machine"), &json!("machine"))
    );
    assert_eq!(
        (&token["token_use"], &token["scope"]),
        (&json!("access"), &json!("photos/photos.read"))
    );
    assert_eq!(token["iss"], pool.pool.issuer());
    assert_eq!(
        token["exp"].as_i64().unwrap() - token["iat"].as_i64().unwrap(),
        120
    );
    // Signed with the key of access tokens.
    let body = json!({
        "ClientId": "browser", "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": "user@example.com", "PASSWORD": PASSWORD },
    });
    let user = pool.call("InitiateAuth", body).await.ok()["AuthenticationResult"].clone();
    let kid = |token: &Value| header(token)["kid"].clone();
    assert_eq!(kid(&token_text), kid(&user["AccessToken"]));
}

#[tokio::test]
async fn without_a_scope_it_gets_all_of_its_own() {
    let pool = TestPool::seeded(SEED).await;
    let (_, body) = machine(&pool, &[]).await;
    let scope = "https://api.example.com/read photos/photos.read";
    assert_eq!(claims(&body["access_token"])["scope"], scope);
    // Twice is once.
    let (_, body) = machine(&pool, &[("scope", "photos/photos.read photos/photos.read")]).await;
    assert_eq!(claims(&body["access_token"])["scope"], "photos/photos.read");
}

#[tokio::test]
async fn scopes_that_are_not_its_own_are_invalid() {
    let pool = TestPool::seeded(SEED).await;
    for scope in [
        "https://api.example.com/write",
        "photos/photos.read https://api.example.com/write",
        "photos.read",
        "photos/",
        "openid",
        "aws.cognito.signin.user.admin",
        "https://api.example.com/readx",
        " ",
    ] {
        refused(&machine(&pool, &[("scope", scope)]).await, "invalid_scope");
    }
    let idle = [
        ("client_id", "idle"),
        ("client_secret", "idlesecret0123456789abcdefghi"),
    ];
    refused(&ask(&pool, &idle).await, "invalid_scope");
}

#[tokio::test]
async fn a_machine_proves_itself_with_either_secret_in_either_place() {
    let pool = TestPool::seeded(SEED).await;
    let second = [
        ("client_id", "machine"),
        ("client_secret", "secondsecret0123456789abcdefg"),
    ];
    assert_eq!(ask(&pool, &second).await.0, 200);
    let basic = pool
        .request(Method::POST, "/oauth2/token")
        .basic_auth("machine", Some(SECRET))
        .form(&[("grant_type", "client_credentials")]);
    assert_eq!(basic.send().await.unwrap().status(), 200);
    for bad in [
        &[("client_id", "machine"), ("client_secret", "wrong")][..],
        &[("client_id", "machine")],
        &[("client_id", "nobody"), ("client_secret", SECRET)],
        &[("client_id", "person"), ("client_secret", SECRET)],
    ] {
        refused(&ask(&pool, bad).await, "invalid_client");
    }
    refused(&ask(&pool, &[]).await, "invalid_request");
    // Users' tokens alone are bound to a resource.
    let bound = [("resource", "https://api.example.com")];
    refused(&machine(&pool, &bound).await, "invalid_request");
}

#[tokio::test]
async fn one_grant_excludes_the_others() {
    let pool = TestPool::seeded(SEED).await;
    let person = [
        ("client_id", "person"),
        ("client_secret", "personsecret0123456789abcdefg"),
    ];
    refused(&ask(&pool, &person).await, "unauthorized_client");
    for grant in ["authorization_code", "refresh_token"] {
        let form = [
            ("grant_type", grant),
            ("client_id", "machine"),
            ("client_secret", SECRET),
            ("code", "x"),
            ("redirect_uri", "http://localhost/"),
            ("refresh_token", "x"),
        ];
        refused(
            &pool.oauth("/oauth2/token", &form).await,
            "unauthorized_client",
        );
    }
}

#[tokio::test]
async fn a_machine_is_no_user() {
    let pool = TestPool::seeded(SEED).await;
    let (_, body) = machine(&pool, &[]).await;
    let token = &body["access_token"];
    let refused = pool.get_user(token).await;
    refused.refused("NotAuthorizedException");
    let info = pool.request(Method::GET, "/oauth2/userInfo");
    let info = info
        .bearer_auth(token.as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(info.status(), 401);
    let form = [
        ("client_id", "machine"),
        ("client_secret", SECRET),
        ("token", token.as_str().unwrap()),
    ];
    let (status, body) = pool.oauth("/oauth2/revoke", &form).await;
    assert_eq!(
        (status.as_u16(), &body["error"]),
        (400, &json!("unsupported_token_type"))
    );
}
