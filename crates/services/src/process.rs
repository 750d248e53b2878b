//! A program that runs as long as its test.

use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program, killed when dropped and when the test dies.
pub(crate) struct Process(Child);

impl Process {
    /// Starts `program`, as another user when `user` is given and this one is root.
    pub(crate) fn start(program: &str, user: Option<&str>, arguments: &[&str]) -> Self {
        let mut command = command(program, user);
        let child = command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap_or_else(|error| panic!("cannot run {program}: {error}")))
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// `STOP`, `CONT`, `TERM`, …
    pub(crate) fn signal(&self, name: &str) {
        // The shell's own `kill`: a program of that name is not everywhere.
        let sent = Command::new("bash")
            .args(["-c", "kill -$0 $1", name, &self.0.id().to_string()])
            .status();
        assert!(sent.unwrap().success(), "no such process");
    }

    /// Ends it without a word of warning.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Runs `program`, as another user when `user` is given and this one is root.
pub(crate) fn command(program: &str, user: Option<&str>) -> Command {
    // Whatever happens to the test, nothing is left behind.
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=KILL");
    if let Some(user) = user.filter(|_| is_root()) {
        command.args(["--reuid", user, "--regid", user, "--init-groups"]);
    }
    command.arg("--").arg(program);
    command
}

/// The Python that `tests/install-stores.sh` has put this program into.
pub(crate) fn python(of: &str) -> String {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.test-tools");
    let python = tools.join(of).join("bin/python");
    let python = python.to_str().unwrap();
    let version = Command::new(python)
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if !version.is_ok_and(|status| status.success()) {
        panic!("no {of}: run tests/install-stores.sh");
    }
    python.to_owned()
}

pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt as _;
        own.uid() == 0
    })
}

/// Waits for what must come true.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "not so in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Ports that nothing listens on, and that no other test gets while this one runs, also when
/// what listens there is killed for a while. Tests run in processes of their own, so each looks
/// from another place, below the ports that the system gives out for connections.
pub fn free_ports<const N: usize>() -> [u16; N] {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 2_000).unwrap() * 10 + 10_000;
    let mut free =
        std::iter::repeat_with(|| start + TRIED.fetch_add(1, Ordering::SeqCst)).filter(|port| {
            reserve(*port)
                && ["127.0.0.1", "[::1]"]
                    .iter()
                    .all(|host| TcpListener::bind(format!("{host}:{port}")).is_ok())
        });
    std::array::from_fn(|_| free.next().unwrap())
}

/// By a socket's name, which only one process can have and none after its end.
fn reserve(port: u16) -> bool {
    static RESERVED: Mutex<Vec<UnixListener>> = Mutex::new(Vec::new());
    let name = SocketAddr::from_abstract_name(format!("cogward-test-port-{port}")).unwrap();
    let Ok(socket) = UnixListener::bind_addr(&name) else {
        return false;
    };
    RESERVED.lock().unwrap().push(socket);
    true
}
