//! The user-pool API
//! (<https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/Welcome.html>):
//! unsigned operations, JSON 1.1.

use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::http::{self, Dialect};
use crate::{CallError, ClientSecret, Cognito, Tokens, tokens};

const API: Dialect = Dialect {
    name: error_type,
    dead: &[
        "NotAuthorizedException",
        "RefreshTokenReuseException",
        "UserNotFoundException",
        "UserNotConfirmedException",
        "UserDisabledException",
        "PasswordResetRequiredException",
    ],
    later: &[
        "TooManyRequestsException",
        "LimitExceededException",
        "ThrottlingException",
        "InternalErrorException",
        "InternalServerException",
        "ForbiddenException",
    ],
};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetTokens<'a> {
    refresh_token: &'a str,
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
}

#[derive(Deserialize)]
struct Authenticated {
    #[serde(rename = "AuthenticationResult")]
    result: tokens::Answer,
}

impl Cognito {
    /// Refreshes with `GetTokensFromRefreshToken`, as an app client with refresh-token
    /// rotation needs it: the answer carries the next refresh token.
    ///
    /// # Errors
    /// Fatal when the refresh token is dead, used a second time, or its user may not sign in.
    pub async fn refresh_rotating(&self, refresh_token: &str) -> Result<Tokens, CallError> {
        let input = GetTokens {
            refresh_token,
            client_id: &self.settings.client_id,
            client_secret: self
                .settings
                .client_secret
                .as_ref()
                .map(ClientSecret::expose),
        };
        let operation = "GetTokensFromRefreshToken";
        // What is not heard is lost: the old token is spent once Cognito has answered.
        let request = self.request(operation, &input);
        let body = http::call_patiently(operation, request, &API).await?;
        let answer: Authenticated =
            serde_json::from_slice(&body).map_err(|_| CallError::Protocol)?;
        answer.result.try_into()
    }

    /// Ends every token of the user at Cognito with `GlobalSignOut`. Needs an access token
    /// with the scope `aws.cognito.signin.user.admin`.
    ///
    /// # Errors
    /// Fatal when the access token is dead or lacks the scope.
    pub async fn global_sign_out(&self, access_token: &str) -> Result<(), CallError> {
        let operation = "GlobalSignOut";
        let request = self.request(operation, &json!({"AccessToken": access_token}));
        http::call(operation, request, &API).await?;
        Ok(())
    }

    fn request(&self, operation: &str, input: &impl Serialize) -> RequestBuilder {
        self.http
            .post(self.settings.api.clone())
            .header(
                "x-amz-target",
                format!("AWSCognitoIdentityProviderService.{operation}"),
            )
            .header(CONTENT_TYPE, "application/x-amz-json-1.1")
            .json(input)
    }
}

/// `__type` may carry a namespace up to `#` and, from the first `:` on, an address, in which
/// a `#` means nothing (Smithy, "AWS JSON 1.1: operation error serialization").
fn error_type(body: &Value) -> Option<&str> {
    let full = body.get("__type")?.as_str()?;
    full.split(':').next()?.rsplit('#').next()
}
