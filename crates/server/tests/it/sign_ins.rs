//! Sign-ins taken apart: their start, Cognito's answer and the callback, one by one.

use cogward_testkit::{Answer, Browser, FRONTEND, TestApp, TokenAnswer, Upstream};
use serde_json::{Value, json};
use url::Url;

use crate::support::token_calls;

pub(crate) const SESSION: &str = "cogward_session";
pub(crate) const LOGIN: &str = "cogward_login";

/// One of the two route families.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Family {
    pub(crate) login: &'static str,
    pub(crate) callback: &'static str,
    /// Answers 200 to a session, else 401.
    pub(crate) who: &'static str,
    /// The page after a sign-in.
    pub(crate) inside: &'static str,
    /// The page after a refusal, and the parameter that says why.
    outside: (&'static str, &'static str),
}

pub(crate) const BACKEND_PROXY: Family = Family {
    login: "/api/v1/auth/login",
    callback: "/api/v1/auth/callback",
    who: "/api/v1/auth/check",
    inside: "/dashboard",
    outside: ("/auth/error", "reason"),
};

pub(crate) const TOKEN_HANDLER: Family = Family {
    login: "/auth/login",
    callback: "/auth/callback",
    who: "/auth/me",
    inside: "/auth/success",
    outside: ("/login", "error"),
};

pub(crate) const FAMILIES: [Family; 2] = [BACKEND_PROXY, TOKEN_HANDLER];

/// What a sign-in's start told the browser.
pub(crate) struct Start {
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) challenge: String,
    pub(crate) location: Url,
}

impl Family {
    /// Begins a sign-in; its cookie is in the jar then.
    pub(crate) async fn begin(&self, browser: &mut Browser) -> Start {
        Start::of(&browser.get(self.login).await)
    }

    /// The callback with this query.
    pub(crate) async fn back(&self, browser: &mut Browser, query: &str) -> Answer {
        browser.get(&format!("{}?{query}", self.callback)).await
    }

    /// The refusal that a callback ended in: no session, nothing in the body.
    #[track_caller]
    pub(crate) fn assert_refused(&self, answer: &Answer, why: &str) {
        let (page, parameter) = self.outside;
        let query = format!("{parameter}={why}");
        assert_ended(answer, page, Some(&query));
        assert_eq!(answer.set_cookies(), Vec::<String>::new());
    }

    /// The session that a callback ended in.
    #[track_caller]
    pub(crate) fn assert_signed_in(&self, answer: &Answer) {
        let query = answer.location().query().map(str::to_owned);
        assert_ended(answer, self.inside, query.as_deref());
        let cookies = answer.set_cookies();
        assert!(cookies[0].starts_with("cogward_session="), "{cookies:?}");
    }
}

#[track_caller]
fn assert_ended(answer: &Answer, page: &str, query: Option<&str>) {
    assert_eq!(answer.status, 302, "{}", answer.body);
    let location = answer.location();
    assert_eq!(
        (
            location.origin().ascii_serialization().as_str(),
            location.path(),
            location.query()
        ),
        (FRONTEND, page, query)
    );
    assert_eq!(answer.body, "");
}

impl Start {
    #[track_caller]
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 302, "{}", answer.body);
        let location = answer.location();
        Self {
            state: only(&location, "state"),
            nonce: only(&location, "nonce"),
            challenge: only(&location, "code_challenge"),
            location,
        }
    }

    /// The callback's query as Cognito writes it.
    pub(crate) fn query(&self) -> String {
        format!("code=a-code&state={}", self.state)
    }
}

/// The value of a parameter that stands exactly once.
#[track_caller]
pub(crate) fn only(url: &Url, name: &str) -> String {
    let values: Vec<_> = url.query_pairs().filter(|(key, _)| key == name).collect();
    assert_eq!(values.len(), 1, "{name} in {url}");
    values[0].1.clone().into_owned()
}

/// Claims of a good ID token.
pub(crate) fn id_claims(app: &TestApp, sub: &str, nonce: &str) -> Value {
    let pool = app.auth.pool();
    let now = app.auth.now().as_secs();
    json!({
        "sub": sub, "cognito:username": sub, "email": format!("{sub}@example.com"),
        "email_verified": true, "nonce": nonce, "aud": pool.client_id,
        "iss": issuer(app), "token_use": "id", "origin_jti": "one-sign-in", "jti": "id",
        "auth_time": now, "iat": now, "exp": now + 3600,
    })
}

/// Claims of the access token beside it.
pub(crate) fn access_claims(app: &TestApp, sub: &str) -> Value {
    let pool = app.auth.pool();
    let now = app.auth.now().as_secs();
    json!({
        "sub": sub, "username": sub, "client_id": pool.client_id, "scope": "openid email profile",
        "iss": issuer(app), "token_use": "access", "origin_jti": "one-sign-in", "jti": "access",
        "auth_time": now, "iat": now, "exp": now + 3600,
    })
}

pub(crate) fn issuer(app: &TestApp) -> String {
    let issuer = app.upstream.base().join(&app.auth.pool().id).unwrap();
    issuer.into()
}

/// Queues an answer of the fake token endpoint.
pub(crate) fn answer_with(app: &TestApp, id_token: &str, access_token: &str) {
    app.fake().answer(TokenAnswer::ok(&json!({
        "id_token": id_token, "access_token": access_token, "refresh_token": "a-refresh-token",
        "token_type": "Bearer", "expires_in": 3600,
    })));
}

/// The same, with good tokens of `sub`.
pub(crate) fn answer_well(app: &TestApp, sub: &str, nonce: &str) {
    let fake = app.fake();
    let id = fake.id.sign(&id_claims(app, sub, nonce));
    let access = fake.access.sign(&access_claims(app, sub));
    answer_with(app, &id, &access);
}

/// A whole sign-in at the fake Cognito.
pub(crate) async fn sign_in(app: &TestApp, family: Family, browser: &mut Browser, sub: &str) {
    let start = family.begin(browser).await;
    answer_well(app, sub, &start.nonce);
    let done = family.back(browser, &start.query()).await;
    family.assert_signed_in(&done);
}

/// What a refused request must leave as it was: Cognito not asked, no session
/// written, and that of a bystander alive.
pub(crate) struct Watch {
    bystander: Browser,
    calls: u64,
    writes: usize,
}

impl Watch {
    pub(crate) async fn new(app: &TestApp) -> Self {
        let mut bystander = app.browser();
        match app.upstream.as_ref() {
            Upstream::Fake(_) => sign_in(app, BACKEND_PROXY, &mut bystander, "bystander").await,
            Upstream::Pool(_) => app.sign_in(&mut bystander, "user@example.com").await,
        }
        let (calls, writes) = (asked(app).await, session_writes(app));
        Self {
            bystander,
            calls,
            writes,
        }
    }

    pub(crate) async fn assert_nothing_changed(&mut self, app: &TestApp) {
        assert_eq!(asked(app).await, self.calls, "calls to Cognito");
        self.assert_no_session_changed(app).await;
    }

    /// For refusals that come after the code was exchanged.
    pub(crate) async fn assert_no_session_changed(&mut self, app: &TestApp) {
        assert_eq!(session_writes(app), self.writes, "writes of sessions");
        assert_eq!(self.bystander.get(BACKEND_PROXY.who).await.status, 200);
    }
}

async fn asked(app: &TestApp) -> u64 {
    match app.upstream.as_ref() {
        Upstream::Fake(fake) => fake.token_calls().try_into().unwrap(),
        Upstream::Pool(_) => token_calls(app).await,
    }
}

fn session_writes(app: &TestApp) -> usize {
    ["insert", "replace", "remove"]
        .map(|op| app.store.calls(op))
        .iter()
        .sum()
}
