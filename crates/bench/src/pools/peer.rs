//! The three pools: where each is installed, and how it is started.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::call::post;
use crate::process::{Process, on_the_servers_core};
use crate::start::free_port;

const LOOPBACK: &str = "127.0.0.1";
/// Between two tries to connect.
const PAUSE: Duration = Duration::from_micros(200);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Cogward,
    CognitoLocal,
    Moto,
}

impl Peer {
    pub(crate) const ALL: [Self; 3] = [Self::Cogward, Self::CognitoLocal, Self::Moto];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cogward => "cogward",
            Self::CognitoLocal => "cognito-local",
            Self::Moto => "moto",
        }
    }

    /// The name of this machine that its issuer has.
    pub(crate) fn host(self) -> &'static str {
        match self {
            Self::Cogward => "localhost",
            Self::CognitoLocal | Self::Moto => LOOPBACK,
        }
    }
}

/// Whether a process is kept on the servers' core.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cores {
    Any,
    Servers,
}

/// Where the programs are.
pub(crate) struct Peers {
    cogward: PathBuf,
    node: PathBuf,
    cognito_local: PathBuf,
    pub(crate) python: PathBuf,
}

/// One pool that runs.
pub(crate) struct Running {
    pub(crate) peer: Peer,
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Peers {
    /// # Errors
    /// One that is not installed, and the script that installs it.
    pub(crate) fn find(cogward: Option<PathBuf>) -> Result<Self> {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.test-tools");
        let beside = std::env::current_exe()?.with_file_name("cogward");
        let peers = Self {
            cogward: cogward.unwrap_or(beside),
            node: tools.join("node/bin/node"),
            cognito_local: tools.join("peers/node/node_modules/cognito-local/lib/bin/start.js"),
            python: tools.join("peers/python/bin/python"),
        };
        for (program, how) in [
            (&peers.cogward, "cargo build --release -p cogward-cli"),
            (&peers.node, "tests/install-sdks.sh"),
            (&peers.cognito_local, "tests/install-peers.sh"),
            (&peers.python, "tests/install-peers.sh"),
        ] {
            let there = program.exists();
            ensure!(there, "{} is not there: run {how}", program.display());
        }
        Ok(peers)
    }

    /// Starts one with its data in `folder`; how many seconds went by until it answered a call
    /// of the user-pool API. What it prints goes into `output`, or nowhere.
    pub(crate) fn start(
        &self,
        peer: Peer,
        folder: &Path,
        cores: Cores,
        output: Option<File>,
    ) -> Result<(Running, f64)> {
        let port = free_port()?;
        let mut command = self.command(peer, port, folder, cores)?;
        command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        let output = output.map_or_else(Stdio::null, Stdio::from);
        let begun = Instant::now();
        let mut process = Process::spawn_into(&mut command, output)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        while post(address, "InitiateAuth", &of_nobody()).is_err() {
            process.check().with_context(|| peer.name())?;
            sleep(PAUSE);
        }
        let seconds = begun.elapsed().as_secs_f64();
        let running = Running {
            peer,
            process,
            address,
        };
        Ok((running, seconds))
    }

    fn command(&self, peer: Peer, port: u16, folder: &Path, cores: Cores) -> Result<Command> {
        let program = match peer {
            Peer::Cogward => &self.cogward,
            Peer::CognitoLocal => &self.node,
            Peer::Moto => &self.python,
        };
        let mut command = match cores {
            Cores::Any => Command::new(program),
            Cores::Servers => on_the_servers_core(program),
        };
        command.env_clear();
        let port = port.to_string();
        match peer {
            Peer::Cogward => {
                let folder = folder.to_str().context("folder's name")?;
                command.args(["pool", "--port", &port, "--data-dir", folder]);
            }
            Peer::CognitoLocal => {
                command.arg(&self.cognito_local);
                command.envs([("PORT", port.as_str()), ("HOST", LOOPBACK)]);
            }
            Peer::Moto => {
                command.args(["-m", "moto.server", "-H", LOOPBACK, "-p", &port]);
                // Without it every code of an authenticator application is taken.
                command.env("MOTO_COGNITO_IDP_USER_POOL_ENABLE_TOTP", "true");
            }
        }
        Ok(command)
    }
}

/// A call that each can answer before anything was set up, by a refusal.
fn of_nobody() -> serde_json::Value {
    json!({
        "AuthFlow": "USER_PASSWORD_AUTH",
        "ClientId": "nobodysclient",
        "AuthParameters": { "USERNAME": "nobody@example.com", "PASSWORD": "Passw0rd!" },
    })
}
