//! Only users in a group of the user pool get in.
//!
//! ```console
//! $ cargo run -p cogward-jwt --example group --features axum -- us-east-1_AbCdEfGhI 1example23456789
//! $ curl -i -X DELETE localhost:3000/users/7 -H "Authorization: Bearer $ACCESS_TOKEN"
//! ```

use std::error::Error;
use std::sync::Arc;

use axum::{Router, extract::Path, routing::delete};
use cogward_jwt::axum::{Group, InGroup};
use cogward_jwt::{AccessClaims, UserPool, Verifier};
use tokio::net::TcpListener;

struct Admins;

impl Group for Admins {
    const ANY_OF: &'static [&'static str] = &["admin"];
    const DETAIL: &'static str = "Admin access required";
}

async fn delete_user(admin: InGroup<Admins>, Path(id): Path<u32>) -> String {
    format!("{} deleted user {id}", admin.sub)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let pool = UserPool::new(&args.next().ok_or("which user pool?")?)?;
    let client = args.next().ok_or("which app client?")?;
    let verifier = Verifier::<AccessClaims>::new(pool, client);
    let app = Router::new()
        .route("/users/{id}", delete(delete_user))
        .with_state(Arc::new(verifier));
    Ok(axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?)
}
