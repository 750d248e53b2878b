//! What a user may do here is for the application's IAM service to say.
//!
//! ```console
//! $ cargo run -p cogward-jwt --example context --features context -- us-east-1_AbCdEfGhI 1example23456789 http://localhost:8080
//! $ curl -i -X POST localhost:3000/recipes -H "Authorization: Bearer $ACCESS_TOKEN"
//! ```

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::{Router, extract::FromRef, routing::post};
use cogward_context::{Contexts, Credentials, Keeping, Provider};
use cogward_jwt::axum::{Context, UserContext};
use cogward_jwt::{AccessClaims, UserPool, Verifier};
use tokio::net::TcpListener;

struct Recipes;

impl Context for Recipes {
    const NAME: &'static str = "recipes";
}

async fn publish(cook: UserContext<Recipes>) -> String {
    match cook.has_role("editor") {
        true => format!("{} published a recipe", cook.id),
        false => "editors publish recipes".to_owned(),
    }
}

#[derive(Clone)]
struct App {
    verifier: Arc<Verifier<AccessClaims>>,
    contexts: Contexts,
}

impl FromRef<App> for Arc<Verifier<AccessClaims>> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.verifier)
    }
}

impl FromRef<App> for Contexts {
    fn from_ref(app: &App) -> Self {
        app.contexts.clone()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let pool = UserPool::new(&args.next().ok_or("which user pool?")?)?;
    let client = args.next().ok_or("which app client?")?;
    let iam = args.next().ok_or("where is the IAM service?")?;
    // It is shown the caller's token. `Credentials::service` for one of your own.
    let provider = Provider::new(&iam, Credentials::Caller, Duration::from_secs(2))?;
    let keeping = Keeping {
        ttl: Duration::from_secs(60),
        stale: Duration::from_secs(300),
        bytes: 16 << 20,
    };
    let app = App {
        verifier: Arc::new(Verifier::new(pool, client)),
        contexts: Contexts::new(["recipes"], provider, keeping),
    };
    let router = Router::new()
        .route("/recipes", post(publish))
        .with_state(app);
    Ok(axum::serve(TcpListener::bind("127.0.0.1:3000").await?, router).await?)
}
