//! Threats that redirect: to where nobody should be sent.

use std::collections::HashSet;

use cogward_auth::ReturnPath;
use cogward_server::CallbackOrigins;
use cogward_testkit::{Answer, Browser, FRONTEND, TestApp};
use reqwest::Method;
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::raw::raw;
use crate::sign_ins::{
    BACKEND_PROXY, FAMILIES, Family, SESSION, Start, TOKEN_HANDLER, answer_well, only, sign_in,
};
use crate::support;

/// See `open_redirects.txt.license`.
const CORPUS: &str = include_str!("open_redirects.txt");

/// What a line of a file cannot hold.
const MORE: [&str; 14] = [
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/\n/evil.example",
    "/\r\nLocation: https://evil.example",
    "\u{0}//evil.example",
    "/\u{b}/evil.example",
    "/\u{2028}/evil.example",
    "/a\\..\\..\\\\evil.example",
    "/./\\evil.example",
    "/.//evil.example",
    "/%2e%2e//evil.example",
    "/\u{ff0f}evil.example",
    "/..;//evil.example",
];

fn lines() -> Vec<&'static str> {
    let lines: Vec<_> = CORPUS.lines().chain(MORE).collect();
    assert!(lines.len() > 280, "{}", lines.len());
    lines
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// A login's address, with the value as it stands, encoded, and encoded twice.
fn starts(app: &TestApp, family: Family, line: &str) -> [Url; 3] {
    [line.to_owned(), encoded(line), encoded(&encoded(line))].map(|value| {
        let mut url = app.base.join(family.login).unwrap();
        url.set_query(Some(&format!("return_to={value}")));
        url
    })
}

/// A start from an address of its own, so that the limit for one is not met.
async fn start(browser: &mut Browser, url: &Url, address: usize) -> Answer {
    let address = format!("192.0.2.{address}");
    let request = browser.request(Method::GET, url.as_str());
    browser
        .send(request.header("x-forwarded-for", address))
        .await
}

#[tokio::test]
async fn t116_no_line_of_the_corpus_leads_away() {
    let local = "127.0.0.0/8".parse().unwrap();
    let app = TestApp::builder()
        .fake()
        .site(move |site| site.trusted_proxies = vec![local])
        .start()
        .await;
    let (mut refused, mut entered) = (0, 0);
    for (family_number, family) in FAMILIES.into_iter().enumerate() {
        let mut browser = app.browser();
        for line in lines() {
            for (form, url) in starts(&app, family, line).into_iter().enumerate() {
                let begun = start(&mut browser, &url, 3 * family_number + form).await;
                if begun.status == 400 {
                    assert_eq!(begun.header("location"), "", "{url}");
                    assert_eq!(begun.set_cookies(), Vec::<String>::new());
                    refused += 1;
                    continue;
                }
                let begun = Start::of(&begun);
                let (authorize, cognito) = (begun.location.origin(), app.upstream.base().origin());
                assert_eq!(authorize, cognito, "{url}");
                answer_well(&app, "somebody", &begun.nonce);
                let done = family.back(&mut browser, &begun.query()).await;
                assert_home(&done, line);
                entered += 1;
            }
        }
    }
    // Some lines are paths on the frontend that only look dangerous.
    assert!(
        entered > 10 && refused > 10 * entered,
        "{entered} of {refused}"
    );
}

#[track_caller]
fn assert_home(answer: &Answer, line: &str) {
    assert_eq!(answer.status, 302, "{line}");
    let location = answer.header("location");
    let origin = answer.location().origin().ascii_serialization();
    assert_eq!(origin, FRONTEND, "{line}: {location}");
    assert!(
        answer.location().username().is_empty(),
        "{line}: {location}"
    );
    // Also for those who read no URL but compare the beginning.
    assert!(
        location.starts_with(&format!("{FRONTEND}/")),
        "{line}: {location}"
    );
    assert!(
        !location[FRONTEND.len()..].starts_with("//"),
        "{line}: {location}"
    );
    assert!(
        location.chars().all(|c| c.is_ascii_graphic() && c != '\\'),
        "{line}: {location}"
    );
}

#[test]
fn t116_what_is_accepted_stays_on_any_frontend() {
    let mut accepted = HashSet::new();
    for frontend in [
        FRONTEND,
        "https://app.example.com",
        "https://example.com/app/",
        "http://[::1]:8080",
    ] {
        let frontend = Url::parse(frontend).unwrap();
        for line in lines() {
            let mut form = line.to_owned();
            for _ in 0..4 {
                if let Ok(path) = ReturnPath::parse(&frontend, &form) {
                    let joined = frontend.join(path.as_str()).unwrap();
                    let origin = frontend.origin().ascii_serialization();
                    let appended = Url::parse(&format!("{origin}{}", path.as_str())).unwrap();
                    for url in [joined, appended] {
                        assert_eq!(url.origin(), frontend.origin(), "{form}");
                        assert_eq!((url.username(), url.password()), ("", None), "{form}");
                    }
                    // Taken apart once more it says the same.
                    assert_eq!(
                        ReturnPath::parse(&frontend, path.as_str()),
                        Ok(path),
                        "{form}"
                    );
                    accepted.insert(line);
                }
                form = encoded(&form);
            }
        }
    }
    assert!(
        accepted.iter().all(|line| line.starts_with('/')),
        "{accepted:?}"
    );
    assert!(
        (1..lines().len() / 10).contains(&accepted.len()),
        "{accepted:?}"
    );
}

#[tokio::test]
async fn t116_a_real_sign_in_ends_where_it_may() {
    let app = TestApp::start().await;
    let line = "/redirect?url=//example.com&next=//example.com";
    for (family, url) in FAMILIES.map(|family| (family, starts(&app, family, line)[1].clone())) {
        let mut browser = app.browser();
        let done = app
            .sign_in_at(&mut browser, url.as_str(), "user@example.com")
            .await;
        assert_eq!(done.header("location"), format!("{FRONTEND}{line}"));
        assert_eq!(browser.get(family.who).await.status, 200);
    }
}

/// Not quite `http://app.example.com:3000`.
const LOOK_ALIKES: [&str; 16] = [
    "http://evil-app.example.com:3000",
    "http://app.example.com.evil.example:3000",
    "http://.app.example.com:3000",
    "http://app.example.com.:3000",
    "http://app.example.com",
    "http://app.example.com:30000",
    "http://app.example.com:3001",
    "https://app.example.com:3000",
    "http://app.example.com:3000@evil.example",
    "http://evil.example#app.example.com:3000",
    "http://x.app.example.com:3000",
    "http://example.com:3000",
    "http://APP.example.com:3000.evil.example",
    "http://app.example.com:3000 http://evil.example",
    "http://app\u{ff0e}example.com.evil:3000",
    "null",
];

async fn with_frontend() -> TestApp {
    TestApp::builder()
        .fake()
        .site(|site| site.frontend = Url::parse("http://app.example.com:3000").unwrap())
        .start()
        .await
}

#[tokio::test]
async fn t118_no_look_alike_is_returned_to() {
    let app = with_frontend().await;
    for family in FAMILIES {
        for look_alike in LOOK_ALIKES {
            let bare = look_alike
                .split_once("//")
                .map_or(look_alike, |(_, host)| host);
            for value in [look_alike, &format!("//{bare}"), bare, &format!("@{bare}")] {
                let path = format!("{}?return_to={}", family.login, encoded(value));
                let refused = app.browser().get(&path).await;
                assert_eq!(refused.status, 400, "{value}");
            }
        }
    }
    assert_eq!(app.store.calls("put_login"), 0);
}

#[tokio::test]
async fn t118_no_look_alike_is_an_origin() {
    let app = with_frontend().await;
    let mut browser = app.browser();
    for family in FAMILIES {
        let start = family.begin(&mut browser).await;
        answer_well(&app, "somebody", &start.nonce);
        family.back(&mut browser, &start.query()).await;
        let post = |path, origin: &[u8]| {
            let request = browser
                .request(Method::POST, path)
                .header("x-l42-csrf", "1");
            request.header("origin", origin)
        };
        let (out, renew) = match family.login == TOKEN_HANDLER.login {
            true => ("/auth/logout", "/auth/refresh"),
            false => ("/api/v1/auth/logout", "/api/v1/auth/refresh"),
        };
        let mut stranger = browser.copy();
        for look_alike in LOOK_ALIKES {
            for path in [out, renew] {
                let refused = stranger.send(post(path, look_alike.as_bytes())).await;
                assert_eq!(refused.status, 403, "{look_alike}");
                assert_eq!(refused.header("access-control-allow-origin"), "");
                assert_eq!(refused.set_cookies(), Vec::<String>::new());
            }
        }
        assert_eq!(stranger.get(family.who).await.status, 200);
        let own = stranger
            .send(post(out, b"http://app.example.com:3000"))
            .await;
        assert_eq!(own.status, 200);
    }
}

#[tokio::test]
async fn t118_no_look_alike_is_a_callback_origin() {
    let app = TestApp::builder()
        .fake()
        .site(|site| {
            let listed = ["http://app.example.com:3000", "http://other.example.com"];
            site.callback_origins = Some(CallbackOrigins {
                listed: listed.map(|url| Url::parse(url).unwrap()).into(),
                any: false,
            });
        })
        .start()
        .await;
    for family in FAMILIES {
        let redirect_uri = async |host: &str| {
            let request = format!(
                "GET {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
                family.login
            );
            let answer = support::raw(&app, request.as_bytes()).await;
            let location = answer
                .lines()
                .find_map(|line| line.strip_prefix("location: "));
            location.map(|location| only(&Url::parse(location).unwrap(), "redirect_uri"))
        };
        let own = redirect_uri("app.example.com:3000").await.unwrap();
        assert_eq!(
            own,
            format!("http://app.example.com:3000{}", family.callback)
        );
        let default = app.base.join(family.callback).unwrap();
        for look_alike in LOOK_ALIKES {
            // The scheme is this server's own, whatever a header says.
            let Some(host) = look_alike.strip_prefix("http://") else {
                continue;
            };
            // No answer but a refusal is as good.
            if let Some(redirect_uri) = redirect_uri(host).await {
                assert_eq!(redirect_uri, default.as_str(), "{host}");
            }
        }
    }
}

#[tokio::test]
async fn t118_forwarded_headers_lead_nowhere() {
    let local = "127.0.0.0/8".parse().unwrap();
    for trusted in [vec![], vec![local]] {
        let app = TestApp::builder()
            .fake()
            .site(move |site| site.trusted_proxies = trusted)
            .start()
            .await;
        let forged = |request: reqwest::RequestBuilder| {
            ["host", "server", "proto", "port", "prefix", "uri", "scheme"]
                .iter()
                .fold(request, |request, name| {
                    request.header(format!("x-forwarded-{name}"), "evil.example")
                })
                .header("forwarded", "for=1.2.3.4;host=evil.example;proto=https")
                .header("x-original-url", "//evil.example")
                .header("x-rewrite-url", "//evil.example")
                .header("x-host", "evil.example")
        };
        for family in FAMILIES {
            let mut browser = app.browser();
            let request = forged(browser.request(Method::GET, family.login));
            let start = Start::of(&browser.send(request).await);
            let redirect_uri = app.base.join(family.callback).unwrap();
            assert_eq!(only(&start.location, "redirect_uri"), redirect_uri.as_str());
            answer_well(&app, "somebody", &start.nonce);
            let path = format!("{}?{}", family.callback, start.query());
            let request = forged(browser.request(Method::GET, &path));
            family.assert_signed_in(&browser.send(request).await);
        }
    }
}

#[tokio::test]
async fn t119_what_was_checked_is_what_is_sent() {
    let app = TestApp::builder().fake().start().await;
    for family in FAMILIES {
        for long in [2_049, 3_000, 15_000] {
            let path = format!("{}?return_to=/{}", family.login, "a".repeat(long));
            assert_eq!(app.browser().get(&path).await.status, 400, "{long}");
        }
        for (asked, sent) in [
            ("/a/../b", "/b"),
            ("/a/./b?x=/../c", "/a/b?x=/../c"),
            ("/caf\u{e9} x", "/caf%C3%A9%20x"),
            ("/x?q=\"<>#f", "/x?q=%22%3C%3E#f"),
            ("/%7Euser", "/%7Euser"),
        ] {
            let mut browser = app.browser();
            let path = format!("{}?return_to={}", family.login, encoded(asked));
            let start = Start::of(&browser.get(&path).await);
            answer_well(&app, "somebody", &start.nonce);
            let more = "&return_to=//evil.example&rd=//evil.example&redirect_uri=//evil.example";
            let done = family.back(&mut browser, &(start.query() + more)).await;
            assert_eq!(done.header("location"), format!("{FRONTEND}{sent}"));
        }
        for double in [
            "/%2fevil.example",
            "/%252fevil.example",
            "/%5Cevil.example",
            "%2F%2Fevil",
        ] {
            let path = format!("{}?return_to={}", family.login, encoded(double));
            assert_eq!(app.browser().get(&path).await.status, 400, "{double}");
        }
    }
}

#[tokio::test]
async fn t119_every_line_at_every_other_door() {
    let app = TestApp::builder().fake().start().await;
    let mut browser = app.browser();
    sign_in(&app, BACKEND_PROXY, &mut browser, "somebody").await;
    for line in lines().into_iter().step_by(7) {
        let value = encoded(line);
        let query = format!("return_to={value}&rd={value}&redirect={value}&logout_uri={value}");
        let out = browser
            .get(&format!("/api/v1/auth/logout/redirect?{query}"))
            .await;
        let url = Url::parse(out.json()["url"].as_str().unwrap()).unwrap();
        let to = Url::parse(&only(&url, "logout_uri")).unwrap();
        assert_eq!(to.origin().ascii_serialization(), FRONTEND, "{line}");
        for family in FAMILIES {
            for query in [
                format!("{query}&state=unknown&code=a"),
                format!("error={value}&{query}"),
            ] {
                assert_home(&family.back(&mut browser, &query).await, line);
            }
        }
    }
    assert!(browser.cookie(SESSION).is_some());
}

#[tokio::test]
async fn t121_malformed_addresses_are_refused() {
    let app = TestApp::builder().fake().start().await;
    for family in FAMILIES {
        for malformed in [
            "http://[",
            "%",
            "http://:80",
            "http://[::1",
            "//[",
            "/%",
            "http://%",
            "http://a b",
            "%E0%A4%A",
            "http://[::g]",
            "http://1.2.3.4.5:99999",
            "//:80",
            "::",
            "?",
            "#",
            "%00",
        ] {
            for value in [malformed.to_owned(), encoded(malformed)] {
                let value = value.replace(' ', "%20");
                let line = format!("GET {}?return_to={value}", family.login);
                let (status, answer) = raw(&app, &line, b"").await;
                // A lone percent sign behind a slash is a path like others.
                let expected = if malformed == "/%" { 302 } else { 400 };
                assert_eq!(status, expected, "{value}: {answer}");
            }
        }
    }
}
