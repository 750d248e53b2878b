//! Threats I: what the tests of bearer tokens share. Routes as an application's author
//! writes them, and what a refusal looks like at each.

use std::sync::Arc;

use axum::extract::Path;
use axum::routing::{delete, get};
use axum::{Json, Router};
use cogward_server::{App, Denied, User};
use cogward_testkit::{Answer, Browser, Builder, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::sign_ins::{BACKEND_PROXY, Watch, sign_in};

pub(crate) const ALICE: &str = "user@example.com";
pub(crate) const BOB: &str = "admin@example.com";

/// The routes of contracts §3, over the public extractors.
pub(crate) fn routes(app: &Arc<App>) -> Router {
    Router::new()
        .route("/messages/public", get(public))
        .route("/messages/private", get(private))
        .route("/feed", get(feed))
        .route("/users/{id}", delete(delete_user))
        .with_state(Arc::clone(app))
}

async fn public() -> Json<Value> {
    Json(json!({ "message": "Hello, world!" }))
}

async fn private(user: User) -> Json<Value> {
    let email = user.email().unwrap_or("unknown");
    Json(json!({ "message": format!("Hello, {email}!"), "user_id": user.sub() }))
}

async fn feed(user: Option<User>) -> Json<Value> {
    Json(match user {
        Some(user) => json!({ "feed": "personalized", "user": user.sub() }),
        None => json!({ "feed": "generic" }),
    })
}

async fn delete_user(user: User, Path(id): Path<String>) -> Result<Json<Value>, Denied> {
    user.require_group("admin", "Admin access required")?;
    Ok(Json(json!({ "deleted": id, "user_id": user.sub() })))
}

/// Where a caller is needed.
pub(crate) const ROUTES: [(Method, &str); 5] = [
    (Method::GET, "/messages/private"),
    (Method::DELETE, "/users/1"),
    (Method::GET, "/auth/me"),
    (Method::GET, "/api/v1/auth/check"),
    (Method::GET, "/api/v1/profile"),
];

/// The local pool, or with [`Builder::fake`] the other one, and the routes above.
pub(crate) fn builder() -> Builder {
    TestApp::builder().routes(routes)
}

/// One request with these headers and the jar's cookies.
pub(crate) async fn send(
    browser: &mut Browser,
    (method, path): (Method, &str),
    headers: &[(&str, &str)],
) -> Answer {
    let request = browser.request(method, path);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    browser.send(request).await
}

/// One request with this token and the jar's cookies.
pub(crate) async fn bear(browser: &mut Browser, route: (Method, &str), token: &str) -> Answer {
    let credentials = format!("Bearer {token}");
    send(browser, route, &[("authorization", &credentials)]).await
}

/// A refusal as it is documented.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) detail: &'static str,
    pub(crate) challenge: &'static str,
}

const fn invalid(detail: &'static str, challenge: &'static str) -> Refusal {
    Refusal {
        status: 401,
        detail,
        challenge,
    }
}

pub(crate) const INVALID: Refusal = invalid(
    "Invalid or expired token",
    r#"Bearer error="invalid_token", error_description="the token is not valid here""#,
);
pub(crate) const EXPIRED: Refusal = invalid(
    "Invalid or expired token",
    r#"Bearer error="invalid_token", error_description="the token has expired""#,
);
pub(crate) const REVOKED: Refusal = invalid(
    "Invalid or expired token",
    r#"Bearer error="invalid_token", error_description="the token was revoked""#,
);
pub(crate) const UNKNOWN_KEY: Refusal = invalid(
    "Invalid token key",
    r#"Bearer error="invalid_token", error_description="the token is signed with an unknown key""#,
);
pub(crate) const MALFORMED: Refusal = Refusal {
    status: 400,
    detail: "Invalid Authorization header",
    challenge: r#"Bearer error="invalid_request", error_description="the Authorization header is malformed""#,
};
pub(crate) const SEVERAL: Refusal = Refusal {
    challenge: r#"Bearer error="invalid_request", error_description="more than one Authorization header""#,
    ..MALFORMED
};
pub(crate) const NOT_ADMIN: Refusal = Refusal {
    status: 403,
    detail: "Admin access required",
    challenge: r#"Bearer error="insufficient_scope", error_description="the user is not in a group that may do this""#,
};

impl Refusal {
    /// Status, body in the way of the route's family, challenge, and nothing besides.
    #[track_caller]
    pub(crate) fn assert_is(&self, answer: &Answer, what: &str) {
        let what = format!("{what} at {}: {}", answer.url.path(), answer.body);
        assert_eq!(answer.status, self.status, "{what}");
        assert_eq!(challenges(answer), [self.challenge], "{what}");
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
        assert_eq!(answer.set_cookies(), Vec::<String>::new(), "{what}");
        let id = answer.header("x-request-id");
        let kind = match self.status {
            400 => "bad_request",
            401 => "authentication_required",
            _ => "forbidden",
        };
        let detail = self.detail;
        let expected = match answer.url.path() {
            path if path.starts_with("/auth/") => json!({ "error": detail }),
            path if path.starts_with("/api/v1/") => json!({
                "error": kind, "message": detail, "detail": detail, "request_id": id,
            }),
            _ => json!({ "detail": detail }),
        };
        assert_eq!(answer.json(), expected, "{what}");
    }
}

pub(crate) fn challenges(answer: &Answer) -> Vec<&str> {
    let lines = answer.headers.get_all("www-authenticate").iter();
    lines.map(|line| line.to_str().unwrap()).collect()
}

/// 503 that tells when to come again, and no word against the token.
#[track_caller]
pub(crate) fn assert_unknown(answer: &Answer) {
    crate::support::assert_kept(answer);
    assert_eq!(challenges(answer), Vec::<&str>::new(), "{}", answer.url);
    assert!(!answer.body.contains("oken is"), "{}", answer.body);
}

/// Shows tokens at every door, with a live session beside them and without one.
pub(crate) struct Doors<'a> {
    app: &'a TestApp,
    live: Browser,
    watch: Watch,
}

impl<'a> Doors<'a> {
    /// At the fake Cognito.
    pub(crate) async fn of(app: &'a TestApp) -> Self {
        let mut live = app.browser();
        sign_in(app, BACKEND_PROXY, &mut live, "somebody").await;
        Self {
            app,
            live,
            watch: Watch::new(app).await,
        }
    }

    /// Refused everywhere in the same words, and nothing else changes: no session, nothing
    /// at Cognito.
    pub(crate) async fn refuse(&mut self, what: &str, token: &str, refusal: Refusal) {
        for mut browser in [self.app.browser(), self.live.copy()] {
            for route in ROUTES {
                let answer = bear(&mut browser, route, token).await;
                refusal.assert_is(&answer, what);
                assert!(!answer.body.contains(token), "{what}");
            }
            let feed = bear(&mut browser, (Method::GET, "/feed"), token).await;
            assert_eq!(feed.json(), json!({ "feed": "generic" }), "{what}");
            let public = bear(&mut browser, (Method::GET, "/messages/public"), token).await;
            assert_eq!(public.status, 200, "{what}");
        }
        assert_eq!(self.live.get("/messages/private").await.status, 200);
        self.watch.assert_nothing_changed(self.app).await;
    }

    /// Accepted, as this person's.
    pub(crate) async fn accept(&mut self, what: &str, token: &str, sub: &str) {
        for mut browser in [self.app.browser(), self.live.copy()] {
            let answer = bear(&mut browser, (Method::GET, "/messages/private"), token).await;
            assert_eq!(answer.status, 200, "{what}: {}", answer.body);
            assert_eq!(answer.json()["user_id"], sub, "{what}");
            assert_eq!(answer.set_cookies(), Vec::<String>::new(), "{what}");
        }
        self.watch.assert_nothing_changed(self.app).await;
    }
}

/// The text of a member of a token answer.
pub(crate) fn text<'v>(of: &'v Value, name: &str) -> &'v str {
    of[name].as_str().unwrap()
}

/// Whom an answer speaks of, in any of the shapes there are.
pub(crate) fn whose(answer: &Answer) -> String {
    let body = answer.json();
    let subs = [&body["sub"], &body["user_id"], &body["user"]["id"]];
    let sub = subs.iter().find_map(|sub| sub.as_str());
    sub.unwrap_or_default().to_owned()
}
