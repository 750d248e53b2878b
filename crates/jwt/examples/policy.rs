//! Only users whom Cedar policies permit it get in.
//!
//! ```console
//! $ cargo run -p cogward-jwt --example policy --features policy -- us-east-1_AbCdEfGhI 1example23456789
//! $ curl -i -X POST localhost:3000/articles -H "Authorization: Bearer $ACCESS_TOKEN"
//! ```

use std::error::Error;
use std::sync::Arc;

use axum::{Router, extract::FromRef, routing::post};
use cogward_jwt::axum::{Action, RequireAction};
use cogward_jwt::{AccessClaims, UserPool, Verifier};
use cogward_policy::{Groups, Live, Source};
use tokio::net::TcpListener;

struct WriteContent;

impl Action for WriteContent {
    const NAME: &'static str = "write:content";
    const DETAIL: &'static str = "Editors write articles";
}

async fn write(editor: RequireAction<WriteContent>) -> String {
    format!("{} wrote an article", editor.sub)
}

#[derive(Clone)]
struct App {
    verifier: Arc<Verifier<AccessClaims>>,
    policies: Arc<Live>,
}

impl FromRef<App> for Arc<Verifier<AccessClaims>> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.verifier)
    }
}

impl FromRef<App> for Arc<Live> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.policies)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let pool = UserPool::new(&args.next().ok_or("which user pool?")?)?;
    let client = args.next().ok_or("which app client?")?;
    let verifier = Arc::new(Verifier::<AccessClaims>::new(pool, client));
    // `Source::Folder` for policies of your own; `take` again when they change.
    let policies = Arc::new(Live::new(Source::Embedded, Groups::default()));
    policies.take(&policies.source().read()?)?;
    let app = Router::new()
        .route("/articles", post(write))
        .with_state(App { verifier, policies });
    Ok(axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?)
}
