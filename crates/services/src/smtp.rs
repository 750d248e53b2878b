//! A server of mail.

use std::fs;
use std::net::TcpStream;

use serde_json::Value;
use tempfile::TempDir;

use crate::certificate::Certificate;
use crate::process::{Process, free_ports, python, until};

/// What runs in aiosmtpd's Python.
const SERVER: &str = include_str!("smtp/server.py");

/// One SMTP server, on a loopback port of its own, that keeps what it takes. A recipient whose name
/// begins with `refused` is refused for good, one with `busyN` N times.
pub struct Smtp {
    process: Process,
    port: u16,
    arguments: Vec<String>,
    authority: String,
    folder: TempDir,
}

impl Smtp {
    /// Starts one without TLS and passwords, and waits until it listens.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with("plain", &[])
    }

    /// Starts one that takes nothing before `STARTTLS` and this user's password. Its certificate
    /// is for `localhost` and `127.0.0.1`; it listens on `127.0.0.2` too.
    #[must_use]
    pub fn start_starttls(user: &str, password: &str) -> Self {
        Self::start_with("starttls", &[user, password])
    }

    /// Starts one that speaks TLS alone, with such a certificate.
    #[must_use]
    pub fn start_tls(user: &str, password: &str) -> Self {
        Self::start_with("tls", &[user, password])
    }

    fn start_with(tls: &str, login: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificate = Certificate::new();
        certificate.write(folder.path());
        let [port] = free_ports();
        let number = port.to_string();
        let place = folder.path().to_str().unwrap();
        let arguments = ["-c", SERVER, &number, place, tls].into_iter();
        let arguments: Vec<_> = arguments
            .chain(login.iter().copied())
            .map(str::to_owned)
            .collect();
        let mut server = Self {
            process: run(&arguments),
            port,
            arguments,
            authority: certificate.authority,
            folder,
        };
        server.wait();
        server
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Certificate, as PEM, of who signed the server's.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The mails taken so far: envelope, headers, `text`, `html` and `raw`.
    #[must_use]
    pub fn mails(&self) -> Vec<Value> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let mut paths: Vec<_> = paths
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .collect();
        paths.sort();
        let read = |path: &_| serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        paths.iter().map(read).collect()
    }

    /// Stops it in its tracks: it accepts connections, and answers nothing.
    pub fn pause(&self) {
        self.process.signal("STOP");
    }

    /// Lets it go on after a [`pause`](Self::pause).
    pub fn resume(&self) {
        self.process.signal("CONT");
    }

    /// Ends it without a word of warning.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again after a [`kill`](Self::kill), on the same port.
    pub fn restart(&mut self) {
        self.process = run(&self.arguments);
        self.wait();
    }

    fn wait(&mut self) {
        until("the SMTP server listens", || {
            assert!(!self.process.has_ended(), "the SMTP server ended");
            ["127.0.0.1", "127.0.0.2"]
                .iter()
                .all(|host| TcpStream::connect((*host, self.port)).is_ok())
        });
    }
}

fn run(arguments: &[String]) -> Process {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    Process::start(&python("aiosmtpd"), None, &arguments)
}
