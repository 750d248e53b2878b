//! The outermost layer: request id, error bodies, security headers; on every
//! answer, preflights among them.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};
use axum::response::{IntoResponse as _, Response};
use cogward_auth::audit::{By, RequestId};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, ORIGIN, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method};
use tower::{Layer as _, Service as _};
use tower_http::cors::{Cors, CorsLayer};

use super::guard::Guard;
use super::rate_limit::Left;
use super::request_id;
use super::request_log::RequestLog;
use crate::App;
use crate::cookies::Which;
use crate::error::Error;
use crate::extract::{address, is_one_of};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Cogward's whole HTTP side.
pub(crate) struct Envelope {
    app: Arc<App>,
    log: RequestLog,
    routes: Guard,
    routes_with_cors: Cors<Guard>,
    headers: HeaderMap,
}

impl Envelope {
    pub(super) fn new(app: &Arc<App>, log: RequestLog, cors: &CorsLayer, routes: Guard) -> Self {
        Self {
            app: Arc::clone(app),
            log,
            routes_with_cors: cors.layer(routes.clone()),
            routes,
            headers: headers(app),
        }
    }

    pub(crate) async fn answer(&self, request: Request) -> Response {
        let id = self.app.request_ids.next();
        let line = self.log.begin(id, request.method());
        let uri = request.uri().clone();
        let address = address(&self.app.site, request.headers(), request.extensions());
        let cause = self.app.auth.caused(By::Request {
            id,
            peer: peer(&request),
            address,
        });
        let mut left = None;
        let mut response = {
            // Pinned where it stands, since it is big.
            let answer = pin!(self.answer_plainly(request, address, &mut left));
            cause.of(answer).await
        };
        let error = response.extensions_mut().remove::<Error>();
        let status = response.status();
        self.log.end(&line, uri.path(), status, error.as_ref());
        if let Some(error) = error {
            response = render(&self.app, id, uri.path(), &error, response);
        }
        // What a route says of its own answer goes before what holds for all.
        let headers = response.headers_mut();
        let said = std::mem::replace(headers, self.headers.clone());
        headers.extend(said);
        if let Some(left) = left {
            left.add_headers(headers);
        }
        headers.insert(X_REQUEST_ID, request_id::header(id));
        response
    }

    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        is_one_of(&self.app.site.trusted_proxies, peer.to_canonical())
    }

    /// What CORS has to say is said to those who ask.
    async fn answer_plainly<'a>(
        &'a self,
        request: Request,
        from: Option<IpAddr>,
        left: &mut Option<Left<'a>>,
    ) -> Response {
        let is_preflight = request.method() == Method::OPTIONS;
        if is_preflight && let Err(limited) = self.routes.count(&request, from) {
            // It goes no further than CORS, which counts nothing.
            return limited.into_response();
        }
        if is_preflight || request.headers().contains_key(ORIGIN) {
            let answer = self.routes_with_cors.clone().call(request);
            return answer.await.unwrap_or_else(|never| match never {});
        }
        self.routes.answer(request, from, left).await
    }
}

fn peer(request: &Request) -> Option<IpAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    Some(peer.0.ip().to_canonical())
}

fn render(app: &App, id: RequestId, path: &str, error: &Error, was: Response) -> Response {
    let mut headers = was.into_parts().0.headers;
    headers.remove(http::header::CONTENT_LENGTH);
    headers.remove(http::header::CONTENT_TYPE);
    let mut response = error.body(app.site.in_token_handler(path), id.to_string());
    *response.status_mut() = error.status();
    response.headers_mut().extend(headers);
    error.add_headers(response.headers_mut());
    no_store(response.headers_mut());
    if error.clears_session {
        app.site
            .cookies
            .clear(response.headers_mut(), Which::Session);
    }
    response
}

fn no_store(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// On every answer unless it says otherwise.
fn headers(app: &App) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    // An answer to a request without an origin is another one, for caches too.
    headers.insert(VARY, HeaderValue::from_static("origin"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(
        REFERRER_POLICY,
        HeaderValue::from_static("strict-origin-when-cross-origin"),
    );
    headers.insert(CORP, HeaderValue::from_static("same-origin"));
    no_store(&mut headers);
    if app.site.https() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(STRICT_TRANSPORT_SECURITY, year);
    }
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
    );
    headers
}
