//! A local pool and a server in front of it, as processes of their own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::generator::ask;
use crate::pools::call;
use crate::process::{Process, on_the_servers_core};
use crate::start::free_port;

pub(super) const CLIENT: &str = "cogwardlocalpublicclient01";
pub(super) const PASSWORD: &str = "Passw0rd!";
const PAUSE: Duration = Duration::from_millis(2);

/// No limit bites, and each caller is believed about his address.
const SETTINGS: [(&str, &str); 11] = [
    ("COGNITO_USER_POOL_ID", "us-east-1_Cogward01"),
    ("COGNITO_CLIENT_ID", CLIENT),
    ("FRONTEND_URL", "http://localhost:3000"),
    ("SESSION_SECRET", "a-secret-of-the-benchmark-long-enough"),
    ("COGWARD_ACCOUNTS_ENABLED", "true"),
    ("COGWARD_ACCOUNTS_ATTEMPTS", "10000"),
    ("COGWARD_ACCOUNTS_MESSAGES", "10000"),
    ("COGWARD_ACCOUNTS_ALL_MESSAGES", "10000"),
    ("COGWARD_SERVER_TRUSTED_PROXIES", "127.0.0.1"),
    ("COGWARD_SERVER_PUBLIC_URL", "http://localhost:3001"),
    ("COGWARD_SESSION_MAX_PER_USER", "10"),
];

/// The server on its core, the pool beside the load.
pub(super) struct Deployment {
    pub(super) server: Process,
    pub(super) address: SocketAddr,
    pub(super) pool: SocketAddr,
    _pool: Process,
    _folder: TempDir,
}

impl Deployment {
    pub(super) fn start(binary: &Path, more: &[(&str, &str)]) -> Result<Self> {
        ensure!(
            binary.exists(),
            "{} is not there: run cargo build --release -p cogward-cli",
            binary.display()
        );
        let folder = tempfile::tempdir()?;
        let (pool_port, port) = (free_port()?.to_string(), free_port()?.to_string());
        let mut command = Command::new(binary);
        command.args(["pool", "--port", &pool_port, "--data-dir", "pool"]);
        let (pool_process, pool) = start(command, folder.path(), &pool_port, "/_local/health")?;
        let unlocked = json!({ "limits": { "lockout": false } });
        call::local(pool, "settings", &unlocked)?;

        let mut command = on_the_servers_core(binary);
        let url = format!("http://localhost:{pool_port}");
        command.args(["serve", "--port", &port, "--data-dir", "server"]);
        command.envs(SETTINGS).envs(more.iter().copied());
        command.envs([("COGNITO_DOMAIN", &url), ("COGNITO_ENDPOINT", &url)]);
        let (server, address) = start(command, folder.path(), &port, "/health")?;
        Ok(Self {
            server,
            address,
            pool,
            _pool: pool_process,
            _folder: folder,
        })
    }

    /// Makes somebody with a confirmed address.
    pub(super) fn user(&self, email: &str) -> Result<()> {
        let user = json!({ "username": email, "password": PASSWORD });
        call::local(self.pool, "users", &user).map(drop)
    }

    /// Somebody who registered, and did not enter his code.
    pub(super) fn unconfirmed(&self, email: &str) -> Result<()> {
        let user = json!({ "ClientId": CLIENT, "Username": email, "Password": PASSWORD });
        call::call(self.pool, "SignUp", &user).map(drop)
    }
}

fn start(
    mut command: Command,
    folder: &Path,
    port: &str,
    path: &str,
) -> Result<(Process, SocketAddr)> {
    let kept: Vec<_> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    command.env_clear().envs(kept).env("PATH", "/usr/bin:/bin");
    command.current_dir(folder).stdin(Stdio::null());
    command.stderr(Stdio::null());
    let mut process = Process::spawn_into(&mut command, Stdio::null())?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().context("port")?));
    let question = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while ask(address, question.as_bytes()).is_err() {
        process.check()?;
        sleep(PAUSE);
    }
    Ok((process, address))
}

/// A call of the accounts API as bytes; each caller has an address of his own.
pub(super) fn request(call: &str, caller: usize, body: &Value) -> Vec<u8> {
    let (body, [.., a, b, c]) = (body.to_string(), caller.to_be_bytes());
    format!(
        "POST /api/v1/auth/{call} HTTP/1.1\r\nHost: localhost\r\n\
         X-Forwarded-For: 10.{a}.{b}.{c}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
