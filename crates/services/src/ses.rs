//! Amazon SES, as moto has it: AWS's own cannot be run here.

use std::net::TcpStream;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Process, free_ports, python, until};

/// What runs in moto's Python.
const SERVER: &str = include_str!("ses/server.py");

/// One SES in the region `us-east-1`, on a loopback port of its own.
pub struct Ses {
    port: u16,
    folder: TempDir,
    _process: Process,
}

impl Ses {
    /// Starts one that sends from these addresses, and waits until it listens.
    #[must_use]
    pub fn start(senders: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [port] = free_ports();
        let (number, file) = (port.to_string(), folder.path().join("sent"));
        let first = ["-c", SERVER, &number, file.to_str().unwrap()];
        let arguments = [first.as_slice(), senders].concat();
        let mut process = Process::start(&python("moto"), None, &arguments);
        until("SES listens", || {
            assert!(!process.has_ended(), "SES ended");
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self {
            port,
            folder,
            _process: process,
        }
    }

    /// The address to give to an SDK.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests for mails that were taken so far, as in the JSON of SES's API v2.
    #[must_use]
    pub fn mails(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("sent")).unwrap();
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }
}
