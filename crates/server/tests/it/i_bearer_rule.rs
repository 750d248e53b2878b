//! Threats I: bearer or session. One rule where both could be meant, at every route.

use cogward_auth::Bearers;
use cogward_testkit::{Answer, Browser, FRONTEND, TestApp, holds_a_token};
use reqwest::Method;
use serde_json::{Value, json};

use crate::i_bearer::{
    ALICE, BOB, INVALID, MALFORMED, NOT_ADMIN, ROUTES, SEVERAL, bear, builder, challenges, send,
    text, whose,
};
use crate::sign_ins::Watch;
use crate::support::{claims, operations, session_operations, token_calls, tokens};

const PRIVATE: (Method, &str) = (Method::GET, "/messages/private");
const EVIL: &str = "https://evil.example";
const KINDS: [&str; 2] = ["access_token", "id_token"];

fn sub(token: &Value) -> String {
    claims(token)["sub"].as_str().unwrap().to_owned()
}

async fn signed_in(app: &TestApp, email: &str) -> Browser {
    let mut browser = app.browser();
    app.sign_in(&mut browser, email).await;
    browser
}

/// Bob is an administrator, Alice is not.
fn granted(method: &Method, admin: bool) -> u16 {
    match (method, admin) {
        (&Method::DELETE, false) => 403,
        _ => 200,
    }
}

#[tokio::test]
async fn bearer_or_session_and_a_bearer_goes_first() {
    let app = builder().start().await;
    let (alice, bob) = (tokens(&app, ALICE).await, tokens(&app, BOB).await);
    let mut of_bob = signed_in(&app, BOB).await;
    let mut of_alice = signed_in(&app, ALICE).await;
    for (method, path) in ROUTES {
        let route = || (method.clone(), path);
        for kind in KINDS {
            let (token, other) = (text(&alice, kind), text(&bob, kind));
            let cases = [
                (
                    "bearer",
                    bear(&mut app.browser(), route(), token).await,
                    &alice,
                    false,
                ),
                (
                    "bearer",
                    bear(&mut app.browser(), route(), other).await,
                    &bob,
                    true,
                ),
                (
                    "both",
                    bear(&mut of_bob, route(), token).await,
                    &alice,
                    false,
                ),
                (
                    "both",
                    bear(&mut of_alice, route(), other).await,
                    &bob,
                    true,
                ),
                ("session", send(&mut of_bob, route(), &[]).await, &bob, true),
                (
                    "session",
                    send(&mut of_alice, route(), &[]).await,
                    &alice,
                    false,
                ),
            ];
            for (what, answer, person, admin) in cases {
                let what = format!("{what} {method} {path} {kind}: {}", answer.body);
                assert_eq!(answer.status, granted(&method, admin), "{what}");
                assert_eq!(answer.set_cookies(), Vec::<String>::new(), "{what}");
                if answer.status == 200 {
                    assert_eq!(whose(&answer), sub(&person["id_token"]), "{what}");
                } else {
                    NOT_ADMIN.assert_is(&answer, &what);
                }
            }
        }
    }
}

#[tokio::test]
async fn what_a_bearer_may_tell_of_itself() {
    let app = builder().start().await;
    let bob = tokens(&app, BOB).await;
    let id = sub(&bob["id_token"]);
    for (kind, email) in [("id_token", json!(BOB)), ("access_token", Value::Null)] {
        let mut browser = app.browser();
        let mut get = async |path| {
            let route = (Method::GET, path);
            bear(&mut browser, route, text(&bob, kind)).await.json()
        };
        let me = json!({ "email": email, "sub": id, "groups": ["admin"] });
        assert_eq!(get("/auth/me").await, me);
        let check = json!({ "authenticated": true, "user": { "id": id, "email": email } });
        assert_eq!(get("/api/v1/auth/check").await, check);
        let profile = json!({ "authenticated": true, "session_id": null });
        let profile = json!({ "user_id": id, "email": email, "profile": profile });
        assert_eq!(get("/api/v1/profile").await, profile);
        let feed = json!({ "feed": "personalized", "user": id });
        assert_eq!(get("/feed").await, feed);
        let named = email.as_str().unwrap_or("unknown");
        let message = json!({ "message": format!("Hello, {named}!"), "user_id": id });
        assert_eq!(get("/messages/private").await, message);
    }
}

#[tokio::test]
async fn t110_a_bad_bearer_is_401_beside_a_good_session_which_stays() {
    let app = builder().start().await;
    let mut browser = signed_in(&app, ALICE).await;
    let mut watch = Watch::new(&app).await;
    for route in ROUTES {
        let answer = bear(&mut browser, route, "no.good.token").await;
        INVALID.assert_is(&answer, "bad bearer");
    }
    let feed = bear(&mut browser, (Method::GET, "/feed"), "no.good.token").await;
    assert_eq!(feed.json(), json!({ "feed": "generic" }));
    assert_eq!(browser.get("/auth/me").await.status, 200);
    watch.assert_nothing_changed(&app).await;
}

/// What no session and no bearer is answered, by family.
#[track_caller]
fn assert_nobody(answer: &Answer, what: &str) {
    assert_asks_for(r#"Bearer realm="api""#, answer, what);
}

/// The same where an application's own routes ask for something else.
#[track_caller]
fn assert_asks_for(wanted: &str, answer: &Answer, what: &str) {
    let path = answer.url.path();
    let (body, scheme) = match path {
        "/auth/me" => (json!({ "error": "Not authenticated" }), "Cookie"),
        path if path.starts_with("/api/") => (
            json!({
                "error": "authentication_required", "message": "Authentication required",
                "detail": "Authentication required",
                "request_id": answer.header("x-request-id"),
            }),
            "Cookie",
        ),
        _ => (json!({ "detail": "Not authenticated" }), wanted),
    };
    assert_eq!(answer.status, 401, "{what} at {path}: {}", answer.body);
    assert_eq!(answer.json(), body, "{what} at {path}");
    assert_eq!(challenges(answer), [scheme], "{what} at {path}");
    assert_eq!(answer.set_cookies(), Vec::<String>::new(), "{what}");
}

#[tokio::test]
async fn t110_other_schemes_are_no_bearer_and_leave_the_session_alone() {
    let app = builder().start().await;
    let alice = tokens(&app, ALICE).await;
    let bob = sub(&tokens(&app, BOB).await["id_token"]);
    let mut of_bob = signed_in(&app, BOB).await;
    let mut watch = Watch::new(&app).await;
    let token = text(&alice, "access_token");
    let cookie = of_bob.cookie("cogward_session").unwrap().to_owned();
    for credentials in [
        format!("Basic {token}"),
        "Basic dXNlcjpwYXNz".to_owned(),
        format!("DPoP {token}"),
        format!("Token {token}"),
        format!("Bearerx {token}"),
        format!("Bearer:{token}"),
        format!("Bearer={token}"),
        format!("JWT {token}"),
        token.to_owned(),
        format!("Session {cookie}"),
        format!("Cookie {cookie}"),
        String::new(),
    ] {
        let header = [("authorization", credentials.as_str())];
        for route in ROUTES {
            let answer = send(&mut app.browser(), route.clone(), &header).await;
            assert_nobody(&answer, &credentials);
            let answer = send(&mut of_bob, route, &header).await;
            assert_eq!(answer.status, 200, "{credentials}: {}", answer.body);
            assert_eq!(whose(&answer), bob, "{credentials}");
        }
    }
    watch.assert_nothing_changed(&app).await;
}

#[tokio::test]
async fn t110_the_scheme_has_any_case_and_the_token_any_number_of_spaces_before_it() {
    let app = builder().start().await;
    let alice = tokens(&app, ALICE).await;
    let mut of_bob = signed_in(&app, BOB).await;
    let token = text(&alice, "access_token");
    for credentials in ["bearer", "BEARER", "bEaReR", "Bearer ", "Bearer    "] {
        let credentials = format!("{credentials} {token}");
        let header = [("authorization", credentials.as_str())];
        for browser in [&mut app.browser(), &mut of_bob] {
            let answer = send(browser, PRIVATE, &header).await;
            assert_eq!(whose(&answer), sub(&alice["id_token"]), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn t110_credentials_that_could_be_two_are_none() {
    let app = builder().start().await;
    let (alice, bob) = (tokens(&app, ALICE).await, tokens(&app, BOB).await);
    let mut of_bob = signed_in(&app, BOB).await;
    let mut watch = Watch::new(&app).await;
    let (a, b) = (text(&alice, "access_token"), text(&bob, "access_token"));
    let lines = |lines: &[String]| lines.to_vec();
    for (refusal, lines) in [
        (
            SEVERAL,
            lines(&[format!("Bearer {a}"), format!("Bearer {b}")]),
        ),
        (
            SEVERAL,
            lines(&[format!("Bearer {a}"), format!("Bearer {a}")]),
        ),
        (
            SEVERAL,
            lines(&["Basic dXNlcjpwYXNz".into(), format!("Bearer {a}")]),
        ),
        (
            SEVERAL,
            lines(&[format!("Bearer {a}"), "Basic dXNlcjpwYXNz".into()]),
        ),
        (SEVERAL, lines(&[String::new(), format!("Bearer {a}")])),
        (MALFORMED, lines(&[format!("Bearer {a}, {b}")])),
        (MALFORMED, lines(&[format!("Bearer {a},{b}")])),
        (MALFORMED, lines(&[format!("Bearer {a}, Bearer {b}")])),
        (MALFORMED, lines(&[format!("Bearer {a} {b}")])),
        (MALFORMED, lines(&[format!("Bearer {a};x=y")])),
        (MALFORMED, lines(&[format!("Bearer token={a}")])),
        (MALFORMED, lines(&["Bearer".into()])),
        (MALFORMED, lines(&["Bearer ".into()])),
        (MALFORMED, lines(&["Bearer ==".into()])),
    ] {
        let headers: Vec<_> = lines
            .iter()
            .map(|line| ("authorization", line.as_str()))
            .collect();
        for browser in [&mut app.browser(), &mut of_bob] {
            for route in ROUTES {
                let answer = send(browser, route, &headers).await;
                refusal.assert_is(&answer, &format!("{lines:.40?}"));
            }
            let feed = send(browser, (Method::GET, "/feed"), &headers).await;
            assert_eq!(feed.json(), json!({ "feed": "generic" }));
        }
    }
    assert_eq!(of_bob.get("/auth/me").await.status, 200);
    watch.assert_nothing_changed(&app).await;
}

#[tokio::test]
async fn t110_a_token_comes_in_no_other_way() {
    let app = builder().start().await;
    let alice = tokens(&app, ALICE).await;
    let bob = sub(&tokens(&app, BOB).await["id_token"]);
    let mut of_bob = signed_in(&app, BOB).await;
    for kind in KINDS {
        let token = text(&alice, kind);
        let form = format!("access_token={token}");
        for (method, path) in ROUTES {
            let with_query = format!("{path}?access_token={token}&token={token}");
            for (path, headers) in [
                (with_query.as_str(), vec![]),
                (path, vec![("cookie", format!("access_token={token}"))]),
                (path, vec![("x-access-token", token.to_owned())]),
                (path, vec![("x-authorization", format!("Bearer {token}"))]),
                (
                    path,
                    vec![("proxy-authorization", format!("Bearer {token}"))],
                ),
                (
                    path,
                    vec![("x-forwarded-authorization", format!("Bearer {token}"))],
                ),
                (
                    path,
                    vec![("sec-websocket-protocol", format!("bearer, {token}"))],
                ),
            ] {
                let headers: Vec<_> = headers
                    .iter()
                    .map(|(name, value)| (*name, value.as_str()))
                    .collect();
                let answer = send(&mut app.browser(), (method.clone(), path), &headers).await;
                assert_nobody(&answer, &format!("{headers:.40?}"));
                let of_alice = headers.iter().any(|(name, _)| *name == "cookie");
                if !of_alice {
                    let answer = send(&mut of_bob, (method.clone(), path), &headers).await;
                    assert_eq!(whose(&answer), bob, "{}", answer.body);
                }
            }
            // RFC 6750 §2.2.
            let mut stranger = app.browser();
            let request = stranger.request(method.clone(), path).body(form.clone());
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            assert_nobody(&stranger.send(request).await, "form");
        }
    }
}

#[tokio::test]
async fn which_kinds_count_is_a_setting() {
    for (bearers, access, id) in [
        (Bearers::Any, true, true),
        (Bearers::Access, true, false),
        (Bearers::Id, false, true),
    ] {
        let app = builder()
            .settings(|settings| settings.bearers = bearers)
            .start()
            .await;
        let bob = tokens(&app, BOB).await;
        let mut browser = signed_in(&app, BOB).await;
        for (kind, counts) in [("access_token", access), ("id_token", id)] {
            for browser in [&mut app.browser(), &mut browser] {
                for route in ROUTES {
                    // Twice: the second time it is remembered as genuine.
                    for _ in 0..2 {
                        let answer = bear(browser, route.clone(), text(&bob, kind)).await;
                        match counts {
                            true => assert_eq!(answer.status, 200, "{}", answer.body),
                            false => INVALID.assert_is(&answer, kind),
                        }
                    }
                }
            }
        }
        assert_eq!(browser.get("/messages/private").await.status, 200);
    }
}

#[tokio::test]
async fn switched_off_nobody_looks_at_the_header() {
    let app = builder()
        .settings(|settings| settings.bearers = Bearers::Off)
        .start()
        .await;
    let alice = tokens(&app, ALICE).await;
    let bob = sub(&tokens(&app, BOB).await["id_token"]);
    let mut of_bob = signed_in(&app, BOB).await;
    let good = format!("Bearer {}", text(&alice, "access_token"));
    for headers in [
        vec![("authorization", good.as_str())],
        vec![("authorization", "Bearer no.good.token")],
        vec![("authorization", "Bearer a b")],
        vec![("authorization", &good), ("authorization", &good)],
    ] {
        for route in ROUTES {
            let answer = send(&mut app.browser(), route.clone(), &headers).await;
            assert_asks_for("Cookie", &answer, "off");
            let answer = send(&mut of_bob, route, &headers).await;
            assert_eq!(whose(&answer), bob, "{}", answer.body);
        }
    }
}

/// What handles sessions themselves is for those who have one.
#[tokio::test]
async fn t130_no_session_route_takes_a_bearer() {
    let app = builder().start().await;
    let alice = tokens(&app, ALICE).await;
    let bearers = [
        "/auth/me",
        "/auth/authorize",
        "/auth/authorize/batch",
        "/auth/permissions",
        "/api/v1/auth/check",
        "/api/v1/auth/context/cccccccc",
        "/api/v1/profile",
    ];
    let mut of_alice = signed_in(&app, ALICE).await;
    let mut tested = 0;
    for (method, path) in session_operations(&app).await {
        if bearers.contains(&path.as_str()) {
            continue;
        }
        for token in [text(&alice, "access_token"), text(&alice, "id_token"), "x"] {
            let credentials = format!("Bearer {token}");
            let headers = [("authorization", credentials.as_str()), ("x-l42-csrf", "1")];
            let answer = send(&mut app.browser(), (method.clone(), &path), &headers).await;
            assert_eq!(answer.status, 401, "{method} {path}: {}", answer.body);
            assert!(!holds_a_token(&answer.body), "{method} {path}");
            assert_eq!(answer.set_cookies(), Vec::<String>::new(), "{path}");
            tested += 1;
        }
    }
    assert!(tested >= 18, "{tested}");
    // Beside a session it changes nothing, and no bearer at all makes one.
    let headers = [("authorization", "Bearer x")];
    for path in ["/auth/token", "/api/v1/auth/sessions"] {
        let answer = send(&mut of_alice, (Method::GET, path), &headers).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
    for (method, path) in ROUTES {
        let answer = send(
            &mut app.browser(),
            (method, &format!("{path}?token=x")),
            &[],
        )
        .await;
        assert_nobody(&answer, "a token in the query");
    }
}

/// It ends a cookie's session; of a bearer it says nothing and ends nothing.
#[tokio::test]
async fn sign_out_with_a_bearer_ends_nothing() {
    let app = builder().start().await;
    let alice = tokens(&app, ALICE).await;
    let mut of_alice = signed_in(&app, ALICE).await;
    let token = text(&alice, "access_token");
    let credentials = format!("Bearer {token}");
    let headers = [("authorization", credentials.as_str()), ("x-l42-csrf", "1")];
    let writes = app.store.writes();
    for path in ["/auth/logout", "/api/v1/auth/logout"] {
        let answer = send(&mut app.browser(), (Method::POST, path), &headers).await;
        assert_eq!(answer.json()["success"], true, "{}", answer.body);
    }
    assert_eq!(app.store.writes(), writes);
    assert_eq!(of_alice.get("/auth/me").await.status, 200);
    let answer = bear(&mut app.browser(), PRIVATE, token).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        crate::support::refresh_at_pool(&app, text(&alice, "refresh_token")).await,
        200
    );
}

/// A bearer is sent on purpose. All the same nothing is changed from a page elsewhere.
#[tokio::test]
async fn t88_unsafe_methods_are_refused_to_pages_elsewhere_with_a_bearer_too() {
    let app = builder().start().await;
    let bob = tokens(&app, BOB).await;
    let mut of_bob = signed_in(&app, BOB).await;
    let credentials = format!("Bearer {}", text(&bob, "access_token"));
    let mut unsafe_routes = vec![(Method::DELETE, "/users/1".to_owned())];
    let described = operations(&app).await.into_iter();
    unsafe_routes.extend(described.filter(|(method, _)| *method != Method::GET));
    let before = (app.store.writes(), token_calls(&app).await);
    for (method, path) in &unsafe_routes {
        for (name, value) in [
            ("origin", EVIL),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("referer", "https://evil.example/page"),
        ] {
            let headers = [
                ("authorization", credentials.as_str()),
                (name, value),
                ("x-l42-csrf", "1"),
            ];
            for browser in [&mut app.browser(), &mut of_bob] {
                let answer = send(browser, (method.clone(), path), &headers).await;
                assert_eq!(
                    answer.status, 403,
                    "{method} {path} {value}: {}",
                    answer.body
                );
                assert_eq!(answer.header("access-control-allow-origin"), "");
                assert_eq!(answer.set_cookies(), Vec::<String>::new());
            }
        }
        if path.starts_with("/auth/") {
            let headers = [("authorization", credentials.as_str())];
            let answer = send(&mut of_bob, (method.clone(), path), &headers).await;
            assert_eq!(answer.status, 403, "without the protocol's header: {path}");
        }
    }
    assert_eq!((app.store.writes(), token_calls(&app).await), before);
    let delete = (Method::DELETE, "/users/1");
    for headers in [
        vec![],
        vec![("origin", FRONTEND)],
        vec![("sec-fetch-site", "same-origin")],
    ] {
        let headers = [&headers[..], &[("authorization", &credentials)]].concat();
        let answer = send(&mut app.browser(), delete.clone(), &headers).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

#[tokio::test]
async fn t92_a_page_may_send_a_bearer_from_a_configured_origin_only() {
    const APP: &str = "https://app.example.com";
    let app = builder()
        .site(|site| site.allowed_origins = vec![APP.parse().unwrap()])
        .start()
        .await;
    let bob = tokens(&app, BOB).await;
    let credentials = format!("Bearer {}", text(&bob, "access_token"));
    for origin in [APP, FRONTEND, EVIL, "null", "https://app.example.com.evil"] {
        let allowed = [APP, FRONTEND].contains(&origin);
        for (method, path) in ROUTES {
            let asked = [
                ("origin", origin),
                ("access-control-request-method", method.as_str()),
                ("access-control-request-headers", "authorization"),
            ];
            let preflight = send(&mut app.browser(), (Method::OPTIONS, path), &asked).await;
            let headers = preflight
                .header("access-control-allow-headers")
                .to_ascii_lowercase();
            let named = headers
                .split(',')
                .any(|name| name.trim() == "authorization");
            let told = preflight.header("access-control-allow-origin");
            assert_eq!(told, if allowed { origin } else { "" }, "{path}");
            assert!(named || !allowed, "{path}: {headers}");
            let sent = [
                ("origin", origin),
                ("sec-fetch-site", "cross-site"),
                ("authorization", credentials.as_str()),
            ];
            let answer = send(&mut app.browser(), (method.clone(), path), &sent).await;
            let told = answer.header("access-control-allow-origin");
            assert_eq!(told, if allowed { origin } else { "" }, "{path}");
            if allowed {
                assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
                let exposed = answer
                    .header("access-control-expose-headers")
                    .to_ascii_lowercase();
                assert!(exposed.contains("www-authenticate"), "{exposed}");
            }
        }
    }
    // The cookie of a session is not lent to a page elsewhere, bearer or none.
    let mut of_bob = signed_in(&app, BOB).await;
    let answer = send(&mut of_bob, PRIVATE, &[("origin", EVIL)]).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
}

#[tokio::test]
async fn t52_without_the_token_handler_no_bearer_gets_a_token_out() {
    let app = builder()
        .site(|site| site.token_handler = None)
        .start()
        .await;
    let alice = tokens(&app, ALICE).await;
    let mut of_alice = signed_in(&app, ALICE).await;
    let held = app.token_set(&of_alice).await;
    let mut operations = operations_without_handler(&app).await;
    operations.sort_by_key(|(_, path)| path.contains("logout"));
    for kind in KINDS {
        let token = text(&alice, kind);
        for path in ["token", "session", "refresh", "logout", "me"] {
            for method in [Method::GET, Method::POST] {
                let path = format!("/auth/{path}");
                let answer = bear(&mut of_alice, (method, &path), token).await;
                assert_eq!(answer.status, 404, "{path}");
            }
        }
        for (method, path) in &operations {
            for browser in [&mut app.browser(), &mut of_alice.copy()] {
                let answer = bear(browser, (method.clone(), path), token).await;
                assert!(answer.status.as_u16() < 500, "{method} {path}");
                let text = format!("{} {:?}", answer.body, answer.headers);
                assert!(!holds_a_token(&text), "{method} {path}: {text}");
                let refresh_token = held.refresh_token.as_ref().unwrap().expose();
                assert!(!text.contains(refresh_token), "{method} {path}");
            }
        }
    }
}

async fn operations_without_handler(app: &TestApp) -> Vec<(Method, String)> {
    let mut operations = operations(app).await;
    let own = ROUTES
        .into_iter()
        .filter(|(_, path)| !path.starts_with("/auth"));
    operations.extend(own.map(|(method, path)| (method, path.to_owned())));
    operations.push((Method::GET, "/feed".to_owned()));
    operations
}

#[tokio::test]
async fn the_description_says_what_each_route_takes() {
    let app = builder().start().await;
    let document = app.browser().get("/openapi.json").await.json();
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["session"]["in"], "cookie");
    assert_eq!(schemes["session"]["name"], "cogward_session");
    assert_eq!(schemes["bearer"]["scheme"], "bearer");
    let bob = tokens(&app, BOB).await;
    let credentials = format!("Bearer {}", text(&bob, "access_token"));
    let bearer = [("authorization", credentials.as_str()), ("x-l42-csrf", "1")];
    let mut taking = 0;
    for (method, path) in operations(&app).await {
        let item = path
            .replace("aaaaaaaa", "{handle}")
            .replace("bbbbbbbb", "{id}")
            .replace("cccccccc", "{name}");
        let operation = &document["paths"][item][method.as_str().to_lowercase()];
        let ways = operation["security"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let takes = |name: &str| ways.iter().any(|way| way.get(name).is_some());
        let anybody = ways.is_empty() || ways.contains(&json!({}));
        let mut signed_in = match takes("session") {
            true => signed_in(&app, ALICE).await,
            false => app.browser(),
        };
        for (what, answer, takes) in [
            (
                "nothing",
                send(&mut app.browser(), (method.clone(), &path), &bearer[1..]).await,
                false,
            ),
            (
                "bearer",
                send(&mut app.browser(), (method.clone(), &path), &bearer).await,
                takes("bearer"),
            ),
            (
                "session",
                send(&mut signed_in, (method.clone(), &path), &bearer[1..]).await,
                takes("session"),
            ),
        ] {
            let refused = answer.status == 401;
            assert_eq!(refused, !anybody && !takes, "{method} {path} with {what}");
        }
        taking += usize::from(takes("bearer"));
    }
    assert_eq!(taking, 7);
}
