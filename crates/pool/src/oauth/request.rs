use std::sync::Arc;

use url::Url;

use super::params::{Params, Repeated};
use super::redirect::{self, with_fragment, with_query};
use crate::client::{Client, OAuthFlow};
use crate::core::Core;
use crate::db::auth_codes::{self, AuthCode};
use crate::db::users::User;
use crate::error::{ApiError, Result};
use crate::grant::{self, Request};
use crate::scope;

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

/// `login` and `none` act here; the other two are for providers that Cognito forwards them to.
const PROMPTS: [&str; 4] = ["none", "login", "select_account", "consent"];

/// A valid authorize request: client, redirect URI and the rest are checked.
pub(crate) struct AuthorizeRequest {
    pub(crate) client: Arc<Client>,
    params: Params,
    redirect_uri: Url,
    response: Response,
    scope: String,
    state: Option<String>,
    nonce: Option<String>,
    challenge: Option<String>,
    resource: Option<String>,
    max_age: Option<i64>,
}

/// `response_type`.
#[derive(Clone, Copy)]
enum Response {
    Code,
    /// The implicit flow.
    Token,
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
            response: Response::Code,
            scope: String::new(),
            state: params.get("state").ok().flatten().map(str::to_owned),
            nonce: None,
            challenge: None,
            resource: None,
            max_age: None,
            params,
        };
        match request.complete(core) {
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

    /// Whether a sign-in at that time is too long ago (OpenID Connect's `max_age`; 0 is
    /// `prompt=login`).
    pub(crate) fn is_too_old(&self, auth_time: i64, now: i64) -> bool {
        self.max_age
            .is_some_and(|seconds| seconds == 0 || now.saturating_sub(auth_time) > seconds)
    }

    /// Gives the user's browser what was asked for: where it goes next.
    pub(crate) fn grant(
        &self,
        core: &Core,
        user: &User,
        auth_time: i64,
        now: i64,
    ) -> Result<String> {
        match self.response {
            Response::Code => self.grant_code(core, user, auth_time, now),
            Response::Token => self.grant_tokens(core, user, auth_time, now),
        }
    }

    fn grant_code(&self, core: &Core, user: &User, auth_time: i64, now: i64) -> Result<String> {
        let code = core.random.uuid();
        let record = AuthCode {
            sub: user.sub.clone(),
            client_id: self.client.id.clone(),
            redirect_uri: self.params.first("redirect_uri").to_owned(),
            scope: self.scope.clone(),
            nonce: self.nonce.clone(),
            challenge: self.challenge.clone(),
            resource: self.resource.clone(),
            auth_time,
            expires_at: now + CODE_SECONDS,
            epoch: user.epoch,
        };
        core.db.run(|tx| {
            auth_codes::purge(tx, now)?;
            auth_codes::insert(tx, &code, &record).map_err(ApiError::from)
        })?;
        Ok(self.back(vec![("code", &code)]))
    }

    fn grant_tokens(&self, core: &Core, user: &User, auth_time: i64, now: i64) -> Result<String> {
        let request = Request {
            client: &self.client,
            scope: &self.scope,
            nonce: self.nonce.as_deref(),
            auth_time,
            device_key: None,
            hosted: true,
            resource: self.resource.as_deref(),
        };
        let granted = grant::begin_implicit(core, user, &request, now)?;
        let expires_in = granted.tokens.expires_in.to_string();
        let mut parameters = vec![
            ("access_token", granted.tokens.access.as_str()),
            ("token_type", "bearer"),
            ("expires_in", &expires_in),
        ];
        if granted.identifies {
            parameters.insert(0, ("id_token", &granted.tokens.id));
        }
        Ok(self.back(parameters))
    }

    /// Back to the client with `error`.
    pub(crate) fn error(&self, error: &str) -> String {
        self.refusal(error, None)
    }

    fn refusal(&self, error: &str, description: Option<&str>) -> String {
        let mut parameters = vec![("error", error)];
        parameters.extend(description.map(|text| ("error_description", text)));
        self.back(parameters)
    }

    /// RFC 6749 sections 4.1.2 and 4.2.2: the implicit flow answers in the fragment.
    fn back<'a>(&'a self, mut parameters: Vec<(&'a str, &'a str)>) -> String {
        parameters.extend(self.state.as_deref().map(|state| ("state", state)));
        match self.response {
            Response::Code => with_query(&self.redirect_uri, &parameters),
            Response::Token => with_fragment(&self.redirect_uri, &parameters),
        }
    }

    /// Checks what may be answered to the client itself: error and description.
    fn complete(&mut self, core: &Core) -> Result<(), (&'static str, &'static str)> {
        let params = &self.params;
        let once = |name| {
            params
                .get(name)
                .map_err(|Repeated| ("invalid_request", "repeated parameter"))
        };
        once("state")?;
        let flow = match once("response_type")? {
            Some("code") => OAuthFlow::Code,
            Some("token") => {
                self.response = Response::Token;
                OAuthFlow::Implicit
            }
            _ => return Err(("invalid_request", "response_type must be code or token")),
        };
        if !self.client.oauth_flows.contains(&flow) {
            return Err(("unauthorized_client", "flow not allowed"));
        }
        let provider = once("identity_provider")?.is_some_and(|name| name != "COGNITO");
        if provider || once("idp_identifier")?.is_some() {
            return Err(("invalid_request", "identity provider does not exist"));
        }
        self.challenge = match (once("code_challenge_method")?, once("code_challenge")?) {
            (None, None) => None,
            (Some("S256"), Some(challenge)) if is_s256(challenge) => Some(challenge.to_owned()),
            _ => return Err(("invalid_request", "code_challenge must come with S256")),
        };
        let prompts: Vec<_> = once("prompt")?.unwrap_or_default().split(' ').collect();
        let known = |prompt: &&str| prompt.is_empty() || PROMPTS.contains(prompt);
        if !prompts.iter().all(known) || (prompts.contains(&"none") && prompts.len() > 1) {
            return Err(("invalid_request", "prompt has no such values together"));
        }
        self.max_age = match once("max_age")? {
            Some(seconds) => {
                let seconds = seconds.parse::<u32>();
                let seconds = seconds.map_err(|_| ("invalid_request", "max_age is no number"))?;
                Some(seconds.into())
            }
            None => None,
        };
        self.resource = match once("resource")? {
            Some(resource) if !redirect::is_resource(resource) => {
                return Err(("invalid_request", "resource must be an https URL"));
            }
            resource => resource.map(str::to_owned),
        };
        self.scope = scope::of_user(&core.definition(), &self.client, once("scope")?)
            .filter(|scope| {
                matches!(self.response, Response::Code) || scope::readable(scope, &self.client)
            })
            .ok_or(("invalid_scope", "scope not allowed"))?;
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
    let redirect_uri =
        redirect::allowed(&client, given, &client.callback_urls, &core.callback_urls)
            .ok_or("redirect_mismatch: redirect_uri is not one of this client's callback URLs.")?;
    Ok((client, redirect_uri))
}

/// Base64url of a SHA-256 hash: 43 characters.
fn is_s256(challenge: &str) -> bool {
    challenge.len() == 43
        && challenge
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}
