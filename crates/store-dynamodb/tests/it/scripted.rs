//! A DynamoDB that answers by a script: what AWS's may answer and moto does not.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What to do about a request.
pub(crate) enum Answer {
    /// A status and a body.
    Status(u16, String),
    /// To close the connection without a word.
    Close,
    /// To say nothing, ever.
    Hang,
}

impl Answer {
    /// All is well.
    pub(crate) fn ok(body: &Value) -> Self {
        Self::Status(200, body.to_string())
    }

    /// An error of DynamoDB's.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
        let body = serde_json::json!({"__type": kind, "message": message});
        Self::Status(status, body.to_string())
    }
}

/// Listens until the test ends.
pub(crate) struct Scripted {
    pub(crate) endpoint: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// Answers each request by its operation, its body, and how many there were before it.
    pub(crate) async fn start(
        script: impl Fn(&str, &Value, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (script, all) = (Arc::new(script), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, asked) = (Arc::clone(&script), Arc::clone(&all));
                tokio::spawn(async move { serve(stream, &*script, &asked).await });
            }
        });
        Self { endpoint, asked }
    }

    /// The operations asked for so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    script: &(impl Fn(&str, &Value, usize) -> Answer + Send + Sync),
    asked: &Mutex<Vec<String>>,
) -> Option<()> {
    loop {
        let (operation, body) = read_request(&mut stream).await?;
        let before = {
            let mut asked = asked.lock().unwrap();
            asked.push(operation.clone());
            asked.len() - 1
        };
        match script(&operation, &body, before) {
            Answer::Close => return None,
            Answer::Hang => std::future::pending().await,
            Answer::Status(status, body) => {
                let answer = format!(
                    "HTTP/1.1 {status} -\r\nContent-Type: application/x-amz-json-1.0\r\n\
                     Content-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.ok()?;
            }
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<(String, Value)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.unwrap().1.trim().to_owned()
    };
    let mut body = vec![0; header("content-length").parse().unwrap()];
    stream.read_exact(&mut body).await.ok()?;
    let target = header("x-amz-target");
    let operation = target.rsplit('.').next().unwrap().to_owned();
    Some((operation, serde_json::from_slice(&body).unwrap()))
}
