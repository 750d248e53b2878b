//! The app clients of the pool.

use std::collections::BTreeSet;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use url::Url;

use crate::error::{ApiError, Result};
use crate::settings::Settings;

/// The app client without a secret.
pub const PUBLIC_CLIENT_ID: &str = "cogwardlocalpublicclient01";
/// The app client whose secret is [`CLIENT_SECRET`].
pub const SECRET_CLIENT_ID: &str = "cogwardlocalsecretclient01";
/// The secret of [`SECRET_CLIENT_ID`], the same in every local pool.
pub const CLIENT_SECRET: &str = "cogwardlocalsecret0123456789abcdef";

/// Scopes of the pool itself; a resource server adds its own.
pub(crate) const SCOPES: [&str; 5] = [
    "openid",
    "email",
    "phone",
    "profile",
    "aws.cognito.signin.user.admin",
];

/// An app client, as it stands in a seed file. What it leaves out the pool's settings say.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Client {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: String,
    /// Up to two, so that one can take the place of the other.
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default = "every_flow")]
    pub(crate) flows: BTreeSet<AuthFlow>,
    #[serde(default = "code_flow")]
    pub(crate) oauth_flows: BTreeSet<OAuthFlow>,
    #[serde(default = "pool_scopes")]
    pub(crate) scopes: BTreeSet<String>,
    #[serde(default)]
    pub(crate) callback_urls: Vec<Url>,
    #[serde(default)]
    pub(crate) logout_urls: Vec<Url>,
    /// Any http(s) URL on the loopback interface is a callback and a sign-out URL, and so are
    /// those the pool was started with.
    #[serde(default)]
    pub(crate) loopback_urls: bool,
    pub(crate) access_token_seconds: Option<i64>,
    pub(crate) id_token_seconds: Option<i64>,
    pub(crate) refresh_token_seconds: Option<i64>,
    pub(crate) refresh_rotation: Option<bool>,
    pub(crate) refresh_grace_seconds: Option<i64>,
    pub(crate) prevent_user_existence_errors: Option<bool>,
    /// What the client may read of a user; everything when left out.
    pub(crate) read_attributes: Option<BTreeSet<String>>,
    /// What it may write; every attribute that is not the pool's own when left out.
    pub(crate) write_attributes: Option<BTreeSet<String>>,
}

/// `ExplicitAuthFlows`, without `ALLOW_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum AuthFlow {
    #[serde(rename = "USER_AUTH")]
    User,
    #[serde(rename = "USER_PASSWORD_AUTH")]
    UserPassword,
    #[serde(rename = "USER_SRP_AUTH")]
    UserSrp,
    #[serde(rename = "REFRESH_TOKEN_AUTH")]
    RefreshToken,
    #[serde(rename = "CUSTOM_AUTH")]
    Custom,
    #[serde(rename = "ADMIN_USER_PASSWORD_AUTH")]
    AdminUserPassword,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OAuthFlow {
    Code,
    Implicit,
    ClientCredentials,
}

/// How long what a client gets is good for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetimes {
    pub(crate) access: i64,
    pub(crate) id: i64,
    pub(crate) refresh: i64,
    pub(crate) rotation: bool,
    pub(crate) grace: i64,
}

impl Client {
    /// The two clients every pool has until a seed file names others.
    pub(crate) fn built_in() -> [Self; 2] {
        let client = |id: &str, name: &str, secrets: Vec<String>| Self {
            id: id.to_owned(),
            name: name.to_owned(),
            secrets,
            flows: every_flow(),
            oauth_flows: [OAuthFlow::Code, OAuthFlow::Implicit].into(),
            scopes: pool_scopes(),
            callback_urls: Vec::new(),
            logout_urls: Vec::new(),
            loopback_urls: true,
            access_token_seconds: None,
            id_token_seconds: None,
            refresh_token_seconds: None,
            refresh_rotation: None,
            refresh_grace_seconds: None,
            prevent_user_existence_errors: None,
            read_attributes: None,
            write_attributes: None,
        };
        [
            client(PUBLIC_CLIENT_ID, "public", Vec::new()),
            client(
                SECRET_CLIENT_ID,
                "confidential",
                vec![CLIENT_SECRET.to_owned()],
            ),
        ]
    }

    /// # Errors
    /// A sentence that names what is out of range, or does not go together.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (name, value, most) in [
            ("access_token_seconds", self.access_token_seconds, 86400),
            ("id_token_seconds", self.id_token_seconds, 86400),
            (
                "refresh_token_seconds",
                self.refresh_token_seconds,
                315_360_000,
            ),
        ] {
            if value.is_some_and(|value| !(1..=most).contains(&value)) {
                return Err(format!("{name} must be a whole number of 1 to {most}"));
            }
        }
        if self
            .refresh_grace_seconds
            .is_some_and(|grace| !(0..=60).contains(&grace))
        {
            return Err("refresh_grace_seconds must be a whole number of 0 to 60".to_owned());
        }
        let credentials = self.oauth_flows.contains(&OAuthFlow::ClientCredentials);
        if credentials && (self.oauth_flows.len() > 1 || !self.has_secret()) {
            return Err(
                "client_credentials needs a secret and goes with no other OAuth flow".to_owned(),
            );
        }
        Ok(())
    }

    pub(crate) fn lifetimes(&self, settings: &Settings) -> Lifetimes {
        Lifetimes {
            access: self
                .access_token_seconds
                .unwrap_or(settings.access_token_seconds),
            id: self.id_token_seconds.unwrap_or(settings.id_token_seconds),
            refresh: self
                .refresh_token_seconds
                .unwrap_or(settings.refresh_token_seconds),
            rotation: self.refresh_rotation.unwrap_or(settings.refresh_rotation),
            grace: self
                .refresh_grace_seconds
                .unwrap_or(settings.refresh_grace_seconds),
        }
    }

    /// An unknown name may not be told from a known one.
    pub(crate) fn hides_names(&self, settings: &Settings) -> bool {
        self.prevent_user_existence_errors
            .unwrap_or(settings.prevent_user_existence_errors)
    }

    /// It acts for itself, by `client_credentials`, and for no user.
    pub(crate) fn is_machine(&self) -> bool {
        self.has_secret() && self.oauth_flows == [OAuthFlow::ClientCredentials].into()
    }

    /// Of a user; `sub` always.
    pub(crate) fn may_read(&self, attribute: &str) -> bool {
        self.read_attributes
            .as_ref()
            .is_none_or(|readable| readable.contains(attribute))
    }

    pub(crate) fn has_secret(&self) -> bool {
        !self.secrets.is_empty()
    }

    pub(crate) fn secrets(&self) -> &[String] {
        &self.secrets
    }

    /// Whether `given` is a secret, or is absent where there is none.
    pub(crate) fn secret_matches(&self, given: Option<&str>) -> bool {
        match given {
            None => self.secrets.is_empty(),
            Some(given) => {
                self.any_secret(|secret| secret.as_bytes().ct_eq(given.as_bytes()).into())
            }
        }
    }

    /// Checks base64(HMAC-SHA256(secret, username || client id)); `username` as it was sent.
    pub(crate) fn check_secret_hash(&self, username: &str, given: Option<&str>) -> Result<()> {
        self.check_secret_hash_of(&[username], given)
    }

    /// The same where any of these names may be the one that was hashed.
    pub(crate) fn check_secret_hash_of(
        &self,
        usernames: &[&str],
        given: Option<&str>,
    ) -> Result<()> {
        let id = &self.id;
        match (self.has_secret(), given) {
            (false, None) => Ok(()),
            (false, Some(_)) => Err(ApiError::not_authorized(format!(
                "Client {id} is not configured for secret but secret hash was received"
            ))),
            (true, None) => Err(ApiError::not_authorized(format!(
                "Client {id} is configured with secret but SECRET_HASH was not received"
            ))),
            (true, Some(given)) => {
                let matches = self.any_secret(|secret| {
                    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                    usernames.iter().fold(false, |found, username| {
                        let message = [username, id.as_str()].concat();
                        let hash = STANDARD.encode(hmac::sign(&key, message.as_bytes()));
                        bool::from(hash.as_bytes().ct_eq(given.as_bytes())) | found
                    })
                });
                matches.then_some(()).ok_or_else(|| {
                    ApiError::not_authorized(format!(
                        "Unable to verify secret hash for client {id}"
                    ))
                })
            }
        }
    }

    /// Asks every secret, whichever matches.
    fn any_secret(&self, matches: impl Fn(&str) -> bool) -> bool {
        self.secrets
            .iter()
            .fold(false, |found, secret| matches(secret) | found)
    }
}

fn every_flow() -> BTreeSet<AuthFlow> {
    [
        AuthFlow::User,
        AuthFlow::UserPassword,
        AuthFlow::UserSrp,
        AuthFlow::RefreshToken,
        AuthFlow::Custom,
        AuthFlow::AdminUserPassword,
    ]
    .into()
}

fn code_flow() -> BTreeSet<OAuthFlow> {
    [OAuthFlow::Code].into()
}

fn pool_scopes() -> BTreeSet<String> {
    SCOPES.map(str::to_owned).into()
}
