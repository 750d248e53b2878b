//! "Sign out everywhere", as far as it reaches tokens that verify offline.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::claims::Claims;

/// No access or ID token of Cognito's lives longer (24 hours), clocks that differ included.
const KEPT_SECONDS: i64 = 24 * 3600 + 300;

/// Users whose tokens issued up to some moment count no longer, kept in this process's
/// memory: [`Verifier::revocations`](crate::Verifier::revocations) makes them count.
#[derive(Debug, Default)]
pub struct Revocations(RwLock<HashMap<Subject, i64>>);

/// Issuer and `sub`.
type Subject = (Box<str>, Box<str>);

impl Revocations {
    /// Refuses this user's tokens with an `iat` up to `at`, in seconds since the epoch,
    /// that one included.
    pub fn revoke(&self, issuer: &str, sub: &str, at: i64) {
        let mut marks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mark = marks.entry((issuer.into(), sub.into())).or_insert(at);
        *mark = at.max(*mark);
    }

    /// Forgets what no token alive at `now` can come under; to be called now and then.
    pub fn prune(&self, now: i64) {
        let mut marks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        marks.retain(|_, before| before.saturating_add(KEPT_SECONDS) > now);
    }

    pub(crate) fn cover(&self, claims: &impl Claims) -> bool {
        let marks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if marks.is_empty() {
            return false;
        }
        let subject = (claims.issuer().into(), claims.sub().into());
        marks
            .get(&subject)
            .is_some_and(|before| claims.issued_at() <= *before)
    }
}
