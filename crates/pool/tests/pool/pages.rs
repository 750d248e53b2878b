//! The hosted pages, as a browser without script uses them.

use reqwest::Method;

use crate::common::{Browser, CALLBACK, PASSWORD, TestPool, cookie, parameter, query};

const USER: &str = "user@example.com";

#[tokio::test]
async fn a_person_signs_up_reads_the_code_and_is_in() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    let fields = [
        ("username", "Ada@Example.com"),
        ("password", PASSWORD),
        ("given_name", "Ada"),
        ("family_name", ""),
    ];
    let page = browser
        .submit(&format!("/signup?{}", query()), &fields)
        .await;
    assert_eq!(page.status, 303, "{}", page.body);
    assert!(page.location.starts_with("/confirm?"), "{}", page.location);
    let confirm = page.location;
    let shown = browser.get(&confirm).await;
    assert!(shown.body.contains("Ada@Example.com"), "{}", shown.body);

    let fields = [
        ("username", "Ada@Example.com"),
        ("action", "resend"),
        ("code", ""),
    ];
    let page = browser.submit(&confirm, &fields).await;
    assert!(
        page.body.contains("A new code was sent to a***@e***."),
        "{}",
        page.body
    );
    let fields = [
        ("username", "Ada@Example.com"),
        ("action", "confirm"),
        ("code", "wrong"),
    ];
    let page = browser.submit(&confirm, &fields).await;
    assert_eq!(page.status, 400);
    assert!(
        page.body.contains("This code is not right"),
        "{}",
        page.body
    );

    let code = pool.code("ada@example.com").await;
    let fields = [("username", "Ada@Example.com"), ("code", &*code)];
    let page = browser.submit(&confirm, &fields).await;
    assert_eq!(page.status, 302, "{}", page.body);
    assert!(page.location.starts_with(CALLBACK));
    assert_eq!(parameter(&page.location, "state").as_deref(), Some("s &=1"));
    let (status, tokens) = pool
        .exchange(&parameter(&page.location, "code").unwrap())
        .await;
    assert_eq!(status, 200);
    assert_eq!(
        crate::common::claims(&tokens["id_token"])["given_name"],
        "Ada"
    );
}

#[tokio::test]
async fn a_session_begun_by_signing_up_signs_nobody_in_before_the_code() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    let fields = [("username", "early@example.com"), ("password", PASSWORD)];
    browser
        .submit(&format!("/signup?{}", query()), &fields)
        .await;
    let page = browser.get(&format!("/oauth2/authorize?{}", query())).await;
    assert!(page.location.starts_with("/login?"), "{}", page.location);
}

#[tokio::test]
async fn another_browser_confirms_and_has_to_sign_in() {
    let pool = TestPool::start().await;
    pool.sign_up("b@example.com").await.ok();
    let code = pool.code("b@example.com").await;
    let mut browser = Browser::new(&pool);
    let fields = [("username", "b@example.com"), ("code", &*code)];
    let page = browser
        .submit(&format!("/confirm?{}", query()), &fields)
        .await;
    assert_eq!(page.status, 303);
    assert!(page.location.starts_with("/login?"), "{}", page.location);
    let page = browser.get(&page.location).await;
    assert!(
        page.body.contains("Your account is confirmed"),
        "{}",
        page.body
    );
    assert!(
        page.body.contains("value=\"b@example.com\""),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn signing_in_unconfirmed_leads_through_the_code_to_the_application() {
    let pool = TestPool::start().await;
    pool.sign_up("c@example.com").await.ok();
    let mut browser = Browser::new(&pool);
    let fields = [("username", "c@example.com"), ("password", PASSWORD)];
    let page = browser
        .submit(&format!("/login?{}", query()), &fields)
        .await;
    assert!(page.location.starts_with("/confirm?"), "{}", page.location);
    let code = pool.code("c@example.com").await;
    let fields = [("username", "c@example.com"), ("code", &*code)];
    let page = browser.submit(&page.location, &fields).await;
    assert!(page.location.starts_with(CALLBACK), "{}", page.location);
}

#[tokio::test]
async fn a_failed_form_keeps_its_values_and_never_the_password() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    let fields = [("username", "\"><script>x"), ("password", "S3cret-word")];
    let page = browser
        .submit(&format!("/login?{}", query()), &fields)
        .await;
    assert_eq!(page.status, 400);
    assert!(
        page.body.contains("Incorrect username or password."),
        "{}",
        page.body
    );
    assert!(page.body.contains("&lt;script&gt;x"), "{}", page.body);
    assert!(!page.body.contains("<script>") && !page.body.contains("S3cret-word"));
    let fields = [
        ("username", USER),
        ("password", PASSWORD),
        ("given_name", "Grace"),
    ];
    let page = browser
        .submit(&format!("/signup?{}", query()), &fields)
        .await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("already an account"), "{}", page.body);
    assert!(page.body.contains("Grace") && !page.body.contains(PASSWORD));
}

#[tokio::test]
async fn a_forgotten_password_is_reset() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    let page = browser
        .submit(
            &format!("/forgotPassword?{}", query()),
            &[("username", USER)],
        )
        .await;
    assert_eq!(page.status, 303);
    assert!(
        page.location.starts_with("/confirmforgotPassword?"),
        "{}",
        page.location
    );
    let reset = page.location;
    let code = pool.code(USER).await;
    let weak = [("username", USER), ("code", &*code), ("password", "weak")];
    let page = browser.submit(&reset, &weak).await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("not long enough") && page.body.contains(&code));
    let good = [
        ("username", USER),
        ("code", &*code),
        ("password", "N3w-Passw0rd"),
    ];
    let page = browser.submit(&reset, &good).await;
    assert!(page.location.starts_with("/login?"), "{}", page.location);
    let page = browser.get(&page.location).await;
    assert!(
        page.body.contains("Your password is changed"),
        "{}",
        page.body
    );
    browser.sign_in(&query(), USER, "N3w-Passw0rd").await;
    let nobody = [("username", "nobody@example.com")];
    let page = browser
        .submit(&format!("/forgotPassword?{}", query()), &nobody)
        .await;
    assert_eq!(page.status, 303);
}

#[tokio::test]
async fn a_form_needs_its_token_and_its_origin() {
    let pool = TestPool::start().await;
    let path = format!("/login?{}", query());
    let mut browser = Browser::new(&pool);
    browser.get(&path).await;
    let token = browser.cookies[&cookie(&pool, "form")].clone();
    let own = format!("{}={token}", cookie(&pool, "form"));
    let session_name = cookie(&pool, "session");
    let send = async |token: &str, headers: &[(&str, &str)]| {
        let form = [("_csrf", token), ("username", USER), ("password", PASSWORD)];
        let mut request = pool.request(Method::POST, &path).form(&form);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let session = answer.headers().get_all("set-cookie").iter();
        let signed_in = session
            .into_iter()
            .any(|c| c.to_str().unwrap().starts_with(&session_name));
        (answer.status().as_u16(), signed_in)
    };
    let own = ("Cookie", &*own);
    assert_eq!(send(&token, &[]).await, (403, false));
    assert_eq!(send("", &[own]).await, (403, false));
    let blank = format!("{}=", cookie(&pool, "form"));
    assert_eq!(send("", &[("Cookie", &*blank)]).await, (403, false));
    assert_eq!(send(&"0".repeat(36), &[own]).await, (403, false));
    for origin in ["https://evil.test", "null", "http://localhost:3001"] {
        assert_eq!(
            send(&token, &[own, ("Origin", origin)]).await,
            (403, false),
            "{origin}"
        );
    }
    for site in ["cross-site", "same-site"] {
        assert_eq!(
            send(&token, &[own, ("Sec-Fetch-Site", site)]).await,
            (403, false),
            "{site}"
        );
    }
    // A script that does as a browser does, without its headers.
    assert_eq!(send(&token, &[own]).await, (302, true));
}

#[tokio::test]
async fn pages_carry_security_headers_and_cookies_their_attributes() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    for path in [
        "/login",
        "/signup",
        "/confirm",
        "/forgotPassword",
        "/confirmforgotPassword",
    ] {
        let page = browser.get(&format!("{path}?{}", query())).await;
        assert_eq!(page.status, 200, "{path}");
        let csp = page.headers["content-security-policy"].to_str().unwrap();
        assert!(
            csp.contains("frame-ancestors 'none'") && !csp.contains("unsafe"),
            "{csp}"
        );
        assert_eq!(page.headers["x-frame-options"], "DENY");
        assert_eq!(page.headers["cache-control"], "no-store");
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
        assert!(
            !page.body.contains("<script") && !page.body.contains("style="),
            "{path}"
        );
        // Every link and form carries the request on.
        assert!(page.body.contains("state=s+%26%3D1"), "{}", page.body);
    }
    let before = browser.cookies.get(&cookie(&pool, "session")).cloned();
    let fields = [("username", USER), ("password", PASSWORD)];
    let page = browser
        .submit(&format!("/login?{}", query()), &fields)
        .await;
    let cookies = page
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|c| c.to_str().unwrap());
    let session = cookies
        .into_iter()
        .find(|set| set.starts_with(&cookie(&pool, "session")))
        .unwrap();
    assert!(
        session.ends_with("; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"),
        "{session}"
    );
    assert_ne!(
        browser.cookies.get(&cookie(&pool, "session")).cloned(),
        before
    );
}

#[tokio::test]
async fn a_new_session_at_every_sign_in() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    browser
        .cookies
        .insert("cognito".into(), "chosen-by-somebody".into());
    let fields = [("username", USER), ("password", PASSWORD)];
    browser
        .submit(&format!("/login?{}", query()), &fields)
        .await;
    let first = browser.cookies[&cookie(&pool, "session")].clone();
    assert_ne!(first, "chosen-by-somebody");
    browser
        .submit(&format!("/login?{}", query()), &fields)
        .await;
    assert_ne!(browser.cookies[&cookie(&pool, "session")], first);
    let mut old = Browser::new(&pool);
    old.cookies.insert(cookie(&pool, "session"), first);
    let page = old.get(&format!("/oauth2/authorize?{}", query())).await;
    assert!(page.location.starts_with("/login?"), "{}", page.location);
}

#[tokio::test]
async fn who_chose_a_name_confirms_under_it() {
    let seed = "users = []\n[pool]\nusername_attributes = []";
    let pool = TestPool::seeded(seed).await;
    let mut browser = Browser::new(&pool);
    let fields = [
        ("username", "ada"),
        ("password", PASSWORD),
        ("email", "ada@example.com"),
    ];
    let page = browser
        .submit(&format!("/signup?{}", query()), &fields)
        .await;
    assert_eq!(page.status, 303, "{}", page.body);
    let confirm = format!("/confirm?{}", query());
    let page = browser.get(&confirm).await;
    assert!(page.body.contains("value=\"ada\""), "{}", page.body);
    assert!(!page.body.contains("ada@example.com"), "{}", page.body);
    let code = pool.code("ada@example.com").await;
    let fields = [("username", "ada"), ("code", code.as_str())];
    let page = browser.submit(&confirm, &fields).await;
    assert_eq!(page.status, 302, "{}", page.body);
}
