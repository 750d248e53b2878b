//! Behind an Application Load Balancer that signs people in: the person is who the load balancer
//! says in `x-amzn-oidc-data`.
//!
//! ```console
//! $ cargo run -p cogward-jwt --example alb -- \
//!     arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/my-alb/50dc6c495c0c9188 \
//!     https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI 1example23456789
//! ```

use std::error::Error;

use axum::http::{HeaderMap, StatusCode};
use axum::{Router, extract::State, routing::get};
use cogward_jwt::alb::AlbVerifier;
use tokio::net::TcpListener;

async fn private(
    State(verifier): State<AlbVerifier>,
    headers: HeaderMap,
) -> Result<String, StatusCode> {
    let mut values = headers.get_all("x-amzn-oidc-data").iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(StatusCode::UNAUTHORIZED);
    };
    let value = value.to_str().map_err(|_| StatusCode::UNAUTHORIZED)?;
    let person = verifier.verify(value).await.map_err(|error| match error {
        error if error.is_transient() => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNAUTHORIZED,
    })?;
    Ok(format!("Hello, {}!", person.sub))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [load_balancer, issuer, client] = args.as_slice() else {
        return Err("give a load balancer's ARN, an issuer and an app client".into());
    };
    let app = Router::new()
        .route("/private", get(private))
        .with_state(AlbVerifier::new(load_balancer, issuer, client)?);
    Ok(axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?)
}
