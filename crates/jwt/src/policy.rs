//! What a token must be to be accepted.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::claims::Claims;
use crate::error::VerifyError;
use crate::revocations::Revocations;
use crate::user_pool::UserPool;

/// Clocks of two machines differ by so much before a token counts as from the future.
const IAT_TOLERANCE: i64 = 60;
const MAX_LEEWAY: u32 = 300;

/// The app clients whose tokens are accepted: at least one.
#[derive(Clone, Debug)]
pub struct ClientIds(pub(crate) Option<Box<[Arc<str>]>>);

/// An empty list of app clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no app client id: name at least one")]
pub struct NoClientId;

impl ClientIds {
    /// Every app client of the pool, those that will be added to it too: right only for a
    /// service that goes by scopes which not every client can have.
    pub fn any() -> Self {
        Self(None)
    }

    fn add(&mut self, more: Self) {
        self.0 = match (self.0.take(), more.0) {
            (Some(ids), Some(more)) => Some(ids.into_iter().chain(more).collect()),
            _ => None,
        };
    }

    /// The client that a token is for, if it is one of these.
    pub(crate) fn accept(&self, client: Option<&str>) -> Result<Arc<str>, VerifyError> {
        let client = client.filter(|client| !client.is_empty());
        let client = client.ok_or(VerifyError::Audience)?;
        let Some(ids) = &self.0 else {
            return Ok(client.into());
        };
        let known = ids.iter().find(|id| ***id == *client);
        known.cloned().ok_or(VerifyError::Audience)
    }
}

impl From<&str> for ClientIds {
    fn from(only: &str) -> Self {
        [only].into()
    }
}

impl From<String> for ClientIds {
    fn from(only: String) -> Self {
        only.as_str().into()
    }
}

impl<const N: usize> From<[&str; N]> for ClientIds {
    /// Does not compile for an empty list.
    fn from(ids: [&str; N]) -> Self {
        const { assert!(N > 0, "name at least one app client") };
        Self(Some(ids.map(Into::into).into()))
    }
}

impl TryFrom<Vec<String>> for ClientIds {
    type Error = NoClientId;

    fn try_from(ids: Vec<String>) -> Result<Self, NoClientId> {
        match ids.is_empty() {
            true => Err(NoClientId),
            false => Ok(Self(Some(ids.into_iter().map(Into::into).collect()))),
        }
    }
}

/// A user pool with the app clients of it that count.
pub struct Trusted {
    pub(crate) pool: UserPool,
    pub(crate) clients: ClientIds,
}

/// A check of the application's own.
pub(crate) type Check<C> =
    Arc<dyn Fn(&C) -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync>;

/// Everything that a verifier demands beside a good signature.
pub(crate) struct Policy<C> {
    pub(crate) trusted: Vec<Trusted>,
    pub(crate) leeway: i64,
    pub(crate) people_only: bool,
    /// One of each list.
    pub(crate) groups: Vec<Box<[Box<str>]>>,
    /// One of each list.
    pub(crate) scopes: Vec<Box<[Box<str>]>>,
    pub(crate) checks: Vec<(u64, Check<C>)>,
    pub(crate) revocations: Option<(u64, Arc<Revocations>)>,
}

impl<C: Claims> Policy<C> {
    pub(crate) fn new(trusted: Trusted) -> Self {
        Self {
            trusted: vec![trusted],
            leeway: 0,
            people_only: false,
            groups: Vec::new(),
            scopes: Vec::new(),
            checks: Vec::new(),
            revocations: None,
        }
    }

    /// A pool that is trusted already gets further clients.
    pub(crate) fn trust(&mut self, more: Trusted) {
        let same = |known: &&mut Trusted| known.pool.is(&more.pool);
        match self.trusted.iter_mut().find(same) {
            Some(known) => known.clients.add(more.clients),
            None => self.trusted.push(more),
        }
    }

    pub(crate) fn set_leeway(&mut self, secs: u32) {
        self.leeway = secs.min(MAX_LEEWAY).into();
    }

    pub(crate) fn want_people(&mut self) {
        self.people_only = true;
    }

    pub(crate) fn want_group(&mut self, any_of: &[&str]) {
        self.groups
            .push(any_of.iter().map(|&name| name.into()).collect());
    }

    pub(crate) fn want_scope(&mut self, any_of: &[&str]) {
        self.scopes
            .push(any_of.iter().map(|&name| name.into()).collect());
    }

    pub(crate) fn add_check(&mut self, check: Check<C>) {
        self.checks.push((unique(), check));
    }

    pub(crate) fn set_revocations(&mut self, revocations: Arc<Revocations>) {
        self.revocations = Some((unique(), revocations));
    }

    /// The scopes that are wanted, for a challenge (RFC 6750 §3).
    pub(crate) fn wanted_scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().flatten().map(|scope| &**scope)
    }

    /// The pool that a token says it is from.
    pub(crate) fn trusted_by(&self, issuer: &str) -> Option<&Trusted> {
        self.trusted
            .iter()
            .find(|trusted| trusted.pool.issuer() == issuer)
    }

    /// Everything but kind, issuer and client, which [`Claims`] are read by. Times come
    /// last but for what is the application's, so that "expired" means good but for its age.
    pub(crate) fn judge(&self, claims: &C, now: i64) -> Result<(), VerifyError> {
        if self.people_only && claims.username().is_none() {
            return Err(VerifyError::NotAPerson);
        }
        self.check_times(claims, now)?;
        if let Some((_, revocations)) = &self.revocations
            && revocations.cover(claims)
        {
            return Err(VerifyError::Revoked);
        }
        let any =
            |names: &[Box<str>], has: &dyn Fn(&str) -> bool| names.iter().any(|name| has(name));
        if !self
            .groups
            .iter()
            .all(|names| any(names, &|name| claims.in_group(name)))
        {
            return Err(VerifyError::Group);
        }
        if !self
            .scopes
            .iter()
            .all(|names| any(names, &|name| claims.has_scope(name)))
        {
            return Err(VerifyError::Scope);
        }
        self.checks.iter().try_for_each(|(_, check)| {
            check(claims).map_err(|source| VerifyError::Refused {
                source: source.into(),
            })
        })
    }

    fn check_times(&self, claims: &C, now: i64) -> Result<(), VerifyError> {
        if claims.expires_at().saturating_add(self.leeway) <= now {
            return Err(VerifyError::Expired);
        }
        let latest = now.saturating_add(self.leeway);
        let early = claims.not_before().is_some_and(|nbf| nbf > latest);
        if early || claims.issued_at() > latest.saturating_add(IAT_TOLERANCE) {
            return Err(VerifyError::NotYetValid);
        }
        Ok(())
    }
}

/// Never 0, and never the same twice in a process.
pub(crate) fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
