//! The API's description and the routes say the same.

use std::collections::BTreeSet;

use cogward_testkit::{Browser, TestApp};
use reqwest::Method;
use serde_json::Value;

use crate::sign_ins::{BACKEND_PROXY, Family, SESSION, TOKEN_HANDLER, sign_in};

const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

async fn document(app: &TestApp) -> Value {
    app.browser().get("/openapi.json").await.json()
}

fn paths(document: &Value) -> BTreeSet<String> {
    document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

/// The status that a method gets at a documented path.
async fn status(browser: &mut Browser, method: &Method, path: &str) -> u16 {
    let path = path
        .replace("{handle}", "aaaaaaaa")
        .replace("{id}", "bbbbbbbb");
    let request = browser
        .request(method.clone(), &path)
        .header("x-l42-csrf", "1");
    browser.send(request).await.status.as_u16()
}

#[tokio::test]
async fn what_is_documented_is_served_and_nothing_else() {
    let app = TestApp::builder().fake().start().await;
    let document = document(&app).await;
    for path in paths(&document) {
        let mut served = 0;
        for method in METHODS {
            let operation = &document["paths"][&path][method.as_str().to_lowercase()];
            let status = status(&mut app.browser(), &method, &path).await;
            if operation.is_null() {
                assert_eq!(status, 405, "{method} {path} is served and not documented");
                continue;
            }
            served += 1;
            assert!(
                ![404, 405].contains(&status),
                "{method} {path} is not served"
            );
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.contains_key(&status.to_string()),
                "{method} {path} answers {status}, documented are {:?}",
                responses.keys()
            );
        }
        assert!(served > 0, "{path} has no operation");
    }
}

/// Where the description itself is shown.
const PAGES: [&str; 4] = ["/docs", "/docs/page.css", "/docs/page.js", "/openapi.json"];

#[tokio::test]
async fn every_route_is_documented() {
    let app = TestApp::start().await;
    let source = include_str!("../../src/router.rs");
    let mut routes = BTreeSet::new();
    let mut prefix = "";
    for line in source.lines() {
        match line.trim() {
            line if line.starts_with("fn token_handler(") => prefix = "/auth",
            line if line.starts_with("fn backend_proxy(") => prefix = "/api/v1",
            _ => {}
        }
        let quoted: Vec<&str> = line.split('"').collect();
        if let [before, path, _] = quoted[..]
            && path.starts_with('/')
        {
            let own = if before.contains("at(") { prefix } else { "" };
            routes.insert(format!("{own}{path}"));
        }
    }
    let calls = source.matches("table.add(").count() + source.matches(".route(").count();
    assert_eq!(routes.len(), calls, "{routes:?}");
    routes.retain(|route| !PAGES.contains(&route.as_str()));
    assert_eq!(routes, paths(&document(&app).await));
}

#[tokio::test]
async fn a_family_that_is_switched_off_is_not_there() {
    let full = document(&TestApp::start().await).await;
    for (off, prefix, on) in [
        (TOKEN_HANDLER, "/auth/", BACKEND_PROXY),
        (BACKEND_PROXY, "/api/v1/", TOKEN_HANDLER),
    ] {
        let app = without(off).await;
        let (gone, left): (BTreeSet<_>, BTreeSet<_>) = paths(&full)
            .into_iter()
            .partition(|path| path.starts_with(prefix));
        assert!(gone.len() >= 7, "{gone:?}");
        assert_eq!(paths(&document(&app).await), left);

        let mut browser = app.browser();
        sign_in(&app, on, &mut browser, "somebody").await;
        for path in gone {
            for method in METHODS {
                assert_eq!(
                    status(&mut browser, &method, &path).await,
                    404,
                    "{method} {path}"
                );
            }
        }
        assert!(browser.cookie(SESSION).is_some());
        assert_eq!(browser.get(on.who).await.status, 200);
        for path in left {
            assert_ne!(
                status(&mut app.browser(), &Method::GET, &path).await,
                404,
                "{path}"
            );
        }
    }
}

async fn without(family: Family) -> TestApp {
    let app = TestApp::builder().fake();
    let app = app.site(move |site| match family.login == TOKEN_HANDLER.login {
        true => site.token_handler = None,
        false => site.backend_proxy = None,
    });
    app.start().await
}

#[tokio::test]
async fn a_family_that_is_moved_is_only_there() {
    let app = TestApp::builder()
        .fake()
        .site(|site| {
            site.token_handler = Some("/login/handler".into());
            site.backend_proxy = Some("/v2".into());
        })
        .start()
        .await;
    let mut browser = app.browser();
    for (path, expected) in [
        ("/login/handler/token", 401),
        ("/v2/auth/check", 401),
        ("/auth/token", 404),
        ("/api/v1/auth/check", 404),
    ] {
        assert_eq!(browser.get(path).await.status, expected, "{path}");
    }
    // The protocol's header goes with its prefix, and its way to say no.
    let request = browser.request(Method::POST, "/login/handler/logout");
    let refused = browser.send(request).await;
    assert_eq!(refused.json()["error"], "CSRF validation failed");
    let request = browser.request(Method::POST, "/login/handlers");
    assert_eq!(browser.send(request).await.json()["error"], "not_found");
}

#[tokio::test]
async fn the_description_is_shown_only_where_it_is_wanted() {
    let shown = TestApp::start().await;
    let hidden = TestApp::builder()
        .site(|site| site.show_api = false)
        .start()
        .await;
    for path in PAGES {
        assert_eq!(shown.browser().get(path).await.status, 200, "{path}");
        assert_eq!(hidden.browser().get(path).await.status, 404, "{path}");
    }
}
