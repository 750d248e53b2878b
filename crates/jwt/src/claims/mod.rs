//! What Cognito's tokens say, typed
//! (<https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html>).

mod access;
mod any;
mod id;
mod payload;

pub use access::AccessClaims;
pub use any::AnyClaims;
pub use id::IdClaims;
pub(crate) use payload::Payload;

use serde::Deserialize;

use crate::error::VerifyError;
use crate::members;
use crate::policy::Trusted;

/// What claims of either kind have in common. Times are seconds since the Unix epoch.
///
/// Only this library's types are claims: which tokens a
/// [`Verifier`](crate::Verifier) accepts depends on the type.
pub trait Claims: Read {
    /// The person, for ever, unique in the pool; a machine's token has the app client's id here.
    fn sub(&self) -> &str;
    /// The name in the pool; a machine's token has none.
    fn username(&self) -> Option<&str>;
    /// The app client.
    fn client_id(&self) -> &str;
    /// The user pool.
    fn issuer(&self) -> &str;
    /// `cognito:groups`; empty unless it is an array of strings.
    fn groups(&self) -> &[String];
    /// Scopes, separated by spaces; an ID token has none.
    fn scope(&self) -> &str;
    /// `iat`: when the token was made.
    fn issued_at(&self) -> i64;
    /// `nbf`: before, the token is refused.
    fn not_before(&self) -> Option<i64>;
    /// `exp`: from then on the token is refused.
    fn expires_at(&self) -> i64;
    /// Names the sign-in that the token comes from; refreshing does not change it.
    fn origin_jti(&self) -> Option<&str>;
    /// The whole payload as it was signed: an object whose names are distinct. Claims that no
    /// field has are passed over unread, so that one of them may be more than a reader of
    /// JSON takes (very deep, say).
    fn json(&self) -> &str;

    /// Any claim, a `custom:` attribute say; `None` when the token has none of that name.
    ///
    /// # Errors
    /// The claim is not a `T`.
    fn claim<'c, T: Deserialize<'c>>(&'c self, name: &str) -> Result<Option<T>, serde_json::Error> {
        members::read_one(self.json(), name)
    }

    /// `email`, only if Cognito verified it; access tokens carry none.
    fn verified_email(&self) -> Option<&str> {
        None
    }

    /// Whether the user is in this group, exactly as it is spelt.
    fn in_group(&self, group: &str) -> bool {
        self.groups().iter().any(|name| name == group)
    }

    /// Whether the token was granted this scope.
    fn has_scope(&self, scope: &str) -> bool {
        let mut granted = self.scope().split(' ');
        !scope.is_empty() && granted.any(|granted| granted == scope)
    }
}

/// The accessors that read a field of the same kind in both kinds of claims.
macro_rules! fields {
    () => {
        fn sub(&self) -> &str {
            &self.sub
        }

        fn issuer(&self) -> &str {
            &self.iss
        }

        fn groups(&self) -> &[String] {
            &self.groups
        }

        fn issued_at(&self) -> i64 {
            self.iat
        }

        fn not_before(&self) -> Option<i64> {
            self.nbf
        }

        fn expires_at(&self) -> i64 {
            self.exp
        }

        fn origin_jti(&self) -> Option<&str> {
            self.origin_jti.as_deref()
        }

        fn json(&self) -> &str {
            &self.json
        }
    };
}
use fields;

pub(crate) use sealed::Read;

mod sealed {
    use super::{Payload, Trusted, VerifyError};

    /// How claims come out of a payload whose signature is good.
    pub trait Read: Sized + Send + Sync + 'static {
        /// Told apart in a cache that several verifiers share.
        const KIND: &'static str;

        /// Checks kind, issuer and app client, and that every claim is usable.
        fn read(payload: Payload<'_>, trusted: &Trusted) -> Result<Self, VerifyError>;

        /// Takes in the JSON that it was read from.
        fn keep(&mut self, json: String);
    }
}
