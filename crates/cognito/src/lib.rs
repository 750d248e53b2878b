//! Every word said to Amazon Cognito: hosted-UI endpoints and user-pool API.

pub mod accounts;
mod api;
mod authorize;
mod error;
mod http;
mod oauth;
mod pkce;
mod secret;
mod tokens;

use reqwest::Client;
use url::Url;

pub use accounts::{AccountError, Accounts, Refusal};
pub use authorize::Authorize;
pub use error::{BuildError, CallError};
pub use http::client as http_client;
pub use pkce::{PkceVerifier, RandomError};
pub use secret::{ClientSecret, Code, TokenText, TotpSecret};
pub use tokens::Tokens;

/// Where a user pool is and which of its app clients speaks.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The user-pool domain: `https://<prefix>.auth.<region>.amazoncognito.com` or one's own.
    pub domain: Url,
    /// The user-pool API: `https://cognito-idp.<region>.amazonaws.com`.
    pub api: Url,
    /// The app client.
    pub client_id: String,
    /// The secret of a confidential app client; a public one has none.
    pub client_secret: Option<ClientSecret>,
    /// What a sign-in asks for, `openid` among it; none asks for all the client may have.
    pub scopes: Vec<String>,
    /// A certificate (PEM) that is good beside those of the system's authorities: a local pool's
    /// own.
    pub trusted_certificate: Option<String>,
}

/// One app client of one user pool. Calls take 4 s at most, connecting 2 s of them, answers
/// 256 KiB; redirects are not followed.
pub struct Cognito {
    http: Client,
    settings: Settings,
    endpoints: Endpoints,
}

struct Endpoints {
    authorize: Url,
    token: Url,
    revoke: Url,
    logout: Url,
}

impl Cognito {
    /// Prepares calls; none is made.
    ///
    /// # Errors
    /// An address that is not `http` or `https`, no client id, or no TLS roots.
    pub fn new(settings: Settings) -> Result<Self, BuildError> {
        if !matches!(settings.api.scheme(), "http" | "https") {
            return Err(BuildError::Address {
                name: "user-pool API",
            });
        }
        if settings.client_id.is_empty() {
            return Err(BuildError::ClientId);
        }
        let endpoint = |path| endpoint(&settings.domain, path);
        let endpoints = Endpoints {
            authorize: endpoint(&["oauth2", "authorize"])?,
            token: endpoint(&["oauth2", "token"])?,
            revoke: endpoint(&["oauth2", "revoke"])?,
            logout: endpoint(&["logout"])?,
        };
        Ok(Self {
            http: http::client(settings.trusted_certificate.as_deref())?,
            settings,
            endpoints,
        })
    }

    /// The client all calls go through, for fetching keys with the same limits.
    pub fn http(&self) -> &Client {
        &self.http
    }
}

fn endpoint(domain: &Url, path: &[&str]) -> Result<Url, BuildError> {
    let wrong = || BuildError::Address {
        name: "user-pool domain",
    };
    if !matches!(domain.scheme(), "http" | "https") {
        return Err(wrong());
    }
    let mut url = domain.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.path_segments_mut()
        .map_err(|()| wrong())?
        .pop_if_empty()
        .extend(path);
    Ok(url)
}
