//! The pages ask for whatever a sign-in needs, one challenge after the other.

use cogward_pool::{PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{
    Browser, CALLBACK, PASSWORD, Page, TestPool, claims, cookie, nobody_like, parameter, query,
};

const USER: &str = "user@example.com";
const NUMBER: &str = "+4915112345678";
const NEW: &str = "N3w-Passw0rd";

/// Gives name and password, and sees that more is asked for: the page.
async fn begun(browser: &mut Browser<'_>, name: &str, password: &str) -> Page {
    let fields = [("username", name), ("password", password)];
    let page = browser
        .submit(&format!("/login?{}", query()), &fields)
        .await;
    asked(browser, page).await
}

/// Follows to the page of a challenge.
async fn asked(browser: &mut Browser<'_>, page: Page) -> Page {
    assert_eq!(page.status, 303, "{}", page.body);
    assert!(
        page.location.starts_with("/challenge?"),
        "{}",
        page.location
    );
    let page = browser.get(&page.location).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page
}

async fn answer(browser: &mut Browser<'_>, name: &str, fields: &[(&str, &str)]) -> Page {
    let mut form = vec![("challenge", name)];
    form.extend_from_slice(fields);
    browser
        .submit(&format!("/challenge?{}", query()), &form)
        .await
}

/// The ID token of a browser that was sent back to the application.
async fn identified(pool: &TestPool, page: &Page) -> Value {
    assert_eq!(page.status, 302, "{}", page.body);
    assert!(page.location.starts_with(CALLBACK), "{}", page.location);
    assert_eq!(parameter(&page.location, "state").as_deref(), Some("s &=1"));
    let (status, tokens) = pool
        .exchange(&parameter(&page.location, "code").unwrap())
        .await;
    assert_eq!(status, 200, "{tokens}");
    claims(&tokens["id_token"])
}

#[track_caller]
fn says(page: &Page, status: u16, text: &str) {
    assert_eq!(page.status, status, "{}", page.body);
    assert!(page.body.contains(text), "no {text:?} in {}", page.body);
}

#[track_caller]
fn is_over(page: &Page) {
    assert_eq!(page.status, 303, "{}", page.body);
    assert!(page.location.starts_with("/login?"), "{}", page.location);
    assert!(page.location.ends_with("&notice=over"), "{}", page.location);
}

/// The key on the page that sets an app up.
fn key(page: &Page) -> Value {
    let key = page.body.split("<code class=\"key\"").nth(1).unwrap();
    let key = key.split('>').nth(1).unwrap().split('<').next().unwrap();
    assert!(
        key.split(' ').all(|group| (1..=4).contains(&group.len())),
        "{key}"
    );
    key.replace(' ', "").into()
}

/// A pool with these settings and nobody in it.
async fn named_by(settings: &str) -> TestPool {
    TestPool::seeded(&format!("users = []\n[pool]\n{settings}")).await
}

async fn with_temporary_password(pool: &TestPool) {
    let change = json!({ "username": USER, "status": "FORCE_CHANGE_PASSWORD" });
    assert_eq!(pool.local("users", change).await.0, 200);
}

/// A pool with optional second factors; the access token of `USER`, who has a telephone.
async fn with_number() -> (TestPool, Value) {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "OPTIONAL" })).await;
    let user = json!({ "username": USER, "attributes": { "phone_number": NUMBER } });
    assert_eq!(pool.local("users", user).await.0, 200);
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    (pool, access)
}

#[tokio::test]
async fn a_temporary_password_is_replaced_on_the_way_in() {
    let pool = TestPool::start().await;
    with_temporary_password(&pool).await;
    let mut browser = Browser::new(&pool);
    let page = begun(&mut browser, USER, PASSWORD).await;
    says(&page, 200, "Choose your password");
    let weak = answer(
        &mut browser,
        "NEW_PASSWORD_REQUIRED",
        &[("password", "short")],
    )
    .await;
    says(&weak, 400, "Password not long enough");
    assert!(!weak.body.contains("short\""), "{}", weak.body);
    let page = answer(&mut browser, "NEW_PASSWORD_REQUIRED", &[("password", NEW)]).await;
    assert_eq!(identified(&pool, &page).await["email"], USER);
    pool.password(USER, PASSWORD)
        .await
        .refused("NotAuthorizedException");
    pool.password(USER, NEW).await.ok();
    // The browser is signed in and the challenge is over.
    assert!(!browser.cookies.contains_key(&cookie(&pool, "challenge")));
    let silent = browser.get(&format!("/oauth2/authorize?{}", query())).await;
    assert!(parameter(&silent.location, "code").is_some());
}

#[tokio::test]
async fn an_app_is_set_up_with_the_key_on_the_page_and_asked_for_ever_after() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "ON" })).await;
    pool.signed_in(USER).await;
    let mut browser = Browser::new(&pool);
    let page = begun(&mut browser, USER, PASSWORD).await;
    says(&page, 200, "Set up a second step");
    assert!(page.body.contains("<svg class=\"qr\"") && page.body.contains("otpauth:"));
    let secret = key(&page);
    assert!(
        page.body
            .contains(&format!("secret={}&amp;", secret.as_str().unwrap()))
    );
    let wrong = answer(&mut browser, "MFA_SETUP", &[("code", "000000")]).await;
    says(&wrong, 400, "This code is not right");
    assert_eq!(key(&wrong), secret);
    let again = browser.get(&format!("/challenge?{}", query())).await;
    assert_eq!(key(&again), secret, "the page can be loaded again");
    let code = pool.totp(&secret).await;
    let page = answer(&mut browser, "MFA_SETUP", &[("code", &code)]).await;
    identified(&pool, &page).await;

    pool.advance(60).await;
    let mut browser = Browser::new(&pool);
    let page = begun(&mut browser, USER, PASSWORD).await;
    says(&page, 200, "authenticator app");
    let wrong = answer(&mut browser, "SOFTWARE_TOKEN_MFA", &[("code", "000000")]).await;
    says(&wrong, 400, "This code is not right");
    let code = pool.totp(&secret).await;
    let page = answer(&mut browser, "SOFTWARE_TOKEN_MFA", &[("code", &code)]).await;
    identified(&pool, &page).await;
}

#[tokio::test]
async fn an_email_is_set_up_on_the_page_too() {
    let pool =
        named_by("mfa = \"ON\"\nusername_attributes = []\naccount_recovery = [\"admin_only\"]")
            .await;
    pool.local("users", json!({ "username": "ada", "password": PASSWORD }))
        .await;
    pool.signed_in("ada").await;
    let mut browser = Browser::new(&pool);
    let page = begun(&mut browser, "ada", PASSWORD).await;
    says(&page, 200, "Or have codes sent by email");
    let fields = [("action", "email"), ("email", "no address")];
    let page = answer(&mut browser, "MFA_SETUP", &fields).await;
    says(&page, 400, "Invalid email address format");
    let fields = [("action", "email"), ("email", "ada@example.com")];
    let page = answer(&mut browser, "MFA_SETUP", &fields).await;
    says(&asked(&mut browser, page).await, 200, "a***@e***");
    let code = pool.code("ada@example.com").await;
    let page = answer(&mut browser, "EMAIL_OTP", &[("code", &code)]).await;
    assert_eq!(identified(&pool, &page).await["email"], "ada@example.com");
}

#[tokio::test]
async fn of_several_factors_the_person_chooses_one() {
    let (pool, access) = with_number().await;
    let both = json!({
        "SMSMfaSettings": { "Enabled": true }, "EmailMfaSettings": { "Enabled": true },
    });
    pool.prefer(&access, both).await.ok();
    let mut browser = Browser::new(&pool);
    for (factor, sent_to, inbox) in [
        ("SMS_MFA", "+*******5678", "%2B4915112345678"),
        ("EMAIL_OTP", "u***@e***", USER),
    ] {
        let page = begun(&mut browser, USER, PASSWORD).await;
        says(&page, 200, "Code by text message");
        says(&page, 200, "Code by email");
        let bad = answer(&mut browser, "SELECT_MFA_TYPE", &[("answer", "WEB_AUTHN")]).await;
        assert_eq!(bad.status, 400, "{}", bad.body);
        let page = answer(&mut browser, "SELECT_MFA_TYPE", &[("answer", factor)]).await;
        let page = asked(&mut browser, page).await;
        says(&page, 200, sent_to);
        let wrong = answer(&mut browser, factor, &[("code", "12345678")]).await;
        says(&wrong, 400, "This code is not right");
        let code = pool.code(inbox).await;
        let page = answer(&mut browser, factor, &[("code", &format!(" {code} "))]).await;
        identified(&pool, &page).await;
        browser.cookies.remove(&cookie(&pool, "session"));
    }
}

#[tokio::test]
async fn one_challenge_follows_another() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "ON" })).await;
    with_temporary_password(&pool).await;
    let mut browser = Browser::new(&pool);
    begun(&mut browser, USER, PASSWORD).await;
    let first = browser.cookies[&cookie(&pool, "challenge")].clone();
    let page = answer(&mut browser, "NEW_PASSWORD_REQUIRED", &[("password", NEW)]).await;
    let page = asked(&mut browser, page).await;
    assert_ne!(browser.cookies[&cookie(&pool, "challenge")], first);
    let code = pool.totp(&key(&page)).await;
    let page = answer(&mut browser, "MFA_SETUP", &[("code", &code)]).await;
    identified(&pool, &page).await;
}

async fn without_password(browser: &mut Browser<'_>, name: &str) -> Page {
    let fields = [("username", name), ("action", "choose")];
    let page = browser
        .submit(&format!("/login?{}", query()), &fields)
        .await;
    asked(browser, page).await
}

#[tokio::test]
async fn a_code_by_mail_can_take_the_place_of_a_password() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    let page = without_password(&mut browser, USER).await;
    says(&page, 200, "value=\"EMAIL_OTP\"");
    let page = answer(&mut browser, "SELECT_CHALLENGE", &[("answer", "EMAIL_OTP")]).await;
    let page = asked(&mut browser, page).await;
    says(&page, 200, "u***@e***");
    let code = pool.code(USER).await;
    assert_eq!(code.len(), 8);
    let page = answer(&mut browser, "EMAIL_OTP", &[("code", &code)]).await;
    assert_eq!(identified(&pool, &page).await["email"], USER);
}

#[tokio::test]
async fn a_password_chosen_is_asked_for_and_a_wrong_one_begins_anew() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    for (password, right) in [("wrong", false), (PASSWORD, true)] {
        without_password(&mut browser, USER).await;
        let page = answer(&mut browser, "SELECT_CHALLENGE", &[("answer", "PASSWORD")]).await;
        says(&asked(&mut browser, page).await, 200, "Enter your password");
        let page = answer(&mut browser, "PASSWORD", &[("password", password)]).await;
        if right {
            identified(&pool, &page).await;
        } else {
            says(&page, 400, "Incorrect username or password.");
            says(&page, 400, "action=\"/login");
        }
    }
}

#[tokio::test]
async fn a_name_nobody_has_looks_the_same() {
    let pool = TestPool::start().await;
    let nobody = nobody_like(&pool, USER).await;
    let plain = |page: &Page, name: &str| {
        let (head, tail) = page.body.split_once("name=\"_csrf\" value=\"").unwrap();
        let tail = tail.split_once('"').unwrap().1;
        format!("{head}{tail}")
            .replace(&format!("{}***@", &name[..1]), "MASKED")
            .replace(name, "NAME")
            .replace(&name.replace('@', "%40"), "NAME")
    };
    let mut pages = Vec::new();
    for name in [USER, nobody.as_str()] {
        let mut browser = Browser::new(&pool);
        let first = plain(&without_password(&mut browser, name).await, name);
        let page = answer(&mut browser, "SELECT_CHALLENGE", &[("answer", "EMAIL_OTP")]).await;
        let second = plain(&asked(&mut browser, page).await, name);
        let wrong = answer(&mut browser, "EMAIL_OTP", &[("code", "00000000")]).await;
        pages.push((first, second, plain(&wrong, name)));
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(pool.messages(&nobody).await, json!([]));
}

#[tokio::test]
async fn the_choice_is_offered_where_there_is_one() {
    let pool = TestPool::start().await;
    let login = format!("/login?{}", query());
    for (settings, offered) in [
        (json!({}), true),
        (json!({ "first_factors": ["PASSWORD"] }), false),
        (json!({ "first_factors": ["PASSWORD", "SMS_OTP"] }), true),
        (json!({ "mfa": "ON" }), false),
    ] {
        pool.settings(settings.clone()).await;
        let page = Browser::new(&pool).get(&login).await;
        assert_eq!(
            page.body.contains("Without a password"),
            offered,
            "{settings}"
        );
    }
    // And what is not offered is not taken.
    let fields = [("username", USER), ("action", "choose")];
    let page = Browser::new(&pool).submit(&login, &fields).await;
    assert_eq!(page.status, 400, "{}", page.location);
    pool.settings(json!({ "mfa": "OFF", "first_factors": ["EMAIL_OTP"] }))
        .await;
    let mut browser = Browser::new(&pool);
    let page = browser.get(&login).await;
    assert!(!page.body.contains("type=\"password\""), "{}", page.body);
    let page = browser.submit(&login, &[("username", USER)]).await;
    says(&asked(&mut browser, page).await, 200, "Code by email");
}

#[tokio::test]
async fn a_challenge_is_this_browsers_this_clients_and_over_when_it_is_answered() {
    let (pool, access) = with_number().await;
    let email = json!({ "EmailMfaSettings": { "Enabled": true, "PreferredMfa": true } });
    pool.prefer(&access, email).await.ok();
    let mut browser = Browser::new(&pool);
    begun(&mut browser, USER, PASSWORD).await;
    let session = browser.cookies[&cookie(&pool, "challenge")].clone();
    let path = format!("/challenge?{}", query());

    let mut thief = Browser::new(&pool);
    thief
        .cookies
        .insert(cookie(&pool, "challenge"), session.clone());
    is_over(&thief.get(&path).await);
    let elsewhere = path.replace(PUBLIC_CLIENT_ID, SECRET_CLIENT_ID);
    is_over(&browser.get(&elsewhere).await);
    // The doors of the API are others.
    let code = pool.code(USER).await;
    let responses = json!({ "USERNAME": USER, "EMAIL_OTP_CODE": code });
    pool.respond("EMAIL_OTP", &json!(session), responses)
        .await
        .refused("NotAuthorizedException");
    // A page that was left open in another tab.
    let stale = answer(&mut browser, "NEW_PASSWORD_REQUIRED", &[("password", NEW)]).await;
    assert_eq!(stale.status, 303);
    assert!(
        stale.location.starts_with("/challenge?"),
        "{}",
        stale.location
    );

    let cookies = browser.cookies.clone();
    let page = answer(&mut browser, "EMAIL_OTP", &[("code", &code)]).await;
    identified(&pool, &page).await;
    browser.cookies = cookies;
    is_over(&browser.get(&path).await);
}

#[tokio::test]
async fn a_session_of_the_api_opens_no_page() {
    let pool = TestPool::start().await;
    with_temporary_password(&pool).await;
    let begun = pool.password(USER, PASSWORD).await.ok();
    let mut browser = Browser::new(&pool);
    browser.get(&format!("/login?{}", query())).await;
    let session = begun["Session"].as_str().unwrap().to_owned();
    browser.cookies.insert(cookie(&pool, "challenge"), session);
    is_over(&browser.get(&format!("/challenge?{}", query())).await);
}

#[tokio::test]
async fn a_challenge_waits_as_long_as_the_settings_say() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "auth_session_seconds": 60 })).await;
    with_temporary_password(&pool).await;
    let mut browser = Browser::new(&pool);
    begun(&mut browser, USER, PASSWORD).await;
    pool.advance(60).await;
    let page = browser.get(&format!("/challenge?{}", query())).await;
    is_over(&page);
    says(
        &browser.get(&page.location).await,
        200,
        "This sign-in is over",
    );
    is_over(
        &Browser::new(&pool)
            .get(&format!("/challenge?{}", query()))
            .await,
    );
}

#[tokio::test]
async fn a_wrong_password_beside_a_challenge_shows_the_sign_in_page() {
    let pool = TestPool::start().await;
    with_temporary_password(&pool).await;
    let mut browser = Browser::new(&pool);
    begun(&mut browser, USER, PASSWORD).await;
    let fields = [("username", USER), ("password", "wrong")];
    let page = browser
        .submit(&format!("/login?{}", query()), &fields)
        .await;
    says(&page, 400, "Incorrect username or password.");
    is_over(&browser.get(&format!("/challenge?{}", query())).await);
}

#[tokio::test]
async fn no_form_is_taken_from_another_site() {
    let pool = TestPool::start().await;
    with_temporary_password(&pool).await;
    let mut browser = Browser::new(&pool);
    begun(&mut browser, USER, PASSWORD).await;
    let cookies: Vec<_> = browser
        .cookies
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    let token = browser.cookies[&cookie(&pool, "form")].clone();
    for path in [
        "/challenge",
        "/login",
        "/signup",
        "/confirm",
        "/forgotPassword",
        "/confirmforgotPassword",
    ] {
        for (token, origin) in [
            ("", pool.base.as_str()),
            ("00000000-0000-4000-8000-000000000000", &pool.base),
            (&token, "https://evil.example"),
            (&token, "null"),
            (&token, "http://localhost:3001"),
        ] {
            let form = [
                ("_csrf", token),
                ("challenge", "NEW_PASSWORD_REQUIRED"),
                ("password", NEW),
                ("username", USER),
                ("code", "123456"),
            ];
            let request = pool
                .request(Method::POST, &format!("{path}?{}", query()))
                .header("Origin", origin)
                .header("Cookie", cookies.join("; "))
                .form(&form);
            let status = request.send().await.unwrap().status();
            assert_eq!(status, 403, "{path} {token} {origin}");
        }
    }
    pool.password(USER, NEW)
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn errors_are_told_in_words_for_people() {
    let pool = TestPool::start().await;
    let login = format!("/login?{}", query());
    let mut browser = Browser::new(&pool);
    pool.local(
        "users",
        json!({ "username": "admin@example.com", "enabled": false }),
    )
    .await;
    let fields = [("username", "admin@example.com"), ("password", PASSWORD)];
    says(
        &browser.submit(&login, &fields).await,
        400,
        "This account is disabled.",
    );
    for _ in 0..6 {
        let fields = [("username", USER), ("password", "wrong")];
        browser.submit(&login, &fields).await;
    }
    let fields = [("username", USER), ("password", PASSWORD)];
    says(
        &browser.submit(&login, &fields).await,
        400,
        "There were too many wrong tries.",
    );
    let settings = json!({
        "self_sign_up": false, "prevent_user_existence_errors": false,
    });
    pool.settings(settings).await;
    let page = browser.get(&login).await;
    assert!(!page.body.contains("/signup"), "{}", page.body);
    let fields = [("username", "new@example.com"), ("password", PASSWORD)];
    let page = browser
        .submit(&format!("/signup?{}", query()), &fields)
        .await;
    says(
        &page,
        400,
        "Accounts are made by whoever runs the application.",
    );
    says(
        &browser.submit(&login, &fields).await,
        400,
        "There is no such account.",
    );
    pool.local(
        "users",
        json!({ "username": "admin@example.com", "enabled": true, "status": "RESET_REQUIRED" }),
    )
    .await;
    let fields = [("username", "admin@example.com"), ("password", PASSWORD)];
    says(
        &browser.submit(&login, &fields).await,
        400,
        "Your password has to be set anew",
    );
}

#[tokio::test]
async fn people_sign_up_with_what_the_pool_names_them_by() {
    for (settings, label, fields, inbox) in [
        (
            "username_attributes = [\"phone_number\"]\nauto_verified_attributes = [\"phone_number\"]",
            ">Phone number</label>",
            vec![("username", NUMBER)],
            "%2B4915112345678",
        ),
        (
            "username_attributes = [\"email\", \"phone_number\"]\n\
             auto_verified_attributes = [\"email\", \"phone_number\"]",
            ">Email or phone number</label>",
            vec![("username", NUMBER)],
            "%2B4915112345678",
        ),
        (
            "username_attributes = []",
            ">User name</label>",
            vec![("username", "ada"), ("email", "ada@example.com")],
            "ada@example.com",
        ),
        (
            "username_attributes = []\nalias_attributes = [\"email\", \"phone_number\"]",
            ">User name</label>",
            vec![
                ("username", "ada"),
                ("email", "ada@example.com"),
                ("phone_number", NUMBER),
            ],
            "ada@example.com",
        ),
    ] {
        let pool = named_by(settings).await;
        let mut browser = Browser::new(&pool);
        let sign_up = format!("/signup?{}", query());
        let page = browser.get(&sign_up).await;
        says(&page, 200, label);
        for (name, _) in &fields {
            says(&page, 200, &format!("name=\"{name}\""));
        }
        let mut form = vec![("password", PASSWORD)];
        form.extend(fields.iter().copied());
        let page = browser.submit(&sign_up, &form).await;
        assert_eq!(page.status, 303, "{settings} {}", page.body);
        let code = pool.code(inbox).await;
        let name = fields[0].1;
        let confirm = [("username", name), ("code", &*code)];
        let page = browser.submit(&page.location, &confirm).await;
        identified(&pool, &page).await;
        let mut browser = Browser::new(&pool);
        let location = browser.sign_in(&query(), name, PASSWORD).await;
        assert!(location.starts_with(CALLBACK), "{location}");
    }
}

#[tokio::test]
async fn somebody_without_an_address_waits_for_whoever_runs_the_application() {
    let pool = named_by("username_attributes = []\nauto_verified_attributes = []").await;
    let fields = [("username", "ada"), ("password", PASSWORD)];
    let page = Browser::new(&pool)
        .submit(&format!("/signup?{}", query()), &fields)
        .await;
    says(&page, 400, "Whoever runs the application has to confirm it");
}

#[tokio::test]
async fn the_pages_ask_for_what_the_pool_requires() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "required_attributes": ["given_name", "nickname"] }))
        .await;
    let mut browser = Browser::new(&pool);
    let path = format!("/signup?{}", query());
    let fields = [
        ("username", "new@example.com"),
        ("password", PASSWORD),
        ("given_name", "Ida"),
    ];
    let page = browser.submit(&path, &fields).await;
    says(&page, 400, "nickname");
    says(&page, 400, "name=\"nickname\"");
    let fields = [
        ("username", "new@example.com"),
        ("password", PASSWORD),
        ("given_name", "Ida"),
        ("nickname", "I"),
    ];
    assert_eq!(browser.submit(&path, &fields).await.status, 303);

    with_temporary_password(&pool).await;
    let mut browser = Browser::new(&pool);
    let page = begun(&mut browser, USER, PASSWORD).await;
    says(&page, 200, "name=\"userAttributes.nickname\"");
    let page = answer(&mut browser, "NEW_PASSWORD_REQUIRED", &[("password", NEW)]).await;
    says(&page, 400, "given_name");
    let given = [
        ("password", NEW),
        ("userAttributes.given_name", "Ida"),
        ("userAttributes.nickname", "I"),
        // Nobody has asked for this.
        ("userAttributes.family_name", "Eve"),
    ];
    let page = answer(&mut browser, "NEW_PASSWORD_REQUIRED", &given).await;
    let id = identified(&pool, &page).await;
    assert_eq!(id["nickname"], "I");
    assert_eq!(id.get("family_name"), None);
}
