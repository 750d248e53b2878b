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

    /// Status and body of the answer. A connection that was idle for long may be closed: it is
    /// asked again on another, once.
    ///
    /// # Panics
    /// There is none.
    pub(super) fn call(&mut self, operation: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let head = format!(
            "POST / HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-amz-json-1.1\r\n\
             x-amz-target: AWSCognitoIdentityProviderService.{operation}\r\n\
             content-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let request = [head.as_bytes(), body].concat();
        if let Some(answer) = self.exchange(&request) {
            return answer;
        }
        let answer = self.exchange(&request);
        answer.expect("the pool hung up on a new connection")
    }

    /// `None` when the other end is gone; there is no connection any more then.
    fn exchange(&mut self, request: &[u8]) -> Option<(u16, Vec<u8>)> {
        let mut stream = self.stream.take().unwrap_or_else(|| {
            let stream = TcpStream::connect(&self.address).unwrap();
            stream.set_nodelay(true).unwrap();
            BufReader::new(stream)
        });
        stream.get_mut().write_all(request).ok()?;
        let (status, length, stays) = head_of_answer(&mut stream)?;
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        self.stream = stays.then_some(stream);
        Some((status, body))
    }
}

/// The status, the body's length, and whether the connection stays; `None` without an answer.
fn head_of_answer(stream: &mut BufReader<TcpStream>) -> Option<(u16, usize, bool)> {
    let (mut status, mut length, mut stays) = (0, 0, true);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(rest) = line.strip_prefix("http/1.1 ") {
            status = rest.get(..3).and_then(|code| code.parse().ok()).unwrap();
        } else if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        } else if line == "connection: close" {
            stays = false;
        } else if line.is_empty() {
            return Some((status, length, stays));
        }
    }
}
