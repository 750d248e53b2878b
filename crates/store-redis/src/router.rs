use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use redis::{Cmd, ServerErrorKind, Value};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use crate::call::CallError;
use crate::endpoint::Endpoints;
use crate::keys::Key;
use crate::pulse;
use crate::scripts::Script;
use crate::servers::{Redirect, Servers};
use crate::watch::Watch;

/// Sends every command to the server that holds its key.
pub(crate) struct Router {
    servers: Arc<Servers>,
    pulse: AbortHandle,
}

/// Whether a command may be sent again when the connection was lost over it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    /// Sent again only when it was refused, so that it was not carried out.
    Write,
}

/// A Cluster moves a key at most so often within one call.
const REDIRECTS: usize = 4;

impl Router {
    /// Begins to connect, and waits for the first look at the servers, `limit` at most.
    pub(crate) async fn start(endpoints: Endpoints, limit: Duration, watch: Watch) -> Self {
        let servers = Arc::new(Servers::new(endpoints, limit, watch));
        let (seen, first_look) = oneshot::channel();
        let pulse = tokio::spawn(pulse::run(Arc::clone(&servers), seen)).abort_handle();
        // Whatever it came to.
        let _seen = timeout(limit, first_look).await;
        Self { servers, pulse }
    }

    /// Has `command` carried out where the key is.
    pub(crate) async fn call(
        &self,
        key: &Key,
        command: &Cmd,
        kind: Kind,
        deadline: Instant,
    ) -> Result<Value, CallError> {
        let (mut server, mut asking) = (self.servers.of(key)?, false);
        let mut again = kind == Kind::Read;
        for _ in 0..REDIRECTS {
            let answer = match asking {
                false => server.send(command, deadline).await,
                true => server.send_asking(command, deadline).await,
            };
            match answer {
                Err(CallError::Lost { .. }) if again => {
                    (server, asking) = (self.servers.of(key)?, false);
                    again = false;
                }
                Err(refusal) => match self.servers.redirected(&refusal, &server.address) {
                    Some(Redirect { to, asking: ask }) => (server, asking) = (to, ask),
                    None => return Err(refusal),
                },
                Ok(answer) => return Ok(answer),
            }
        }
        Err(CallError::NoServer)
    }

    /// Runs a script on its one key.
    pub(crate) async fn run(
        &self,
        script: &Script,
        key: &Key,
        arguments: &[&[u8]],
        deadline: Instant,
    ) -> Result<Value, CallError> {
        let command = |name, script: &str| {
            let mut command = redis::cmd(name);
            command
                .arg(script)
                .arg(1)
                .arg(key.as_bytes())
                .arg(arguments);
            command
        };
        let by_hash = command("EVALSHA", &script.hash);
        match self.call(key, &by_hash, Kind::Write, deadline).await {
            Err(error) if error.is_refused_as(ServerErrorKind::NoScript) => {
                let by_code = command("EVAL", script.code);
                self.call(key, &by_code, Kind::Write, deadline).await
            }
            answer => answer,
        }
    }

    /// Whether every server answers.
    pub(crate) async fn ping(&self, deadline: Instant) -> Result<(), CallError> {
        let ping = redis::cmd("PING");
        let servers = self.servers.all();
        if servers.is_empty() {
            return Err(CallError::NoServer);
        }
        let answers = servers.iter().map(|server| server.send(&ping, deadline));
        try_join_all(answers).await.map(drop)
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        self.pulse.abort();
    }
}
