use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A way to a server that can be cut without either end being told.
pub(crate) struct Proxy {
    port: u16,
    cut: Arc<AtomicBool>,
    _serving: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let cut = Arc::new(AtomicBool::new(false));
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, port, Arc::clone(&cut)));
        Self {
            port: own,
            cut,
            _serving: serving,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// From now on what is sent is lost, either way; connections stay, and are accepted.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    /// New connections get through again; the old ones stay dead.
    pub(crate) fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }
}

async fn serve(listener: TcpListener, port: u16, cut: Arc<AtomicBool>) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        connections.spawn(pass(from_client, to_server, Arc::clone(&cut)));
        connections.spawn(pass(from_server, to_client, Arc::clone(&cut)));
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, cut: Arc<AtomicBool>) {
    let (mut bytes, mut dead) = (vec![0; 16 << 10], false);
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        dead |= cut.load(Ordering::SeqCst);
        if !dead && to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
    if dead {
        // Whoever is on the other end is not told.
        std::future::pending::<()>().await;
    }
}
