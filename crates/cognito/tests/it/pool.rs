use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use cogward_cognito::{Authorize, CallError, Code, Cognito, PkceVerifier, Settings, Tokens};
use cogward_jwt::{AccessClaims, Claims as _, HttpKeys, IdClaims, Keys, UserPool, Verifier};
use cogward_pool::{CLIENT_SECRET, PUBLIC_CLIENT_ID, Pool, PoolOptions, SECRET_CLIENT_ID};
use serde_json::{Value, json};
use url::Url;

const NONCE: &str = "n-0S6_WzA2Mj";

/// A user pool with one of its two clients.
struct Local {
    pool: Pool,
    cognito: Cognito,
    client_id: &'static str,
    callback: Url,
}

impl Local {
    async fn start(client_id: &'static str) -> Self {
        let options = PoolOptions {
            ready_users: true,
            ..PoolOptions::default()
        };
        let pool = Pool::start(options).await.unwrap();
        let secret = (client_id == SECRET_CLIENT_ID).then(|| CLIENT_SECRET.to_owned().into());
        let scopes = ["openid", "email", "aws.cognito.signin.user.admin"];
        let settings = Settings {
            domain: pool.base_url(),
            api: pool.base_url(),
            client_id: client_id.to_owned(),
            client_secret: secret,
            scopes: scopes.map(str::to_owned).into(),
            trusted_certificate: None,
        };
        let callback = Url::parse("http://localhost:3001/auth/callback").unwrap();
        Self {
            cognito: Cognito::new(settings).unwrap(),
            pool,
            client_id,
            callback,
        }
    }

    async fn post(&self, path: &str, body: Value) {
        let url = self.pool.base_url().join(path).unwrap();
        let request = self
            .cognito
            .http()
            .post(url)
            .header("x-cogward-local", "1")
            .json(&body);
        let response = request.send().await.unwrap();
        assert!(
            response.status().is_success(),
            "{path}: {}",
            response.text().await.unwrap()
        );
    }

    /// What the browser does: fills in the sign-in form and is sent back with a code.
    async fn sign_in(&self, verifier: &PkceVerifier) -> Code {
        let mut page = self.cognito.authorize_url(&Authorize {
            redirect_uri: &self.callback,
            state: "s t&a=te",
            nonce: NONCE,
            code_challenge: &verifier.challenge(),
            identity_provider: Some("COGNITO"),
            login_hint: Some("user@example.com"),
        });
        page.set_path("/login");
        let token = "0123456789abcdef0123456789abcdef0123";
        let form = [
            ("_csrf", token),
            ("username", "user@example.com"),
            ("password", "Passw0rd!"),
        ];
        let cookie = format!("cogward-pool-{}-form={token}", page.port().unwrap());
        let request = self.cognito.http().post(page).form(&form);
        let request = request.header("cookie", cookie);
        let response = request.send().await.unwrap();
        let location = response.headers()["location"].to_str().unwrap();
        let location = Url::parse(location).unwrap();
        let [code, state]: [(String, String); 2] = location
            .query_pairs()
            .into_owned()
            .collect::<Vec<_>>()
            .try_into()
            .unwrap();
        assert_eq!(state, ("state".to_owned(), "s t&a=te".to_owned()));
        assert_eq!(code.0, "code");
        Code::from(code.1)
    }

    async fn tokens(&self) -> Tokens {
        let verifier = PkceVerifier::generate(&SystemRandom::new()).unwrap();
        let code = self.sign_in(&verifier).await;
        self.cognito
            .exchange_code(&code, &self.callback, &verifier)
            .await
            .unwrap()
    }

    fn verifiers(&self) -> (Verifier<IdClaims>, Verifier<AccessClaims>) {
        let jwks = format!("{}/.well-known/jwks.json", self.pool.issuer())
            .parse()
            .unwrap();
        let keys = Keys::new(Arc::new(HttpKeys::new(self.cognito.http().clone(), jwks)));
        let pool = UserPool::custom(self.pool.issuer(), keys);
        (
            Verifier::new(pool.clone(), self.client_id),
            Verifier::new(pool, self.client_id),
        )
    }
}

fn refresh_token(tokens: &Tokens) -> &str {
    tokens.refresh_token.as_ref().unwrap().expose()
}

fn assert_fatal<T>(result: Result<T, CallError>, word: &str) {
    match result.err().unwrap() {
        CallError::Fatal { error } => assert_eq!(error, word),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_person_signs_in_and_the_tokens_verify() {
    for client_id in [PUBLIC_CLIENT_ID, SECRET_CLIENT_ID] {
        let local = Local::start(client_id).await;
        let tokens = local.tokens().await;
        let access = tokens.access_token.expose();
        let id = tokens.id_token.as_ref().unwrap().expose();
        let now = issued_at(access);
        let (ids, accesses) = local.verifiers();
        let id = ids.verify_at(id, now).await.unwrap();
        let access = accesses.verify_at(access, now).await.unwrap();
        assert_eq!(id.nonce.as_deref(), Some(NONCE));
        assert_eq!(id.email.as_deref(), Some("user@example.com"));
        assert!(id.email_verified && access.has_scope("openid"));
        assert_eq!((&id.sub, &id.origin_jti), (&access.sub, &access.origin_jti));
        assert_eq!(tokens.expires_in, Some(access.exp - access.iat));
    }
}

/// The pool's clock, read off a token of its own.
fn issued_at(token: &str) -> i64 {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(payload)
        .unwrap();
    serde_json::from_slice::<Value>(&payload).unwrap()["iat"]
        .as_i64()
        .unwrap()
}

#[tokio::test]
async fn a_code_is_good_once_and_for_its_verifier() {
    let local = Local::start(PUBLIC_CLIENT_ID).await;
    let [verifier, other] = [(); 2].map(|()| PkceVerifier::generate(&SystemRandom::new()).unwrap());
    let exchange = async |code: &Code, verifier: &PkceVerifier| {
        local
            .cognito
            .exchange_code(code, &local.callback, verifier)
            .await
    };
    let code = local.sign_in(&verifier).await;
    assert_fatal(exchange(&code, &other).await, "invalid_grant");
    let code = local.sign_in(&verifier).await;
    exchange(&code, &verifier).await.unwrap();
    assert_fatal(exchange(&code, &verifier).await, "invalid_grant");
}

#[tokio::test]
async fn refresh_tokens_live_until_revoked() {
    for client_id in [PUBLIC_CLIENT_ID, SECRET_CLIENT_ID] {
        let local = Local::start(client_id).await;
        let first = local.tokens().await;
        let token = refresh_token(&first);
        assert!(
            local
                .cognito
                .refresh(token)
                .await
                .unwrap()
                .refresh_token
                .is_none()
        );
        assert!(
            local
                .cognito
                .refresh_rotating(token)
                .await
                .unwrap()
                .id_token
                .is_some()
        );
        local.cognito.revoke(token).await.unwrap();
        assert_fatal(local.cognito.refresh(token).await, "invalid_grant");
        assert_fatal(
            local.cognito.refresh_rotating(token).await,
            "NotAuthorizedException",
        );
        local.cognito.revoke(token).await.unwrap();
        local.cognito.revoke("garbage").await.unwrap();
    }
}

#[tokio::test]
async fn a_rotated_token_is_dead() {
    let local = Local::start(SECRET_CLIENT_ID).await;
    local
        .post(
            "_local/settings",
            json!({"refresh_rotation": true, "refresh_grace_seconds": 0}),
        )
        .await;
    let first = local.tokens().await;
    let second = local
        .cognito
        .refresh_rotating(refresh_token(&first))
        .await
        .unwrap();
    assert_ne!(refresh_token(&first), refresh_token(&second));
    let reuse = local.cognito.refresh_rotating(refresh_token(&first)).await;
    assert_fatal(reuse, "RefreshTokenReuseException");
    let third = local.cognito.refresh(refresh_token(&second)).await.unwrap();
    assert_fatal(
        local.cognito.refresh(refresh_token(&second)).await,
        "invalid_grant",
    );
    assert!(third.refresh_token.is_some());
}

#[tokio::test]
async fn global_sign_out_ends_every_sign_in() {
    let local = Local::start(PUBLIC_CLIENT_ID).await;
    let [one, other] = [local.tokens().await, local.tokens().await];
    local
        .cognito
        .global_sign_out(one.access_token.expose())
        .await
        .unwrap();
    assert_fatal(
        local.cognito.refresh(refresh_token(&other)).await,
        "invalid_grant",
    );
    let again = local
        .cognito
        .global_sign_out(other.access_token.expose())
        .await;
    assert_fatal(again, "NotAuthorizedException");
}

#[tokio::test]
async fn throttling_and_outages_leave_the_token_good() {
    let local = Local::start(PUBLIC_CLIENT_ID).await;
    let tokens = local.tokens().await;
    let token = refresh_token(&tokens);
    for fault in [
        json!({"op": "GetTokensFromRefreshToken", "status": 400, "type": "TooManyRequestsException"}),
        json!({"op": "GetTokensFromRefreshToken", "status": 500, "type": "NotAuthorizedException"}),
    ] {
        local.post("_local/faults", fault).await;
        assert!(
            !local
                .cognito
                .refresh_rotating(token)
                .await
                .err()
                .unwrap()
                .is_fatal()
        );
        local.cognito.refresh_rotating(token).await.unwrap();
    }
    for status in [429, 500, 503] {
        local
            .post(
                "_local/faults",
                json!({"op": "oauth2/token", "status": status}),
            )
            .await;
        assert!(!local.cognito.refresh(token).await.err().unwrap().is_fatal());
        local.cognito.refresh(token).await.unwrap();
    }
}

#[tokio::test]
async fn a_wrong_secret_is_not_the_tokens_fault() {
    let local = Local::start(SECRET_CLIENT_ID).await;
    let tokens = local.tokens().await;
    let settings = Settings {
        domain: local.pool.base_url(),
        api: local.pool.base_url(),
        client_id: SECRET_CLIENT_ID.to_owned(),
        client_secret: Some("x".repeat(34).into()),
        scopes: Vec::new(),
        trusted_certificate: None,
    };
    let error = Cognito::new(settings)
        .unwrap()
        .refresh(refresh_token(&tokens))
        .await
        .err()
        .unwrap();
    assert!(matches!(&error, CallError::Transient { what } if what.ends_with("invalid_client")));
    local.cognito.refresh(refresh_token(&tokens)).await.unwrap();
}
