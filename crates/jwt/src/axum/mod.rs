//! Extractors for [axum](https://docs.rs/axum): a handler names who may call it by what it takes.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use axum::{Router, routing::get};
//! use cogward_jwt::axum::Bearer;
//! use cogward_jwt::{AccessClaims, UserPool, Verifier};
//!
//! async fn private(Bearer(claims): Bearer) -> String {
//!     format!("Hello, {}!", claims.sub)
//! }
//!
//! # fn example() -> Result<Router, Box<dyn std::error::Error>> {
//! let pool = UserPool::new("us-east-1_AbCdEfGhI")?;
//! let verifier = Verifier::<AccessClaims>::new(pool, "1example23456789");
//! let app = Router::new().route("/private", get(private)).with_state(Arc::new(verifier));
//! # Ok(app) }
//! ```
//!
//! | a handler takes | who gets in |
//! |---|---|
//! | [`Bearer`] | a good token |
//! | `Option<Bearer>` | everybody; `None` unless the token is good |
//! | [`InGroup<G>`](InGroup) | a good token of a user in one of the groups of `G` |
//! | [`WithScope<S>`](WithScope) | a good token with one of the scopes of `S` |
//! | `RequireAction<A>`, with the feature `policy` | a good token of a user whom Cedar policies permit `A` |
//! | `UserContext<X>`, with the feature `context` | a good token; with it come the user's roles in the context `X` |
//!
//! Each is of access tokens unless its last parameter says otherwise: `Bearer<IdClaims>`.
//! Several in one handler, or in a handler and a guard before it, verify the token once.
//!
//! # State
//!
//! The verifier is the state of the router, as above, or a part of it. One of each type of
//! claims can be: for tokens of several pools make [one verifier](crate::Verifier::or) of them.
//!
//! ```
//! # use std::sync::Arc;
//! # use cogward_jwt::{AccessClaims, Verifier};
//! use axum::extract::FromRef;
//!
//! #[derive(Clone)]
//! struct App {
//!     verifier: Arc<Verifier<AccessClaims>>,
//!     // database: …
//! }
//!
//! impl FromRef<App> for Arc<Verifier<AccessClaims>> {
//!     fn from_ref(app: &App) -> Self {
//!         Arc::clone(&app.verifier)
//!     }
//! }
//! ```
//!
//! # A guard before many routes
//!
//! Every extractor can stand before a router with axum's `from_extractor_with_state`, so that
//! no handler in it can be forgotten; handlers that want the claims take them as always.
//!
//! ```
//! # use std::sync::Arc;
//! # use axum::{Router, routing::get};
//! # use cogward_jwt::{AccessClaims, Verifier};
//! use axum::middleware::from_extractor_with_state;
//! use cogward_jwt::axum::Bearer;
//!
//! # fn example(verifier: Arc<Verifier<AccessClaims>>) -> Router {
//! let guard = from_extractor_with_state::<Bearer, _>(Arc::clone(&verifier));
//! Router::new()
//!     .route("/orders", get(async || "orders"))
//!     .route("/invoices", get(async || "invoices"))
//!     .route_layer(guard)
//!     .with_state(verifier)
//! # }
//! ```
//!
//! # Refusals
//!
//! Who does not get in is answered by [`Refusal`]: status, `WWW-Authenticate` (RFC 6750 §3) and
//! `{"detail": …}`. For answers of another form take `Result<Bearer, Refusal>`, or an extractor
//! of your own that calls these.

#[cfg(feature = "policy")]
mod actions;
#[cfg(feature = "context")]
mod contexts;
mod guards;

use std::ops::Deref;
use std::sync::Arc;

use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use http::request::Parts;

#[cfg(feature = "policy")]
pub use self::actions::{Action, RequireAction};
#[cfg(feature = "context")]
pub use self::contexts::{Context, UserContext};
pub use self::guards::{Group, InGroup, Scope, WithScope};
use crate::bearer::{self, Refusal};
use crate::claims::{AccessClaims, Claims};
use crate::verify::{Verified, Verifier};

/// The claims of the request's bearer token, which every request must have.
///
/// Refused with 401 without a good token, 403 when the verifier wants a group or scope that
/// the token does not have, 400 when no telling which token is meant, 503 when there are no
/// keys to verify it by.
///
/// `Option<Bearer>` lets everybody in. It is `None` without a token and with one that would be
/// refused, and still answers 503: a fault at the issuer signs nobody out.
///
/// ```
/// use cogward_jwt::axum::Bearer;
///
/// async fn feed(bearer: Option<Bearer>) -> String {
///     match bearer {
///         Some(Bearer(claims)) => format!("what {} likes", claims.sub),
///         None => "what everybody likes".to_owned(),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Bearer<C = AccessClaims>(pub Verified<C>);

impl<C> Deref for Bearer<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}

impl<C, S> FromRequestParts<S> for Bearer<C>
where
    C: Claims,
    S: Send + Sync,
    Arc<Verifier<C>>: FromRef<S>,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        claims(parts, state).await.map(Self)
    }
}

impl<C, S> OptionalFromRequestParts<S> for Bearer<C>
where
    C: Claims,
    S: Send + Sync,
    Arc<Verifier<C>>: FromRef<S>,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Refusal> {
        bearer::optional(claims(parts, state).await.map(Self))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.into_http()
    }
}

async fn claims<C, S>(parts: &mut Parts, state: &S) -> Result<Verified<C>, Refusal>
where
    C: Claims,
    Arc<Verifier<C>>: FromRef<S>,
{
    let verifier = Arc::from_ref(state);
    if let Some(known) = parts.extensions.get::<Known<C>>()
        && known.is_of(parts, &verifier)
    {
        return Ok(known.claims.clone());
    }
    let claims = bearer::verify(&verifier, &parts.headers).await?;
    if let Some(header) = parts.headers.get(AUTHORIZATION) {
        parts.extensions.insert(Known {
            verifier,
            header: header.clone(),
            claims: claims.clone(),
        });
    }
    Ok(claims)
}

/// What an extractor before this one found out about the request. It counts for the very
/// verifier that said so and for the same header, which a middleware may have changed since.
struct Known<C> {
    verifier: Arc<Verifier<C>>,
    header: HeaderValue,
    claims: Verified<C>,
}

impl<C> Known<C> {
    fn is_of(&self, parts: &Parts, verifier: &Arc<Verifier<C>>) -> bool {
        let headers = parts.headers.get_all(AUTHORIZATION);
        Arc::ptr_eq(&self.verifier, verifier) && headers.iter().eq([&self.header])
    }
}

impl<C> Clone for Known<C> {
    fn clone(&self) -> Self {
        Self {
            verifier: Arc::clone(&self.verifier),
            header: self.header.clone(),
            claims: self.claims.clone(),
        }
    }
}
