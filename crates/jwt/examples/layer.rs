//! A tower layer before every route, with a cache of verified tokens: handlers find the claims
//! in the request.
//!
//! ```console
//! $ cargo run -p cogward-jwt --example layer --features cache,tower -- us-east-1_AbCdEfGhI 1example23456789
//! $ curl -i localhost:3000/private -H "Authorization: Bearer $ACCESS_TOKEN"
//! ```

use std::error::Error;
use std::sync::Arc;

use axum::{Extension, Router, routing::get};
use cogward_jwt::tower::BearerLayer;
use cogward_jwt::{AccessClaims, TokenCache, UserPool, Verified, Verifier};
use tokio::net::TcpListener;

async fn private(Extension(claims): Extension<Verified<AccessClaims>>) -> String {
    format!("Hello, {}!", claims.sub)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let pool = UserPool::new(&args.next().ok_or("which user pool?")?)?;
    let client = args.next().ok_or("which app client?")?;
    let verifier = Verifier::<AccessClaims>::new(pool, client).cache(TokenCache::new(10_000));
    let app = Router::new()
        .route("/private", get(private))
        .layer(BearerLayer::new(Arc::new(verifier)));
    Ok(axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?)
}
