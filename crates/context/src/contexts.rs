//! What the IAM service said, for a while.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use cogward_inquiry::{Lookups, OnError};
use cogward_session::Timestamp;

use crate::pattern::Pattern;
use crate::provider::{Provider, ProviderError};
use crate::roles::Roles;
use crate::statistics::{Counters, Statistics};

/// How long answers count, and how many there is room for.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// An answer counts for so long, in whole seconds.
    pub ttl: Duration,
    /// And so much longer while the service does not answer.
    pub stale: Duration,
    /// All of them together, bytes.
    pub bytes: u64,
}

/// The contexts of an application, and what people are in them. A clone is the same one.
#[derive(Clone)]
pub struct Contexts(Arc<Inner>);

struct Inner {
    names: Vec<Arc<str>>,
    provider: Arc<Provider>,
    ttl_seconds: i64,
    stale_seconds: i64,
    known: Lookups<Key, Roles, ProviderError>,
    counters: Counters,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    issuer: Arc<str>,
    sub: Arc<str>,
    context: Arc<str>,
    /// SHA-256 of the caller's token, where the service is shown it: it may answer one of less
    /// scope otherwise.
    token: Option<[u8; 32]>,
}

/// A person whose token was verified.
#[derive(Clone, Copy)]
pub struct Whose<'a> {
    /// Who says who it is: `iss`, or the pool's id where there is one pool.
    pub issuer: &'a str,
    /// The person, for ever.
    pub sub: &'a str,
    /// The name in the pool.
    pub username: Option<&'a str>,
    /// The address, only if Cognito verified it.
    pub email: Option<&'a str>,
    /// `cognito:groups`.
    pub groups: &'a [String],
    /// The access token, where the service is shown it.
    pub token: Option<&'a str>,
}

/// Who somebody is in one context.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct UserContext {
    /// `sub`.
    pub id: String,
    /// The name in the pool; a token of a machine has none.
    pub username: Option<String>,
    /// Only an address that Cognito verified; access tokens carry none.
    pub email: Option<String>,
    /// In the user pool.
    pub groups: Vec<String>,
    /// Which context this is.
    pub context: String,
    /// In this context.
    pub roles: Roles,
    /// When the roles were asked for, seconds since the Unix epoch.
    pub roles_as_of: Timestamp,
}

/// Why nothing is known of somebody in a context.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// There is none of this name.
    #[error("there is no such context")]
    Unknown,
    /// The service did not tell, and what it said before is too old.
    #[error("roles cannot be told")]
    Unavailable(#[source] ProviderError),
}

impl UserContext {
    /// Whether the person has this role here, exactly as it is spelt.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.contains(role)
    }
}

impl PartialEq for Contexts {
    /// Whether they are one and the same.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Contexts {
    /// Of these names; any other is unknown and not asked for.
    #[must_use]
    pub fn new<'a>(
        names: impl IntoIterator<Item = &'a str>,
        provider: Provider,
        keeping: Keeping,
    ) -> Self {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        Self(Arc::new(Inner {
            names: names.into_iter().map(Into::into).collect(),
            provider: Arc::new(provider),
            ttl_seconds: seconds(keeping.ttl),
            stale_seconds: seconds(keeping.stale),
            known: Lookups::new(keeping.bytes, weigh, OnError::Keep),
            counters: Counters::default(),
        }))
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.names.iter().map(AsRef::as_ref)
    }

    /// Whether there is one of this name.
    #[must_use]
    pub fn has(&self, context: &str) -> bool {
        self.names().any(|name| name == context)
    }

    /// Whether [`Whose::token`] is needed.
    #[must_use]
    pub fn wants_token(&self) -> bool {
        self.0.provider.wants_token()
    }

    /// Who this is in `context`.
    ///
    /// # Errors
    /// [`ContextError`]; never a guess.
    pub async fn of(
        &self,
        whose: Whose<'_>,
        context: &str,
        now: Timestamp,
    ) -> Result<UserContext, ContextError> {
        let mut names = self.0.names.iter();
        let name = names.find(|name| &***name == context);
        let name = name.ok_or(ContextError::Unknown)?;
        let (roles, as_of) = self.0.roles(&whose, name, now).await?;
        Ok(UserContext {
            id: whose.sub.to_owned(),
            username: whose.username.map(str::to_owned),
            email: whose.email.map(str::to_owned),
            groups: whose.groups.to_vec(),
            context: context.to_owned(),
            roles,
            roles_as_of: as_of,
        })
    }

    /// Asks anew for one person, also where the answer is under way. Costs no look at the others,
    /// unless the service is shown callers' tokens.
    pub fn forget_user(&self, issuer: &str, sub: &str) {
        self.0.counters.invalidations.count();
        let known = &self.0.known;
        if self.wants_token() {
            return known.forget_where(|key| &*key.issuer == issuer && &*key.sub == sub);
        }
        for context in &self.0.names {
            known.forget(&Key {
                issuer: issuer.into(),
                sub: sub.into(),
                context: Arc::clone(context),
                token: None,
            });
        }
    }

    /// Asks anew for all that is meant, also where the answer is under way: of one person as
    /// [`forget_user`](Self::forget_user) does, of more whatever the issuer.
    pub fn forget(&self, issuer: &str, those: &Pattern) {
        if let Some(sub) = those.user() {
            return self.forget_user(issuer, sub);
        }
        self.0.counters.invalidations.count();
        let known = &self.0.known;
        known.forget_where(|key| those.matches(&key.sub, &key.context));
    }

    /// What came of it so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let Inner {
            provider,
            known,
            counters,
            ..
        } = &*self.0;
        Statistics {
            hits: counters.hits.so_far(),
            misses: counters.misses.so_far(),
            stale: counters.stale.so_far(),
            errors: counters.errors.so_far(),
            questions: provider.questions.so_far(),
            invalidations: counters.invalidations.so_far(),
            entries: known.len(),
            bytes: known.bytes(),
        }
    }
}

impl Inner {
    async fn roles(
        &self,
        whose: &Whose<'_>,
        context: &Arc<str>,
        now: Timestamp,
    ) -> Result<(Roles, Timestamp), ContextError> {
        let key = Key {
            issuer: whose.issuer.into(),
            sub: whose.sub.into(),
            context: Arc::clone(context),
            token: self.provider.wants_token().then(|| name_of(whose.token)),
        };
        let within =
            |seconds: i64| move |at: Timestamp| (0..seconds).contains(&at.seconds_until(now));
        let fresh = within(self.ttl_seconds);
        if let Some(known) = self.known.known(&key, fresh) {
            self.counters.hits.count();
            return Ok((known.value, known.at));
        }
        let ask = || {
            let (provider, key) = (Arc::clone(&self.provider), key.clone());
            let token = whose.token.map(str::to_owned);
            async move { provider.ask(&key.sub, &key.context, token.as_deref()).await }
        };
        match self.known.find(key.clone(), now, fresh, ask).await {
            Ok(known) => {
                self.counters.misses.count();
                Ok((known.value, known.at))
            }
            // It is there, and does not say what it said before.
            Err(error @ (ProviderError::Refused(_) | ProviderError::Unexpected(_))) => {
                self.known.forget(&key);
                self.counters.errors.count();
                Err(ContextError::Unavailable(error))
            }
            Err(error) => {
                let usable = within(self.ttl_seconds.saturating_add(self.stale_seconds));
                let Some(known) = self.known.known(&key, usable) else {
                    self.counters.errors.count();
                    return Err(ContextError::Unavailable(error));
                };
                self.counters.stale.count();
                Ok((known.value, known.at))
            }
        }
    }
}

fn name_of(token: Option<&str>) -> [u8; 32] {
    let digest = digest(&SHA256, token.unwrap_or_default().as_bytes());
    digest.as_ref().try_into().unwrap_or_default()
}

fn weigh(key: &Key, roles: &Roles) -> usize {
    let names = roles.as_slice().iter();
    let names: usize = names.map(|name| size_of::<String>() + name.len()).sum();
    key.issuer.len() + key.sub.len() + key.context.len() + names
}
