//! The load: keep-alive connections, each with one request under way, on one
//! thread. Requests are bytes made beforehand; of an answer only its status and
//! lengths are looked at, so that this costs a fraction of any server.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use memchr::memmem::Finder;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::process;

pub(crate) const CONNECTIONS: usize = 32;
const MAX_ANSWER: usize = 64 * 1024;
/// Not counted, at the beginning.
const WARM_UP: Duration = Duration::from_millis(200);

/// What came of a run.
pub(crate) struct Outcome {
    pub(crate) requests: f64,
    /// Answers other than 200, where they do not end the run.
    pub(crate) errors: f64,
    pub(crate) seconds: f64,
    /// CPU of this process for a request, in microseconds.
    pub(crate) own_cpu: f64,
    /// Nanoseconds each, in order.
    pub(crate) latencies: Vec<u32>,
}

impl Outcome {
    pub(crate) fn per_second(&self) -> f64 {
        self.requests / self.seconds
    }

    /// Microseconds that so many percent of the requests stayed below.
    pub(crate) fn latency(&self, percent: usize) -> f64 {
        let place = self.latencies.len() * percent / 100;
        f64::from(self.latencies.get(place).copied().unwrap_or_default()) / 1000.0
    }
}

/// A GET as bytes, with the header that tells who asks.
pub(crate) fn request(path: &str, credentials: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: cogward-bench\r\nAccept: */*\r\n\
         {credentials}\r\n\r\n"
    )
    .into_bytes()
}

/// One answer, whole, as it came over the wire.
pub(crate) fn ask(address: SocketAddr, request: &[u8]) -> Result<Vec<u8>> {
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(request)?;
    let (shape, mut answer, mut buffer) = (Shape::default(), Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer)?;
        ensure!(read > 0, "connection closed within an answer");
        answer.extend_from_slice(buffer.get(..read).unwrap_or_default());
        if shape.of(&answer).is_some_and(|it| it.len() == answer.len()) {
            return Ok(answer);
        }
    }
}

/// What is asked, and what is to come of it.
pub(crate) struct Plan<'r> {
    pub(crate) connections: usize,
    /// Sent in turn, again and again.
    pub(crate) requests: &'r [Vec<u8>],
    /// Any answer but 200 with a body of so many bytes ends the run. `None`: answers but 200
    /// are counted, and one that says `Connection: close` is followed by a new connection.
    pub(crate) body: Option<usize>,
}

/// Asks for `seconds`, over [`CONNECTIONS`]; `after_warm_up` is called when counting begins.
/// Any answer but 200 with a body of `body` bytes is an error.
pub(crate) fn run(
    address: SocketAddr,
    requests: &[Vec<u8>],
    body: usize,
    seconds: f64,
    after_warm_up: impl FnOnce() -> Result<()>,
) -> Result<Outcome> {
    let plan = Plan {
        connections: CONNECTIONS,
        requests,
        body: Some(body),
    };
    follow(address, &plan, seconds, after_warm_up)
}

/// As [`run`], by a plan.
pub(crate) fn follow(
    address: SocketAddr,
    plan: &Plan<'_>,
    seconds: f64,
    after_warm_up: impl FnOnce() -> Result<()>,
) -> Result<Outcome> {
    let mut poll = Poll::new()?;
    let mut load = Load::connect(address, plan, &poll)?;
    load.until(&mut poll, Instant::now() + WARM_UP)?;
    after_warm_up()?;
    load.latencies.clear();
    load.errors = 0;
    let (cpu, started) = (process::own_cpu()?, Instant::now());
    load.until(&mut poll, started + Duration::from_secs_f64(seconds))?;
    let seconds = started.elapsed().as_secs_f64();
    let requests = load.latencies.iter().map(|_| 1.0).sum();
    let own_cpu = process::own_cpu()?.per_request(cpu, requests).all();
    let mut latencies = load.latencies;
    latencies.sort_unstable();
    Ok(Outcome {
        requests,
        errors: f64::from(load.errors),
        seconds,
        own_cpu,
        latencies,
    })
}

struct Load<'r> {
    address: SocketAddr,
    connections: Vec<Connection>,
    requests: std::iter::Cycle<std::slice::Iter<'r, Vec<u8>>>,
    shape: Shape,
    body: Option<usize>,
    latencies: Vec<u32>,
    errors: u32,
}

struct Connection {
    stream: TcpStream,
    sent: Instant,
    answer: Vec<u8>,
    filled: usize,
}

impl<'r> Load<'r> {
    fn connect(address: SocketAddr, plan: &Plan<'r>, poll: &Poll) -> Result<Self> {
        let mut load = Self {
            address,
            connections: Vec::with_capacity(plan.connections),
            requests: plan.requests.iter().cycle(),
            shape: Shape::default(),
            body: plan.body,
            latencies: Vec::with_capacity(1 << 22),
            errors: 0,
        };
        for number in 0..plan.connections {
            let mut connection = Connection {
                stream: stream(address, number, poll)?,
                sent: Instant::now(),
                answer: vec![0; MAX_ANSWER],
                filled: 0,
            };
            connection.send(load.requests.next().context("no requests")?)?;
            load.connections.push(connection);
        }
        Ok(load)
    }

    fn until(&mut self, poll: &mut Poll, end: Instant) -> Result<()> {
        let mut events = Events::with_capacity(self.connections.len());
        while Instant::now() < end {
            poll.poll(&mut events, Some(Duration::from_secs(5)))?;
            ensure!(!events.is_empty(), "no answer for five seconds");
            for event in &events {
                self.answered(event.token().0, poll)?;
            }
        }
        Ok(())
    }

    /// Edge-triggered: an answer read whole leaves nothing behind, so reading
    /// again, only to be told so, can be spared.
    fn answered(&mut self, number: usize, poll: &Poll) -> Result<()> {
        let connection = self.connections.get_mut(number).context("connection")?;
        while connection.receive()? {
            let received = connection.answer.get(..connection.filled);
            let Some(parts) = received.and_then(|bytes| self.shape.of(bytes)) else {
                continue;
            };
            let as_expected = match self.body {
                Some(length) => parts.ok && parts.body == length,
                None => true,
            };
            if !as_expected || parts.len() != connection.filled {
                bail!(
                    "not the answer expected: {}",
                    String::from_utf8_lossy(received.unwrap_or_default())
                );
            }
            let now = Instant::now();
            if parts.ok {
                let nanoseconds = (now - connection.sent).as_nanos();
                self.latencies
                    .push(u32::try_from(nanoseconds).unwrap_or(u32::MAX));
            } else {
                self.errors += 1;
            }
            connection.sent = now;
            connection.filled = 0;
            if self.body.is_none() && self.shape.closes(&connection.answer, parts.head) {
                connection.stream = stream(self.address, number, poll)?;
            }
            return connection.send(self.requests.next().context("no requests")?);
        }
        Ok(())
    }
}

fn stream(address: SocketAddr, number: usize, poll: &Poll) -> Result<TcpStream> {
    let stream = std::net::TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    let mut stream = TcpStream::from_std(stream);
    poll.registry()
        .register(&mut stream, Token(number), Interest::READABLE)?;
    Ok(stream)
}

impl Connection {
    /// A request fits into the socket's buffer, which is empty by now.
    fn send(&mut self, request: &[u8]) -> Result<()> {
        let written = self.stream.write(request)?;
        ensure!(written == request.len(), "request written in part");
        Ok(())
    }

    /// Whether something came.
    fn receive(&mut self) -> Result<bool> {
        let space = self.answer.get_mut(self.filled..).unwrap_or_default();
        match self.stream.read(space) {
            Ok(0) => bail!("connection closed, or an answer too long"),
            Ok(read) => {
                self.filled += read;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Finds the lengths of an answer.
pub(crate) struct Shape {
    end_of_head: Finder<'static>,
    /// As hyper writes it, and as everybody else.
    content_length: [Finder<'static>; 2],
    close: Finder<'static>,
}

pub(crate) struct Parts {
    pub(crate) ok: bool,
    head: usize,
    body: usize,
}

impl Parts {
    fn len(&self) -> usize {
        self.head + self.body
    }
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            end_of_head: Finder::new(b"\r\n\r\n"),
            content_length: [
                Finder::new(b"\r\ncontent-length: "),
                Finder::new(b"\r\nContent-Length: "),
            ],
            close: Finder::new(b"\r\nConnection: close\r\n"),
        }
    }
}

impl Shape {
    /// `None` until the whole answer is there.
    pub(crate) fn of(&self, bytes: &[u8]) -> Option<Parts> {
        let head = self.end_of_head.find(bytes)? + 4;
        let lines = bytes.get(..head)?;
        let length = self.content_length.iter().find_map(|name| {
            let start = name.find(lines)?;
            lines.get(start + name.needle().len()..)
        })?;
        let digits = length.iter().take_while(|byte| byte.is_ascii_digit());
        let body = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
        (bytes.len() >= head + body).then_some(Parts {
            ok: bytes.starts_with(b"HTTP/1.1 200 "),
            head,
            body,
        })
    }

    /// Whether the head of the answer says that none follows over this connection.
    fn closes(&self, answer: &[u8], head: usize) -> bool {
        let lines = answer.get(..head).unwrap_or_default();
        self.close.find(lines).is_some()
    }
}

/// Where the body of a whole answer begins.
pub(crate) fn body_of(answer: &[u8]) -> Result<&[u8]> {
    let parts = Shape::default().of(answer).context("no whole answer")?;
    ensure!(parts.ok, "not 200: {}", String::from_utf8_lossy(answer));
    answer.get(parts.head..).context("no body")
}
