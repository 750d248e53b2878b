//! Where a deployment lives: addresses, prefixes, cookie names.

use std::time::Duration;

use http::HeaderMap;
use http::header::HOST;
use ipnet::IpNet;
use url::Url;

use crate::layers::RateLimits;

/// Settings of the HTTP side, plain values made from the configuration.
#[derive(Clone, Debug)]
pub struct Site {
    /// Shown at `/`.
    pub app_name: String,
    /// The application that people use; redirects end on its origin.
    pub frontend: Url,
    /// Where Cognito's `/logout` sends the browser, written as the app client has it.
    pub signed_out_url: String,
    /// Further origins that may call with the session cookie.
    pub allowed_origins: Vec<Url>,
    /// Prefix of the Token Handler family; `None` switches it off.
    pub token_handler: Option<String>,
    /// Prefix of the API; `None` switches the backend-proxy family off.
    pub backend_proxy: Option<String>,
    /// Serve sign-up and sign-in on the application's own pages, below `backend_proxy`.
    pub accounts: bool,
    /// This server as browsers see it.
    pub public_url: Url,
    /// `redirect_uri` of the backend-proxy family.
    pub backend_callback: Url,
    /// `redirect_uri` of the Token Handler family.
    pub token_handler_callback: Url,
    /// Several domains on one server, each returning to itself.
    pub callback_origins: Option<CallbackOrigins>,
    /// The frontend's pages.
    pub pages: Pages,
    /// Names and attributes of both cookies.
    pub cookies: Cookies,
    /// Peers whose forwarded headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// What one caller may ask.
    pub rate_limits: RateLimits,
    /// The largest request body, in bytes.
    pub body_limit: usize,
    /// How long a request body may take to arrive.
    pub body_timeout: Duration,
    /// Serve `/openapi.json` and `/docs`.
    pub show_api: bool,
    /// Shown at `/` to browsers: a demo application's page.
    pub home_page: Option<&'static str>,
}

/// Origins that are both `redirect_uri` and frontend of the sign-ins begun on them.
#[derive(Clone, Debug)]
pub struct CallbackOrigins {
    /// These.
    pub listed: Vec<Url>,
    /// Any other too, as the `Host` header names it: for development only.
    pub any: bool,
}

impl CallbackOrigins {
    /// The origin for a `Host` header, with the scheme this server is reached by.
    pub(crate) fn of_host(&self, scheme: &str, host: &str) -> Option<Url> {
        let url = Url::parse(&format!("{scheme}://{host}/")).ok()?;
        let listed = self
            .listed
            .iter()
            .find(|listed| listed.origin() == url.origin())
            .cloned();
        let plain = url.path() == "/" && url.username().is_empty() && url.query().is_none();
        listed.or_else(|| (self.any && plain).then_some(url))
    }
}

/// Paths on the frontend where sign-in ends.
#[derive(Clone, Debug)]
pub struct Pages {
    /// Backend proxy: signed in.
    pub dashboard: String,
    /// Backend proxy: not signed in.
    pub error: String,
    /// Token Handler: signed in.
    pub success: String,
    /// Token Handler: not signed in.
    pub login: String,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            dashboard: "/dashboard".into(),
            error: "/auth/error".into(),
            success: "/auth/success".into(),
            login: "/login".into(),
        }
    }
}

/// Names and attributes of the session and the login cookie.
#[derive(Clone, Debug)]
pub struct Cookies {
    /// Name of the session cookie, prefix included.
    pub session: String,
    /// Name of the short-lived cookie of a sign-in under way.
    pub login: String,
    /// `Secure`.
    pub secure: bool,
    /// `Domain`, only where sub-domains share the session.
    pub domain: Option<String>,
}

impl Site {
    /// The origins whose pages may use the session cookie: those configured and
    /// this server's own, as a browser writes them into `Origin`.
    pub(crate) fn origins(&self) -> Vec<String> {
        let several = self
            .callback_origins
            .iter()
            .flat_map(|origins| &origins.listed);
        [&self.frontend, &self.public_url]
            .into_iter()
            .chain(&self.allowed_origins)
            .chain(several)
            .map(|url| url.origin().ascii_serialization())
            .collect()
    }

    /// Whether a path lies in the Token Handler family: whole segments, not letters.
    pub(crate) fn in_token_handler(&self, path: &str) -> bool {
        let prefix = self.token_handler.as_deref();
        prefix
            .and_then(|prefix| path.strip_prefix(prefix))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The domain a request came to, where each of several has its own sign-ins.
    pub(crate) fn own_origin(&self, headers: &HeaderMap) -> Option<Url> {
        let origins = self.callback_origins.as_ref()?;
        let host = headers.get(HOST)?.to_str().ok()?;
        origins.of_host(self.public_url.scheme(), host)
    }

    /// The frontend that a request belongs to.
    pub(crate) fn frontend_of(&self, headers: &HeaderMap) -> Url {
        self.own_origin(headers)
            .unwrap_or_else(|| self.frontend.clone())
    }

    /// Whether this deployment is reached over HTTPS.
    pub(crate) fn https(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}
