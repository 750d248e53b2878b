//! Facts from a service of the application's, by HTTP.

use std::time::Duration;

use async_trait::async_trait;
use cogward_inquiry::http::{self, BodyError, TokenError};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::provider::{EntityError, EntityProvider, Facts, MOST_BYTES};

/// A service that answers `GET` of an address made of a resource's id, perhaps with its type, by
/// `{"owner": "…" or null, "type": "…", "attributes": {…}}`, of which the last two may be
/// missing. `404` means that there is no such resource; any other status, and an answer of
/// another form or over 64 KiB, is an error.
///
/// Redirects are not followed, and a proxy that the environment names is not used: the service's
/// token is for nobody else.
pub struct HttpEntities {
    client: Client,
    template: Template,
    authorization: Option<HeaderValue>,
}

/// Why a service cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum HttpEntitiesError {
    /// The address is none, or has its places where none can be.
    #[error(
        "the address of the entity provider must be an http or https URL with `{{id}}` once, and `{{type}}` at most once, each as a whole segment of its path or a whole value of its query"
    )]
    Template,
    /// The token has what no header can carry.
    #[error("the entity provider cannot be shown its token")]
    Token(#[from] TokenError),
    /// There are no TLS roots.
    #[error("the HTTP client of the entity provider cannot be made")]
    Client(#[source] reqwest::Error),
}

impl HttpEntities {
    /// Nothing is asked of the service yet.
    ///
    /// # Errors
    /// [`HttpEntitiesError`] when it cannot be asked like this.
    pub fn new(
        template: &str,
        token: Option<&str>,
        timeout: Duration,
    ) -> Result<Self, HttpEntitiesError> {
        let client = http::client(timeout).map_err(HttpEntitiesError::Client)?;
        Ok(Self {
            client,
            template: Template::new(template).ok_or(HttpEntitiesError::Template)?,
            authorization: token.map(http::bearer).transpose()?,
        })
    }
}

#[async_trait]
impl EntityProvider for HttpEntities {
    async fn find(&self, kind: &str, id: &str) -> Result<Option<Facts>, EntityError> {
        let Some(url) = self.template.fill(kind, id) else {
            return Ok(None);
        };
        let mut request = self.client.get(url?).header(ACCEPT, "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let mut response = request.send().await.map_err(broken)?;
        match response.status() {
            StatusCode::OK => read(&mut response).await.map(Some),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(EntityError::unavailable(format!(
                "it answered with status {}",
                status.as_u16()
            ))),
        }
    }
}

/// An address with places for id and type.
struct Template {
    text: String,
    has_kind: bool,
}

impl Template {
    fn new(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let web = matches!(url.scheme(), "http" | "https");
        let bare = url.username().is_empty() && url.password().is_none();
        let segments = url.path_segments()?;
        let values = url.query().unwrap_or("").split('&');
        let values = values.filter_map(|pair| Some(pair.split_once('=')?.1));
        let places: Vec<_> = segments.chain(values).map(decoded).collect();
        let times = |name: &str| places.iter().filter(|place| *place == name).count();
        let (ids, kinds) = (times("{id}"), times("{type}"));
        let text = decoded(url.as_str());
        let braces = text.matches(['{', '}']).count();
        let good = web && bare && url.fragment().is_none() && ids == 1 && kinds <= 1;
        (good && braces == 2 * (ids + kinds)).then_some(Self {
            text,
            has_kind: kinds == 1,
        })
    }

    /// None where no resource is called so.
    fn fill(&self, kind: &str, id: &str) -> Option<Result<Url, EntityError>> {
        let mut text = self.text.replace("{id}", &http::segment(id)?);
        if self.has_kind {
            // There are no braces in what was put in.
            text = text.replace("{type}", &http::segment(kind)?);
        }
        Some(Url::parse(&text).map_err(EntityError::unavailable))
    }
}

/// With braces as they were written.
fn decoded(text: &str) -> String {
    text.replace("%7B", "{").replace("%7D", "}")
}

/// Members that are not named here are passed over; one that is there twice is an error.
#[derive(Deserialize)]
struct Answer {
    #[serde(deserialize_with = "present")]
    owner: Option<String>,
    r#type: Option<String>,
    attributes: Option<Map<String, Value>>,
}

/// Null, but not missing: what says nothing of an owner is the answer of something else.
fn present<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(input)
}

async fn read(response: &mut Response) -> Result<Facts, EntityError> {
    let body = http::body(response, MOST_BYTES).await;
    let body = body.map_err(|error| match error {
        BodyError::TooLarge => EntityError::unavailable("its answer is over 64 KiB"),
        BodyError::Broken(error) => EntityError::unavailable(error),
    })?;
    // What serde says quotes the answer.
    let answer: Answer = serde_json::from_slice(&body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let text = format!("its answer is of another form, at line {line} column {column}");
        EntityError::unavailable(text)
    })?;
    Ok(Facts {
        owner: answer.owner,
        kind: answer.r#type,
        attributes: answer.attributes.unwrap_or_default(),
    })
}

fn broken(error: reqwest::Error) -> EntityError {
    EntityError::unavailable(error.without_url())
}
