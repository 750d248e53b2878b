use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::routing::get;
use axum::{Extension, Router};
use cogward_jwt::tower::{BearerLayer, BearerService};
use cogward_jwt::{AccessClaims, Keys, UserPool, Verified, Verifier};
use http::{Request, Response, header};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::axum::{Down, Server, bearer, fresh, verifier};
use crate::issuer::{CLIENT, ISSUER, Signer, access_claims, with};

type Claims = Verified<AccessClaims>;

/// Says whose claims it sees.
async fn whose<B>(request: Request<B>) -> Result<Response<String>, Infallible> {
    let claims = request.extensions().get::<Claims>();
    let name = claims.map_or("nobody", |claims| &claims.sub);
    Ok(Response::new(name.to_owned()))
}

async fn ask<S>(service: S, request: Request<()>) -> (u16, String)
where
    S: Service<Request<()>, Response = Response<String>, Error = Infallible>,
{
    let Ok(response) = service.oneshot(request).await;
    (response.status().as_u16(), response.into_body())
}

fn request(lines: &[&str]) -> Request<()> {
    let mut request = Request::new(());
    for line in lines {
        let headers = request.headers_mut();
        headers.append(header::AUTHORIZATION, line.parse().unwrap());
    }
    request
}

fn token_of(signer: &Signer, sub: &str) -> String {
    bearer(&signer.token(&with(fresh(access_claims()), "sub", json!(sub))))
}

#[tokio::test]
async fn it_answers_or_hands_on_the_claims() {
    let signer = Signer::new("k");
    let verifier = Arc::new(verifier::<AccessClaims>(&signer).require_group("admin"));
    let required = BearerLayer::new(Arc::clone(&verifier));
    let [required, optional] =
        [required.clone(), required.optional()].map(|layer| layer.layer(service_fn(whose)));
    let good = token_of(&signer, "jane");
    let outside = with(fresh(access_claims()), "cognito:groups", Value::Null);
    let outside = bearer(&signer.token(&outside));
    let refused: [(&[&str], u16, &str); 5] = [
        (&[], 401, "Not authenticated"),
        (&["Basic x"], 401, "Not authenticated"),
        (&["Bearer x"], 401, "Invalid or expired token"),
        (&[&good, &good], 400, "Invalid Authorization header"),
        (&[&outside], 403, "Group membership required"),
    ];
    for (lines, status, detail) in refused {
        let expected = (status, json!({"detail": detail}).to_string());
        assert_eq!(ask(required.clone(), request(lines)).await, expected);
        let expected = (200, "nobody".to_owned());
        assert_eq!(ask(optional.clone(), request(lines)).await, expected);
    }
    for service in [required, optional] {
        let answer = ask(service, request(&[&good])).await;
        assert_eq!(answer, (200, "jane".to_owned()));
    }
}

#[tokio::test]
async fn claims_that_came_with_the_request_are_not_believed() {
    let signer = Signer::new("k");
    let verifier = Arc::new(verifier::<AccessClaims>(&signer));
    let token = token_of(&signer, "mallory");
    let planted = verifier.verify(&token["Bearer ".len()..]).await.unwrap();
    let with_planted = |lines: &[&str]| {
        let mut request = request(lines);
        request.extensions_mut().insert(planted.clone());
        request
    };
    let layer = BearerLayer::new(verifier).optional();
    let service = layer.layer(service_fn(whose));
    for (lines, name) in [
        (&[][..], "nobody"),
        (&["Bearer x"], "nobody"),
        (&[&*token_of(&signer, "jane")], "jane"),
    ] {
        let answer = ask(service.clone(), with_planted(lines)).await;
        assert_eq!(answer, (200, name.to_owned()), "{lines:?}");
    }
}

#[tokio::test]
async fn without_keys_nothing_goes_through_that_has_a_token() {
    let pool = UserPool::custom(ISSUER, Keys::new(Arc::new(Down)));
    let layer = BearerLayer::new(Arc::new(Verifier::<AccessClaims>::new(pool, CLIENT)));
    let good = token_of(&Signer::new("k"), "jane");
    for layer in [layer.clone(), layer.clone().optional()] {
        let service = layer.layer(service_fn(whose));
        assert_eq!(ask(service, request(&[&good])).await.0, 503);
    }
    let service = layer.optional().layer(service_fn(whose));
    assert_eq!(ask(service, request(&[])).await, (200, "nobody".to_owned()));
}

/// Must be asked whether it is ready before each call, as the very one that is called.
#[derive(Default)]
struct Careful {
    ready: bool,
    calls: Arc<AtomicUsize>,
}

impl Clone for Careful {
    fn clone(&self) -> Self {
        let calls = Arc::clone(&self.calls);
        Self {
            ready: false,
            calls,
        }
    }
}

impl Service<Request<()>> for Careful {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called before it was ready"
        );
        self.calls.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(Response::new(String::new())))
    }
}

#[tokio::test]
async fn the_service_that_is_called_is_the_one_that_was_ready() {
    let signer = Signer::new("k");
    let inner = Careful::default();
    let calls = Arc::clone(&inner.calls);
    let layer = BearerLayer::new(Arc::new(verifier::<AccessClaims>(&signer)));
    let mut service: BearerService<_, _> = layer.layer(inner);
    let good = token_of(&signer, "jane");
    for call in 1..4 {
        let ready = service.ready().await.unwrap();
        let (one, refused) = (ready.call(request(&[&good])), request(&[]));
        assert_eq!(one.await.unwrap().status(), 200);
        let ready = service.ready().await.unwrap();
        assert_eq!(ready.call(refused).await.unwrap().status(), 401);
        assert_eq!(
            calls.load(Ordering::SeqCst),
            call,
            "the refused never arrive"
        );
    }
}

#[tokio::test]
async fn it_stands_before_routes_of_axum() {
    async fn private(Extension(claims): Extension<Claims>) -> String {
        claims.sub.clone()
    }
    async fn feed(claims: Option<Extension<Claims>>) -> String {
        claims.map_or("nobody".to_owned(), |claims| claims.sub.clone())
    }
    let signer = Signer::new("k");
    let layer = BearerLayer::new(Arc::new(verifier::<AccessClaims>(&signer)));
    let private = Router::new()
        .route("/private", get(private))
        .layer(layer.clone());
    let feed = Router::new()
        .route("/feed", get(feed))
        .layer(layer.optional());
    let server = Server::of(private.merge(feed)).await;
    let good = token_of(&signer, "jane");
    assert_eq!(server.get("/private", &[&good]).await.body, "jane");
    assert_eq!(server.get("/feed", &[&good]).await.body, "jane");
    assert_eq!(server.get("/private", &[]).await.status, 401);
    assert_eq!(server.get("/feed", &[]).await.body, "nobody");
}

#[tokio::test]
async fn it_stands_before_a_service_of_hyper() {
    let signer = Signer::new("k");
    let layer = BearerLayer::new(Arc::new(verifier::<AccessClaims>(&signer)));
    let service = layer.layer(service_fn(whose::<hyper::body::Incoming>));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::at(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
            .await
    });
    let answer = server.get("/", &[&token_of(&signer, "jane")]).await;
    assert_eq!((answer.status, &*answer.body), (200, "jane"));
    let refused = server.get("/", &["Bearer x"]).await;
    assert_eq!(refused.status, 401);
}
