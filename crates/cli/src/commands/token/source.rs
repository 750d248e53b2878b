//! Whose tokens are good, and where the keys come from.

use std::path::PathBuf;

use cogward_config::Mode;
use cogward_jwt::{FetchError, FetchKeys as _, HttpKeys, KeySet, Keys, UserPool, VerifyError};
use url::{Host, Url};

use crate::args::Verify;
use crate::commands::load;
use crate::failure::Failure;
use crate::printable::printable;

const OFFLINE: &str = "--jwks FILE takes a saved key set and asks nobody";

/// A user pool and the app clients of it that count.
pub(super) struct Source {
    whose: Whose,
    /// At least one.
    pub(super) clients: Vec<String>,
}

enum Whose {
    /// A pool on AWS: issuer and keys follow from its id, unless keys are from elsewhere.
    Pool(String, Option<Jwks>),
    /// Any issuer.
    Issuer(String, Jwks),
}

enum Jwks {
    File(PathBuf),
    Url(Url),
}

impl Source {
    /// From the flags, or without any from the configuration of `cogward serve`.
    pub(super) fn of(args: &Verify) -> Result<Self, Failure> {
        let jwks = args.jwks.as_deref().map(Jwks::parse).transpose()?;
        let whose = match (&args.pool, &args.issuer) {
            (Some(id), _) => Whose::Pool(id.clone(), jwks),
            (None, Some(issuer)) => {
                let below = issuer.trim_end_matches('/');
                let usual = || Jwks::parse(&format!("{below}/.well-known/jwks.json"));
                Whose::Issuer(issuer.clone(), jwks.map_or_else(usual, Ok)?)
            }
            (None, None) => return Self::configured(args),
        };
        let clients = args.client.clone();
        Ok(Self { whose, clients })
    }

    fn configured(args: &Verify) -> Result<Self, Failure> {
        let config = load(args.config.as_deref(), [].into(), Mode::Serve).map_err(|failure| {
            failure.hint("it needs none with --pool us-east-1_AbCdEfGhI --client ID")
        })?;
        let pool = config.cognito;
        let mut clients = vec![pool.client_id];
        clients.extend(pool.additional_audience);
        Ok(Self {
            whose: Whose::Issuer(pool.issuer, Jwks::Url(pool.jwks_url)),
            clients,
        })
    }

    /// The pool with its keys.
    pub(super) async fn pool(&self) -> Result<UserPool, Failure> {
        match &self.whose {
            Whose::Pool(id, Some(jwks)) => Ok(UserPool::offline(id, jwks.load().await?)?),
            Whose::Pool(id, None) => {
                let pool = UserPool::new(id)?;
                let ready = pool.ready().await;
                let asked = format!("{}/.well-known/jwks.json", pool.issuer());
                ready.map_err(|error| unavailable(error, &asked))?;
                Ok(pool)
            }
            Whose::Issuer(issuer, jwks) => {
                let keys = Keys::preloaded(jwks.load().await?);
                Ok(UserPool::custom(issuer, keys))
            }
        }
    }
}

impl Jwks {
    fn parse(text: &str) -> Result<Self, Failure> {
        if !text.contains("://") {
            return Ok(Self::File(text.into()));
        }
        let shown = printable(text);
        let url = Url::parse(text)
            .map_err(|error| Failure::new(format!("`{shown}` is not a URL: {error}")))?;
        match is_safe(&url) {
            true => Ok(Self::Url(url)),
            false => Err(Failure::new(format!(
                "keys from `{shown}` could be anybody's: https only, or http on this machine"
            ))
            .hint(OFFLINE)),
        }
    }

    async fn load(&self) -> Result<KeySet, Failure> {
        match self {
            Self::File(path) => KeySet::from_file(path).map_err(|error| {
                let path = printable(&path.to_string_lossy());
                Failure::from(error)
                    .hint(format!("--jwks takes a saved jwks.json; this was {path}"))
            }),
            Self::Url(url) => {
                let keys = HttpKeys::new(cogward_cognito::http_client(None)?, url.clone());
                let fetched = keys.fetch().await;
                fetched.map_err(|error| unavailable(error, url.as_str()))
            }
        }
    }
}

fn is_safe(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && here)
}

fn unavailable(source: FetchError, asked: &str) -> Failure {
    let asked = printable(asked);
    Failure::from(VerifyError::KeysUnavailable { source })
        .hint(format!("asked: {asked}; {OFFLINE}"))
}
