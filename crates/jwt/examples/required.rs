//! Only requests with a good access token get in.
//!
//! ```console
//! $ cargo run -p cogward-jwt --example required --features axum -- us-east-1_AbCdEfGhI 1example23456789
//! $ curl -i localhost:3000/private -H "Authorization: Bearer $ACCESS_TOKEN"
//! ```

use std::error::Error;
use std::sync::Arc;

use axum::{Router, routing::get};
use cogward_jwt::axum::Bearer;
use cogward_jwt::{AccessClaims, UserPool, Verifier};
use tokio::net::TcpListener;

async fn private(Bearer(claims): Bearer) -> String {
    format!("Hello, {}!", claims.sub)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let pool = UserPool::new(&args.next().ok_or("which user pool?")?)?;
    let client = args.next().ok_or("which app client?")?;
    let verifier = Verifier::<AccessClaims>::new(pool, client);
    let app = Router::new()
        .route("/private", get(private))
        .with_state(Arc::new(verifier));
    Ok(axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?)
}
