//! What a successful token call gives.

use serde::Deserialize;
use serde_json::Value;

use crate::error::CallError;
use crate::secret::TokenText;

/// Tokens as they came; verifying them is the caller's part.
#[derive(Debug)]
pub struct Tokens {
    /// Always there.
    pub access_token: TokenText,
    /// Missing when the scope `openid` was not granted.
    pub id_token: Option<TokenText>,
    /// Missing after a refresh without rotation: the old one stays good.
    pub refresh_token: Option<TokenText>,
    /// Seconds the access token lives.
    pub expires_in: Option<i64>,
}

/// The token endpoint's spelling (RFC 6749 §5.1) and the user-pool API's.
#[derive(Deserialize)]
pub(crate) struct Answer {
    #[serde(alias = "AccessToken")]
    access_token: String,
    #[serde(alias = "IdToken")]
    id_token: Option<String>,
    #[serde(alias = "RefreshToken")]
    refresh_token: Option<String>,
    #[serde(alias = "TokenType")]
    token_type: Option<String>,
    #[serde(alias = "ExpiresIn")]
    expires_in: Option<Value>,
}

impl TryFrom<Answer> for Tokens {
    type Error = CallError;

    fn try_from(answer: Answer) -> Result<Self, CallError> {
        let bearer = answer
            .token_type
            .is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        if !bearer || answer.access_token.is_empty() {
            return Err(CallError::Protocol);
        }
        let given = |text: Option<String>| text.filter(|text| !text.is_empty()).map(Into::into);
        Ok(Self {
            access_token: answer.access_token.into(),
            id_token: given(answer.id_token),
            refresh_token: given(answer.refresh_token),
            expires_in: answer.expires_in.and_then(|seconds| seconds.as_i64()),
        })
    }
}
