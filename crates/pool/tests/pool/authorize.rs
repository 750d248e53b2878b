//! What `/oauth2/authorize` takes: prompts, resources, scopes and each client's own URLs.

use cogward_pool::{CLIENT_SECRET, PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};
use reqwest::Method;
use serde_json::Value;

use crate::common::{Browser, CALLBACK, PASSWORD, TestPool, claims, parameter, query};

const USER: &str = "user@example.com";
const SEED: &str = r#"
[[resource_servers]]
identifier = "photos"
scopes = ["read"]

[[clients]]
id = "web"
scopes = ["openid", "email", "photos/read"]
callback_urls = ["https://app.example.com/callback", "https://bare.example.com", "https://app.example.com/q?a=1"]
logout_urls = ["https://app.example.com/bye", "myapp://bye"]

[[clients]]
id = "app"
scopes = ["openid", "phone"]
callback_urls = ["myapp://callback", "com.example.app:/callback"]
read_attributes = ["phone_number", "given_name"]

[[users]]
username = "ada@example.com"
password = "Passw0rd!"
attributes = { given_name = "Ada", phone_number = "+15555550100" }
"#;

async fn authorize(pool: &TestPool, query: &str) -> String {
    let path = format!("/oauth2/authorize?{query}");
    Browser::new(pool).get(&path).await.location
}

async fn tokens(pool: &TestPool, client: &str, callback: &str, location: &str) -> (u16, Value) {
    let code = parameter(location, "code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", &code),
        ("redirect_uri", callback),
    ];
    let (status, body) = pool.oauth("/oauth2/token", &form).await;
    (status.as_u16(), body)
}

async fn user_info(pool: &TestPool, tokens: &Value) -> Value {
    let request = pool.request(Method::GET, "/oauth2/userInfo");
    let request = request.bearer_auth(tokens["access_token"].as_str().unwrap());
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn prompts_are_known_ones_and_none_stands_alone() {
    let pool = TestPool::start().await;
    for (prompt, answer) in [
        ("none", "login_required"),
        ("none+login", "invalid_request"),
        ("login+none", "invalid_request"),
        ("select_account+none", "invalid_request"),
        ("none+none", "invalid_request"),
        ("create", "invalid_request"),
        ("NONE", "invalid_request"),
        ("login&prompt=none", "invalid_request"),
        ("login", ""),
        ("select_account", ""),
        ("consent", ""),
        ("login+consent+select_account", ""),
    ] {
        let location = authorize(&pool, &format!("{}&prompt={prompt}", query())).await;
        if answer.is_empty() {
            assert!(location.starts_with("/login?"), "{prompt}: {location}");
        } else {
            assert!(location.starts_with(CALLBACK), "{prompt}: {location}");
            assert_eq!(
                parameter(&location, "error").as_deref(),
                Some(answer),
                "{prompt}"
            );
            assert_eq!(
                parameter(&location, "state").as_deref(),
                Some("s &=1"),
                "{prompt}"
            );
        }
    }
}

#[tokio::test]
async fn prompt_login_asks_again_whatever_the_browser_has() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    browser.sign_in(&query(), USER, PASSWORD).await;
    pool.advance(100).await;
    let again = format!("{}&prompt=login+consent", query());
    // `sign_in` sees that it is sent to the sign-in page.
    let location = browser.sign_in(&again, "admin@example.com", PASSWORD).await;
    let (_, tokens) = pool.exchange(&parameter(&location, "code").unwrap()).await;
    let id = claims(&tokens["id_token"]);
    assert_eq!(id["email"], "admin@example.com");
    assert!(id["iat"].as_i64().unwrap() - id["auth_time"].as_i64().unwrap() < 50);
    for prompt in ["none", "select_account", "consent"] {
        let path = format!("/oauth2/authorize?{}&prompt={prompt}", query());
        let silent = browser.get(&path).await.location;
        assert!(parameter(&silent, "code").is_some(), "{prompt}: {silent}");
    }
}

#[tokio::test]
async fn state_and_nonce_come_back_letter_by_letter() {
    let pool = TestPool::start().await;
    let odd = "a b+c&d=e#f%20\"<>'/?\u{e9}\u{1f511}";
    let encoded: String = url::form_urlencoded::byte_serialize(odd.as_bytes()).collect();
    let query = format!(
        "response_type=code&client_id={PUBLIC_CLIENT_ID}&redirect_uri={CALLBACK}&scope=openid\
         &state={encoded}&nonce={encoded}"
    );
    let location = Browser::new(&pool).sign_in(&query, USER, PASSWORD).await;
    assert_eq!(parameter(&location, "state").as_deref(), Some(odd));
    assert!(!location.contains('+'), "{location}");
    let (_, tokens) = tokens(&pool, PUBLIC_CLIENT_ID, CALLBACK, &location).await;
    assert_eq!(claims(&tokens["id_token"])["nonce"], odd);
}

#[tokio::test]
async fn a_resource_is_the_audience_of_the_access_token() {
    let pool = TestPool::start().await;
    for resource in [
        "https://api.example.com/v1?a=b",
        "http://localhost:8080",
        "myapp://api",
    ] {
        let encoded: String = url::form_urlencoded::byte_serialize(resource.as_bytes()).collect();
        let query = format!("{}&resource={encoded}", query());
        let (_, tokens) = pool
            .exchange(&pool.authorization_code(&query, USER).await)
            .await;
        assert_eq!(claims(&tokens["access_token"])["aud"], resource);
        assert_eq!(claims(&tokens["id_token"])["aud"], PUBLIC_CLIENT_ID);
    }
    let (_, unbound) = pool
        .exchange(&pool.authorization_code(&query(), USER).await)
        .await;
    assert_eq!(claims(&unbound["access_token"]).get("aud"), None);
    for resource in [
        "http://api.example.com",
        "http://localhost.evil.example",
        "api.example.com",
        "https://",
        "https://api.example.com/%23fragment#f"
            .replace('#', "%23")
            .as_str(),
        "javascript:alert(1)",
        "https://a.example&resource=https://b.example",
    ] {
        let location = authorize(&pool, &format!("{}&resource={resource}", query())).await;
        if resource.ends_with("%23f") {
            assert!(
                location.contains("error=invalid_request"),
                "{resource}: {location}"
            );
        }
        assert!(location.starts_with(CALLBACK), "{resource}: {location}");
        assert_eq!(
            parameter(&location, "error").as_deref(),
            Some("invalid_request"),
            "{resource}"
        );
    }
}

#[tokio::test]
async fn a_client_has_its_own_urls_to_the_letter() {
    let pool = TestPool::seeded(SEED).await;
    let shown = async |client: &str, uri: &str| {
        let uri: String = url::form_urlencoded::byte_serialize(uri.as_bytes()).collect();
        let path = format!("/login?response_type=code&client_id={client}&redirect_uri={uri}");
        Browser::new(&pool).get(&path).await.status.as_u16()
    };
    for (client, uri) in [
        ("web", "https://app.example.com/callback"),
        ("web", "https://bare.example.com"),
        ("web", "https://bare.example.com/"),
        ("web", "https://app.example.com/q?a=1"),
        ("app", "myapp://callback"),
        ("app", "com.example.app:/callback"),
    ] {
        assert_eq!(shown(client, uri).await, 200, "{uri}");
    }
    for (client, uri) in [
        ("web", "https://app.example.com/callback/"),
        ("web", "https://app.example.com/x/../callback"),
        ("web", "https://app.example.com/%63allback"),
        ("web", "HTTPS://app.example.com/callback"),
        ("web", "https://APP.example.com/callback"),
        ("web", "https://app.example.com:443/callback"),
        ("web", "https://app.example.com/callback?a=1"),
        ("web", "https://app.example.com/callback#x"),
        ("web", "https://app.example.com/callback#"),
        ("web", "https://me@app.example.com/callback"),
        ("web", " https://app.example.com/callback"),
        ("web", "https://app.example.com\\@evil.example/callback"),
        ("web", "https://app.example.com.evil.example/callback"),
        ("web", "http://app.example.com/callback"),
        ("web", "//app.example.com/callback"),
        ("web", CALLBACK),
        ("web", "myapp://callback"),
        ("app", "myapp://callback/x"),
        ("app", "https://app.example.com/callback"),
    ] {
        assert_eq!(shown(client, uri).await, 400, "{uri}");
    }
}

#[tokio::test]
async fn a_callback_keeps_its_query_and_an_app_its_scheme() {
    let pool = TestPool::seeded(SEED).await;
    for (client, callback, start) in [
        (
            "web",
            "https://app.example.com/q?a=1",
            "https://app.example.com/q?a=1&code=",
        ),
        ("app", "myapp://callback", "myapp://callback?code="),
        (
            "app",
            "com.example.app:/callback",
            "com.example.app:/callback?code=",
        ),
    ] {
        let encoded: String = url::form_urlencoded::byte_serialize(callback.as_bytes()).collect();
        let query =
            format!("response_type=code&client_id={client}&redirect_uri={encoded}&scope=openid");
        let location = Browser::new(&pool)
            .sign_in(&query, "ada@example.com", PASSWORD)
            .await;
        assert!(location.starts_with(start), "{location}");
    }
}

#[tokio::test]
async fn a_client_has_its_own_sign_out_urls() {
    let pool = TestPool::seeded(SEED).await;
    let mut browser = Browser::new(&pool);
    for uri in ["https://app.example.com/bye", "myapp://bye"] {
        let page = browser
            .get(&format!("/logout?client_id=web&logout_uri={uri}"))
            .await;
        assert_eq!((page.status.as_u16(), &*page.location), (302, uri));
        // It wins over the other form.
        let both = format!("/logout?client_id=web&logout_uri={uri}&redirect_uri=https://x/");
        assert_eq!(browser.get(&both).await.location, uri);
    }
    for uri in [
        "https://app.example.com/callback",
        CALLBACK,
        "https://evil.example/",
    ] {
        let page = browser
            .get(&format!("/logout?client_id=web&logout_uri={uri}"))
            .await;
        assert_eq!((page.status.as_u16(), &*page.location), (400, ""), "{uri}");
    }
    let evil = "/logout?client_id=web&response_type=code&redirect_uri=https://evil.example/";
    assert_eq!(browser.get(evil).await.status, 400);
}

#[tokio::test]
async fn a_client_has_its_own_scopes() {
    let pool = TestPool::seeded(SEED).await;
    let callback = "https://app.example.com/callback";
    let base = format!("response_type=code&client_id=web&redirect_uri={callback}");
    for scope in [
        "profile",
        "openid+phone",
        "photos/write",
        "openid+aws.cognito.signin.user.admin",
    ] {
        let location = authorize(&pool, &format!("{base}&scope={scope}")).await;
        assert_eq!(
            parameter(&location, "error").as_deref(),
            Some("invalid_scope"),
            "{scope}"
        );
    }
    let mut browser = Browser::new(&pool);
    for (asked, granted) in [
        ("", "email openid photos/read"),
        ("&scope=photos/read", "photos/read"),
    ] {
        let query = format!("{base}{asked}&prompt=login");
        let location = browser.sign_in(&query, "ada@example.com", PASSWORD).await;
        let (status, tokens) = tokens(&pool, "web", callback, &location).await;
        assert_eq!(status, 200, "{tokens}");
        assert_eq!(claims(&tokens["access_token"])["scope"], granted);
        assert_eq!(tokens["id_token"].is_string(), asked.is_empty());
    }
}

#[tokio::test]
async fn scopes_open_attributes_in_the_id_token_and_user_info_alike() {
    let pool = TestPool::seeded(
        &SEED
            .replace("[[clients]]\nid = \"app\"", "[[clients]]\nid = \"x\"")
            .replace("scopes = [\"openid\", \"email\", \"photos/read\"]", ""),
    )
    .await;
    let callback = "https://app.example.com/callback";
    for (scope, open) in [
        ("openid", &["email", "given_name", "phone_number"][..]),
        ("openid+profile", &["email", "given_name", "phone_number"]),
        ("openid+email", &["email"]),
        ("openid+phone", &["phone_number"]),
        ("openid+email+phone", &["email", "phone_number"]),
        (
            "openid+aws.cognito.signin.user.admin",
            &["email", "given_name", "phone_number"],
        ),
    ] {
        let query =
            format!("response_type=code&client_id=web&redirect_uri={callback}&scope={scope}");
        let location = Browser::new(&pool)
            .sign_in(&query, "ada@example.com", PASSWORD)
            .await;
        let (_, tokens) = tokens(&pool, "web", callback, &location).await;
        let (id, info) = (claims(&tokens["id_token"]), user_info(&pool, &tokens).await);
        for name in ["email", "given_name", "phone_number"] {
            let told = open.contains(&name);
            assert_eq!(
                (id.get(name).is_some(), info.get(name).is_some()),
                (told, told),
                "{scope} {name}"
            );
        }
        assert_eq!(info["sub"], id["sub"]);
        if open.contains(&"email") {
            assert_eq!(
                (&id["email_verified"], &info["email_verified"]),
                (&true.into(), &"true".into())
            );
        }
    }
}

#[tokio::test]
async fn a_client_is_told_what_it_may_read() {
    let pool = TestPool::seeded(SEED).await;
    let base = "response_type=code&client_id=app&redirect_uri=myapp://callback";
    let mut browser = Browser::new(&pool);
    let location = browser
        .sign_in(&format!("{base}&scope=openid"), "ada@example.com", PASSWORD)
        .await;
    let (_, body) = tokens(&pool, "app", "myapp://callback", &location).await;
    let (id, info) = (claims(&body["id_token"]), user_info(&pool, &body).await);
    for told in [&id, &info] {
        assert_eq!(
            (&told["given_name"], told.get("email")),
            (&"Ada".into(), None)
        );
    }
    // Scope phone opens phone_number_verified as well, which this client may not read.
    let location = browser
        .get(&format!("/oauth2/authorize?{base}&scope=openid+phone"))
        .await
        .location;
    let (status, body) = tokens(&pool, "app", "myapp://callback", &location).await;
    assert_eq!((status, &body["error"]), (400, &"invalid_grant".into()));
}

#[tokio::test]
async fn a_code_injected_into_another_client_is_refused_there_and_lost_to_nobody() {
    let pool = TestPool::start().await;
    let code = pool.authorization_code(&query(), USER).await;
    let stolen = [
        ("grant_type", "authorization_code"),
        ("client_id", SECRET_CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("code", &*code),
        ("redirect_uri", CALLBACK),
    ];
    let (_, body) = pool.oauth("/oauth2/token", &stolen).await;
    assert_eq!(body["error"], "invalid_grant");
    assert_eq!(pool.exchange(&code).await.0, 200);
}

#[tokio::test]
async fn other_providers_do_not_exist_here() {
    let pool = TestPool::start().await;
    for name in ["identity_provider=Google", "idp_identifier=example.com"] {
        let location = authorize(&pool, &format!("{}&{name}", query())).await;
        assert_eq!(
            parameter(&location, "error").as_deref(),
            Some("invalid_request"),
            "{name}"
        );
    }
    let location = authorize(
        &pool,
        &format!("{}&identity_provider=COGNITO&lang=de", query()),
    )
    .await;
    assert!(location.starts_with("/login?"), "{location}");
}

#[tokio::test]
async fn a_sign_in_longer_ago_than_max_age_is_asked_for_again() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    browser.sign_in(&query(), USER, PASSWORD).await;
    pool.advance(120).await;
    let silent = async |browser: &mut Browser<'_>, more: &str| {
        let path = format!("/oauth2/authorize?{}{more}", query());
        browser.get(&path).await.location
    };
    for enough in ["", "&max_age=600"] {
        let back = silent(&mut browser, enough).await;
        assert!(parameter(&back, "code").is_some(), "{enough}: {back}");
    }
    let again = silent(&mut browser, "&max_age=60").await;
    assert!(again.starts_with("/login?"), "{again}");
    let none = silent(&mut browser, "&max_age=60&prompt=none").await;
    assert_eq!(parameter(&none, "error").as_deref(), Some("login_required"));
    for bad in ["-1", "soon", "1.5", "1&max_age=2"] {
        let refused = silent(&mut browser, &format!("&max_age={bad}")).await;
        let error = parameter(&refused, "error");
        assert_eq!(error.as_deref(), Some("invalid_request"), "{bad}");
    }
    // Who signs in again has done so just now.
    let fields = [("username", USER), ("password", PASSWORD)];
    let page = browser.submit(&again, &fields).await;
    let (_, tokens) = pool
        .exchange(&parameter(&page.location, "code").unwrap())
        .await;
    let id = claims(&tokens["id_token"]);
    assert_eq!(id["auth_time"], id["iat"]);
}
