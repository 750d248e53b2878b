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

/// Asks for `seconds`; `after_warm_up` is called when counting begins. Any
/// answer but 200 with a body of `body` bytes is an error.
pub(crate) fn run(
    address: SocketAddr,
    requests: &[Vec<u8>],
    body: usize,
    seconds: f64,
    after_warm_up: impl FnOnce() -> Result<()>,
) -> Result<Outcome> {
    let mut poll = Poll::new()?;
    let mut load = Load::connect(address, requests, body, &poll)?;
    load.until(&mut poll, Instant::now() + WARM_UP)?;
    after_warm_up()?;
    load.latencies.clear();
    let (cpu, started) = (process::own_cpu()?, Instant::now());
    load.until(&mut poll, started + Duration::from_secs_f64(seconds))?;
    let seconds = started.elapsed().as_secs_f64();
    let requests = load.latencies.iter().map(|_| 1.0).sum();
    let own_cpu = process::own_cpu()?.per_request(cpu, requests).all();
    let mut latencies = load.latencies;
    latencies.sort_unstable();
    Ok(Outcome {
        requests,
        seconds,
        own_cpu,
        latencies,
    })
}

struct Load<'r> {
    connections: Vec<Connection>,
    requests: std::iter::Cycle<std::slice::Iter<'r, Vec<u8>>>,
    shape: Shape,
    body: usize,
    latencies: Vec<u32>,
}

struct Connection {
    stream: TcpStream,
    sent: Instant,
    answer: Vec<u8>,
    filled: usize,
}

impl<'r> Load<'r> {
    fn connect(
        address: SocketAddr,
        requests: &'r [Vec<u8>],
        body: usize,
        poll: &Poll,
    ) -> Result<Self> {
        let mut load = Self {
            connections: Vec::with_capacity(CONNECTIONS),
            requests: requests.iter().cycle(),
            shape: Shape::default(),
            body,
            latencies: Vec::with_capacity(1 << 22),
        };
        for number in 0..CONNECTIONS {
            let stream = std::net::TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry()
                .register(&mut stream, Token(number), Interest::READABLE)?;
            let mut connection = Connection {
                stream,
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
        let mut events = Events::with_capacity(CONNECTIONS);
        while Instant::now() < end {
            poll.poll(&mut events, Some(Duration::from_secs(5)))?;
            ensure!(!events.is_empty(), "no answer for five seconds");
            for event in &events {
                self.answered(event.token().0)?;
            }
        }
        Ok(())
    }

    /// Edge-triggered: an answer read whole leaves nothing behind, so reading
    /// again, only to be told so, can be spared.
    fn answered(&mut self, number: usize) -> Result<()> {
        let connection = self.connections.get_mut(number).context("connection")?;
        while connection.receive()? {
            let received = connection.answer.get(..connection.filled);
            let Some(parts) = received.and_then(|bytes| self.shape.of(bytes)) else {
                continue;
            };
            if !parts.ok || parts.body != self.body || parts.len() != connection.filled {
                bail!(
                    "not the answer expected: {}",
                    String::from_utf8_lossy(received.unwrap_or_default())
                );
            }
            let now = Instant::now();
            let nanoseconds = (now - connection.sent).as_nanos();
            self.latencies
                .push(u32::try_from(nanoseconds).unwrap_or(u32::MAX));
            connection.sent = now;
            connection.filled = 0;
            return connection.send(self.requests.next().context("no requests")?);
        }
        Ok(())
    }
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
struct Shape {
    end_of_head: Finder<'static>,
    content_length: Finder<'static>,
}

struct Parts {
    ok: bool,
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
            content_length: Finder::new(b"\r\ncontent-length: "),
        }
    }
}

impl Shape {
    /// `None` until the whole answer is there.
    fn of(&self, bytes: &[u8]) -> Option<Parts> {
        let head = self.end_of_head.find(bytes)? + 4;
        let length =
            self.content_length.find(bytes.get(..head)?)? + self.content_length.needle().len();
        let digits = bytes
            .get(length..head)?
            .iter()
            .take_while(|byte| byte.is_ascii_digit());
        let body = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
        (bytes.len() >= head + body).then_some(Parts {
            ok: bytes.starts_with(b"HTTP/1.1 200 "),
            head,
            body,
        })
    }
}

/// Where the body of a whole answer begins.
pub(crate) fn body_of(answer: &[u8]) -> Result<&[u8]> {
    let parts = Shape::default().of(answer).context("no whole answer")?;
    ensure!(parts.ok, "not 200: {}", String::from_utf8_lossy(answer));
    answer.get(parts.head..).context("no body")
}
