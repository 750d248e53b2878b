//! From a socket to the router: time limits, sizes, and an orderly end.
//!
//! HTTP/1.1 only: without TLS no browser speaks HTTP/2, and proxies need not.

mod patient;
mod places;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::router::Routes;
use patient::Patient;
use places::{Place, Places};

/// What a connection may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the head of a request to arrive, and for some of an answer to be taken; also ends an
    /// idle connection.
    pub patience: Duration,
    /// For answers under way when the server is told to stop.
    pub shutdown: Duration,
    /// Open at once; the next one waits to be accepted.
    pub connections: usize,
    /// Of these for one address, a /64 of IPv6; proxies that are trusted have as many as there are.
    pub connections_each: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(30),
            shutdown: Duration::from_secs(20),
            connections: 10_000,
            connections_each: 2500,
        }
    }
}

/// Heads longer than this are answered 431 (RFC 6585 §5): more than the longest request line that
/// hyper reads, which is answered 414.
const MAX_HEAD_BYTES: usize = 80 * 1024;
/// Connections that wait to be accepted; one more is dropped, and tried again a second later.
/// `TcpListener::bind` has 128, which a burst behind a proxy fills; the kernel may allow less
/// (`net.core.somaxconn`).
const BACKLOG: u32 = 4096;
/// When the process has no more file descriptors, waiting is all one can do.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A server that serves until it is told to stop.
pub struct Running {
    stop: CancellationToken,
    accepting: JoinHandle<()>,
}

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct ServeError {
    address: SocketAddr,
    #[source]
    source: io::Error,
}

/// Listens on `address`; port 0 takes any free one.
///
/// # Errors
/// See [`ServeError`].
pub async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    bind(address).map_err(|source| ServeError { address, source })
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A server that starts again takes the address over from connections that are ending.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves from now on, in tasks of its own.
pub fn serve(listener: TcpListener, routes: Routes, limits: Limits) -> Running {
    let stop = CancellationToken::new();
    let accepting = tokio::spawn(accept(listener, Arc::new(routes), limits, stop.clone()));
    Running { stop, accepting }
}

impl Running {
    /// Takes no more connections, finishes the answers under way, returns.
    pub async fn shutdown(self) {
        self.stop.cancel();
        // A panic there has been logged; there is nothing left to stop.
        let _ended = self.accepting.await;
    }
}

async fn accept(
    listener: TcpListener,
    routes: Arc<Routes>,
    limits: Limits,
    stop: CancellationToken,
) {
    let connections = TaskTracker::new();
    let places = Places::new(limits.connections, limits.connections_each);
    loop {
        let (stream, peer, place) = tokio::select! {
            next = next(&listener, &places, &routes) => next,
            () = stop.cancelled() => break,
        };
        let connection = serve_one(stream, peer, Arc::clone(&routes), limits, stop.clone());
        connections.spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.shutdown, connections.wait())
        .await
        .is_err()
    {
        tracing::warn!("answers still under way were cut off");
    }
}

/// The next connection that may be.
async fn next(
    listener: &TcpListener,
    places: &Arc<Places>,
    routes: &Routes,
) -> (TcpStream, SocketAddr, Place) {
    loop {
        let Some(one) = places.one().await else {
            continue;
        };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let place = match routes.trusts(peer.ip()) {
            true => Some(Places::give_proxy(one)),
            false => places.give(one, peer.ip()),
        };
        if let Some(place) = place {
            return (stream, peer, place);
        }
        tracing::debug!(%peer, "connection closed: its address has too many");
    }
}

async fn serve_one(
    stream: TcpStream,
    peer: SocketAddr,
    routes: Arc<Routes>,
    limits: Limits,
    stop: CancellationToken,
) {
    // Answers are small and go out whole; waiting for more only delays them.
    let _delayed = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let routes = Arc::clone(&routes);
        let mut request = request.map(body);
        request.extensions_mut().insert(ConnectInfo(peer));
        async move { Ok::<_, Infallible>(routes.answer(request).await) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.patience)
        .max_buf_size(MAX_HEAD_BYTES)
        // Head and body in one write: answers are small, so copying costs less.
        .writev(false);
    let stream = TokioIo::new(Patient::new(stream, limits.patience));
    let mut connection = pin!(builder.serve_connection(stream, service));
    tokio::select! {
        // How a connection ends is its peer's affair.
        _ended = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ended = connection.await;
        }
    }
}

/// An empty one costs no allocation.
fn body(incoming: Incoming) -> Body {
    match incoming.is_end_stream() {
        true => Body::empty(),
        false => Body::new(incoming),
    }
}
