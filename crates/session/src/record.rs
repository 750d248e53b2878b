use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::id::UserIndex;
use crate::time::Timestamp;

/// What a store holds of one session.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Counts the writes of `identity` and `tokens`, for compare-and-set; part of their seal.
    pub version: u64,
    /// Whose session it is.
    pub user: UserIndex,
    /// When it was last used (written at most once a minute).
    pub last_seen_at: Timestamp,
    /// The earlier of the idle and the absolute end. Every store refuses the record from
    /// this moment on.
    pub expires_at: Timestamp,
    /// A sealed [`Identity`].
    pub identity: Box<[u8]>,
    /// A sealed [`TokenSet`].
    pub tokens: Box<[u8]>,
    /// A sealed [`Device`].
    pub device: Box<[u8]>,
}

impl Record {
    /// Whether the record is still good at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("version", &self.version)
            .field("last_seen_at", &self.last_seen_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Who is signed in: what every request needs, sealed with the session's key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Id of the user pool.
    pub pool: String,
    /// App client the tokens were issued to.
    pub client_id: String,
    /// The user's `sub`.
    pub sub: String,
    /// The user's name in the pool.
    pub username: String,
    /// The `email` claim.
    pub email: Option<String>,
    /// The `email_verified` claim.
    pub email_verified: bool,
    /// The `given_name` claim.
    pub given_name: Option<String>,
    /// The `family_name` claim.
    pub family_name: Option<String>,
    /// The `cognito:groups` claim.
    pub groups: Vec<String>,
    /// How the user signed in, as told by the client; a label, not a proof.
    pub auth_method: String,
    /// When the session began.
    pub created_at: Timestamp,
    /// The absolute end of the session.
    pub ends_at: Timestamp,
    /// When the access token expires.
    pub access_expires_at: Timestamp,
    /// When the tokens were last refreshed.
    pub refreshed_at: Timestamp,
    /// Whether there is a refresh token.
    pub refreshable: bool,
    /// Cognito's name for the sign-in (`origin_jti`), which its refresh tokens
    /// share and one revocation ends.
    pub origin_jti: Option<String>,
}

impl Identity {
    /// The address, only if Cognito verified it.
    pub fn verified_email(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| self.email_verified)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("pool", &self.pool)
            .field("sub", &self.sub)
            .finish_non_exhaustive()
    }
}

/// A token's text, wiped when dropped, that does not print.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// The text as it goes on the wire.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Token {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// The tokens of a session, sealed with the session's key.
#[derive(Clone, Debug)]
pub struct TokenSet {
    /// The access token.
    pub access_token: Token,
    /// The ID token.
    pub id_token: Token,
    /// The refresh token; never leaves the server.
    pub refresh_token: Option<Token>,
}

/// What a list of devices shows, sealed under the server's key alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// When the session began.
    pub created_at: Timestamp,
    /// The browser's `User-Agent`.
    pub user_agent: Option<String>,
    /// The client's address.
    pub address: Option<String>,
}
