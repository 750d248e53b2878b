use std::sync::Arc;

use url::{Host, Url};

use super::params::{Params, Repeated};
use crate::client::{Client, SCOPES};
use crate::core::Core;
use crate::db::auth_codes::{self, AuthCode};
use crate::error::{ApiError, Result};

const CODE_SECONDS: i64 = 5 * 60;

/// What the pages carry on from the authorize request.
const CARRIED: [&str; 13] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "scope",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "identity_provider",
    "prompt",
    "lang",
    "login_hint",
    "resource",
];

/// A valid authorize request: client, redirect URI and the rest are checked.
pub(crate) struct AuthorizeRequest {
    pub(crate) client: Arc<Client>,
    params: Params,
    redirect_uri: Url,
    scope: String,
    state: Option<String>,
    nonce: Option<String>,
    challenge: Option<String>,
}

/// Why an authorize request is not taken.
pub(crate) enum Refusal {
    /// The client or its redirect URI cannot be trusted: say so to the person.
    Page(&'static str),
    /// Back to the client with `error`.
    Redirect(String),
}

impl AuthorizeRequest {
    pub(crate) fn parse(core: &Core, query: &str) -> Result<Self, Refusal> {
        let params = Params::parse(query.as_bytes());
        let (client, redirect_uri) = trusted(core, &params).map_err(Refusal::Page)?;
        let mut request = Self {
            client,
            redirect_uri,
            scope: String::new(),
            state: params.get("state").ok().flatten().map(str::to_owned),
            nonce: None,
            challenge: None,
            params,
        };
        match request.complete() {
            Ok(()) => Ok(request),
            Err((error, description)) => {
                Err(Refusal::Redirect(request.refusal(error, Some(description))))
            }
        }
    }

    /// The request again, as the query of another page.
    pub(crate) fn query(&self) -> String {
        self.params.only(&CARRIED)
    }

    /// The same with the name a person just gave.
    pub(crate) fn query_with_hint(&self, username: &str) -> String {
        let mut params = self.params.clone();
        params.set("login_hint", username);
        params.only(&CARRIED)
    }

    pub(crate) fn login_hint(&self) -> &str {
        self.params.first("login_hint")
    }

    pub(crate) fn prompts(&self, value: &str) -> bool {
        self.params
            .first("prompt")
            .split(' ')
            .any(|prompt| prompt == value)
    }

    /// Makes a code for the user: where the browser goes next.
    pub(crate) fn grant(&self, core: &Core, sub: &str, auth_time: i64, now: i64) -> Result<String> {
        let code = core.random.uuid();
        let record = AuthCode {
            sub: sub.to_owned(),
            client_id: self.client.id.clone(),
            redirect_uri: self.params.first("redirect_uri").to_owned(),
            scope: self.scope.clone(),
            nonce: self.nonce.clone(),
            challenge: self.challenge.clone(),
            auth_time,
            expires_at: now + CODE_SECONDS,
        };
        core.db.run(|tx| {
            auth_codes::purge(tx, now)?;
            auth_codes::insert(tx, &code, &record).map_err(ApiError::from)
        })?;
        let mut url = self.redirect_uri.clone();
        url.query_pairs_mut().append_pair("code", &code);
        Ok(with_state(url, self.state.as_deref()))
    }

    /// Back to the client with `error`.
    pub(crate) fn error(&self, error: &str) -> String {
        self.refusal(error, None)
    }

    fn refusal(&self, error: &str, description: Option<&str>) -> String {
        let mut url = self.redirect_uri.clone();
        url.query_pairs_mut()
            .append_pair("error", error)
            .extend_pairs(description.map(|text| ("error_description", text)));
        with_state(url, self.state.as_deref())
    }

    /// Checks what may be answered to the client itself: error and description.
    fn complete(&mut self) -> Result<(), (&'static str, &'static str)> {
        let params = &self.params;
        let once = |name| {
            params
                .get(name)
                .map_err(|Repeated| ("invalid_request", "repeated parameter"))
        };
        once("state")?;
        match once("response_type")? {
            Some("code") => {}
            Some("token") => return Err(("unauthorized_client", "flow not allowed")),
            _ => return Err(("invalid_request", "response_type must be code")),
        }
        if once("identity_provider")?.is_some_and(|name| name != "COGNITO") {
            return Err(("invalid_request", "identity provider does not exist"));
        }
        self.challenge = match (once("code_challenge_method")?, once("code_challenge")?) {
            (None, None) => None,
            (Some("S256"), Some(challenge)) if is_s256(challenge) => Some(challenge.to_owned()),
            _ => return Err(("invalid_request", "code_challenge must come with S256")),
        };
        self.scope = match once("scope")? {
            None => SCOPES.join(" "),
            Some(given) => scopes(given).ok_or(("invalid_scope", "scope not allowed"))?,
        };
        self.nonce = once("nonce")?.map(str::to_owned);
        Ok(())
    }
}

/// The client and its redirect URI, or what to tell the person.
fn trusted(core: &Core, params: &Params) -> Result<(Arc<Client>, Url), &'static str> {
    let once = |name| {
        params
            .get(name)
            .map_err(|Repeated| "A parameter of the request is repeated.")
    };
    let client = once("client_id")?
        .and_then(|id| core.find_client(id))
        .ok_or("Client does not exist or client_id is missing.")?;
    let given = once("redirect_uri")?.ok_or("redirect_uri is missing.")?;
    let redirect_uri = allowed(&client, given, &client.callback_urls, &core.callback_urls)
        .ok_or("redirect_mismatch: redirect_uri is not one of this client's callback URLs.")?;
    Ok((client, redirect_uri))
}

/// A URL of the client's list; for a client that may use them also those the pool was started
/// with and any plain URL on the loopback interface.
pub(super) fn allowed(
    client: &Client,
    given: &str,
    listed: &[Url],
    of_pool: &[Url],
) -> Option<Url> {
    let url = Url::parse(given).ok()?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let local = loopback && matches!(url.scheme(), "http" | "https");
    let open = client.loopback_urls && (local || of_pool.contains(&url));
    (plain && (open || listed.contains(&url))).then_some(url)
}

fn with_state(mut url: Url, state: Option<&str>) -> String {
    if let Some(state) = state {
        url.query_pairs_mut().append_pair("state", state);
    }
    url.into()
}

/// Base64url of a SHA-256 hash: 43 characters.
fn is_s256(challenge: &str) -> bool {
    challenge.len() == 43
        && challenge
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Known scopes, each once; `email`, `phone` and `profile` only with `openid`.
fn scopes(given: &str) -> Option<String> {
    let mut scopes: Vec<&str> = Vec::new();
    for scope in given.split(' ').filter(|scope| !scope.is_empty()) {
        if !SCOPES.contains(&scope) {
            return None;
        }
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    let needs_openid = scopes
        .iter()
        .any(|scope| matches!(*scope, "email" | "phone" | "profile"));
    if scopes.is_empty() || (needs_openid && !scopes.contains(&"openid")) {
        return None;
    }
    Some(scopes.join(" "))
}
