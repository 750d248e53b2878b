//! Redis, or Valkey where that is what is installed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use ::redis::{Client, Connection, ConnectionLike as _, TlsCertificates, Value, cmd};
use tempfile::TempDir;

use crate::certificate::Certificate;
use crate::process::{Process, free_ports, until};

/// One server, on a loopback port of its own, that keeps nothing on disk unless told to.
pub struct Redis {
    process: Process,
    port: u16,
    arguments: Vec<String>,
    password: Option<String>,
    authority: Option<String>,
    _folder: TempDir,
}

impl Redis {
    /// Starts one and waits until it answers.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with more settings, such as `["--appendonly", "yes"]`, which makes it keep
    /// its data over a restart.
    #[must_use]
    pub fn start_with(settings: &[&str]) -> Self {
        Self::start_at(free_ports(), settings, None, None)
    }

    /// Starts one that wants this password.
    #[must_use]
    pub fn start_with_password(password: &str) -> Self {
        let settings = ["--requirepass", password];
        Self::start_at(free_ports(), &settings, None, Some(password))
    }

    /// Starts one that speaks TLS alone, with a certificate for `localhost` and `127.0.0.1`
    /// from an [authority](Self::authority) of its own.
    #[must_use]
    pub fn start_tls() -> Self {
        let [port] = free_ports();
        Self::start_at([port], &[], Some(Certificate::new()), None)
    }

    fn start_at(
        [port]: [u16; 1],
        settings: &[&str],
        certificate: Option<Certificate>,
        password: Option<&str>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let number = port.to_string();
        let ports = match &certificate {
            None => ["--port", &number, "--tls-port", "0"],
            Some(_) => ["--port", "0", "--tls-port", &number],
        };
        let mut arguments: Vec<String> = [
            ["--bind", "127.0.0.1"].as_slice(),
            &["--dir", folder.path().to_str().unwrap()],
            &["--save", "", "--appendfsync", "always"],
            &["--repl-diskless-sync-delay", "0", "--shutdown-timeout", "0"],
            &ports,
        ]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect();
        let authority = certificate.map(|certificate| {
            certificate.write(folder.path());
            arguments.extend(tls_settings(folder.path()));
            certificate.authority
        });
        arguments.extend(settings.iter().map(|&setting| setting.to_owned()));
        let server = Self {
            process: run(&arguments),
            port,
            arguments,
            password: password.map(str::to_owned),
            authority,
            _folder: folder,
        };
        server.wait();
        server
    }

    /// `redis://…` or `rediss://…`, with the password if there is one.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = match self.authority {
            None => "redis",
            Some(_) => "rediss",
        };
        let password = match &self.password {
            None => String::new(),
            Some(password) => format!(":{password}@"),
        };
        format!("{scheme}://{password}127.0.0.1:{}", self.port)
    }

    /// The port it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority behind a server with TLS, as PEM.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
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

    /// Starts it again after a [`kill`](Self::kill), on the same port and with what it kept
    /// on disk.
    pub fn restart(&mut self) {
        self.process = run(&self.arguments);
        self.wait();
    }

    /// Its answer to a command, as text: bytes that are no text are replaced, the elements of
    /// a list are joined by line ends, and none is `(nil)`.
    pub fn command(&self, words: &[&str]) -> String {
        let answer = self.query(words);
        text(&answer.unwrap_or_else(|error| panic!("{words:?}: {error}")))
    }

    /// As [`command`](Self::command), with the answer as it is.
    ///
    /// # Errors
    /// What the server, or the connection to it, says.
    pub fn query<W: AsRef<[u8]>>(&self, words: &[W]) -> ::redis::RedisResult<Value> {
        let (name, arguments) = words.split_first().unwrap();
        let mut command = cmd(std::str::from_utf8(name.as_ref()).unwrap());
        for argument in arguments {
            command.arg(argument.as_ref());
        }
        self.connect()?.req_command(&command)?.extract_error()
    }

    fn connect(&self) -> ::redis::RedisResult<Connection> {
        let client = match &self.authority {
            None => Client::open(self.url())?,
            Some(authority) => Client::build_with_tls(
                self.url(),
                TlsCertificates {
                    client_tls: None,
                    root_cert: Some(authority.clone().into()),
                },
            )?,
        };
        client.get_connection_with_timeout(Duration::from_secs(5))
    }

    fn wait(&self) {
        until("Redis answers", || {
            self.query(&["PING"])
                .is_ok_and(|answer| answer != Value::Nil)
        });
    }
}

/// Masters and replicas that share the keys by their slots.
pub struct RedisCluster {
    nodes: Vec<Redis>,
    masters: usize,
}

/// For so many milliseconds a server may be silent before it counts as lost, and its replica
/// takes over. Where there is none, a busy machine must not have that.
const NODE_TIMEOUT: [&str; 2] = ["30000", "2000"];

impl RedisCluster {
    /// Starts three masters, and a replica of each of them.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(1)
    }

    /// Starts three masters alone, which is quicker.
    #[must_use]
    pub fn start_without_replicas() -> Self {
        Self::start_with(0)
    }

    fn start_with(replicas: usize) -> Self {
        let masters = 3;
        let nodes: Vec<_> = std::iter::repeat_with(|| start_node(replicas > 0))
            .take(masters * (1 + replicas))
            .collect();
        let cluster = Self { nodes, masters };
        let (first, others) = cluster.nodes.split_first().unwrap();
        for (n, master) in cluster.nodes.iter().take(masters).enumerate() {
            let (start, end) = (n * 16_384 / masters, (n + 1) * 16_384 / masters - 1);
            let (start, end) = (start.to_string(), end.to_string());
            master.command(&["CLUSTER", "ADDSLOTSRANGE", &start, &end]);
            master.command(&["CLUSTER", "SET-CONFIG-EPOCH", &(n + 1).to_string()]);
        }
        let bus = text(&first.query(&["CONFIG", "GET", "cluster-port"]).unwrap());
        let bus = bus.lines().last().unwrap().to_owned();
        for other in others {
            let port = first.port.to_string();
            other.command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        }
        cluster.join_replicas();
        cluster.wait();
        cluster
    }

    /// The addresses of the masters that it began with, separated by commas.
    #[must_use]
    pub fn url(&self) -> String {
        let masters = self.nodes.iter().take(self.masters);
        masters.map(Redis::url).collect::<Vec<_>>().join(",")
    }

    /// A server of the cluster: first those that began as masters, then their replicas.
    pub fn node(&mut self, n: usize) -> &mut Redis {
        self.nodes.get_mut(n).unwrap()
    }

    /// All of them.
    #[must_use]
    pub fn nodes(&self) -> &[Redis] {
        &self.nodes
    }

    /// Which server holds this key now, by what one of those says that are alive.
    #[must_use]
    pub fn holder_of(&self, key: &str) -> usize {
        let holds = |node: &Redis| {
            let found = node.query(&["EXISTS", key]);
            let master = node
                .query(&["ROLE"])
                .is_ok_and(|role| text(&role).starts_with("master"));
            found.is_ok() && master
        };
        self.nodes.iter().position(holds).unwrap()
    }

    /// Waits until every server that is alive says that all slots are held.
    pub fn wait(&self) {
        let whole = |node: &Redis| match node.query(&["CLUSTER", "INFO"]) {
            Ok(answer) => text(&answer).contains("cluster_state:ok"),
            Err(error) => error.is_connection_refusal(),
        };
        until("the cluster is whole", || self.nodes.iter().all(whole));
    }

    /// Waits until every master that is alive has a replica, and that all it has, which takes
    /// a second. Nobody may write meanwhile.
    pub fn wait_for_replicas(&self) {
        until("every replica is in step", || {
            self.nodes.iter().all(is_in_step)
        });
    }

    fn join_replicas(&self) {
        for (n, replica) in self.nodes.iter().enumerate().skip(self.masters) {
            let id = self
                .nodes
                .get(n % self.masters)
                .unwrap()
                .command(&["CLUSTER", "MYID"]);
            until("a replica knows its master", || {
                replica.query(&["CLUSTER", "REPLICATE", &id]).is_ok()
            });
            until("a replica is in step", || {
                replica.command(&["ROLE"]).contains("connected")
            });
        }
    }
}

/// Whether its replicas have all that it has, if it is a master.
fn is_in_step(node: &Redis) -> bool {
    let Ok(Value::Array(role)) = node.query(&["ROLE"]) else {
        return true;
    };
    match role.as_slice() {
        [_, Value::Int(offset), Value::Array(replicas)] => {
            let in_step = |replica| text(replica).lines().last() == Some(&offset.to_string());
            !replicas.is_empty() && replicas.iter().all(in_step)
        }
        replica => replica.iter().any(|part| text(part) == "connected"),
    }
}

fn start_node(replicated: bool) -> Redis {
    let [port, bus] = free_ports();
    let bus = bus.to_string();
    let [alone, followed] = NODE_TIMEOUT;
    let timeout = if replicated { followed } else { alone };
    let settings = [
        ["--cluster-enabled", "yes"].as_slice(),
        &["--cluster-node-timeout", timeout],
        &["--cluster-replica-validity-factor", "0"],
        &["--cluster-port", &bus],
    ]
    .concat();
    Redis::start_at([port], &settings, None, None)
}

fn run(arguments: &[String]) -> Process {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let program = ["redis-server", "valkey-server"]
        .into_iter()
        .find(|program| is_installed(program));
    let Some(program) = program else {
        panic!("no redis-server: install the package redis-server, or valkey-server");
    };
    Process::start(program, None, &arguments)
}

fn is_installed(program: &str) -> bool {
    let version = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    version.is_ok_and(|status| status.success())
}

fn text(answer: &Value) -> String {
    match answer {
        Value::Nil => "(nil)".to_owned(),
        Value::Okay => "OK".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => text.clone(),
        Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Array(elements) | Value::Set(elements) => {
            elements.iter().map(text).collect::<Vec<_>>().join("\n")
        }
        other => format!("{other:?}"),
    }
}

/// For the files of a [`Certificate`].
fn tls_settings(folder: &Path) -> Vec<String> {
    let files = [
        ("--tls-ca-cert-file", "ca.pem"),
        ("--tls-cert-file", "server.pem"),
        ("--tls-key-file", "server.key"),
    ];
    let named = files.map(|(setting, name)| {
        [
            setting.to_owned(),
            folder.join(name).to_str().unwrap().to_owned(),
        ]
    });
    let clients = ["--tls-auth-clients", "no"].map(str::to_owned);
    named.into_iter().chain([clients]).flatten().collect()
}
