//! One verifier for each use that is made of a token, over the same keys.

use cogward_jwt::{AccessClaims, AnyClaims, ClientIds, IdClaims, TokenCache, UserPool, Verifier};

/// Tokens remembered as verified, some 2 KB each: only bearers come again and again.
const BEARERS: usize = 10_000;

/// Verifies the tokens of a pool.
#[derive(Debug)]
pub struct Verifiers {
    /// ID tokens of a sign-in or a refresh.
    pub(crate) id: Verifier<IdClaims>,
    /// Access tokens of a sign-in or a refresh.
    pub(crate) access: Verifier<AccessClaims>,
    /// What people's clients send with their requests (RFC 6750).
    pub(crate) bearer: Verifier<AnyClaims>,
}

impl Verifiers {
    /// For the tokens of these app clients.
    pub fn new(pool: &UserPool, clients: &ClientIds) -> Self {
        Self {
            id: Verifier::new(pool.clone(), clients.clone()),
            access: Verifier::new(pool.clone(), clients.clone()),
            bearer: Verifier::new(pool.clone(), clients.clone())
                .people_only()
                .cache(TokenCache::new(BEARERS)),
        }
    }
}
