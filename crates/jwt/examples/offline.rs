//! Verifies one token of either kind with a saved key set, without a network.
//!
//! ```console
//! $ curl -o jwks.json https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI/.well-known/jwks.json
//! $ cargo run -p cogward-jwt --example offline --no-default-features -- us-east-1_AbCdEfGhI 1example23456789 jwks.json "$TOKEN"
//! ```

use std::error::Error;

use cogward_jwt::{AnyClaims, Claims as _, KeySet, UserPool, Verifier};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "what it is for")]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [pool, client, jwks, token] = args.as_slice() else {
        return Err("give a user pool, an app client, a jwks.json and a token".into());
    };
    let pool = UserPool::offline(pool, KeySet::from_file(jwks)?)?;
    let verifier = Verifier::<AnyClaims>::new(pool, client.as_str());
    let claims = verifier.verify(token).await?;
    println!("{}", claims.json());
    Ok(())
}
