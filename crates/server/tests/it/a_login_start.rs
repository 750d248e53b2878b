//! Threats to a sign-in's start.

use std::collections::HashSet;

use cogward_cognito::PkceVerifier;
use cogward_testkit::{Answer, FRONTEND, StoreKind, TestApp};
use reqwest::Method;

use crate::raw::pipelined;
use crate::sign_ins::{BACKEND_PROXY, FAMILIES, LOGIN, Start, answer_well, only, sign_in};

/// The login cookie's secret, between its two dots.
fn binding(answer: &Answer) -> String {
    let cookies = answer.set_cookies();
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    cookies[0].split('.').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn t1_transaction_values_are_random_and_used_once() {
    let app = TestApp::builder().fake().start().await;
    let mut seen = HashSet::new();
    for family in FAMILIES {
        for _ in 0..250 {
            let answer = app.browser().get(family.login).await;
            let start = Start::of(&answer);
            assert_eq!(only(&start.location, "response_type"), "code");
            assert_eq!(only(&start.location, "code_challenge_method"), "S256");
            for value in [start.state, start.nonce, start.challenge, binding(&answer)] {
                // 43 characters of base64url are 256 bits.
                assert_eq!(value.len(), 43, "{value}");
                assert!(seen.insert(value), "a value came twice");
            }
        }
    }
    assert_eq!(seen.len(), 4 * 500);
}

#[tokio::test]
async fn t1_the_verifier_stays_on_the_server() {
    let app = TestApp::builder().fake().start().await;
    for (sub, family) in ["one", "other"].into_iter().zip(FAMILIES) {
        let mut browser = app.browser();
        let begun = browser.get(family.login).await;
        let start = Start::of(&begun);
        answer_well(&app, sub, &start.nonce);
        let done = family.back(&mut browser, &start.query()).await;
        family.assert_signed_in(&done);

        let form = app.fake().token_forms().pop().unwrap();
        let form = url::form_urlencoded::parse(form.as_bytes());
        let verifiers: Vec<_> = form.filter(|(name, _)| name == "code_verifier").collect();
        let [(_, verifier)] = verifiers.as_slice() else {
            panic!("not one verifier: {verifiers:?}");
        };
        assert!((43..=128).contains(&verifier.len()));
        let made_of_it = PkceVerifier::from(verifier.clone().into_owned()).challenge();
        assert_eq!(made_of_it, start.challenge);
        for answer in [&begun, &done] {
            assert!(!format!("{:?}", answer.headers).contains(verifier.as_ref()));
            assert!(!answer.set_cookies().concat().contains(verifier.as_ref()));
            assert!(!answer.body.contains(verifier.as_ref()));
        }
    }
}

#[tokio::test]
async fn t2_nothing_is_injected_into_the_authorize_address() {
    let app = TestApp::builder().fake().start().await;
    let attack = "return_to=%2Fx%26scope%3Daws.cognito.signin.user.admin&redirect_uri=https://evil\
                  &client_id=evil&response_type=token&scope=admin&prompt=none&state=fixed\
                  &nonce=fixed&code_challenge=fixed&code_challenge_method=plain&login_hint=evil";
    for (family, sub) in FAMILIES.into_iter().zip(["one", "other"]) {
        let mut browser = app.browser();
        let start = Start::of(&browser.get(&format!("{}?{attack}", family.login)).await);
        let pool = app.auth.pool();
        let redirect_uri = app.base.join(family.callback).unwrap();
        for (name, value) in [
            ("client_id", pool.client_id.as_str()),
            ("redirect_uri", redirect_uri.as_str()),
            ("response_type", "code"),
            ("scope", "openid email profile"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(only(&start.location, name), value);
        }
        let names: HashSet<_> = start.location.query_pairs().map(|(name, _)| name).collect();
        assert_eq!(names.len(), 8, "{names:?}");
        for injected in ["evil", "admin", "fixed", "prompt", "return_to", "token"] {
            assert!(
                !start.location.query().unwrap().contains(injected),
                "{injected}"
            );
        }

        answer_well(&app, sub, &start.nonce);
        let done = family.back(&mut browser, &start.query()).await;
        assert_eq!(
            done.header("location"),
            format!("{FRONTEND}/x&scope=aws.cognito.signin.user.admin")
        );
    }
}

#[tokio::test]
async fn t4_only_configured_providers_are_named() {
    let configured = TestApp::builder()
        .fake()
        .settings(|settings| settings.identity_providers = vec!["Google".into()])
        .start()
        .await;
    let bare = TestApp::builder().fake().start().await;
    for family in FAMILIES {
        for app in [&configured, &bare] {
            for name in [
                "Evil",
                "Google%26prompt=none",
                "<script>",
                "google",
                "Google%00",
                "",
            ] {
                let start = format!("{}?identity_provider={name}", family.login);
                let refused = app.browser().get(&start).await;
                assert_eq!(refused.status, 400, "{name}");
                assert!(!refused.body.contains("script"), "{}", refused.body);
                assert_eq!(refused.set_cookies(), Vec::<String>::new());
            }
        }
        let google = format!("{}?identity_provider=Google", family.login);
        let start = Start::of(&configured.browser().get(&google).await);
        assert_eq!(only(&start.location, "identity_provider"), "Google");
        assert_eq!(bare.browser().get(&google).await.status, 400);
    }
    assert_eq!(bare.store.calls("put_login"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn t5_a_flood_of_starts_leaves_a_bounded_number_of_rows() {
    for store in [StoreKind::Memory, StoreKind::Sqlite] {
        let app = TestApp::builder().fake().store(store).start().await;
        let mut browser = app.browser();
        let before = BACKEND_PROXY.begin(&mut browser).await;

        let flood = (0..8).map(|connection| {
            let path = FAMILIES[connection % 2].login;
            pipelined(&app, path, std::iter::repeat_n(String::new(), 2500))
        });
        let statuses = futures_util::future::join_all(flood).await.concat();
        assert_eq!(statuses.len(), 20_000);
        assert!(statuses.iter().all(|status| [302, 429].contains(status)));
        let begun = statuses.iter().filter(|status| **status == 302).count();
        assert!(begun < 5_000, "{begun} rows");
        assert_eq!(app.store.calls("put_login"), begun + 1);

        // Who floods is refused everything, for as long.
        app.clock.advance(20);
        answer_well(&app, "early", &before.nonce);
        let done = BACKEND_PROXY.back(&mut browser, &before.query()).await;
        BACKEND_PROXY.assert_signed_in(&done);

        app.clock.advance(301);
        let swept = app.store.behind().sweep(app.auth.now(), 100_000).await;
        assert_eq!(swept.unwrap(), begun, "rows live five minutes");
    }
}

#[tokio::test]
async fn t7_head_options_and_prefetch_begin_nothing() {
    let app = TestApp::builder().fake().start().await;
    let browser = app.browser();
    for family in FAMILIES {
        let requests = [
            browser.request(Method::HEAD, family.login),
            browser.request(Method::OPTIONS, family.login),
            browser
                .request(Method::OPTIONS, family.login)
                .header("origin", FRONTEND)
                .header("access-control-request-method", "GET"),
            browser
                .request(Method::GET, family.login)
                .header("sec-purpose", "prefetch"),
            browser
                .request(Method::GET, family.login)
                .header("sec-purpose", "prefetch;prerender"),
            browser
                .request(Method::GET, family.login)
                .header("purpose", "prefetch"),
        ];
        for request in requests {
            let shown = format!("{request:?}");
            let answer = app.browser().send(request).await;
            assert_ne!(answer.status, 302, "{shown}");
            assert_eq!(answer.header("cache-control"), "no-store", "{shown}");
            assert_eq!(answer.set_cookies(), Vec::<String>::new(), "{shown}");
        }
    }
    assert_eq!(app.store.writes(), 0);
}

#[tokio::test]
async fn t8_a_framed_start_shows_nothing_and_ends_no_session() {
    let app = TestApp::builder().fake().start().await;
    let mut browser = app.browser();
    sign_in(&app, BACKEND_PROXY, &mut browser, "somebody").await;
    for family in FAMILIES {
        let request = browser
            .request(Method::GET, family.login)
            .header("sec-fetch-dest", "iframe")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-site", "cross-site");
        let answer = browser.send(request).await;
        assert_eq!(answer.header("x-frame-options"), "DENY");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        let cookies = answer.set_cookies();
        assert!(
            cookies.iter().all(|cookie| cookie.starts_with(LOGIN)),
            "{cookies:?}"
        );
        assert_eq!(browser.get(family.who).await.status, 200);
    }
}
