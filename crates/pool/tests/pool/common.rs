//! A pool on a free port and a client that talks to it as an application does.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cogward_pool::{
    CLIENT_SECRET, POOL_ID, PUBLIC_CLIENT_ID, Pool, PoolOptions, SECRET_CLIENT_ID, Seed,
};
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Client, Method, RequestBuilder, StatusCode, redirect};
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "Passw0rd!";
pub(crate) const CALLBACK: &str = "http://localhost:3001/callback";
/// 43 characters and their S256 challenge (RFC 7636 appendix B).
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct TestPool {
    pub(crate) pool: Pool,
    pub(crate) http: Client,
    pub(crate) base: String,
}

/// One answer of the user-pool API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn kind(&self) -> &str {
        self.body["__type"].as_str().unwrap_or("")
    }

    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or("")
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{:?}", self.body);
        self.body
    }

    #[track_caller]
    pub(crate) fn refused(&self, kind: &str) {
        assert_eq!(
            (self.status.as_u16(), self.kind()),
            (400, kind),
            "{:?}",
            self.body
        );
    }
}

impl TestPool {
    pub(crate) async fn start() -> Self {
        Self::with(PoolOptions {
            ready_users: true,
            ..PoolOptions::default()
        })
        .await
    }

    /// A pool of the clients a seed file names.
    pub(crate) async fn seeded(seed: &str) -> Self {
        Self::with(PoolOptions {
            seed: Some(Seed::from_toml(seed).unwrap()),
            ready_users: true,
            ..PoolOptions::default()
        })
        .await
    }

    /// Making keys takes longer than most tests: pools of tests share them.
    pub(crate) async fn with(options: PoolOptions) -> Self {
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pool-keys.json");
        let options = PoolOptions {
            key_file: options.key_file.or(Some(shared)),
            ..options
        };
        Self::of_its_own(options).await
    }

    /// With signing keys of its own.
    pub(crate) async fn of_its_own(options: PoolOptions) -> Self {
        let pool = Pool::start(options).await.unwrap();
        let base = format!("http://{}", pool.address());
        Self {
            pool,
            http: client(),
            base,
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub(crate) async fn call(&self, operation: &str, body: Value) -> Answer {
        self.call_raw(operation, body.to_string().into_bytes())
            .await
    }

    /// A call of an administrator about this pool.
    pub(crate) async fn admin(&self, operation: &str, mut body: Value) -> Answer {
        body["UserPoolId"] = POOL_ID.into();
        self.call(operation, body).await
    }

    pub(crate) async fn call_raw(&self, operation: &str, body: Vec<u8>) -> Answer {
        let response = self
            .request(Method::POST, "/")
            .header("Content-Type", "application/x-amz-json-1.1")
            .header(
                "X-Amz-Target",
                format!("AWSCognitoIdentityProviderService.{operation}"),
            )
            .body(body)
            .send()
            .await
            .unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        Answer {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        }
    }

    pub(crate) async fn sign_up(&self, email: &str) -> Answer {
        self.call(
            "SignUp",
            json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": email, "Password": PASSWORD }),
        )
        .await
    }

    /// The newest code of a recipient.
    pub(crate) async fn code(&self, email: &str) -> String {
        self.messages(email).await[0]["code"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) async fn messages(&self, email: &str) -> Value {
        let path = format!("/_local/messages?recipient={email}");
        self.request(Method::GET, &path)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    pub(crate) async fn confirmed(&self, email: &str) {
        self.sign_up(email).await.ok();
        let code = self.code(email).await;
        self.confirm(email, &code).await.ok();
    }

    pub(crate) async fn confirm(&self, email: &str, code: &str) -> Answer {
        let body =
            json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": email, "ConfirmationCode": code });
        self.call("ConfirmSignUp", body).await
    }

    pub(crate) async fn password(&self, email: &str, password: &str) -> Answer {
        self.call(
            "InitiateAuth",
            json!({
                "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": { "USERNAME": email, "PASSWORD": password },
            }),
        )
        .await
    }

    /// `AuthenticationResult` of a sign-in with the usual password.
    pub(crate) async fn signed_in(&self, email: &str) -> Value {
        self.password(email, PASSWORD).await.ok()["AuthenticationResult"].clone()
    }

    /// The answer to a challenge; `USERNAME` is among the responses.
    pub(crate) async fn respond(
        &self,
        challenge: &str,
        session: &Value,
        responses: Value,
    ) -> Answer {
        let body = json!({
            "ClientId": PUBLIC_CLIENT_ID, "ChallengeName": challenge, "Session": session,
            "ChallengeResponses": responses,
        });
        self.call("RespondToAuthChallenge", body).await
    }

    /// What an authenticator app with this secret shows now, by the pool's clock.
    pub(crate) async fn totp(&self, secret: &Value) -> String {
        let (_, body) = self.local("clock", json!({ "advance_seconds": 0 })).await;
        let secret = totp_rs::Secret::try_from_base32(secret.as_str().unwrap()).unwrap();
        let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
        totp.generate(body["now"].as_u64().unwrap()).to_string()
    }

    /// Enrols an app for who has this access token: its secret. The next code comes a step later.
    pub(crate) async fn enrolled(&self, access_token: &Value) -> Value {
        let begun = json!({ "AccessToken": access_token });
        let secret = self.call("AssociateSoftwareToken", begun).await.ok()["SecretCode"].clone();
        let code = self.totp(&secret).await;
        let body = json!({ "AccessToken": access_token, "UserCode": code });
        let verified = self.call("VerifySoftwareToken", body).await.ok();
        assert_eq!(verified, json!({ "Status": "SUCCESS" }));
        self.advance(60).await;
        secret
    }

    /// Settings of SetUserMFAPreference.
    pub(crate) async fn prefer(&self, access_token: &Value, settings: Value) -> Answer {
        let mut body = settings;
        body["AccessToken"] = access_token.clone();
        self.call("SetUserMFAPreference", body).await
    }

    pub(crate) async fn refresh(&self, token: &Value) -> Answer {
        self.call(
            "InitiateAuth",
            json!({
                "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "REFRESH_TOKEN_AUTH",
                "AuthParameters": { "REFRESH_TOKEN": token },
            }),
        )
        .await
    }

    pub(crate) async fn tokens_from_refresh(&self, token: &Value) -> Answer {
        let body = json!({ "ClientId": PUBLIC_CLIENT_ID, "RefreshToken": token });
        self.call("GetTokensFromRefreshToken", body).await
    }

    pub(crate) async fn get_user(&self, access_token: &Value) -> Answer {
        self.call("GetUser", json!({ "AccessToken": access_token }))
            .await
    }

    /// One attribute of the token's user.
    pub(crate) async fn attribute(&self, access_token: &Value, name: &str) -> Option<String> {
        let user = self.get_user(access_token).await.ok();
        let attributes = user["UserAttributes"].as_array().unwrap();
        let attribute = attributes
            .iter()
            .find(|attribute| attribute["Name"] == name)?;
        Some(attribute["Value"].as_str().unwrap().to_owned())
    }

    /// Makes or changes a user at `/_local/users`.
    pub(crate) async fn put_user(&self, body: Value) {
        let (status, body) = self.local("users", body).await;
        assert_eq!(status, 200, "{body}");
    }

    /// A POST under `/_local`.
    pub(crate) async fn local(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let response = self
            .request(Method::POST, &format!("/_local/{path}"))
            .header("X-Cogward-Local", "1")
            .json(&body)
            .send()
            .await
            .unwrap();
        (response.status(), response.json().await.unwrap())
    }

    pub(crate) async fn settings(&self, body: Value) {
        let (status, body) = self.local("settings", body).await;
        assert_eq!(status, 200, "{body}");
    }

    pub(crate) async fn advance(&self, seconds: i64) {
        let (status, body) = self
            .local("clock", json!({ "advance_seconds": seconds }))
            .await;
        assert_eq!(status, 200, "{body}");
    }

    pub(crate) async fn stats(&self) -> Value {
        self.request(Method::GET, "/_local/stats")
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    /// A form POST to an OAuth endpoint: status and JSON.
    pub(crate) async fn oauth(&self, path: &str, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let response = self
            .request(Method::POST, path)
            .form(form)
            .send()
            .await
            .unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// Through the sign-in page to a code.
    pub(crate) async fn authorization_code(&self, query: &str, email: &str) -> String {
        let mut browser = Browser::new(self);
        let location = browser.sign_in(query, email, PASSWORD).await;
        parameter(&location, "code").unwrap()
    }

    pub(crate) async fn exchange(&self, code: &str) -> (StatusCode, Value) {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", PUBLIC_CLIENT_ID),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.oauth("/oauth2/token", &form).await
    }
}

/// A name nobody has that seems to have the ways in that this user has.
pub(crate) async fn nobody_like(pool: &TestPool, user: &str) -> String {
    let offered = async |name: &str| {
        let body = json!({
            "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_AUTH",
            "AuthParameters": { "USERNAME": name },
        });
        pool.call("InitiateAuth", body).await.ok()["AvailableChallenges"].clone()
    };
    let wanted = offered(user).await;
    for number in 0..400 {
        let name = format!("nobody{number}@example.com");
        if offered(&name).await == wanted {
            return name;
        }
    }
    panic!("no name seems to be offered {wanted}");
}

pub(crate) fn client() -> Client {
    Client::builder()
        .redirect(redirect::Policy::none())
        .build()
        .unwrap()
}

/// A usual authorize query.
pub(crate) fn query() -> String {
    format!(
        "response_type=code&client_id={PUBLIC_CLIENT_ID}&redirect_uri={CALLBACK}&state=s%20%26%3D1\
         &scope=openid+email+profile&nonce=n-1&code_challenge={CHALLENGE}\
         &code_challenge_method=S256"
    )
}

pub(crate) fn secret_hash(username: &str) -> String {
    use aws_lc_rs::hmac;
    let key = hmac::Key::new(hmac::HMAC_SHA256, CLIENT_SECRET.as_bytes());
    STANDARD.encode(hmac::sign(
        &key,
        format!("{username}{SECRET_CLIENT_ID}").as_bytes(),
    ))
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &Value) -> Value {
    part(token, 1)
}

pub(crate) fn header(token: &Value) -> Value {
    part(token, 0)
}

fn part(token: &Value, index: usize) -> Value {
    let part = token.as_str().unwrap().split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

pub(crate) fn parameter(location: &str, name: &str) -> Option<String> {
    let url = url::Url::parse("http://localhost")
        .unwrap()
        .join(location)
        .unwrap();
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Forms and cookies, as a browser keeps them.
pub(crate) struct Browser<'a> {
    pool: &'a TestPool,
    pub(crate) cookies: std::collections::BTreeMap<String, String>,
}

/// What the pool calls a cookie of its pages.
pub(crate) fn cookie(pool: &TestPool, name: &str) -> String {
    format!("cogward-pool-{}-{name}", pool.pool.address().port())
}

pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) location: String,
    pub(crate) body: String,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(pool: &'a TestPool) -> Self {
        Self {
            pool,
            cookies: std::collections::BTreeMap::new(),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        let request = self.pool.request(Method::GET, path);
        self.send(request).await
    }

    /// Opens the page, then sends its form with the token in it.
    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.get(path).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let token = page.body.split("name=\"_csrf\" value=\"").nth(1).unwrap();
        let token = token.split('"').next().unwrap().to_owned();
        let mut form = vec![("_csrf", token.as_str())];
        form.extend_from_slice(fields);
        let request = self
            .pool
            .request(Method::POST, path)
            .header("Origin", self.pool.base.clone())
            .header("Sec-Fetch-Site", "same-origin")
            .form(&form);
        self.send(request).await
    }

    pub(crate) async fn sign_in(&mut self, query: &str, email: &str, password: &str) -> String {
        let page = self.get(&format!("/oauth2/authorize?{query}")).await;
        assert_eq!(page.status, 302, "{}", page.body);
        assert!(page.location.starts_with("/login?"), "{}", page.location);
        let fields = [("username", email), ("password", password)];
        let page = self.submit(&page.location, &fields).await;
        assert_eq!(page.status, 302, "{}", page.body);
        page.location
    }

    async fn send(&mut self, request: RequestBuilder) -> Page {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        let response = request
            .header("Cookie", cookies.join("; "))
            .send()
            .await
            .unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let location = response
            .headers()
            .get(LOCATION)
            .map_or("", |l| l.to_str().unwrap());
        Page {
            status: response.status(),
            headers: response.headers().clone(),
            location: location.to_owned(),
            body: response.text().await.unwrap(),
        }
    }
}
