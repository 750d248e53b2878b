//! Where the browser is sent: the sign-in page and the sign-out page
//! (<https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html>,
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html>).

use url::Url;

use crate::Cognito;

/// What one sign-in puts into the authorize URL.
pub struct Authorize<'a> {
    /// One of the app client's callback URLs, exactly.
    pub redirect_uri: &'a Url,
    /// Comes back with the code.
    pub state: &'a str,
    /// Comes back in the ID token.
    pub nonce: &'a str,
    /// [`crate::PkceVerifier::challenge`].
    pub code_challenge: &'a str,
    /// Skips the choice of provider: `COGNITO`, `Google` or a provider's name.
    pub identity_provider: Option<&'a str>,
    /// Fills in the user name.
    pub login_hint: Option<&'a str>,
}

impl Cognito {
    /// The sign-in page for this request (RFC 6749 §4.1.1); every parameter stands once.
    pub fn authorize_url(&self, p: &Authorize<'_>) -> Url {
        let mut url = self.endpoints.authorize.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", p.redirect_uri.as_str());
        if !self.settings.scopes.is_empty() {
            query.append_pair("scope", &self.settings.scopes.join(" "));
        }
        query
            .append_pair("state", p.state)
            .append_pair("nonce", p.nonce)
            .append_pair("code_challenge", p.code_challenge)
            .append_pair("code_challenge_method", "S256");
        if let Some(name) = p.identity_provider {
            query.append_pair("identity_provider", name);
        }
        if let Some(hint) = p.login_hint {
            query.append_pair("login_hint", hint);
        }
        drop(query);
        url
    }

    /// The page that ends the browser's session at the user pool and goes on to
    /// `logout_uri`, one of the app client's sign-out URLs, to the letter. It revokes
    /// no token.
    pub fn logout_url(&self, logout_uri: &str) -> Url {
        let mut url = self.endpoints.logout.clone();
        url.query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("logout_uri", logout_uri);
        url
    }
}
