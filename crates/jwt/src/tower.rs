//! A layer for any [tower](https://docs.rs/tower) service over HTTP: it answers who does not
//! get in, and hands on the claims of who does.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use axum::{Extension, Router, routing::get};
//! use cogward_jwt::tower::BearerLayer;
//! use cogward_jwt::{AccessClaims, UserPool, Verified, Verifier};
//!
//! async fn private(Extension(claims): Extension<Verified<AccessClaims>>) -> String {
//!     format!("Hello, {}!", claims.sub)
//! }
//!
//! # fn example() -> Result<Router, Box<dyn std::error::Error>> {
//! let pool = UserPool::new("us-east-1_AbCdEfGhI")?;
//! let verifier = Verifier::<AccessClaims>::new(pool, "1example23456789").require_group("staff");
//! let layer = BearerLayer::new(Arc::new(verifier));
//! let app = Router::new().route("/private", get(private)).layer(layer);
//! # Ok(app) }
//! ```
//!
//! The service below finds [`Verified<C>`] in the extensions of the request. Whatever stood
//! there before is gone, also where nobody is signed in.
//!
//! # Bodies
//!
//! Refusals are written by the layer, so the body of the service's responses must be
//! [`From<String>`]: axum's `Body`, `http_body_util::Full<Bytes>`, `String` itself. One that is
//! not, as a boxed body or that of tonic, is put into a type of yours that is
//! (`tower::ServiceBuilder::map_response`). A gRPC client reads the status as it is: 401 as
//! `UNAUTHENTICATED`, 403 as `PERMISSION_DENIED`, 503 as `UNAVAILABLE`.
//!
//! Where no layer fits, [`bearer::verify`] takes the headers.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::bearer;
use crate::claims::Claims;
use crate::verify::{Verified, Verifier};

/// Lets a service see only requests with a good bearer token, and its claims.
///
/// Others are answered as [`bearer::verify`] refuses them: 400, 401, 403 or 503.
pub struct BearerLayer<C> {
    verifier: Arc<Verifier<C>>,
    optional: bool,
}

/// What [`BearerLayer`] makes of a service.
pub struct BearerService<S, C> {
    inner: S,
    layer: BearerLayer<C>,
}

impl<C> BearerLayer<C> {
    /// A token is required.
    pub fn new(verifier: Arc<Verifier<C>>) -> Self {
        Self {
            verifier,
            optional: false,
        }
    }

    /// Requests without a token pass too, and those with one that would be refused, without
    /// claims. Only where nothing is known for want of keys the answer is still 503.
    #[must_use]
    pub fn optional(self) -> Self {
        Self {
            optional: true,
            ..self
        }
    }
}

impl<S, C> Layer<S> for BearerLayer<C> {
    type Service = BearerService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        let layer = self.clone();
        BearerService { inner, layer }
    }
}

impl<S, C, B, R> Service<Request<B>> for BearerService<S, C>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    C: Claims,
    B: Send + 'static,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The one that said it is ready must be the one that is called.
        let unready = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, unready);
        let layer = self.layer.clone();
        Box::pin(async move {
            request.extensions_mut().remove::<Verified<C>>();
            let claims = bearer::verify(&layer.verifier, request.headers()).await;
            let claims = match layer.optional {
                true => bearer::optional(claims),
                false => claims.map(Some),
            };
            match claims {
                Ok(claims) => {
                    if let Some(claims) = claims {
                        request.extensions_mut().insert(claims);
                    }
                    inner.call(request).await
                }
                Err(refusal) => Ok(refusal.into_http()),
            }
        })
    }
}

impl<C> Clone for BearerLayer<C> {
    fn clone(&self) -> Self {
        Self {
            verifier: Arc::clone(&self.verifier),
            optional: self.optional,
        }
    }
}

impl<C> fmt::Debug for BearerLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerLayer")
            .field("verifier", &self.verifier)
            .field("optional", &self.optional)
            .finish()
    }
}

impl<S: Clone, C> Clone for BearerService<S, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            layer: self.layer.clone(),
        }
    }
}

impl<S: fmt::Debug, C> fmt::Debug for BearerService<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerService")
            .field("inner", &self.inner)
            .field("layer", &self.layer)
            .finish()
    }
}
