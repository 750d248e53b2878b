use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum_core::extract::{FromRef, FromRequestParts};
use cogward_context::{Contexts, Timestamp, Whose};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::bearer::{self, Reason, Refusal};
use crate::claims::{AccessClaims, Claims};
use crate::clock::now_secs;
use crate::verify::{Verified, Verifier};

/// A context of the application, as a type for [`UserContext`].
pub trait Context {
    /// `recipes`, as the IAM service has it.
    const NAME: &'static str;
}

/// Who the user of a bearer token is in the application's own terms: the claims, and the roles
/// that an IAM service tells in the context `X`.
///
/// Refused as [`Bearer`](super::Bearer) is, and with 503 while the service does not tell and what
/// it told is too old. The router's state holds [`Contexts`] beside the verifier. Several in one
/// handler, or in a handler and a guard before it, find out once.
///
/// ```
/// use cogward_jwt::axum::{Context, UserContext};
///
/// struct Recipes;
///
/// impl Context for Recipes {
///     const NAME: &'static str = "recipes";
/// }
///
/// async fn publish(cook: UserContext<Recipes>) -> String {
///     match cook.has_role("editor") {
///         true => format!("{} publishes", cook.id),
///         false => "a cook cannot publish".to_owned(),
///     }
/// }
/// ```
pub struct UserContext<X, C = AccessClaims> {
    claims: Verified<C>,
    told: Arc<cogward_context::UserContext>,
    context: PhantomData<fn() -> X>,
}

/// What extractors before this one found out about the request.
#[derive(Clone, Default)]
struct Told(Vec<OfOne>);

/// By whom it was told, of whose token.
#[derive(Clone)]
struct OfOne {
    contexts: Contexts,
    header: Option<HeaderValue>,
    told: Arc<cogward_context::UserContext>,
}

impl<X: Context, C, S> FromRequestParts<S> for UserContext<X, C>
where
    C: Claims,
    S: Send + Sync,
    Arc<Verifier<C>>: FromRef<S>,
    Contexts: FromRef<S>,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let claims: Verified<C> = super::claims(parts, state).await?;
        let told = told(parts, &claims, &Contexts::from_ref(state), X::NAME).await?;
        Ok(Self {
            claims,
            told,
            context: PhantomData,
        })
    }
}

async fn told<C: Claims>(
    parts: &mut Parts,
    claims: &Verified<C>,
    contexts: &Contexts,
    name: &str,
) -> Result<Arc<cogward_context::UserContext>, Refusal> {
    let header = parts.headers.get(AUTHORIZATION);
    let known = parts.extensions.get::<Told>();
    let mut known = known.into_iter().flat_map(|told| &told.0);
    let same = |it: &&OfOne| {
        it.contexts == *contexts && it.header.as_ref() == header && it.told.context == name
    };
    if let Some(one) = known.find(same) {
        return Ok(Arc::clone(&one.told));
    }
    let whose = Whose {
        issuer: claims.issuer(),
        sub: claims.sub(),
        username: claims.username(),
        email: claims.verified_email(),
        groups: claims.groups(),
        token: bearer::credentials(&parts.headers)?,
    };
    let now = Timestamp::from_secs(now_secs());
    let told = contexts.of(whose, name, now).await;
    let told = Arc::new(told.map_err(|error| {
        let cause = std::error::Error::source(&error);
        tracing::debug!(%error, cause, context = name, "no user context");
        Refusal::from(Reason::NoContext)
    })?);
    let one = OfOne {
        contexts: contexts.clone(),
        header: header.cloned(),
        told: Arc::clone(&told),
    };
    parts.extensions.get_or_insert_default::<Told>().0.push(one);
    Ok(told)
}

impl<X, C> UserContext<X, C> {
    /// The claims of the token.
    pub fn claims(&self) -> &Verified<C> {
        &self.claims
    }
}

impl<X, C> Deref for UserContext<X, C> {
    type Target = cogward_context::UserContext;

    fn deref(&self) -> &Self::Target {
        &self.told
    }
}

impl<X, C> fmt::Debug for UserContext<X, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UserContext").field(&self.told).finish()
    }
}
