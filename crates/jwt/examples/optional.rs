//! Everybody gets in; who has a good ID token is known by name.
//!
//! ```console
//! $ cargo run -p cogward-jwt --example optional --features axum -- us-east-1_AbCdEfGhI 1example23456789
//! $ curl -i localhost:3000/feed
//! $ curl -i localhost:3000/feed -H "Authorization: Bearer $ID_TOKEN"
//! ```

use std::error::Error;
use std::sync::Arc;

use axum::{Router, routing::get};
use cogward_jwt::axum::Bearer;
use cogward_jwt::{IdClaims, UserPool, Verifier};
use tokio::net::TcpListener;

async fn feed(bearer: Option<Bearer<IdClaims>>) -> String {
    match bearer {
        Some(Bearer(claims)) => format!("what {} likes", claims.username),
        None => "what everybody likes".to_owned(),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let pool = UserPool::new(&args.next().ok_or("which user pool?")?)?;
    let client = args.next().ok_or("which app client?")?;
    let verifier = Verifier::<IdClaims>::new(pool, client);
    let app = Router::new()
        .route("/feed", get(feed))
        .with_state(Arc::new(verifier));
    Ok(axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?)
}
