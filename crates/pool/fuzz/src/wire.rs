//! The least of an HTTP client: one connection, one call at a time.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

pub(super) struct Connection {
    /// `localhost:PORT`
    address: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    pub(super) fn new(url: &str) -> Self {
        Self {
            address: url.trim_start_matches("http://").to_owned(),
            stream: None,
        }
    }

    /// Status and body of the answer.
    ///
    /// # Panics
    /// There is none.
    pub(super) fn call(&mut self, operation: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let address = &self.address;
        let connect = || {
            let stream = TcpStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            BufReader::new(stream)
        };
        let stream = self.stream.get_or_insert_with(connect);
        let head = format!(
            "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/x-amz-json-1.1\r\n\
             x-amz-target: AWSCognitoIdentityProviderService.{operation}\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let request = [head.as_bytes(), body].concat();
        stream.get_mut().write_all(&request).unwrap();
        let (status, length, stays) = head_of_answer(stream);
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        if !stays {
            self.stream = None;
        }
        (status, body)
    }
}

/// The status, the body's length, and whether the connection stays.
fn head_of_answer(stream: &mut BufReader<TcpStream>) -> (u16, usize, bool) {
    let (mut status, mut length, mut stays) = (0, 0, true);
    loop {
        let mut line = String::new();
        assert!(stream.read_line(&mut line).unwrap() > 0, "the pool hung up");
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(rest) = line.strip_prefix("http/1.1 ") {
            status = rest.get(..3).and_then(|code| code.parse().ok()).unwrap();
        } else if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        } else if line == "connection: close" {
            stays = false;
        } else if line.is_empty() {
            return (status, length, stays);
        }
    }
}
