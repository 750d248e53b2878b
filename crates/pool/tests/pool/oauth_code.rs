//! The authorization code flow with PKCE.

use cogward_pool::PUBLIC_CLIENT_ID;

use crate::common::{
    Browser, CALLBACK, CHALLENGE, PASSWORD, TestPool, VERIFIER, claims, cookie, header, parameter,
    query,
};

const USER: &str = "user@example.com";

#[tokio::test]
async fn a_browser_signs_in_and_its_code_becomes_tokens() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    let location = browser
        .sign_in(&query(), "ADMIN@example.com", PASSWORD)
        .await;
    assert!(location.starts_with(CALLBACK), "{location}");
    assert_eq!(parameter(&location, "state").as_deref(), Some("s &=1"));
    let code = parameter(&location, "code").unwrap();
    assert_eq!(code.len(), 36);
    let (status, tokens) = pool.exchange(&code).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(
        tokens["refresh_token"].as_str().unwrap().split('.').count(),
        5
    );

    let (id, access) = (claims(&tokens["id_token"]), claims(&tokens["access_token"]));
    assert_eq!(id["nonce"], "n-1");
    assert_eq!(id["aud"], PUBLIC_CLIENT_ID);
    assert_eq!(id["iss"], pool.pool.issuer());
    assert_eq!(id["token_use"], "id");
    assert_eq!(id["email"], "admin@example.com");
    assert_eq!(id["email_verified"], true);
    assert_eq!(id["cognito:groups"][0], "admin");
    assert_eq!(id["cognito:username"], id["sub"]);
    assert!(id["at_hash"].is_string());
    assert_eq!(access["client_id"], PUBLIC_CLIENT_ID);
    assert_eq!(access["scope"], "openid email profile");
    assert_eq!(access["version"], 2);
    for name in ["sub", "iss", "origin_jti", "event_id", "auth_time"] {
        assert_eq!(id[name], access[name], "{name}");
    }
    assert_ne!(id["jti"], access["jti"]);
    let (id, access) = (header(&tokens["id_token"]), header(&tokens["access_token"]));
    assert_eq!(id["alg"], "RS256");
    assert_eq!(id.as_object().unwrap().len(), 2, "{id}");
    assert_ne!(id["kid"], access["kid"]);
}

#[tokio::test]
async fn a_second_authorize_signs_in_silently_for_an_hour() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    browser.sign_in(&query(), USER, PASSWORD).await;
    pool.advance(60).await;
    let authorize = format!("/oauth2/authorize?{}", query());
    let silent = browser.get(&authorize).await;
    let (status, tokens) = pool
        .exchange(&parameter(&silent.location, "code").unwrap())
        .await;
    assert_eq!(status, 200);
    // The time of the sign-in, not of the code.
    let claims = claims(&tokens["id_token"]);
    assert!(claims["iat"].as_i64().unwrap() >= claims["auth_time"].as_i64().unwrap() + 60);
    let asked = browser.get(&format!("{authorize}&prompt=login")).await;
    assert!(asked.location.starts_with("/login?"), "{}", asked.location);
    pool.advance(3600).await;
    let later = browser.get(&authorize).await;
    assert!(later.location.starts_with("/login?"), "{}", later.location);
}

#[tokio::test]
async fn prompt_none_without_a_session_is_login_required() {
    let pool = TestPool::start().await;
    let path = format!("/oauth2/authorize?{}&prompt=none", query());
    let page = Browser::new(&pool).get(&path).await;
    assert_eq!(page.status, 302);
    assert!(page.location.starts_with(CALLBACK));
    assert_eq!(
        parameter(&page.location, "error").as_deref(),
        Some("login_required")
    );
    assert_eq!(parameter(&page.location, "state").as_deref(), Some("s &=1"));
}

#[tokio::test]
async fn a_disabled_user_has_no_session_any_more() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    browser.sign_in(&query(), USER, PASSWORD).await;
    let change = serde_json::json!({ "username": USER, "enabled": false });
    assert_eq!(pool.local("users", change).await.0, 200);
    let page = browser.get(&format!("/oauth2/authorize?{}", query())).await;
    assert!(page.location.starts_with("/login?"), "{}", page.location);
}

#[tokio::test]
async fn a_client_or_redirect_uri_not_known_gets_a_page_and_no_redirect() {
    let pool = TestPool::start().await;
    let client = format!("response_type=code&client_id={PUBLIC_CLIENT_ID}");
    let mut queries = vec![
        String::new(),
        format!("response_type=code&redirect_uri={CALLBACK}"),
        format!("response_type=code&client_id=unknown&redirect_uri={CALLBACK}"),
        client.clone(),
        format!("{client}&client_id={PUBLIC_CLIENT_ID}&redirect_uri={CALLBACK}"),
        format!("{client}&redirect_uri={CALLBACK}&redirect_uri={CALLBACK}"),
    ];
    for uri in [
        "https://evil.example/",
        "http://localhost.evil.example/",
        "http://localhost@evil.example/",
        "http://user@localhost/",
        "http://localhost/%23frag#frag",
        "//localhost/",
        "/callback",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://[::2]/",
        "http://128.0.0.1/",
    ] {
        let uri: String = url::form_urlencoded::byte_serialize(uri.as_bytes()).collect();
        queries.push(format!("{client}&redirect_uri={uri}"));
    }
    for query in queries {
        for path in ["/oauth2/authorize", "/login", "/signup", "/confirm"] {
            let page = Browser::new(&pool).get(&format!("{path}?{query}")).await;
            assert_eq!(
                (page.status.as_u16(), &*page.location),
                (400, ""),
                "{path}?{query}"
            );
            assert!(page.body.contains("<html"), "{}", page.body);
        }
    }
}

#[tokio::test]
async fn other_faults_go_back_to_the_client() {
    let pool = TestPool::start().await;
    let base = format!("client_id={PUBLIC_CLIENT_ID}&redirect_uri={CALLBACK}&state=s");
    let code = format!("{base}&response_type=code");
    for (query, error) in [
        (base.clone(), "invalid_request"),
        (
            format!("{base}&response_type=code+token"),
            "invalid_request",
        ),
        (
            format!("{code}&code_challenge={CHALLENGE}"),
            "invalid_request",
        ),
        (
            format!("{code}&code_challenge_method=S256"),
            "invalid_request",
        ),
        (
            format!("{code}&code_challenge={VERIFIER}&code_challenge_method=plain"),
            "invalid_request",
        ),
        (
            format!("{code}&code_challenge=short&code_challenge_method=S256"),
            "invalid_request",
        ),
        (format!("{code}&scope=openid+unheard_of"), "invalid_scope"),
        (format!("{code}&scope=email"), "invalid_scope"),
        (
            format!("{code}&identity_provider=Google"),
            "invalid_request",
        ),
        (format!("{code}&nonce=a&nonce=b"), "invalid_request"),
    ] {
        let page = Browser::new(&pool)
            .get(&format!("/oauth2/authorize?{query}"))
            .await;
        assert_eq!(page.status, 302, "{query}");
        assert!(page.location.starts_with(CALLBACK), "{}", page.location);
        assert_eq!(
            parameter(&page.location, "error").as_deref(),
            Some(error),
            "{query}"
        );
        assert_eq!(
            parameter(&page.location, "state").as_deref(),
            Some("s"),
            "{query}"
        );
    }
}

#[tokio::test]
async fn configured_urls_are_allowed_exactly() {
    let listed = "https://app.example.com/callback";
    let options = cogward_pool::PoolOptions {
        callback_urls: vec![listed.parse().unwrap()],
        logout_urls: vec!["https://app.example.com/bye".parse().unwrap()],
        ..Default::default()
    };
    let pool = TestPool::with(options).await;
    let mut browser = Browser::new(&pool);
    let client = format!("response_type=code&client_id={PUBLIC_CLIENT_ID}");
    let page = browser
        .get(&format!("/login?{client}&redirect_uri={listed}"))
        .await;
    assert_eq!(page.status, 200);
    for other in [
        "https://app.example.com/",
        "https://app.example.com/callback/x",
    ] {
        let page = browser
            .get(&format!("/login?{client}&redirect_uri={other}"))
            .await;
        assert_eq!(page.status, 400, "{other}");
    }
    let logout = format!("/logout?client_id={PUBLIC_CLIENT_ID}&logout_uri=");
    assert_eq!(
        browser
            .get(&format!("{logout}https://app.example.com/bye"))
            .await
            .status,
        302
    );
    assert_eq!(browser.get(&format!("{logout}{listed}")).await.status, 400);
}

#[tokio::test]
async fn logout_ends_the_session_and_not_the_tokens() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    let location = browser.sign_in(&query(), USER, PASSWORD).await;
    let (_, tokens) = pool.exchange(&parameter(&location, "code").unwrap()).await;
    let stolen = browser.cookies.clone();
    let target = "http://localhost:3001/bye";
    let path = format!("/logout?client_id={PUBLIC_CLIENT_ID}&logout_uri={target}");
    let page = browser.get(&path).await;
    assert_eq!((page.status.as_u16(), &*page.location), (302, target));
    assert!(!browser.cookies.contains_key(&cookie(&pool, "session")));
    let mut thief = Browser::new(&pool);
    thief.cookies = stolen;
    for browser in [&mut browser, &mut thief] {
        let page = browser.get(&format!("/oauth2/authorize?{}", query())).await;
        assert!(page.location.starts_with("/login?"), "{}", page.location);
    }
    pool.tokens_from_refresh(&tokens["refresh_token"])
        .await
        .ok();
}

#[tokio::test]
async fn logout_asks_for_its_parameters() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    let page = browser.get("/logout").await;
    assert_eq!(page.status, 400);
    assert_eq!(
        page.body,
        "Required String parameter 'client_id' is not present"
    );
    let client = format!("/logout?client_id={PUBLIC_CLIENT_ID}");
    let page = browser.get(&client).await;
    assert_eq!(
        page.body,
        "Required String parameter 'redirect_uri' is not present"
    );
    let evil = format!("{client}&logout_uri=https://evil.example/");
    assert_eq!(browser.get(&evil).await.status, 400);
    let page = browser
        .get("/logout?client_id=unknown&logout_uri=http://localhost/")
        .await;
    assert_eq!(page.status, 400);
    let page = browser
        .get(&format!(
            "{client}&redirect_uri={CALLBACK}&response_type=code"
        ))
        .await;
    assert!(page.location.starts_with("/login?"), "{}", page.location);
}
