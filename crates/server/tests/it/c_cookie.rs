//! Threats to the session cookie.

use aws_lc_rs::rand::SystemRandom;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cogward_session::{KeyRing, Purpose, Secret, SessionId, cookie_value};
use cogward_testkit::{Answer, Builder, StoreKind, TestApp, holds_a_token};
use serde_json::json;

use crate::raw::{pipelined, raw};
use crate::sign_ins::{BACKEND_PROXY, FAMILIES, LOGIN, SESSION, TOKEN_HANDLER, sign_in};

/// The one `Set-Cookie` of this name, its attributes in lower case.
#[track_caller]
fn attributes(answer: &Answer, name: &str) -> Vec<String> {
    let lines = answer.set_cookies();
    let mut found = lines
        .iter()
        .filter(|line| line.starts_with(&format!("{name}=")));
    let line = found
        .next()
        .unwrap_or_else(|| panic!("no {name} in {lines:?}"));
    assert!(found.next().is_none(), "{lines:?}");
    let (pair, attributes) = line.split_once("; ").unwrap();
    assert!(pair.len() <= 4096);
    attributes.split("; ").map(str::to_lowercase).collect()
}

fn named(prefix: &'static str, secure: bool, domain: Option<&'static str>) -> Builder {
    TestApp::builder().site(move |site| {
        site.cookies.session = format!("{prefix}cogward");
        site.cookies.login = format!("{prefix}cogward_login");
        site.cookies.secure = secure;
        site.cookies.domain = domain.map(Into::into);
    })
}

#[tokio::test]
async fn t29_every_set_cookie_has_its_attributes() {
    for (prefix, secure, domain) in [
        ("__Host-", true, None),
        ("__Secure-", true, Some("example.com")),
        ("", false, None),
    ] {
        let app = named(prefix, secure, domain).start().await;
        let (session, login) = (format!("{prefix}cogward"), format!("{prefix}cogward_login"));
        let expected = |max_age: &str| {
            let mut expected = vec![
                "path=/".to_owned(),
                format!("max-age={max_age}"),
                "httponly".to_owned(),
                "samesite=lax".to_owned(),
            ];
            expected.extend(secure.then(|| "secure".to_owned()));
            expected.extend(domain.map(|domain| format!("domain={domain}")));
            expected
        };
        let month = (30 * 24 * 3600).to_string();
        for family in FAMILIES {
            let mut browser = app.browser();
            let begun = browser.get(family.login).await;
            assert_eq!(attributes(&begun, &login), expected("300"));
            let back = app.hosted_page(begun.location(), "user@example.com").await;
            let done = browser.get(back.as_str()).await;
            assert_eq!(attributes(&done, &session), expected(&month));
            assert_eq!(attributes(&done, &login), expected("0"));

            let tokens = browser.get("/auth/token").await.json();
            let body = json!({
                "access_token": tokens["access_token"], "id_token": tokens["id_token"],
                "refresh_token": "opaque",
            });
            let adopted = app.browser().post_json("/auth/session", &body).await;
            assert_eq!(attributes(&adopted, &session), expected(&month));

            // Sliding and renewing leave the cookie as it is.
            app.advance(61).await;
            for path in ["/auth/refresh", "/api/v1/auth/refresh"] {
                let slid = browser.get(family.who).await;
                let renewed = browser.post(path).await;
                assert_eq!((slid.status.as_u16(), renewed.status.as_u16()), (200, 200));
                assert_eq!(
                    [slid.set_cookies(), renewed.set_cookies()].concat().len(),
                    0
                );
            }
            let out = browser.post("/auth/logout").await;
            assert_eq!(attributes(&out, &session), expected("0"));
        }
    }
}

#[tokio::test]
async fn t31_only_the_exact_name_is_the_cookie() {
    let app = named("__Host-", true, None).start().await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, "user@example.com").await;
    let value = browser.cookie("__Host-cogward").unwrap().to_owned();
    let status = async |cookie: &str| {
        let mut header = b"Cookie: ".to_vec();
        // One byte a character: what is no ASCII here stands for itself.
        header.extend(cookie.chars().map(|c| u8::try_from(u32::from(c)).unwrap()));
        header.extend_from_slice(b"\r\n");
        raw(&app, "GET /api/v1/auth/check", &header).await.0
    };
    for good in [
        format!("__Host-cogward={value}"),
        format!("a=b; __Host-cogward={value}; c=d"),
        format!("a=b;__Host-cogward={value};c=d"),
        // RFC 6265: names that begin with a dollar sign are names like others.
        format!("$Version=1; $Path=/; __Host-cogward={value}"),
        // Another application's cookies, in Latin-1 and UTF-8.
        format!("city=Z\u{fc}rich; __Host-cogward={value}"),
        format!("__Host-cogward={value}; city=Z\u{c3}\u{bc}rich"),
    ] {
        assert_eq!(status(&good).await, 200, "{good:?}");
    }
    for smuggled in [
        format!("__host-cogward={value}"),
        format!("__HOST-cogward={value}"),
        format!("__Host-Cogward={value}"),
        format!("\u{e2}\u{80}\u{80}__Host-cogward={value}"),
        format!("\u{c2}\u{a0}__Host-cogward={value}"),
        format!("\u{a0}__Host-cogward={value}"),
        format!("=__Host-cogward={value}"),
        format!("x=__Host-cogward={value}"),
        format!("__Host-cogward ={value}"),
        format!("__Host-cogward= {value}"),
        format!("cogward={value}"),
        format!("__Host-cogward2={value}"),
        format!("__Host-cogward_login={value}"),
        format!("__Host-cogward%3D{value}"),
        format!("$Version=1; $Path=/; $__Host-cogward={value}"),
        format!("$Version=1; __Host-cogward=\"{value}\"; $Path=\"/\""),
        format!("__Host-cogward=\"{value}\""),
        format!("__Host-cogward={value} junk"),
        format!("__Host-cogward={value},junk"),
        format!("__Host-cogward={value}\u{e9}"),
        format!("junk __Host-cogward={value}"),
        format!("junk,__Host-cogward={value}"),
        value.clone(),
    ] {
        assert_eq!(status(&smuggled).await, 401, "{smuggled:?}");
    }
    assert_eq!(browser.get("/api/v1/auth/check").await.status, 200);
}

#[tokio::test]
async fn t32_two_cookies_that_differ_are_none() {
    let app = TestApp::builder().fake().start().await;
    let (mut alice, mut bob) = (app.browser(), app.browser());
    sign_in(&app, BACKEND_PROXY, &mut alice, "alice").await;
    sign_in(&app, TOKEN_HANDLER, &mut bob, "bob").await;
    let (alices, bobs) = (alice.cookie(SESSION).unwrap(), bob.cookie(SESSION).unwrap());
    for (one, other) in [
        (alices, bobs),
        (bobs, alices),
        ("bad", alices),
        (alices, ""),
    ] {
        for headers in [
            format!("Cookie: {SESSION}={one}; {SESSION}={other}\r\n"),
            format!("Cookie: {SESSION}={one}\r\nCookie: {SESSION}={other}\r\n"),
        ] {
            for family in FAMILIES {
                let line = format!("GET {}", family.who);
                assert_eq!(
                    raw(&app, &line, headers.as_bytes()).await.0,
                    401,
                    "{headers}"
                );
            }
        }
    }
    let twice = format!("Cookie: {SESSION}={alices}; {SESSION}={alices}\r\n");
    assert_eq!(raw(&app, "GET /auth/me", twice.as_bytes()).await.0, 200);
    assert_eq!(alice.get("/auth/me").await.status, 200);
    assert_eq!(bob.get("/auth/me").await.status, 200);
}

/// Every single byte changed, every shorter form, some longer ones.
fn tampered(value: &str) -> Vec<String> {
    let mut all: Vec<String> = (0..value.len())
        .map(|end| value[..end].to_owned())
        .collect();
    for (at, byte) in value.bytes().enumerate() {
        for other in [byte ^ 1, byte ^ 0x20, b'A', b'-'] {
            let mut bytes = value.as_bytes().to_vec();
            bytes[at] = other;
            let changed = String::from_utf8(bytes).unwrap();
            if other.is_ascii_graphic() && other != b';' && changed != value {
                all.push(changed);
            }
        }
    }
    all.extend(["A", "=", ".", ".A", value].map(|more| format!("{value}{more}")));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn t34_a_tampered_session_cookie_is_none() {
    for store in [StoreKind::Memory, StoreKind::Sqlite] {
        let builder = TestApp::builder().fake().unlimited();
        let app = builder.store(store).start().await;
        let mut browser = app.browser();
        sign_in(&app, BACKEND_PROXY, &mut browser, "somebody").await;
        let value = browser.cookie(SESSION).unwrap().to_owned();
        let loads = app.store.calls("load");

        BACKEND_PROXY.begin(&mut browser).await;
        let mut forged = tampered(&value);
        forged.push(browser.cookie(LOGIN).unwrap().to_owned());
        let id = app.session_id(&browser);
        for n in 0..5000 {
            let secret = Secret::from(format!("the wrong secret, number {n}"));
            let ring = KeyRing::new(&[secret], &[]).unwrap();
            let issued = cookie_value::issue(&ring, Purpose::Session, &id);
            let mac = issued.expose().rsplit('.').next().unwrap();
            forged.push(issued.expose().to_owned());
            // And under the right key's name.
            forged.push(format!("{}.{mac}", value.rsplit_once('.').unwrap().0));
        }
        for family in FAMILIES {
            let headers = forged
                .iter()
                .map(|value| format!("Cookie: {SESSION}={value}\r\n"));
            let statuses = pipelined(&app, family.who, headers).await;
            assert_eq!(statuses.len(), forged.len());
            assert!(statuses.iter().all(|status| *status == 401));
        }
        assert_eq!(
            app.store.calls("load"),
            loads,
            "a forgery never reaches the store"
        );
        assert_eq!(browser.get("/auth/me").await.status, 200);
    }
}

#[tokio::test]
async fn t34_a_tampered_login_cookie_ends_no_sign_in() {
    let app = TestApp::builder().fake().start().await;
    let mut browser = app.browser();
    sign_in(&app, BACKEND_PROXY, &mut browser, "somebody").await;
    BACKEND_PROXY.begin(&mut browser).await;
    let value = browser.cookie(LOGIN).unwrap().to_owned();
    let stranger = cookie_value::issue(
        &app.ring,
        Purpose::Login,
        &SessionId::generate(&SystemRandom::new()).unwrap(),
    );
    let session = browser.cookie(SESSION).unwrap().to_owned();
    let calls = app.fake().token_calls();
    let forged = tampered(&value).into_iter().step_by(5);
    for forged in forged.chain([session, stranger.expose().to_owned()]) {
        for family in FAMILIES {
            browser.set_cookie(LOGIN, &value);
            let start = family.begin(&mut browser).await;
            browser.set_cookie(LOGIN, &forged);
            let refused = family.back(&mut browser, &start.query()).await;
            family.assert_refused(&refused, "invalid_state");
        }
    }
    assert_eq!(app.fake().token_calls(), calls);
    assert_eq!(browser.get("/auth/me").await.status, 200);
}

#[tokio::test]
async fn t35_no_byte_moves_from_one_signed_field_to_the_next() {
    let app = TestApp::builder().fake().start().await;
    let mut browser = app.browser();
    sign_in(&app, BACKEND_PROXY, &mut browser, "somebody").await;
    let value = browser.cookie(SESSION).unwrap().to_owned();
    let joined = value.replace('.', "");
    let mut tried = 0;
    for one in 0..=joined.len() {
        for other in one..=joined.len() {
            let moved = format!(
                "{}.{}.{}",
                &joined[..one],
                &joined[one..other],
                &joined[other..]
            );
            // Near the true places each one, elsewhere a sample.
            let near = one.abs_diff(6) < 4 && other.abs_diff(49) < 4;
            if moved == value || !(near || (one + other).is_multiple_of(29)) {
                continue;
            }
            browser.set_cookie(SESSION, &moved);
            assert_eq!(browser.get("/auth/me").await.status, 401, "{one} {other}");
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
    browser.set_cookie(SESSION, &value);
    assert_eq!(browser.get("/auth/me").await.status, 200);
}

#[tokio::test]
async fn t37_the_public_handle_is_nothing_of_the_secret() {
    let app = TestApp::builder().fake().start().await;
    let mut browser = app.browser();
    sign_in(&app, BACKEND_PROXY, &mut browser, "somebody").await;
    let profile = browser.get("/api/v1/profile").await.json();
    let shown = profile["profile"]["session_id"].as_str().unwrap();
    let handle = shown.strip_suffix("...").unwrap();
    assert_eq!(handle.len(), 8);

    let id = app.session_id(&browser);
    let key = id.lookup_key();
    for secret in [id.as_bytes(), key.as_bytes()] {
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let bits: String = secret.iter().map(|byte| format!("{byte:08b}")).collect();
        // Base32 of the bits from any place on.
        let digits = |from: usize| -> String {
            let bits = bits.as_bytes()[from..].chunks_exact(5);
            bits.map(|five| {
                let five = std::str::from_utf8(five).unwrap();
                let digit = usize::from_str_radix(five, 2).unwrap();
                char::from(b"abcdefghijklmnopqrstuvwxyz234567"[digit])
            })
            .collect()
        };
        let mut forms: Vec<String> = (0..5).map(digits).collect();
        forms.extend([hex, STANDARD.encode(secret), URL_SAFE_NO_PAD.encode(secret)]);
        for form in forms {
            assert!(!form.to_lowercase().contains(handle), "{handle} in {form}");
        }
    }
    let cookie = browser.cookie(SESSION).unwrap().to_lowercase();
    assert!(!cookie.contains(handle));
}

#[tokio::test]
async fn t38_a_session_ends_at_both_limits() {
    for store in [StoreKind::Memory, StoreKind::Sqlite] {
        let app = TestApp::builder()
            .store(store)
            .settings(|settings| {
                settings.absolute_seconds = 3600;
                settings.idle_seconds = 600;
            })
            .start()
            .await;
        let (mut busy, mut idle) = (app.browser(), app.browser());
        app.sign_in(&mut busy, "user@example.com").await;
        app.sign_in(&mut idle, "admin@example.com").await;
        for minute in 1..60 {
            app.advance(60).await;
            let answer = busy.get("/auth/me").await;
            assert_eq!(answer.status, 200, "minute {minute}: {}", answer.body);
            if minute == 9 {
                assert_eq!(
                    idle.get("/auth/me").await.status,
                    200,
                    "idle for nine minutes"
                );
            }
        }
        assert_eq!(
            idle.get("/auth/me").await.status,
            401,
            "idle for fifty minutes"
        );
        app.advance(61).await;
        assert_eq!(busy.get("/auth/me").await.status, 401, "an hour is over");
        assert_eq!(busy.post("/auth/refresh").await.status, 401);
    }
}

#[tokio::test]
async fn t38_idle_ends_at_its_limit() {
    for store in [StoreKind::Memory, StoreKind::Sqlite] {
        let app = TestApp::builder()
            .store(store)
            .settings(|settings| settings.idle_seconds = 600)
            .start()
            .await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, "user@example.com").await;
        app.advance(590).await;
        assert_eq!(browser.get("/auth/me").await.status, 200);
        app.advance(590).await;
        assert_eq!(browser.get("/auth/me").await.status, 200, "it slides");
        app.advance(601).await;
        assert_eq!(browser.get("/auth/me").await.status, 401);
    }
}

#[tokio::test]
async fn t40_no_cache_is_deceived() {
    let app = TestApp::builder().fake().start().await;
    let mut browser = app.browser();
    sign_in(&app, BACKEND_PROXY, &mut browser, "somebody").await;
    let cookie = format!("Cookie: {SESSION}={}\r\n", browser.cookie(SESSION).unwrap());
    for path in [
        "/auth/token/a.css",
        "/auth/token;a.css",
        "/auth/token%2fa.css",
        "/auth/token%2Fa.css",
        "/auth/token%00.css",
        "/auth/token%3fa.css",
        "/auth/token%23a.css",
        "/auth/token%0aa.css",
        "/auth/token.css",
        "/auth/token/",
        "//auth/token",
        "/auth//token",
        "/AUTH/token",
        "/auth/Token",
        "/auth/./token",
        "/x/../auth/token",
        "/x/%2e%2e/auth/token",
        "/%61uth/token",
        "/auth/token%20",
        "/api/v1/profile/a.css",
        "/api/v1/profile%2fa.css",
        "/api/v1/auth/check;a.css",
        "/api/v1/auth/sessions/a.css",
    ] {
        let (status, answer) = raw(&app, &format!("GET {path}"), cookie.as_bytes()).await;
        assert!([400, 404, 405].contains(&status), "{path}: {status}");
        assert!(
            !holds_a_token(&answer) && !answer.contains("somebody"),
            "{path}: {answer}"
        );
    }
    for path in [
        "/auth/token?a.css",
        "/auth/token",
        "/auth/me",
        "/api/v1/profile",
    ] {
        let (status, answer) = raw(&app, &format!("GET {path}"), cookie.as_bytes()).await;
        assert_eq!(status, 200, "{path}");
        assert!(
            answer.contains("\r\ncache-control: no-store\r\n"),
            "{path}: {answer}"
        );
    }
}

#[tokio::test]
async fn t41_a_session_comes_by_its_cookie_only() {
    let app = TestApp::builder().fake().start().await;
    let mut browser = app.browser();
    sign_in(&app, BACKEND_PROXY, &mut browser, "somebody").await;
    let value = browser.cookie(SESSION).unwrap().to_owned();
    for family in FAMILIES {
        for name in ["session", "session_id", "sid", SESSION, "cookie"] {
            let path = format!("{}?{name}={value}", family.who);
            assert_eq!(app.browser().get(&path).await.status, 401, "{name}");
        }
        for (name, value) in [
            ("X-Session-Id", value.clone()),
            ("X-Session", value.clone()),
            (SESSION, value.clone()),
            ("Authorization", format!("Session {value}")),
            ("Authorization", format!("Bearer {value}")),
            ("Cookie2", format!("{SESSION}={value}")),
            ("X-Cookie", format!("{SESSION}={value}")),
            ("Set-Cookie", format!("{SESSION}={value}")),
        ] {
            let header = format!("{name}: {value}\r\n");
            let (status, _) = raw(&app, &format!("GET {}", family.who), header.as_bytes()).await;
            assert_eq!(status, 401, "{name}");
        }
        assert_eq!(browser.get(family.who).await.status, 200);
    }
}
