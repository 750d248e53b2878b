//! From a string to claims one may believe: the only place that makes a [`Verified`].

use std::error::Error;
use std::fmt;
#[cfg(not(feature = "cache"))]
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

#[cfg(feature = "cache")]
use crate::cache::{TokenCache, TokenKey};
use crate::claims::{AccessClaims, Claims, Payload};
use crate::clock;
use crate::error::VerifyError;
use crate::flight::Keys;
use crate::keys::PublicKey;
use crate::members::{self, Member, members};
use crate::parse::{self, Parts};
use crate::policy::{ClientIds, Policy, Trusted};
use crate::revocations::Revocations;
use crate::user_pool::UserPool;

/// Claims of a token that passed every check of a [`Verifier`]. Cheap to clone.
#[derive(Debug)]
pub struct Verified<C>(Arc<C>);

impl<C> Deref for Verified<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}

impl<C> Clone for Verified<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C: Clone> Verified<C> {
    /// The claims, without the proof.
    pub fn into_inner(self) -> C {
        Arc::unwrap_or_clone(self.0)
    }
}

/// Accepts one kind of token, of the user pools and app clients it was made for:
/// `Verifier<AccessClaims>`, `Verifier<IdClaims>`, or [`Verifier<AnyClaims>`](crate::AnyClaims).
pub struct Verifier<C> {
    policy: Policy<C>,
    #[cfg(feature = "cache")]
    cache: Option<Cached<C>>,
}

members! {
    /// What a token says of where it comes from.
    struct Issuer { iss = "iss", }
}

/// A token taken apart, of which nothing is proven yet.
struct Opened<'v, 't> {
    parts: Parts<'t>,
    payload: String,
    /// The pool that it says it is from.
    trusted: &'v Trusted,
}

impl Opened<'_, '_> {
    fn keys(&self) -> &Arc<Keys> {
        self.trusted.pool.keys()
    }

    fn known_key(&self) -> Option<Arc<PublicKey>> {
        self.keys().known(self.parts.encoded_header())
    }
}

/// Where a token is remembered, if anywhere.
#[cfg(feature = "cache")]
type Place<'v, C> = Option<(&'v TokenCache<C>, TokenKey)>;
#[cfg(not(feature = "cache"))]
type Place<'v, C> = PhantomData<&'v C>;

/// A cache, and what this policy's entries in it go by.
#[cfg(feature = "cache")]
struct Cached<C> {
    tokens: Arc<TokenCache<C>>,
    policy: [u8; 32],
}

impl<C: Claims> Verifier<C> {
    /// For the tokens of a pool's app clients. A token is accepted whose signature (RS256),
    /// `iss`, `token_use`, client (`aud` or `client_id`), `exp`, `nbf` and `iat` are good.
    pub fn new(pool: UserPool, clients: impl Into<ClientIds>) -> Self {
        let clients = clients.into();
        Self {
            policy: Policy::new(Trusted { pool, clients }),
            #[cfg(feature = "cache")]
            cache: None,
        }
    }

    /// Another pool, whose tokens count as well, or further clients of the same one.
    #[must_use]
    pub fn or(self, pool: UserPool, clients: impl Into<ClientIds>) -> Self {
        let clients = clients.into();
        self.with(|policy| policy.trust(Trusted { pool, clients }))
    }

    /// Seconds that `exp` may be over and `nbf` or `iat` ahead; 0 unless set, 300 at most.
    #[must_use]
    pub fn leeway(self, secs: u32) -> Self {
        self.with(|policy| policy.set_leeway(secs))
    }

    /// Only users in this group (`cognito:groups`), exactly as it is spelt.
    #[must_use]
    pub fn require_group(self, group: &str) -> Self {
        self.require_any_group(&[group])
    }

    /// Only users in at least one of these groups.
    #[must_use]
    pub fn require_any_group(self, groups: &[&str]) -> Self {
        self.with(|policy| policy.want_group(groups))
    }

    /// Only people's tokens, not access tokens of machines (`client_credentials`).
    #[must_use]
    pub fn people_only(self) -> Self {
        self.with(Policy::want_people)
    }

    /// A check of your own, made last and on every call, for cached tokens too. An error
    /// refuses the token: a check that can fail for other reasons than the token, because it
    /// asks a database say, would sign people out in an outage; make that one afterwards.
    #[must_use]
    pub fn check(
        self,
        check: impl Fn(&C) -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    ) -> Self {
        self.with(|policy| policy.add_check(Arc::new(check)))
    }

    /// Refuses tokens that these cover, from the moment on that they do.
    #[must_use]
    pub fn revocations(self, revocations: Arc<Revocations>) -> Self {
        self.with(|policy| policy.set_revocations(revocations))
    }

    /// Remembers verified tokens. Whatever can change meanwhile is checked each time:
    /// times, the key's being the issuer's, revocations, checks of your own.
    #[cfg(feature = "cache")]
    #[must_use]
    pub fn cache(mut self, tokens: Arc<TokenCache<C>>) -> Self {
        let policy = self.policy.fingerprint();
        self.cache = Some(Cached { tokens, policy });
        self
    }

    /// Verifies a token as of now.
    ///
    /// # Errors
    /// See [`VerifyError`]; only [`VerifyError::is_transient`] ones are not the token's fault.
    pub async fn verify(&self, token: &str) -> Result<Verified<C>, VerifyError> {
        self.verify_at(token, clock::now_secs()).await
    }

    /// Verifies a token as of `now_secs`, in seconds since the Unix epoch. A key that is
    /// not known yet is asked for: at most once in ten seconds, whatever comes.
    ///
    /// # Errors
    /// See [`VerifyError`]; only [`VerifyError::is_transient`] ones are not the token's fault.
    pub async fn verify_at(&self, token: &str, now_secs: i64) -> Result<Verified<C>, VerifyError> {
        let place = self.place(token);
        if let Some(known) = self.recall(&place, now_secs) {
            return known;
        }
        let opened = self.open(token)?;
        let key = match opened.known_key() {
            Some(key) => key,
            None => opened.keys().find(&opened.parts.kid()?).await?,
        };
        self.prove(opened, &place, &key, now_secs)
    }

    /// As [`Self::verify_at`], without waiting: only keys count that are there.
    ///
    /// # Errors
    /// See [`VerifyError`]; [`VerifyError::UnknownKey`] also means a key that was not fetched yet.
    pub fn verify_held_at(&self, token: &str, now_secs: i64) -> Result<Verified<C>, VerifyError> {
        let place = self.place(token);
        if let Some(known) = self.recall(&place, now_secs) {
            return known;
        }
        let opened = self.open(token)?;
        let key = match opened.known_key() {
            Some(key) => key,
            None => {
                let held = opened.keys().held(&opened.parts.kid()?);
                held.ok_or(VerifyError::UnknownKey)?
            }
        };
        self.prove(opened, &place, &key, now_secs)
    }

    /// Drops a token from the cache: it was revoked by a rule that is not this verifier's.
    pub fn forget(&self, token: &str) {
        self.dismiss(&self.place(token));
    }

    /// The scopes that a token must have, for a challenge (RFC 6750 §3).
    pub fn wanted_scopes(&self) -> impl Iterator<Item = &str> {
        self.policy.wanted_scopes()
    }

    fn open<'t>(&self, token: &'t str) -> Result<Opened<'_, 't>, VerifyError> {
        let parts = Parts::split(token)?;
        let payload = parse::utf8(parts.payload()?)?;
        let trusted = self.trusted(&payload)?;
        Ok(Opened {
            parts,
            payload,
            trusted,
        })
    }

    /// The pool a token is from. Where there is but one, a stranger's payload is not
    /// read at all before its signature has been found good.
    fn trusted(&self, payload: &str) -> Result<&Trusted, VerifyError> {
        if let [only] = self.policy.trusted.as_slice() {
            return Ok(only);
        }
        let said: Issuer<'_> = members::read(payload).map_err(|_| VerifyError::Malformed)?;
        match said.iss {
            Some(Member::Text(issuer)) => self.policy.trusted_by(&issuer),
            _ => None,
        }
        .ok_or(VerifyError::Issuer)
    }

    fn prove(
        &self,
        opened: Opened<'_, '_>,
        place: &Place<'_, C>,
        key: &Arc<PublicKey>,
        now: i64,
    ) -> Result<Verified<C>, VerifyError> {
        let Opened {
            parts,
            payload,
            trusted,
        } = opened;
        if !key.verifies(parts.signing_input(), parts.signature()) {
            return Err(VerifyError::Signature);
        }
        key.remember_header(parts.encoded_header());
        let mut claims = C::read(Payload::read(&payload)?, trusted)?;
        claims.keep(payload);
        self.policy.judge(&claims, now)?;
        let verified = Verified(Arc::new(claims));
        self.remember(place, &verified, key);
        Ok(verified)
    }

    fn with(mut self, change: impl FnOnce(&mut Policy<C>)) -> Self {
        change(&mut self.policy);
        #[cfg(feature = "cache")]
        if let Some(cached) = &mut self.cache {
            cached.policy = self.policy.fingerprint();
        }
        self
    }
}

#[cfg(feature = "cache")]
impl<C: Claims> Verifier<C> {
    fn place(&self, token: &str) -> Place<'_, C> {
        let cached = self.cache.as_ref()?;
        let key = cached.tokens.key(&cached.policy, token)?;
        Some((&cached.tokens, key))
    }

    /// A token verified before is judged again for all that may have changed.
    fn recall(&self, place: &Place<'_, C>, now: i64) -> Option<Result<Verified<C>, VerifyError>> {
        let (tokens, key) = place.as_ref()?;
        let claims = tokens.get(key)?;
        Some(match self.policy.judge(&claims, now) {
            Ok(()) => Ok(claims),
            Err(error) => {
                self.dismiss(place);
                Err(error)
            }
        })
    }

    fn dismiss(&self, place: &Place<'_, C>) {
        if let Some((tokens, key)) = place {
            tokens.remove(key);
        }
    }

    fn remember(&self, place: &Place<'_, C>, claims: &Verified<C>, by: &Arc<PublicKey>) {
        if let Some((tokens, key)) = place {
            tokens.put(*key, claims.clone(), by);
        }
    }
}

#[cfg(not(feature = "cache"))]
impl<C: Claims> Verifier<C> {
    fn place(&self, _: &str) -> Place<'_, C> {
        PhantomData
    }

    fn recall(&self, _: &Place<'_, C>, _: i64) -> Option<Result<Verified<C>, VerifyError>> {
        None
    }

    fn dismiss(&self, _: &Place<'_, C>) {}

    fn remember(&self, _: &Place<'_, C>, _: &Verified<C>, _: &Arc<PublicKey>) {}
}

impl Verifier<AccessClaims> {
    /// Only tokens that were granted this scope.
    #[must_use]
    pub fn require_scope(self, scope: &str) -> Self {
        self.require_any_scope(&[scope])
    }

    /// Only tokens that were granted at least one of these scopes.
    #[must_use]
    pub fn require_any_scope(self, scopes: &[&str]) -> Self {
        self.with(|policy| policy.want_scope(scopes))
    }
}

impl<C> fmt::Debug for Verifier<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pools = self.policy.trusted.iter();
        let issuers: Vec<_> = pools.map(|trusted| trusted.pool.issuer()).collect();
        f.debug_struct("Verifier")
            .field("issuers", &issuers)
            .finish_non_exhaustive()
    }
}
