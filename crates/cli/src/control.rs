//! A socket in the data folder, on which a running server does an operator's work: what it
//! keeps in memory or in a file of its own cannot be reached otherwise.
//!
//! One line of JSON each way: a [`Request`], a [`Reply`].

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cogward_auth::audit::By;
use cogward_auth::devices::Entry;
use cogward_auth::{Auth, Operator, SessionError};
use cogward_context::Pattern;
use cogward_session::Handle;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

const NAME: &str = "control.sock";
/// The longest request, in bytes.
const LONGEST: u64 = 4096;
/// A request gets this long to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// What an operator wants done.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    /// The sessions of a user.
    List { user: String },
    /// The end of one of them.
    Revoke { user: String, handle: Handle },
    /// The end of all, and of the tokens that were issued.
    RevokeAll { user: String },
    /// That the IAM service is asked anew.
    Forget { pattern: Pattern },
}

/// What came of it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// The sessions, the last used first.
    Sessions(Vec<Session>),
    /// How many were ended.
    Ended(usize),
    /// Whether anything is remembered at all.
    Forgotten(bool),
    /// Why nothing is known.
    Failed(String),
}

/// A session as an operator sees it; times in epoch seconds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) handle: Handle,
    pub(crate) created_at: i64,
    pub(crate) last_seen_at: i64,
    pub(crate) user_agent: Option<String>,
    pub(crate) address: Option<String>,
}

impl From<Entry> for Session {
    fn from(entry: Entry) -> Self {
        Self {
            handle: entry.handle,
            created_at: entry.created_at.as_secs(),
            last_seen_at: entry.last_seen_at.as_secs(),
            user_agent: entry.user_agent,
            address: entry.address,
        }
    }
}

impl Request {
    /// Does it.
    pub(crate) async fn answer(&self, operator: &Operator) -> Result<Reply, SessionError> {
        Ok(match self {
            Self::List { user } => {
                let entries = operator.list(user).await?;
                Reply::Sessions(entries.into_iter().map(Session::from).collect())
            }
            Self::Revoke { user, handle } => {
                Reply::Ended(operator.revoke(user, handle).await?.into())
            }
            Self::RevokeAll { user } => Reply::Ended(operator.revoke_all(user).await?),
            Self::Forget { pattern } => Reply::Forgotten(operator.forget(pattern).await?),
        })
    }
}

/// Longer than an answer takes, also from a store that fails.
const ANSWER: Duration = Duration::from_secs(30);

/// Asks the server that runs with this data folder.
pub(crate) async fn ask(folder: &Path, request: &Request) -> io::Result<Reply> {
    let mut stream = UnixStream::connect(folder.join(NAME)).await?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    let mut reply = Vec::new();
    let read = tokio::time::timeout(ANSWER, stream.read_to_end(&mut reply)).await;
    read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    Ok(serde_json::from_slice(&reply)?)
}

/// The open socket; gone when this is dropped.
pub(crate) struct Control {
    path: PathBuf,
    accepting: JoinHandle<()>,
}

impl Control {
    /// Opens it, for the owner of this process alone.
    pub(crate) fn open(auth: Arc<Auth>, folder: &Path) -> io::Result<Self> {
        let listener = bind(folder)?;
        Ok(Self {
            path: folder.join(NAME),
            accepting: tokio::spawn(accept(listener, auth)),
        })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.accepting.abort();
        // The next server takes its place anyway.
        let _left = fs::remove_file(&self.path);
    }
}

/// Made in a folder that nobody else may enter, and moved from there when nobody else may
/// connect to it either: also over one that an ended server left.
fn bind(folder: &Path) -> io::Result<UnixListener> {
    let path = folder.join(NAME);
    if std::os::unix::net::UnixStream::connect(&path).is_ok() {
        return Err(io::ErrorKind::AddrInUse.into());
    }
    let private = folder.join(format!(".control-{}", std::process::id()));
    // Of a process that was killed right here.
    let _none = fs::remove_dir_all(&private);
    DirBuilder::new().mode(0o700).create(&private)?;
    let made = private.join(NAME);
    let bound = UnixListener::bind(&made).and_then(|listener| {
        fs::set_permissions(&made, Permissions::from_mode(0o600))?;
        fs::rename(&made, &path)?;
        Ok(listener)
    });
    fs::remove_dir_all(&private)?;
    bound
}

async fn accept(listener: UnixListener, auth: Arc<Auth>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(converse(stream, Arc::clone(&auth)));
            }
            Err(error) => {
                tracing::warn!(%error, "control socket");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

/// Whoever asked may be gone by the time of the reply: then nobody misses it.
async fn converse(mut stream: UnixStream, auth: Arc<Auth>) {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    let mut lines = BufReader::new(read.take(LONGEST));
    let read = tokio::time::timeout(PATIENCE, lines.read_line(&mut line)).await;
    if !matches!(read, Ok(Ok(_))) {
        return;
    }
    let reply = match serde_json::from_str::<Request>(&line) {
        Ok(request) => {
            let operator = Operator::at(&auth);
            auth.caused(By::Operator)
                .of(request.answer(&operator))
                .await
        }
        Err(_) => Ok(Reply::Failed(
            "the server does not understand: is it another release?".to_owned(),
        )),
    };
    let reply = reply.unwrap_or_else(|error| Reply::Failed(cogward_auth::chain(&error)));
    if let Ok(reply) = serde_json::to_vec(&reply) {
        let _nobody = write.write_all(&reply).await;
    }
}
