//! From a header's value to claims one may believe.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::arn::region;
use super::claims::{Origin, VerifiedAlb, seconds};
use super::error::{AlbConfigError, AlbError};
#[cfg(feature = "http")]
use super::http_keys::HttpAlbKeys;
use super::keys::AlbKeys;
use super::token::{Token, object};
use crate::clock;

const MAX_LEEWAY: u32 = 300;

/// What a value of `x-amzn-oidc-data` must be to be accepted; see [the module](super).
#[derive(Clone)]
pub struct AlbVerifier {
    load_balancers: Vec<Arc<str>>,
    issuer: Arc<str>,
    clients: Vec<Arc<str>>,
    keys: Arc<AlbKeys>,
    leeway: i64,
}

impl AlbVerifier {
    /// Accepts what the load balancer of this ARN signed for a person whom `issuer` signed in for
    /// `client`, all three as they stand, byte by byte. Keys come from the region's key server.
    ///
    /// # Errors
    /// See [`AlbConfigError`].
    #[cfg(feature = "http")]
    pub fn new(arn: &str, issuer: &str, client: &str) -> Result<Self, AlbConfigError> {
        let keys = AlbKeys::fetched(HttpAlbKeys::of_load_balancer(arn)?);
        Self::with_keys(arn, issuer, client, keys)
    }

    /// The same, with keys from elsewhere.
    ///
    /// # Errors
    /// See [`AlbConfigError`].
    pub fn with_keys(
        arn: &str,
        issuer: &str,
        client: &str,
        keys: Arc<AlbKeys>,
    ) -> Result<Self, AlbConfigError> {
        region(arn)?;
        Ok(Self {
            load_balancers: vec![arn.into()],
            issuer: filled("issuer", issuer)?,
            clients: vec![filled("client", client)?],
            keys,
            leeway: 0,
        })
    }

    /// Accepts another load balancer's too, of the same region.
    ///
    /// # Errors
    /// [`AlbConfigError::Arn`] or [`AlbConfigError::Region`].
    pub fn or_load_balancer(mut self, arn: &str) -> Result<Self, AlbConfigError> {
        let another = region(arn)?;
        let elsewhere = |first: &Arc<str>| region(first).ok() != Some(another);
        if self.load_balancers.iter().any(elsewhere) {
            return Err(AlbConfigError::Region { arn: arn.into() });
        }
        self.load_balancers.push(arn.into());
        Ok(self)
    }

    /// Accepts another app client too.
    ///
    /// # Errors
    /// [`AlbConfigError::Empty`].
    pub fn or_client(mut self, client: &str) -> Result<Self, AlbConfigError> {
        self.clients.push(filled("client", client)?);
        Ok(self)
    }

    /// Seconds that `exp` may be over and `nbf` ahead; 0 unless set, 300 at most.
    #[must_use]
    pub fn leeway(self, secs: u32) -> Self {
        Self {
            leeway: secs.min(MAX_LEEWAY).into(),
            ..self
        }
    }

    /// Verifies the header's value by the system's clock.
    ///
    /// # Errors
    /// See [`AlbError`]; only [`AlbError::is_transient`] ones are not the token's fault.
    pub async fn verify(&self, header_value: &str) -> Result<VerifiedAlb, AlbError> {
        self.verify_at(header_value, clock::now_secs()).await
    }

    /// Verifies the header's value as of `now_secs`, in seconds since the epoch.
    ///
    /// Whatever does not name a configured load balancer, client and issuer, or has expired, is
    /// refused before a key is looked for; the payload is read when the signature has verified.
    ///
    /// # Errors
    /// See [`AlbError`]; only [`AlbError::is_transient`] ones are not the token's fault.
    pub async fn verify_at(
        &self,
        header_value: &str,
        now_secs: i64,
    ) -> Result<VerifiedAlb, AlbError> {
        let token = Token::parse(header_value)?;
        let origin = self.origin(&token.header)?;
        let header_exp = self.check_times(&token.header, now_secs)?;
        let key = self.keys.find(&token.kid).await?;
        if !key.verifies(token.signing_input.as_bytes(), &token.signature) {
            return Err(AlbError::Signature);
        }
        self.keys.keep(&token.kid, &key);
        let json = token.payload()?;
        let claims = object(json.as_bytes())?;
        if claims.get("iss").is_some_and(|iss| *iss != *self.issuer) {
            return Err(AlbError::Issuer);
        }
        let exp = self.check_times(&claims, now_secs)?.min(header_exp);
        VerifiedAlb::read(json, claims, origin, exp)
    }

    fn origin(&self, header: &Map<String, Value>) -> Result<Origin, AlbError> {
        let one_of = |configured: &[Arc<str>], name| {
            let named = header.get(name).and_then(Value::as_str);
            let mut same = configured.iter().filter(|one| Some(&***one) == named);
            same.next().cloned()
        };
        Ok(Origin {
            signer: one_of(&self.load_balancers, "signer").ok_or(AlbError::Signer)?,
            client: one_of(&self.clients, "client").ok_or(AlbError::Client)?,
            iss: one_of(std::slice::from_ref(&self.issuer), "iss").ok_or(AlbError::Issuer)?,
        })
    }

    /// `exp`, which must be there and ahead.
    fn check_times(&self, members: &Map<String, Value>, now: i64) -> Result<i64, AlbError> {
        let exp = seconds(members, "exp")?.ok_or(AlbError::Claim { name: "exp" })?;
        if exp.saturating_add(self.leeway) <= now {
            return Err(AlbError::Expired);
        }
        match seconds(members, "nbf")? {
            Some(nbf) if nbf > now.saturating_add(self.leeway) => Err(AlbError::NotYetValid),
            _ => Ok(exp),
        }
    }
}

fn filled(name: &'static str, value: &str) -> Result<Arc<str>, AlbConfigError> {
    match value.is_empty() {
        true => Err(AlbConfigError::Empty { name }),
        false => Ok(value.into()),
    }
}

impl fmt::Debug for AlbVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlbVerifier")
            .field("load_balancers", &self.load_balancers)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}
