//! Only access tokens that were granted a scope get in: people's and those of machines
//! (`client_credentials`), of any app client that may have the scope.
//!
//! ```console
//! $ cargo run -p cogward-jwt --example scope --features axum -- us-east-1_AbCdEfGhI
//! $ curl -i localhost:3000/orders -H "Authorization: Bearer $ACCESS_TOKEN"
//! ```

use std::error::Error;
use std::sync::Arc;

use axum::{Router, routing::get};
use cogward_jwt::axum::{Scope, WithScope};
use cogward_jwt::{AccessClaims, ClientIds, UserPool, Verifier};
use tokio::net::TcpListener;

struct ReadOrders;

impl Scope for ReadOrders {
    const ANY_OF: &'static [&'static str] = &["orders/read"];
}

async fn orders(client: WithScope<ReadOrders>) -> String {
    format!("orders for {}", client.client_id)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let pool = std::env::args().nth(1).ok_or("which user pool?")?;
    let verifier = Verifier::<AccessClaims>::new(UserPool::new(&pool)?, ClientIds::any());
    let app = Router::new()
        .route("/orders", get(orders))
        .with_state(Arc::new(verifier));
    Ok(axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?)
}
