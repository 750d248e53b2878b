use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum_core::extract::{FromRef, FromRequestParts};
use http::request::Parts;

use crate::bearer::Refusal;
use crate::claims::{AccessClaims, Claims};
use crate::error::VerifyError;
use crate::verify::{Verified, Verifier};

/// Groups of a user pool, as a type for [`InGroup`].
pub trait Group {
    /// Being in one of them is enough. Compared with `cognito:groups` byte by byte.
    const ANY_OF: &'static [&'static str];
    /// What others are told, with 403.
    const DETAIL: &'static str = "Group membership required";
}

/// The claims of a bearer token whose user is in one of the groups of `G`.
///
/// Refused as [`Bearer`](super::Bearer) is, and with 403 outside these groups.
///
/// ```
/// use cogward_jwt::axum::{Group, InGroup};
///
/// struct Admins;
///
/// impl Group for Admins {
///     const ANY_OF: &'static [&'static str] = &["admin"];
///     const DETAIL: &'static str = "Admin access required";
/// }
///
/// async fn delete_user(admin: InGroup<Admins>) -> String {
///     format!("{} may", admin.sub)
/// }
/// ```
pub struct InGroup<G, C = AccessClaims>(Verified<C>, PhantomData<fn() -> G>);

/// Scopes of an access token, as a type for [`WithScope`].
pub trait Scope {
    /// One of them is enough. Compared with `scope` byte by byte.
    const ANY_OF: &'static [&'static str];
    /// What others are told, with 403; the challenge names the scopes.
    const DETAIL: &'static str = "Scope required";
}

/// The claims of a bearer token that was granted one of the scopes of `S`.
///
/// Refused as [`Bearer`](super::Bearer) is, and with 403 without such a scope: the challenge then says which
/// would do (RFC 6750 §3). ID tokens have no scopes.
///
/// ```
/// use cogward_jwt::axum::{Scope, WithScope};
///
/// struct ReadOrders;
///
/// impl Scope for ReadOrders {
///     const ANY_OF: &'static [&'static str] = &["orders/read"];
/// }
///
/// async fn orders(client: WithScope<ReadOrders>) -> String {
///     format!("orders for {}", client.client_id)
/// }
/// ```
pub struct WithScope<S, C = AccessClaims>(Verified<C>, PhantomData<fn() -> S>);

impl<G: Group, C: Claims> InGroup<G, C> {
    fn admit(claims: Verified<C>) -> Result<Self, Refusal> {
        match G::ANY_OF.iter().any(|group| claims.in_group(group)) {
            true => Ok(Self(claims, PhantomData)),
            false => Err(Refusal::of(&VerifyError::Group).with_detail(G::DETAIL)),
        }
    }
}

impl<S: Scope, C: Claims> WithScope<S, C> {
    fn admit(claims: Verified<C>) -> Result<Self, Refusal> {
        match S::ANY_OF.iter().any(|scope| claims.has_scope(scope)) {
            true => Ok(Self(claims, PhantomData)),
            false => {
                let refusal = Refusal::of(&VerifyError::Scope).with_detail(S::DETAIL);
                Err(refusal.with_scopes(S::ANY_OF.iter().copied()))
            }
        }
    }
}

/// What both guards are beside their check.
macro_rules! guard {
    ($guard:ident, $wanted:ident) => {
        impl<G: $wanted, C, S> FromRequestParts<S> for $guard<G, C>
        where
            C: Claims,
            S: Send + Sync,
            Arc<Verifier<C>>: FromRef<S>,
        {
            type Rejection = Refusal;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
                super::claims(parts, state).await.and_then(Self::admit)
            }
        }

        impl<G, C> $guard<G, C> {
            /// The claims by themselves.
            pub fn into_claims(self) -> Verified<C> {
                self.0
            }
        }

        impl<G, C> Deref for $guard<G, C> {
            type Target = C;

            fn deref(&self) -> &C {
                &self.0
            }
        }

        impl<G, C: fmt::Debug> fmt::Debug for $guard<G, C> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($guard)).field(&self.0).finish()
            }
        }
    };
}

guard!(InGroup, Group);
guard!(WithScope, Scope);
