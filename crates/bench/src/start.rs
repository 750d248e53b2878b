//! Process start to first answer of the binary as it was built.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::process::Process;
use crate::table::{Spread, head, row};

/// Between two tries to connect.
const PAUSE: Duration = Duration::from_micros(200);
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How often each is started
    #[arg(long, default_value_t = 20)]
    times: usize,
    /// The binary [default: `cogward` beside this one]
    #[arg(long)]
    binary: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            times: 20,
            binary: None,
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let binary = match &options.binary {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("cogward"),
    };
    ensure!(
        binary.exists(),
        "{} is not there: build it with cargo build --release -p cogward-cli",
        binary.display()
    );
    head(&[
        "command",
        "first start ms",
        "start ms (range)",
        "resident MB",
    ]);
    for kind in [Kind::Serve, Kind::Pool, Kind::Dev] {
        measure(kind, &binary, options.times)?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Kind {
    Serve,
    Pool,
    Dev,
}

/// The first start makes keys and databases; the others find them.
fn measure(kind: Kind, binary: &Path, times: usize) -> Result<()> {
    let files = tempfile::tempdir()?;
    let (_, first) = started(kind, binary, files.path())?;
    let (mut running, mut later) = (None, Vec::new());
    for _ in 0..times {
        drop(running.take());
        let (process, seconds) = started(kind, binary, files.path())?;
        later.push(seconds * 1000.0);
        running = Some(process);
    }
    let spread = Spread::of(later);
    let (process, name) = (running.context("not started")?, kind.name());
    row(&[
        format!("`cogward {name}`"),
        format!("{:.0}", first * 1000.0),
        format!(
            "**{:.1}** ({:.1}–{:.1})",
            spread.median, spread.min, spread.max
        ),
        format!("{:.0}", process.resident_mb()?),
    ]);
    Ok(())
}

fn started(kind: Kind, binary: &Path, folder: &Path) -> Result<(Process, f64)> {
    let [port, pool_port] = [free_port()?, free_port()?];
    let folder = folder.to_str().context("folder's name")?;
    let mut command = Command::new(binary);
    command
        .env_clear()
        .arg(kind.name())
        .args(["--data-dir", folder]);
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    let (port_text, pool_text) = (port.to_string(), pool_port.to_string());
    let (asked, path) = match kind {
        Kind::Serve => {
            command.args(["--port", &port_text]).envs(SERVE);
            (port, "/health")
        }
        Kind::Pool => {
            command.args(["--port", &pool_text]);
            (pool_port, "/_local/health")
        }
        Kind::Dev => {
            command.args(["--port", &port_text, "--pool-port", &pool_text]);
            (port, "/health")
        }
    };
    let begun = Instant::now();
    let mut process = Process::spawn(&mut command)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, asked));
    let question = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    while exchange(address, &question).is_err() {
        process.check()?;
        sleep(PAUSE);
    }
    let seconds = begun.elapsed().as_secs_f64();
    if matches!(kind, Kind::Pool) {
        sign_in(address)?;
    }
    Ok((process, seconds))
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Pool => "pool",
            Self::Dev => "dev",
        }
    }
}

/// A deployment whose user pool is nowhere.
const SERVE: [(&str, &str); 7] = [
    ("COGNITO_USER_POOL_ID", "us-east-1_Cogward01"),
    ("COGNITO_CLIENT_ID", "cogwardlocalpublicclient01"),
    ("COGNITO_DOMAIN", "http://localhost:9"),
    ("COGNITO_ENDPOINT", "http://localhost:9"),
    ("FRONTEND_URL", "http://localhost:3000"),
    ("SESSION_SECRET", "a-secret-of-the-benchmark-long-enough"),
    ("SESSION_BACKEND", "sqlite"),
];

pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

/// So that what a sign-in needs is resident when it is measured.
fn sign_in(address: SocketAddr) -> Result<()> {
    let body = r#"{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"cogwardlocalpublicclient01","AuthParameters":{"USERNAME":"user@example.com","PASSWORD":"Passw0rd!"}}"#;
    let question = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/x-amz-json-1.1\r\n\
         X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    exchange(address, &question).context("sign-in at the pool")
}

/// An error unless the answer is 200.
fn exchange(address: SocketAddr, question: &str) -> Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(question.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    ensure!(
        answer.starts_with(b"HTTP/1.1 200 "),
        "not 200: {}",
        String::from_utf8_lossy(&answer)
    );
    Ok(())
}
