//! DynamoDB, as moto has it: AWS's own cannot be run here.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Process, free_ports, python, until};

/// What runs in moto's Python: requests one by one, and kept for a restart.
const SERVER: &str = include_str!("dynamodb/server.py");

/// One DynamoDB, on a loopback port of its own. It has no tables; it takes every access key, and
/// each region is another world. What was written survives a restart. Items whose `ttl` passed
/// stay, as they may in AWS's own.
pub struct DynamoDb {
    process: Process,
    port: u16,
    folder: TempDir,
}

impl DynamoDb {
    /// Starts one and waits until it answers.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [port] = free_ports();
        let server = Self {
            process: run(port, folder.path()),
            port,
            folder,
        };
        server.wait();
        server
    }

    /// The address to give to an SDK.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
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

    /// Starts it again after a [`kill`](Self::kill), on the same port and with the same tables
    /// and items.
    pub fn restart(&mut self) {
        self.process = run(self.port, self.folder.path());
        self.wait();
    }

    /// Its answer to an operation, such as `GetItem`, in the region `us-east-1`: both as in the
    /// JSON of DynamoDB's API.
    #[must_use]
    pub fn call(&self, operation: &str, request: &Value) -> Value {
        let (status, answer) = self.post(operation, request).unwrap();
        assert_eq!(status, 200, "{operation} {request}: {answer}");
        answer
    }

    fn post(&self, operation: &str, request: &Value) -> std::io::Result<(u16, Value)> {
        let body = request.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(
            stream,
            "POST / HTTP/1.1\r\n\
             Host: 127.0.0.1:{}\r\n\
             Connection: close\r\n\
             Content-Type: application/x-amz-json-1.0\r\n\
             X-Amz-Target: DynamoDB_20120810.{operation}\r\n\
             Authorization: AWS4-HMAC-SHA256 \
             Credential=tests/20260101/us-east-1/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.port,
            body.len(),
        )?;
        read_answer(BufReader::new(stream))
    }

    fn wait(&self) {
        until("DynamoDB answers", || {
            self.post("ListTables", &serde_json::json!({}))
                .is_ok_and(|(status, _)| status == 200)
        });
    }
}

fn read_answer(mut stream: BufReader<TcpStream>) -> std::io::Result<(u16, Value)> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    while line.trim_end() != "" {
        line.clear();
        stream.read_line(&mut line)?;
    }
    let mut body = Vec::new();
    stream.read_to_end(&mut body)?;
    Ok((status.unwrap_or(0), serde_json::from_slice(&body)?))
}

fn run(port: u16, folder: &Path) -> Process {
    let writes = folder.join("writes");
    let arguments = ["-c", SERVER, &port.to_string(), writes.to_str().unwrap()];
    Process::start(&python("moto"), None, &arguments)
}
