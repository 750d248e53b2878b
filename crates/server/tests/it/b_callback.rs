//! Threats to a sign-in's end.

use cogward_testkit::{Answer, Browser, Signer, StoreKind, TestApp, holds_a_token};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

use crate::raw::raw;
use crate::sign_ins::{
    BACKEND_PROXY, FAMILIES, Family, LOGIN, SESSION, Start, TOKEN_HANDLER, Watch, access_claims,
    answer_well, answer_with, id_claims, issuer, sign_in,
};
use crate::support::{sessions_of, until};

#[tokio::test]
async fn t10_state_is_bound_to_the_browser() {
    for (store, family) in [StoreKind::Memory, StoreKind::Sqlite]
        .into_iter()
        .zip(FAMILIES)
    {
        let app = TestApp::builder().store(store).start().await;
        let mut watch = Watch::new(&app).await;

        let mut attacker = app.browser();
        let callback = app
            .callback_url(&mut attacker, family.login, "admin@example.com")
            .await;
        let mut victim = app.browser();
        family.assert_refused(&victim.get(callback.as_str()).await, "invalid_state");
        watch.assert_nothing_changed(&app).await;
        assert_eq!(victim.get(family.who).await.status, 401);
        // A browser that began nothing uses up nobody's sign-in.
        family.assert_signed_in(&attacker.get(callback.as_str()).await);

        let mut watch = Watch::new(&app).await;
        let callback = app
            .callback_url(&mut attacker, family.login, "admin@example.com")
            .await;
        let own = app
            .callback_url(&mut victim, family.login, "user@example.com")
            .await;
        assert!(victim.cookie(LOGIN).is_some());
        family.assert_refused(&victim.get(callback.as_str()).await, "invalid_state");
        watch.assert_nothing_changed(&app).await;
        assert_eq!(victim.get(family.who).await.status, 401);

        family.assert_signed_in(&victim.get(own.as_str()).await);
        assert!(
            victim
                .get(family.who)
                .await
                .body
                .contains("user@example.com")
        );
    }
}

#[tokio::test]
async fn t11_a_state_serves_once() {
    for (store, family) in [StoreKind::Memory, StoreKind::Sqlite]
        .into_iter()
        .zip(FAMILIES)
    {
        let app = TestApp::builder().fake().store(store).start().await;
        let mut browser = app.browser();
        let start = family.begin(&mut browser).await;
        let login_cookie = browser.cookie(LOGIN).unwrap().to_owned();
        answer_well(&app, "somebody", &start.nonce);
        family.assert_signed_in(&family.back(&mut browser, &start.query()).await);
        let session_cookie = browser.cookie(SESSION).unwrap().to_owned();

        let mut watch = Watch::new(&app).await;
        let replayed = family.back(&mut browser, &start.query()).await;
        family.assert_refused(&replayed, "invalid_state");
        // Also where the jar still has what the browser was told to drop.
        browser.set_cookie(LOGIN, &login_cookie);
        let replayed = family.back(&mut browser, &start.query()).await;
        family.assert_refused(&replayed, "invalid_state");
        watch.assert_nothing_changed(&app).await;
        assert_eq!(browser.cookie(SESSION), Some(session_cookie.as_str()));
        assert_eq!(browser.get(family.who).await.status, 200);
    }
}

#[tokio::test]
async fn t13_a_state_serves_the_family_it_was_made_for() {
    let app = TestApp::builder().fake().start().await;
    let mut watch = Watch::new(&app).await;
    for (begun, ended) in [
        (BACKEND_PROXY, TOKEN_HANDLER),
        (TOKEN_HANDLER, BACKEND_PROXY),
    ] {
        let mut browser = app.browser();
        let start = begun.begin(&mut browser).await;
        let crossed = ended.back(&mut browser, &start.query()).await;
        ended.assert_refused(&crossed, "invalid_state");
        let second = begun.back(&mut browser, &start.query()).await;
        begun.assert_refused(&second, "invalid_state");
        assert_eq!(browser.get(begun.who).await.status, 401);
    }
    watch.assert_nothing_changed(&app).await;
}

#[tokio::test]
async fn t14_a_state_lives_five_minutes() {
    for (store, family) in [StoreKind::Memory, StoreKind::Sqlite]
        .into_iter()
        .zip(FAMILIES)
    {
        for store_forgets in [true, false] {
            let app = TestApp::builder().fake().store(store).start().await;
            let mut watch = Watch::new(&app).await;
            app.store.keep_expired_logins(!store_forgets);
            let mut browser = app.browser();
            let start = family.begin(&mut browser).await;
            app.clock.advance(301);
            let late = family.back(&mut browser, &start.query()).await;
            family.assert_refused(&late, "invalid_state");
            watch.assert_nothing_changed(&app).await;

            let start = family.begin(&mut browser).await;
            app.clock.advance(290);
            answer_well(&app, "in-time", &start.nonce);
            family.assert_signed_in(&family.back(&mut browser, &start.query()).await);
        }
    }
}

#[tokio::test]
async fn t16_the_nonce_must_be_this_sign_ins() {
    let app = TestApp::builder().fake().start().await;
    let mut watch = Watch::new(&app).await;
    for family in FAMILIES {
        let mut browser = app.browser();
        let earlier = family.begin(&mut browser).await;
        let wrong = [
            json!("wrong"),
            json!(earlier.nonce),
            json!(""),
            json!(null),
            json!([]),
        ];
        for nonce in wrong.into_iter().map(Some).chain([None]) {
            let start = family.begin(&mut browser).await;
            let mut claims = id_claims(&app, "somebody", &start.nonce);
            match &nonce {
                Some(nonce) => claims["nonce"] = nonce.clone(),
                None => drop(claims.as_object_mut().unwrap().remove("nonce")),
            }
            let access = app.fake().access.sign(&access_claims(&app, "somebody"));
            answer_with(&app, &app.fake().id.sign(&claims), &access);
            let refused = family.back(&mut browser, &start.query()).await;
            family.assert_refused(&refused, "oauth_failed");
            watch.assert_no_session_changed(&app).await;
            assert_eq!(browser.get(family.who).await.status, 401, "{nonce:?}");
        }
    }
}

#[tokio::test]
async fn t17_a_state_does_not_survive_an_error() {
    let app = TestApp::builder().fake().start().await;
    let mut watch = Watch::new(&app).await;
    for family in FAMILIES {
        let mut browser = app.browser();
        let start = family.begin(&mut browser).await;
        let error = format!("error=access_denied&state={}", start.state);
        let denied = family.back(&mut browser, &error).await;
        assert_eq!(denied.status, 302);
        let location = denied.location();
        assert!(
            location.query().unwrap().starts_with("error=access_denied"),
            "{location}"
        );
        let second = family.back(&mut browser, &start.query()).await;
        family.assert_refused(&second, "invalid_state");
    }
    watch.assert_nothing_changed(&app).await;
}

#[tokio::test]
async fn t19_a_parameter_that_stands_twice_is_refused() {
    let app = TestApp::builder().fake().start().await;
    let mut watch = Watch::new(&app).await;
    for (family, sub) in FAMILIES.into_iter().zip(["one", "other"]) {
        let mut browser = app.browser();
        let start = family.begin(&mut browser).await;
        let state = &start.state;
        for query in [
            format!("code=a&code=b&state={state}"),
            format!("code=a&code=a&state={state}"),
            format!("code=a&c%6Fde=b&state={state}"),
            format!("code=a&state={state}&state=t"),
            format!("code=a&state=t&state={state}"),
            format!("code=a&error=access_denied&state={state}"),
            format!("error=a&error=b&state={state}"),
            format!("error=a&error_description=b&error_description=c&state={state}"),
            format!("state={state}"),
            "code=a".to_owned(),
            String::new(),
        ] {
            let refused = family.back(&mut browser, &query).await;
            family.assert_refused(&refused, "invalid_state");
        }
        watch.assert_nothing_changed(&app).await;
        // Nor did any of it use up the sign-in.
        answer_well(&app, sub, &start.nonce);
        family.assert_signed_in(&family.back(&mut browser, &start.query()).await);
        watch = Watch::new(&app).await;
    }
}

#[tokio::test]
async fn t20_error_texts_are_encoded_and_short() {
    let app = TestApp::builder().fake().start().await;
    let mut watch = Watch::new(&app).await;
    let long = "A".repeat(4000);
    for family in FAMILIES {
        for text in [
            "%3Cscript%3Ealert(1)%3C/script%3E",
            "%0d%0aSet-Cookie:%20a=b",
            "%0aLocation:%20https://evil.example",
            "%22onload%3D%22x%26error%3Dy%23z",
            "%ff%fe%00",
            &long,
        ] {
            for state in [true, false] {
                let mut browser = app.browser();
                let state = match state {
                    true => family.begin(&mut browser).await.state,
                    false => "unknown".into(),
                };
                let query = format!("error={text}&error_description={text}&state={state}");
                let answer = family.back(&mut browser, &query).await;
                assert_safe_redirect(&answer, family);
            }
        }
        let (status, answer) = raw(
            &app,
            &format!(
                "GET {}?error={}&state=s",
                family.callback,
                "A".repeat(100_000)
            ),
            b"",
        )
        .await;
        assert!([302, 400, 414, 431].contains(&status), "{status}");
        assert!(answer.len() < 2_000, "{answer}");
    }
    watch.assert_nothing_changed(&app).await;
}

#[track_caller]
fn assert_safe_redirect(answer: &Answer, family: Family) {
    assert_eq!(answer.status, 302);
    assert_eq!(answer.body, "");
    assert_eq!(answer.set_cookies(), Vec::<String>::new());
    let location = answer.header("location");
    assert!(location.len() < 2_000, "{location}");
    let encoded = |c: char| c.is_ascii_graphic() && !"<>\"'#".contains(c);
    assert!(location.chars().all(encoded), "{location}");
    let url = answer.location();
    assert_eq!(
        url.origin().ascii_serialization(),
        cogward_testkit::FRONTEND
    );
    let names: Vec<_> = url
        .query_pairs()
        .map(|(name, _)| name.into_owned())
        .collect();
    let expected: &[&[&str]] = match family.login == BACKEND_PROXY.login {
        true => &[&["error", "description"], &["reason"]],
        false => &[&["error"]],
    };
    assert!(expected.iter().any(|set| *set == names), "{names:?}");
}

/// Ways to spoil the tokens of a sign-in: what was done, ID token, access token.
fn spoilt_tokens(app: &TestApp, nonce: &str) -> Vec<(&'static str, String, String)> {
    let fake = app.fake();
    let (id, access) = (
        id_claims(app, "somebody", nonce),
        access_claims(app, "somebody"),
    );
    let (good_id, good_access) = (fake.id.sign(&id), fake.access.sign(&access));
    let mut spoilt: Vec<_> = spoilt_signatures(app, &id)
        .into_iter()
        .chain(spoilt_claims(app, &id))
        .chain([("access token in its place", good_access.clone())])
        .map(|(what, id_token)| (what, id_token, good_access.clone()))
        .collect();
    spoilt.push((
        "ID token in the access token's place",
        good_id.clone(),
        good_id.clone(),
    ));
    spoilt.push((
        "unsigned access token",
        good_id,
        unsigned(&access, "none", ""),
    ));
    spoilt
}

fn spoilt_signatures(app: &TestApp, id: &Value) -> Vec<(&'static str, String)> {
    let fake = app.fake();
    let good = fake.id.sign(id);
    let (input, signature) = good.rsplit_once('.').unwrap();
    let other = fake.access.sign(id);
    let other = other.rsplit('.').next().unwrap();
    let mut header = Header::new(Algorithm::RS256);
    let without_kid = fake.id.sign_with(&header, id);
    header.kid = Some("access-key".into());
    let mut spoilt = vec![
        ("alg none", unsigned(id, "none", "")),
        ("alg none with a signature", unsigned(id, "none", signature)),
        ("alg empty", unsigned(id, "", signature)),
        ("ES256 by name only", unsigned(id, "ES256", signature)),
        ("RS512 by name only", unsigned(id, "RS512", signature)),
        ("signature by the other key", format!("{input}.{other}")),
        ("signature missing", format!("{input}.")),
        ("signed by a stranger", Signer::new("id-key").sign(id)),
        ("kid of the other key", fake.id.sign_with(&header, id)),
        ("kid absent", without_kid),
        ("empty", String::new()),
    ];
    let secret = EncodingKey::from_secret(cogward_pool::CLIENT_SECRET.as_bytes());
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let mut header = Header::new(algorithm);
        header.kid = Some("id-key".into());
        let token = jsonwebtoken::encode(&header, id, &secret).unwrap();
        spoilt.push(("HMAC with the client's secret", token));
    }
    spoilt
}

fn spoilt_claims(app: &TestApp, id: &Value) -> Vec<(&'static str, String)> {
    let now = app.auth.now().as_secs();
    let other_pool = issuer(app).replace("Cogward01", "Another01");
    let changes = [
        ("iss of another pool", "iss", json!(other_pool)),
        (
            "iss with a slash",
            "iss",
            json!(format!("{}/", issuer(app))),
        ),
        ("aud of another client", "aud", json!("another")),
        ("sub of another type", "sub", json!(["somebody"])),
        ("iat to come", "iat", json!(now + 3600)),
        ("expired", "exp", json!(now - 1)),
        ("exp in milliseconds", "exp", json!((now + 3600) * 1000)),
        ("token_use access", "token_use", json!("access")),
    ];
    let changed = changes.map(|(what, name, value)| {
        let mut claims = id.clone();
        claims[name] = value;
        (what, app.fake().id.sign(&claims))
    });
    let without = ["iss", "aud", "sub", "iat", "exp", "token_use"].map(|name| {
        let mut claims = id.clone();
        claims.as_object_mut().unwrap().remove(name).unwrap();
        (name, app.fake().id.sign(&claims))
    });
    changed.into_iter().chain(without).collect()
}

fn unsigned(claims: &Value, alg: &str, signature: &str) -> String {
    use base64::Engine as _;
    let encode =
        |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let head = encode(&json!({ "alg": alg, "kid": "id-key" }));
    format!("{head}.{}.{signature}", encode(claims))
}

#[tokio::test]
async fn t22_bad_id_tokens_make_no_session() {
    let app = TestApp::builder().fake().confidential().start().await;
    let mut watch = Watch::new(&app).await;
    let cases = spoilt_tokens(&app, "").len();
    for case in 0..cases {
        let family = FAMILIES[case % 2];
        let mut browser = app.browser();
        let start = family.begin(&mut browser).await;
        let (what, id, access) = spoilt_tokens(&app, &start.nonce).swap_remove(case);
        answer_with(&app, &id, &access);
        let refused = family.back(&mut browser, &start.query()).await;
        println!("{what}");
        family.assert_refused(&refused, "oauth_failed");
        assert_eq!(browser.get(family.who).await.status, 401, "{what}");
        watch.assert_no_session_changed(&app).await;
    }
    for (family, sub) in FAMILIES.into_iter().zip(["one", "other"]) {
        sign_in(&app, family, &mut app.browser(), sub).await;
    }
}

#[tokio::test]
async fn t23_tokens_of_two_people_make_no_session() {
    let app = TestApp::builder().fake().start().await;
    let mut watch = Watch::new(&app).await;
    for family in FAMILIES {
        for (name, value) in [
            ("sub", json!("bob")),
            ("client_id", json!("another")),
            ("origin_jti", json!("another-sign-in")),
            ("username", json!(null)),
        ] {
            let mut browser = app.browser();
            let start = family.begin(&mut browser).await;
            let id = app.fake().id.sign(&id_claims(&app, "alice", &start.nonce));
            let mut access = access_claims(&app, "alice");
            access[name] = value;
            answer_with(&app, &id, &app.fake().access.sign(&access));
            let refused = family.back(&mut browser, &start.query()).await;
            family.assert_refused(&refused, "oauth_failed");
            assert_eq!(browser.get(family.who).await.status, 401, "{name}");
            watch.assert_no_session_changed(&app).await;
        }
    }
}

#[tokio::test]
async fn t25_a_sign_in_makes_a_new_session() {
    for (store, family) in [StoreKind::Memory, StoreKind::Sqlite]
        .into_iter()
        .zip(FAMILIES)
    {
        let app = TestApp::builder().fake().store(store).start().await;
        let mut attacker = app.browser();
        sign_in(&app, family, &mut attacker, "attacker").await;
        let planted = attacker.cookie(SESSION).unwrap().to_owned();
        let key = app.session_id(&attacker).lookup_key();

        for chosen in ["chosen-by-the-attacker", &planted] {
            let mut victim = app.browser();
            victim.set_cookie(SESSION, chosen);
            sign_in(&app, family, &mut victim, "victim").await;
            let made = victim.cookie(SESSION).unwrap().to_owned();
            assert_ne!(made, chosen);
            assert!(victim.get(family.who).await.body.contains("victim@"));
        }
        assert_eq!(attacker.get(family.who).await.status, 401);
        let row = app.store.behind().load(&key, app.auth.now()).await;
        assert!(row.unwrap().is_none(), "the old row is gone");
    }
}

/// The code is spent, and the refresh token must not be nobody's.
#[tokio::test]
async fn a_browser_that_hangs_up_in_mid_callback_leaves_a_session() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com", &[]).await;
    let mut leaving = app.browser();
    let login = BACKEND_PROXY.login;
    let callback = app.callback_url(&mut leaving, login, "ada@example.com");
    let callback = callback.await;
    let slow = json!({ "op": "oauth2/token", "delay_ms": 400 });
    app.local("faults", slow).await;
    let left = tokio::spawn(async move { leaving.get(callback.as_str()).await.status });
    until("the code is on its way", async || {
        app.calls("oauth2/token").await > 0
    })
    .await;
    left.abort();
    assert!(left.await.is_err(), "left before the answer");
    let kept = async || sessions_of(&app, ada["sub"].as_str().unwrap()).await;
    until("it is kept", async || kept().await == 1).await;
    assert_eq!(app.calls("oauth2/revoke").await, 0);
}

#[tokio::test]
async fn t26_the_callback_takes_no_post() {
    let app = TestApp::builder().fake().start().await;
    let mut watch = Watch::new(&app).await;
    for (family, sub) in FAMILIES.into_iter().zip(["one", "other"]) {
        let mut browser = app.browser();
        let start = family.begin(&mut browser).await;
        let post = |browser: &Browser| {
            let form = [("code", "a"), ("state", start.state.as_str())];
            browser.request(Method::POST, family.callback).form(&form)
        };
        let request = post(&browser).header("x-l42-csrf", "1");
        assert_eq!(browser.send(request).await.status, 405);
        let request = post(&browser).header("origin", "https://cognito.example");
        assert_eq!(browser.send(request).await.status, 403);
        watch.assert_nothing_changed(&app).await;

        answer_well(&app, sub, &start.nonce);
        family.assert_signed_in(&family.back(&mut browser, &start.query()).await);
        watch = Watch::new(&app).await;
    }
}

#[tokio::test]
async fn t28_codes_and_tokens_stay_out_of_referrers_and_histories() {
    let app = TestApp::builder().fake().start().await;
    for (family, sub) in FAMILIES.into_iter().zip(["one", "other"]) {
        let mut browser = app.browser();
        let start = family.begin(&mut browser).await;
        answer_well(&app, sub, &start.nonce);
        let state = start.state.clone();
        let good = family.back(&mut browser, &start.query()).await;
        family.assert_signed_in(&good);
        let failed = Family::begin(&family, &mut browser).await;
        let answers = [
            good,
            family
                .back(&mut browser, &format!("code=a-code&state={state}"))
                .await,
            family.back(&mut browser, &failed.query()).await,
            denied(&app, family).await,
        ];
        for answer in answers {
            assert_eq!(answer.status, 302);
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(
                answer.header("referrer-policy"),
                "strict-origin-when-cross-origin"
            );
            let location = answer.header("location");
            assert!(!holds_a_token(location), "{location}");
            for secret in ["a-code", "code=", "token"] {
                assert!(!location.contains(secret), "{location}");
            }
        }
    }
}

async fn denied(app: &TestApp, family: Family) -> Answer {
    let mut browser = app.browser();
    let Start { state, .. } = family.begin(&mut browser).await;
    family
        .back(&mut browser, &format!("error=access_denied&state={state}"))
        .await
}
