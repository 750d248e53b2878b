//! A user pool as a source of tokens: its issuer and its keys.

use std::sync::Arc;
#[cfg(feature = "http")]
use std::time::Duration;

use crate::fetch::FetchError;
use crate::flight::Keys;
use crate::keys::KeySet;

/// Keys are fetched anew this often.
#[cfg(feature = "http")]
const KEYS_EVERY: Duration = Duration::from_secs(3600);
/// `UserPoolIdType` in Cognito's API reference.
const MAX_ID: usize = 55;

/// A user pool whose tokens may be trusted.
#[derive(Clone, Debug)]
pub struct UserPool {
    issuer: Arc<str>,
    keys: Arc<Keys>,
}

/// Why a user pool could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UserPoolError {
    /// Not `<region>_<letters and digits>`.
    #[error("`{id}` is not a user pool id: one looks like us-east-1_AbCdEfGhI")]
    Id {
        /// What was given, shortened and escaped.
        id: String,
    },
    /// No HTTP client could be made.
    #[cfg(feature = "http")]
    #[error("the HTTP client for the key server cannot be made")]
    Client(#[source] reqwest::Error),
}

impl UserPool {
    /// A pool on AWS by its id, `us-east-1_AbCdEfGhI`.
    ///
    /// Its keys are fetched at once and every hour, in the background (made outside a Tokio
    /// runtime: from the first token on); a key server that is slow or down holds up nothing.
    /// [`Self::ready`] waits for them.
    ///
    /// # Errors
    /// See [`UserPoolError`].
    #[cfg(feature = "http")]
    pub fn new(pool_id: &str) -> Result<Self, UserPoolError> {
        Self::fetching(&issuer("cognito-idp", pool_id)?)
    }

    /// A multi-Region pool on AWS, whose tokens are issued by
    /// `https://issuer-cognito-idp.<region>.amazonaws.com/<pool id>`; else as [`Self::new`].
    ///
    /// # Errors
    /// See [`UserPoolError`].
    #[cfg(feature = "http")]
    pub fn multi_region(pool_id: &str) -> Result<Self, UserPoolError> {
        Self::fetching(&issuer("issuer-cognito-idp", pool_id)?)
    }

    #[cfg(feature = "http")]
    fn fetching(issuer: &str) -> Result<Self, UserPoolError> {
        let jwks = format!("{issuer}/.well-known/jwks.json");
        let invalid = |_| UserPoolError::Id { id: shown(issuer) };
        let jwks = jwks.parse().map_err(invalid)?;
        let keys = crate::http_keys::HttpKeys::over_https(jwks).map_err(UserPoolError::Client)?;
        let keys = Keys::kept_fresh(Arc::new(keys), KEYS_EVERY);
        Ok(Self::custom(issuer, keys))
    }

    /// A pool on AWS by its id, with the keys of a saved `jwks.json`: nothing is fetched.
    ///
    /// # Errors
    /// [`UserPoolError::Id`].
    pub fn offline(pool_id: &str, keys: KeySet) -> Result<Self, UserPoolError> {
        let issuer = issuer("cognito-idp", pool_id)?;
        Ok(Self::custom(&issuer, Keys::preloaded(keys)))
    }

    /// Any issuer, compared as it stands, byte by byte, with keys of any source.
    pub fn custom(issuer: &str, keys: Arc<Keys>) -> Self {
        Self {
            issuer: issuer.into(),
            keys,
        }
    }

    /// `iss` of its tokens.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its signing keys.
    pub fn keys(&self) -> &Arc<Keys> {
        &self.keys
    }

    /// Waits until there are keys.
    ///
    /// # Errors
    /// They cannot be had now; where there is a background task, it goes on trying.
    pub async fn ready(&self) -> Result<(), FetchError> {
        match self.keys.is_empty() {
            true => self.keys.refresh().await,
            false => Ok(()),
        }
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        self.issuer == other.issuer && Arc::ptr_eq(&self.keys, &other.keys)
    }

    pub(crate) fn issuer_text(&self) -> &Arc<str> {
        &self.issuer
    }
}

/// The issuer of a pool in AWS's public, Chinese and European sovereign regions.
fn issuer(service: &str, pool_id: &str) -> Result<String, UserPoolError> {
    let region = region(pool_id).ok_or_else(|| UserPoolError::Id { id: shown(pool_id) })?;
    let domain = match region.split('-').next() {
        Some("cn") => "amazonaws.com.cn",
        Some("eusc") => "amazonaws.eu",
        _ => "amazonaws.com",
    };
    Ok(format!("https://{service}.{region}.{domain}/{pool_id}"))
}

/// The part before `_`, of a well-formed id: it becomes part of a host name.
fn region(pool_id: &str) -> Option<&str> {
    let (region, name) = pool_id.split_once('_')?;
    let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let (words, number) = region.rsplit_once('-')?;
    let regular = words.contains('-')
        && words.split('-').all(word)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit());
    let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (regular && named && pool_id.len() <= MAX_ID).then_some(region)
}

fn shown(id: &str) -> String {
    id.escape_default().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_follows_from_the_id() {
        for (id, expected) in [
            (
                "us-east-1_AbCdEfGhI",
                "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI",
            ),
            (
                "us-gov-west-1_x9",
                "https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_x9",
            ),
            (
                "cn-north-1_x9",
                "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_x9",
            ),
            (
                "eusc-de-east-1_x9",
                "https://cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_x9",
            ),
        ] {
            assert_eq!(issuer("cognito-idp", id).unwrap(), expected);
        }
    }

    #[test]
    fn an_id_of_another_shape_is_refused() {
        for id in [
            "",
            "_",
            "us-east-1",
            "us-east-1_",
            "_AbC",
            "us-east_AbC",
            "us-1_AbC",
            "east1_AbC",
            "US-EAST-1_AbC",
            "us-east-1_Ab_C",
            "us-east-1_Ab/C",
            "evil.example/us-east-1_AbC",
            "us-east-1_AbC\n",
            " us-east-1_AbC",
            "us-east-1._AbC",
            "us--1_AbC",
            &format!("us-east-1_{}", "a".repeat(46)),
        ] {
            assert!(issuer("cognito-idp", id).is_err(), "{id}");
        }
        let error = issuer("cognito-idp", "us-east-1\u{1b}[31m")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("\\u{1b}") && error.contains("us-east-1_AbCdEfGhI"),
            "{error}"
        );
    }
}
