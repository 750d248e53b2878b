//! Tokens that clients hold themselves and send with a request (RFC 6750).

use cogward_jwt::{AnyClaims, Claims as _, Verified, VerifyError};

use crate::{Auth, SessionError, context, revocation};

/// Which kinds of token are taken as bearers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bearers {
    /// Both.
    #[default]
    Any,
    /// Access tokens, as OAuth means it.
    Access,
    /// ID tokens.
    Id,
    /// None: nobody looks at an `Authorization` header.
    Off,
}

/// Why a bearer token was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum BearerError {
    /// The token is at fault, or there were no keys to tell.
    #[error("bearer token refused")]
    Token(#[from] VerifyError),
    /// Whether it was revoked could not be found out.
    #[error("bearer token could not be checked")]
    Unchecked(#[from] SessionError),
}

impl BearerError {
    /// Whether the same token may pass in a moment: nothing was found out about it.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Token(error) => error.is_transient(),
            Self::Unchecked(_) => true,
        }
    }
}

/// Accepts a person's token that was not revoked. Costs one read of the store.
///
/// # Errors
/// See [`BearerError`].
pub async fn accept(auth: &Auth, token: &str) -> Result<Verified<AnyClaims>, BearerError> {
    let verifier = &auth.pool.verifiers.bearer;
    let claims = verifier.verify_at(token, auth.now().as_secs()).await?;
    let wanted = match (&*claims, auth.settings.bearers) {
        (_, Bearers::Any) => true,
        (AnyClaims::Access(_), kinds) => kinds == Bearers::Access,
        (AnyClaims::Id(_), kinds) => kinds == Bearers::Id,
    };
    if !wanted {
        return Err(VerifyError::TokenUse.into());
    }
    let (pool, sub, origin_jti) = (&auth.pool.id, claims.sub(), claims.origin_jti());
    if revocation::refuses(auth, pool, sub, claims.issued_at(), origin_jti).await? {
        verifier.forget(token);
        context::disown(auth, sub);
        return Err(VerifyError::Revoked.into());
    }
    Ok(claims)
}
