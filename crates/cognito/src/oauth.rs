//! The token and revocation endpoints
//! (<https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html>,
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html>).

use reqwest::RequestBuilder;
use serde_json::Value;
use url::Url;

use crate::http::{self, Dialect};
use crate::{CallError, Code, Cognito, PkceVerifier, Tokens, tokens};

/// RFC 6749 §5.2. `invalid_client` and `unauthorized_client` are about us.
const OAUTH: Dialect = Dialect {
    name: |body| body.get("error").and_then(Value::as_str),
    dead: &["invalid_grant"],
    later: &["temporarily_unavailable", "server_error"],
};

impl Cognito {
    /// Trades an authorization code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.5).
    ///
    /// # Errors
    /// Fatal when the code is used, expired or not this verifier's.
    pub async fn exchange_code(
        &self,
        code: &Code,
        redirect_uri: &Url,
        verifier: &PkceVerifier,
    ) -> Result<Tokens, CallError> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", redirect_uri.as_str()),
            ("code_verifier", verifier.expose()),
        ];
        self.tokens(&form).await
    }

    /// Refreshes at the token endpoint (RFC 6749 §6).
    ///
    /// # Errors
    /// Fatal when the refresh token is dead: its session is over.
    pub async fn refresh(&self, refresh_token: &str) -> Result<Tokens, CallError> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        self.tokens(&form).await
    }

    /// Ends a refresh token and the access tokens made with it (RFC 7009). One that is
    /// already dead is a success.
    ///
    /// # Errors
    /// The token may still be good.
    pub async fn revoke(&self, refresh_token: &str) -> Result<(), CallError> {
        let request = self.form(&self.endpoints.revoke, &[("token", refresh_token)]);
        http::call("oauth2/revoke", request, &OAUTH).await?;
        Ok(())
    }

    async fn tokens(&self, form: &[(&str, &str)]) -> Result<Tokens, CallError> {
        let request = self.form(&self.endpoints.token, form);
        let body = http::call("oauth2/token", request, &OAUTH).await?;
        let answer: tokens::Answer =
            serde_json::from_slice(&body).map_err(|_| CallError::Protocol)?;
        answer.try_into()
    }

    /// `client_secret_basic` for a confidential client, `client_id` in the body for a public
    /// one: never both (RFC 6749 §2.3).
    fn form(&self, endpoint: &Url, form: &[(&str, &str)]) -> RequestBuilder {
        let client_id = self.settings.client_id.as_str();
        let request = self.http.post(endpoint.clone());
        match &self.settings.client_secret {
            Some(secret) => request
                .basic_auth(client_id, Some(secret.expose()))
                .form(form),
            None => request.form(&[form, &[("client_id", client_id)]].concat()),
        }
    }
}
