//! Passkeys on the hosted pages, as far as it needs no browser.

use cogward_pool::{PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::common::{Browser, PASSWORD, TestPool, cookie, parameter, query};
use crate::passkeys::{authenticator, list, person, registered};

const EMAIL: &str = "ida@example.com";

/// A pool by the name whose passkeys it has: browsers ask for no others.
async fn localhost() -> TestPool {
    let mut pool = TestPool::start().await;
    pool.base = format!("http://localhost:{}", pool.pool.address().port());
    pool
}

/// What the script on a page sends, or the form after it.
async fn post(
    pool: &TestPool,
    browser: &Browser<'_>,
    path: &str,
    fields: &[(&str, &str)],
) -> Response {
    let token = browser.cookies[&cookie(pool, "form")].clone();
    let mut form = vec![("_csrf", token.as_str())];
    form.extend_from_slice(fields);
    let cookies: Vec<_> = browser
        .cookies
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    let request = pool.request(Method::POST, path);
    request
        .header("Cookie", cookies.join("; "))
        .header("Origin", &pool.base)
        .header("Sec-Fetch-Site", "same-origin")
        .form(&form)
        .send()
        .await
        .unwrap()
}

/// `{options, session}` for a browser that has opened the sign-in page.
async fn asked(pool: &TestPool, browser: &mut Browser<'_>, query: &str) -> Value {
    browser.get(&format!("/login?{query}")).await;
    let answer = post(pool, browser, &format!("/passkeys/request?{query}"), &[]).await;
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

async fn show(
    pool: &TestPool,
    browser: &Browser<'_>,
    query: &str,
    session: &Value,
    credential: &Value,
) -> Response {
    let fields = [
        ("session", session.as_str().unwrap()),
        ("credential", &credential.to_string()),
    ];
    post(
        pool,
        browser,
        &format!("/passkeys/sign-in?{query}"),
        &fields,
    )
    .await
}

async fn refused(answer: Response) {
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(answer.headers().get("location").is_none());
    let body = answer.text().await.unwrap();
    assert!(body.contains("This passkey did not sign you in."), "{body}");
}

#[tokio::test]
async fn a_passkey_that_tells_whose_it_is_signs_in_on_the_page() {
    let pool = localhost().await;
    let token = person(&pool, EMAIL).await;
    let mut held = registered(&pool, &token).await;
    let mut browser = Browser::new(&pool);
    let asked = asked(&pool, &mut browser, &query()).await;
    assert_eq!(asked["options"]["allowCredentials"], json!([]));
    assert_eq!(asked["options"]["rpId"], "localhost");
    let credential = held.sign_in(&asked["options"]);
    let done = show(&pool, &browser, &query(), &asked["session"], &credential).await;
    assert_eq!(done.status(), 302);
    let location = done.headers()["location"].to_str().unwrap().to_owned();
    let (status, tokens) = pool.exchange(&parameter(&location, "code").unwrap()).await;
    assert_eq!(status, 200, "{tokens}");

    refused(show(&pool, &browser, &query(), &asked["session"], &credential).await).await;
}

#[tokio::test]
async fn what_is_no_answer_of_a_users_passkey_signs_nobody_in_on_the_page() {
    let pool = localhost().await;
    let token = person(&pool, EMAIL).await;
    let mut held = registered(&pool, &token).await;
    let eve = person(&pool, "eve@example.com").await;
    let mut eves = registered(&pool, &eve).await;
    let mut browser = Browser::new(&pool);
    let try_with = async |browser: &mut Browser<'_>, change: &mut dyn FnMut(&Value) -> Value| {
        let asked = asked(&pool, browser, &query()).await;
        let credential = change(&asked["options"]);
        refused(show(&pool, browser, &query(), &asked["session"], &credential).await).await;
    };
    // A passkey that says it is another user's, nobody's, or does not say.
    let ida = held.sign_in(&asked(&pool, &mut browser, &query()).await["options"]);
    let idas = ida["response"]["userHandle"].clone();
    for handle in [idas, json!("bm9ib2R5"), Value::Null] {
        try_with(&mut browser, &mut |options| {
            let mut credential = eves.sign_in(options);
            credential["response"]["userHandle"] = handle.clone();
            credential
        })
        .await;
    }
    // Another key under the passkey's id.
    try_with(&mut browser, &mut |options| {
        let mut forger: Authenticator = authenticator();
        forger.id = held.id.clone();
        let mut credential = forger.sign_in(options);
        credential["response"]["userHandle"] = ida["response"]["userHandle"].clone();
        credential
    })
    .await;
    try_with(&mut browser, &mut |_| ida.clone()).await;
    try_with(&mut browser, &mut |_| json!({})).await;
    held.origin = "https://evil.example".to_owned();
    try_with(&mut browser, &mut |options| held.sign_in(options)).await;
}

#[tokio::test]
async fn a_sign_in_on_the_page_is_of_one_client_and_door_and_in_time() {
    let pool = localhost().await;
    let token = person(&pool, EMAIL).await;
    let mut held = registered(&pool, &token).await;
    let mut browser = Browser::new(&pool);
    let begun = asked(&pool, &mut browser, &query()).await;
    let credential = held.sign_in(&begun["options"]);
    let other = query().replace(PUBLIC_CLIENT_ID, SECRET_CLIENT_ID);
    refused(show(&pool, &browser, &other, &begun["session"], &credential).await).await;
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "ChallengeName": "WEB_AUTHN", "Session": begun["session"],
        "ChallengeResponses": { "USERNAME": EMAIL, "CREDENTIAL": credential.to_string() },
    });
    let at_the_api = pool.call("RespondToAuthChallenge", body).await;
    at_the_api.refused("NotAuthorizedException");

    let of_the_api = pool
        .call(
            "InitiateAuth",
            json!({
                "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_AUTH",
                "AuthParameters": { "USERNAME": EMAIL, "PREFERRED_CHALLENGE": "WEB_AUTHN" },
            }),
        )
        .await
        .ok();
    let options = &of_the_api["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"];
    let credential = held.sign_in(&serde_json::from_str(options.as_str().unwrap()).unwrap());
    refused(
        show(
            &pool,
            &browser,
            &query(),
            &of_the_api["Session"],
            &credential,
        )
        .await,
    )
    .await;

    let begun = asked(&pool, &mut browser, &query()).await;
    let credential = held.sign_in(&begun["options"]);
    pool.advance(180).await;
    refused(show(&pool, &browser, &query(), &begun["session"], &credential).await).await;
}

#[tokio::test]
async fn a_passkey_is_added_by_who_is_signed_in() {
    let pool = localhost().await;
    let token = person(&pool, EMAIL).await;
    let mut browser = Browser::new(&pool);
    let path = format!("/passkeys/add?{}", query());
    let creation = format!("/passkeys/creation?{}", query());
    let page = browser.get(&path).await;
    assert_eq!(page.status, 303);
    assert!(page.location.starts_with("/login?"), "{}", page.location);
    assert_eq!(post(&pool, &browser, &creation, &[]).await.status(), 400);

    browser.sign_in(&query(), EMAIL, PASSWORD).await;
    let page = browser.get(&path).await;
    assert!(page.body.contains(EMAIL));
    let asked: Value = post(&pool, &browser, &creation, &[])
        .await
        .json()
        .await
        .unwrap();
    let made = authenticator().register(&asked["options"]).to_string();
    let fields = [("credential", made.as_str())];
    // The registration of one is not another's.
    person(&pool, "eve@example.com").await;
    let mut eve = Browser::new(&pool);
    eve.sign_in(&query(), "eve@example.com", PASSWORD).await;
    assert_eq!(post(&pool, &eve, &path, &fields).await.status(), 400);
    let saved = post(&pool, &browser, &path, &fields)
        .await
        .text()
        .await
        .unwrap();
    assert!(saved.contains("Passkey saved"), "{saved}");
    assert_eq!(list(&pool, &token).await.len(), 1);
    assert_eq!(post(&pool, &browser, &path, &fields).await.status(), 400);
    assert_eq!(list(&pool, &token).await.len(), 1);
}

#[tokio::test]
async fn other_sites_cannot_begin_or_finish_anything() {
    let pool = localhost().await;
    let token = person(&pool, EMAIL).await;
    let mut browser = Browser::new(&pool);
    browser.sign_in(&query(), EMAIL, PASSWORD).await;
    for path in ["request", "creation"] {
        let path = format!("/passkeys/{path}?{}", query());
        assert_eq!(browser.get(&path).await.status, 400);
    }
    let cookies: Vec<_> = browser
        .cookies
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    for path in ["request", "creation", "sign-in", "add"] {
        let path = format!("/passkeys/{path}?{}", query());
        for (origin, token) in [
            (
                "https://evil.example",
                browser.cookies[&cookie(&pool, "form")].as_str(),
            ),
            (&*pool.base, "made-up"),
        ] {
            let answer = pool
                .request(Method::POST, &path)
                .header("Cookie", cookies.join("; "))
                .header("Origin", origin)
                .form(&[("_csrf", token)])
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 403);
        }
    }
    assert!(list(&pool, &token).await.is_empty());
}

#[tokio::test]
async fn scripts_run_only_where_there_are_passkeys() {
    let pool = localhost().await;
    let login = format!("/login?{}", query());
    let mut browser = Browser::new(&pool);
    let page = browser.get(&login).await;
    assert!(page.body.contains("Sign in with a passkey"));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self';"), "{policy}");
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");

    let strict = async |pool: &TestPool, path: &str| {
        let page = Browser::new(pool).get(path).await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(!policy.contains("script-src"), "{path}: {policy}");
        assert!(!page.body.contains("<script"), "{path}");
        assert!(!page.body.contains("passkey"), "{path}");
    };
    strict(&pool, &format!("/signup?{}", query())).await;
    for settings in [
        json!({ "first_factors": ["PASSWORD"] }),
        json!({ "first_factors": ["PASSWORD", "WEB_AUTHN"], "passkeys": { "enabled": false } }),
        json!({ "passkeys": { "enabled": true, "relying_party_id": "app.example.com" } }),
    ] {
        pool.settings(settings).await;
        strict(&pool, &login).await;
    }
    // Browsers have no passkeys of a page at an address.
    let at_address = TestPool::start().await;
    strict(&at_address, &login).await;
    let script = pool
        .request(Method::GET, "/_local/assets/passkeys.js")
        .send()
        .await
        .unwrap();
    assert_eq!(
        script.headers()["content-type"],
        "text/javascript; charset=utf-8"
    );
}

/// A pool by whose name passkeys are asked for and whose users have names of their own, an
/// address besides. Ada has a passkey and an app.
async fn of_chosen_names(addresses: &str) -> (TestPool, Authenticator, Value) {
    let mut pool = TestPool::seeded(&format!(
        "users = []\n[pool]\nmfa = \"OPTIONAL\"\n{addresses}"
    ))
    .await;
    pool.base = format!("http://localhost:{}", pool.pool.address().port());
    let name = if addresses.contains("phone_number") {
        NUMBER
    } else {
        "ada"
    };
    let ada = json!({
        "username": name, "password": PASSWORD, "attributes": { "email": "shown@example.com" },
    });
    pool.put_user(ada).await;
    let token = pool.signed_in(name).await["AccessToken"].clone();
    let held = registered(&pool, &token).await;
    let secret = pool.enrolled(&token).await;
    let enabled = json!({ "SoftwareTokenMfaSettings": { "Enabled": true } });
    pool.prefer(&token, enabled).await.ok();
    (pool, held, secret)
}

const NUMBER: &str = "+4915112345678";

#[tokio::test]
async fn after_a_passkey_the_next_challenge_is_of_the_name_its_user_signs_in_with() {
    for addresses in [
        "username_attributes = []",
        "username_attributes = [\"phone_number\"]",
    ] {
        let (pool, mut held, secret) = of_chosen_names(addresses).await;
        let mut browser = Browser::new(&pool);
        let asked = asked(&pool, &mut browser, &query()).await;
        let credential = held.sign_in(&asked["options"]);
        let answer = show(&pool, &browser, &query(), &asked["session"], &credential).await;
        assert_eq!(answer.status(), 303, "{addresses}");
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            browser.cookies.insert(name.to_owned(), value.to_owned());
        }
        let code = pool.totp(&secret).await;
        let fields = [("challenge", "SOFTWARE_TOKEN_MFA"), ("code", code.as_str())];
        let page = browser
            .submit(&format!("/challenge?{}", query()), &fields)
            .await;
        assert_eq!(page.status, 302, "{addresses}: {}", page.body);
        let code = parameter(&page.location, "code").unwrap();
        let (status, tokens) = pool.exchange(&code).await;
        assert_eq!(status, 200, "{tokens}");
    }
}

#[tokio::test]
async fn what_is_no_passkey_leaves_the_session_to_who_has_one() {
    let pool = localhost().await;
    let token = person(&pool, EMAIL).await;
    let mut held = registered(&pool, &token).await;
    let mut browser = Browser::new(&pool);
    let asked = asked(&pool, &mut browser, &query()).await;
    let credential = held.sign_in(&asked["options"]);
    // What is no passkey of anybody's leaves the session to who has one.
    refused(show(&pool, &browser, &query(), &asked["session"], &json!({})).await).await;
    let done = show(&pool, &browser, &query(), &asked["session"], &credential).await;
    assert_eq!(done.status(), 302);
}

#[tokio::test]
async fn a_passkey_can_be_chosen_on_the_page() {
    let pool = localhost().await;
    let token = person(&pool, EMAIL).await;
    let mut held = registered(&pool, &token).await;
    let challenge = format!("/challenge?{}", query());
    let options = format!("/passkeys/challenge?{}", query());
    for right in [false, true] {
        let mut browser = Browser::new(&pool);
        let fields = [("username", EMAIL), ("action", "choose")];
        let page = browser
            .submit(&format!("/login?{}", query()), &fields)
            .await;
        assert!(
            page.location.starts_with("/challenge?"),
            "{}",
            page.location
        );
        let choice = browser.get(&challenge).await;
        assert!(
            choice.body.contains("value=\"WEB_AUTHN\""),
            "{}",
            choice.body
        );
        let chosen = [("challenge", "SELECT_CHALLENGE"), ("answer", "WEB_AUTHN")];
        let page = browser.submit(&challenge, &chosen).await;
        assert_eq!(page.status, 303, "{}", page.body);
        let page = browser.get(&challenge).await;
        assert!(page.body.contains("Use a passkey"), "{}", page.body);
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("script-src 'self';"), "{policy}");
        // The options are this browser's.
        let stranger = Browser::new(&pool).get(&options).await;
        assert_eq!(stranger.status, 400);
        let asked: Value = post(&pool, &browser, &options, &[])
            .await
            .json()
            .await
            .unwrap();
        held.origin = if right {
            pool.base.clone()
        } else {
            "https://evil.example".to_owned()
        };
        let credential = held.sign_in(&asked["options"]).to_string();
        let shown = [
            ("challenge", "WEB_AUTHN"),
            ("credential", credential.as_str()),
        ];
        let page = browser.submit(&challenge, &shown).await;
        if right {
            assert_eq!(page.status, 302, "{}", page.body);
            let code = parameter(&page.location, "code").unwrap();
            assert_eq!(pool.exchange(&code).await.0, 200);
        } else {
            assert_eq!(page.status, 400, "{}", page.body);
            assert!(page.body.contains("Incorrect username or passkey."));
        }
    }
}

#[tokio::test]
async fn passkeys_of_another_page_are_no_choice() {
    let pool = localhost().await;
    let token = person(&pool, EMAIL).await;
    registered(&pool, &token).await;
    let challenge = format!("/challenge?{}", query());
    pool.settings(json!({ "passkeys": { "relying_party_id": "app.example.com" } }))
        .await;
    let mut browser = Browser::new(&pool);
    let fields = [("username", EMAIL), ("action", "choose")];
    browser
        .submit(&format!("/login?{}", query()), &fields)
        .await;
    let choice = browser.get(&challenge).await;
    assert!(!choice.body.contains("WEB_AUTHN"), "{}", choice.body);
}

#[tokio::test]
async fn a_client_without_the_choice_has_none_on_the_pages_either() {
    let seed = "[pool]\nfirst_factors = [\"EMAIL_OTP\"]\n
        [[clients]]\nid = \"plain\"\nflows = [\"USER_PASSWORD_AUTH\"]\nloopback_urls = true";
    let pool = TestPool::seeded(seed).await;
    let mut browser = Browser::new(&pool);
    let login = format!("/login?{}", query().replace(PUBLIC_CLIENT_ID, "plain"));
    let fields = [("username", "user@example.com"), ("action", "choose")];
    let page = browser.submit(&login, &fields).await;
    assert_eq!(page.status, 400, "{}", page.body);
    assert!(page.body.contains("USER_AUTH"), "{}", page.body);
    assert!(page.location.is_empty());
}
