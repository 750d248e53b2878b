//! The application's IAM service, asked by HTTP.

use std::sync::Arc;
use std::time::Duration;

use cogward_inquiry::BrokeOff;
use cogward_inquiry::http::{self, BodyError, TokenError};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tower::retry::budget::{Budget as _, TpsBudget};

use crate::breaker::Breaker;
use crate::roles::Roles;
use crate::statistics::Counter;

/// An answer is no larger, bytes.
const MOST_BYTES: usize = 64 << 10;
/// What fails at once is asked again so often, as far as the budget allows.
const RETRIES: u32 = 2;
/// Before the first of these; the next waits twice as long.
const PAUSE: Duration = Duration::from_millis(25);
/// So many questions are under way at once; others wait, within their timeout.
const AT_ONCE: usize = 128;
/// The budget: so many of a hundred questions may be asked again, and one a second in any case.
const RETRY_PERCENT: f32 = 0.1;
const RETRIES_PER_SECOND: u32 = 1;
const BUDGET_TTL: Duration = Duration::from_secs(10);

/// A service that answers `GET {base}/internal/users/{sub}?context={name}` by
/// `{"roles": ["…"], "id": "…", "context": "…"}`, of which the last two may be missing and else
/// must be those that were asked for. `404` means that it does not know the person, who has no
/// roles then. Any other status, and an answer of another form or over 64 KiB, is an error.
///
/// Redirects are not followed, and a proxy that the environment names is not used.
pub struct Provider {
    client: Client,
    base: Url,
    credentials: Credentials,
    timeout: Duration,
    breaker: Breaker,
    budget: TpsBudget,
    at_once: Semaphore,
    pub(crate) questions: Counter,
}

/// What the service is shown.
#[derive(Clone)]
pub enum Credentials {
    /// Nothing: it stands where nobody else can reach it.
    None,
    /// The same token every time.
    Service(HeaderValue),
    /// The access token of whom it is asked of.
    Caller,
}

impl Credentials {
    /// A token of Cogward's own.
    ///
    /// # Errors
    /// [`TokenError`]: no header can carry it.
    pub fn service(token: &str) -> Result<Self, TokenError> {
        http::bearer(token).map(Self::Service)
    }
}

/// Why a service cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The address is none to put a path behind.
    #[error(
        "the address of the IAM service must be an http or https URL without user, query and fragment"
    )]
    Base,
    /// There are no TLS roots.
    #[error("the HTTP client of the IAM service cannot be made")]
    Client(#[source] reqwest::Error),
}

/// Why the service did not tell.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProviderError {
    /// It cannot be reached, fails or takes too long.
    #[error("the IAM service is unavailable")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// It failed again and again and is left alone for a while.
    #[error("the IAM service is left alone after it failed again and again")]
    LeftAlone,
    /// It does not believe who asks, or does not want to tell him.
    #[error("the IAM service refuses to tell")]
    Refused(#[source] Refused),
    /// It answered something else.
    #[error("the IAM service answered something else: {0}")]
    Unexpected(&'static str),
}

/// The service said no.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it answered with status {0}")]
pub struct Refused(pub u16);

impl From<BrokeOff> for ProviderError {
    fn from(error: BrokeOff) -> Self {
        Self::unavailable(error)
    }
}

impl ProviderError {
    fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(source.into().into())
    }

    /// Whether it may be better in a moment.
    fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl Provider {
    /// Nothing is asked of the service yet. All tries of a question together take `timeout`.
    ///
    /// # Errors
    /// [`SetupError`] when it cannot be asked like this.
    pub fn new(
        base: &str,
        credentials: Credentials,
        timeout: Duration,
    ) -> Result<Self, SetupError> {
        let mut base = Url::parse(base).map_err(|_| SetupError::Base)?;
        let web = matches!(base.scheme(), "http" | "https");
        let bare = base.username().is_empty() && base.password().is_none();
        if !web || !bare || base.query().is_some() || base.fragment().is_some() {
            return Err(SetupError::Base);
        }
        let folder = format!("{}/", base.path().trim_end_matches('/'));
        base.set_path(&folder);
        Ok(Self {
            client: http::client(timeout).map_err(SetupError::Client)?,
            base,
            credentials,
            timeout,
            breaker: Breaker::default(),
            at_once: Semaphore::new(AT_ONCE),
            budget: TpsBudget::new(BUDGET_TTL, RETRIES_PER_SECOND, RETRY_PERCENT),
            questions: Counter::default(),
        })
    }

    /// Whether the caller's token is what it is shown.
    #[must_use]
    pub fn wants_token(&self) -> bool {
        matches!(self.credentials, Credentials::Caller)
    }

    /// The roles of somebody in a context.
    ///
    /// # Errors
    /// See [`ProviderError`].
    pub async fn ask(
        &self,
        sub: &str,
        context: &str,
        token: Option<&str>,
    ) -> Result<Roles, ProviderError> {
        let question = Question {
            url: self.address(sub, context)?,
            authorization: self.authorization(token)?,
            sub,
            context,
        };
        if !self.breaker.lets_through(sub, Instant::now()) {
            return Err(ProviderError::LeftAlone);
        }
        self.budget.deposit();
        let tries = self.try_again_and_again(&question);
        let told = tokio::time::timeout(self.timeout, tries).await;
        let told =
            told.unwrap_or_else(|_| Err(ProviderError::unavailable("it takes too long to answer")));
        match &told {
            // A caller whose token is refused says nothing about the service, or what is before it.
            Err(ProviderError::Refused(_)) if self.wants_token() => {}
            // Whatever it answers, it is there.
            Err(error) if !error.is_passing() => self.breaker.succeeded(),
            Ok(_) => self.breaker.succeeded(),
            Err(_) => {
                if self.breaker.failed(sub, Instant::now()) {
                    tracing::warn!(
                        "the IAM service fails again and again: it is left alone for a while"
                    );
                }
            }
        }
        told
    }

    async fn try_again_and_again(&self, question: &Question<'_>) -> Result<Roles, ProviderError> {
        let _place = self
            .at_once
            .acquire()
            .await
            .map_err(ProviderError::unavailable)?;
        let mut pause = PAUSE;
        for _ in 0..RETRIES {
            let told = self.try_once(question).await;
            let again = told.as_ref().is_err_and(ProviderError::is_passing);
            if !again || !self.budget.withdraw() {
                return told;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.try_once(question).await
    }

    fn address(&self, sub: &str, context: &str) -> Result<Url, ProviderError> {
        let named = |text| http::segment(text).ok_or(ProviderError::Refused(Refused(400)));
        let path = format!("internal/users/{}?context={}", named(sub)?, named(context)?);
        self.base.join(&path).map_err(ProviderError::unavailable)
    }

    fn authorization(&self, token: Option<&str>) -> Result<Option<HeaderValue>, ProviderError> {
        match (&self.credentials, token) {
            (Credentials::None, _) => Ok(None),
            (Credentials::Service(header), _) => Ok(Some(header.clone())),
            (Credentials::Caller, Some(token)) => {
                let header = http::bearer(token).map_err(|_| ProviderError::Refused(Refused(401)));
                header.map(Some)
            }
            (Credentials::Caller, None) => Err(ProviderError::Refused(Refused(401))),
        }
    }

    async fn try_once(&self, question: &Question<'_>) -> Result<Roles, ProviderError> {
        self.questions.count();
        let mut request = self
            .client
            .get(question.url.clone())
            .header(ACCEPT, "application/json");
        if let Some(authorization) = &question.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let response = request.send().await;
        let mut response =
            response.map_err(|error| ProviderError::unavailable(error.without_url()))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(Roles::none()),
            status if status.is_server_error() || is_passing(status) => {
                return Err(ProviderError::unavailable(Refused(status.as_u16())));
            }
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                return Err(ProviderError::Refused(Refused(status.as_u16())));
            }
            _ => {
                return Err(ProviderError::Unexpected(
                    "its status is none of those agreed on",
                ));
            }
        }
        let body = http::body(&mut response, MOST_BYTES).await;
        let body = body.map_err(|error| match error {
            BodyError::TooLarge => ProviderError::Unexpected("it is over 64 KiB"),
            BodyError::Broken(_) => ProviderError::unavailable(error),
        })?;
        read(&body, question)
    }
}

/// Of whom, about what, and as whom it is asked.
struct Question<'q> {
    url: Url,
    authorization: Option<HeaderValue>,
    sub: &'q str,
    context: &'q str,
}

fn is_passing(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY
    )
}

/// Members that are not named here are passed over; one that is there twice is an error.
#[derive(Deserialize)]
struct Answer {
    roles: Roles,
    id: Option<String>,
    context: Option<String>,
}

/// What serde says quotes the answer.
fn read(body: &[u8], question: &Question<'_>) -> Result<Roles, ProviderError> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|_| ProviderError::Unexpected("it is no JSON object with an array of `roles`"))?;
    if answer.id.is_some_and(|id| id != question.sub) {
        return Err(ProviderError::Unexpected("it is about another person"));
    }
    if answer.context.is_some_and(|name| name != question.context) {
        return Err(ProviderError::Unexpected("it is about another context"));
    }
    Ok(answer.roles)
}
