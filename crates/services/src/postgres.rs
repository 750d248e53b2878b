//! PostgreSQL, of whichever release is installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use crate::process::{Process, command, free_ports, is_root, until};

/// PostgreSQL refuses to run as root; its packages bring this user.
const SYSTEM_USER: &str = "postgres";
const OWNER: &str = "cogward";
const PASSWORD: &str = "a-password-of-tests";

/// One server, on a loopback port of its own, that signs its users in by password. What was
/// committed survives a kill of the server, but not one of the machine.
pub struct Postgres {
    process: Option<Process>,
    port: u16,
    programs: PathBuf,
    settings: Vec<String>,
    authority: Option<String>,
    databases: AtomicU32,
    folder: TempDir,
}

impl Postgres {
    /// Starts one and waits until it answers.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with more settings, such as `["max_connections=20"]`.
    #[must_use]
    pub fn start_with(settings: &[&str]) -> Self {
        let mut server = Self::prepare(settings);
        server.restart();
        server
    }

    /// Starts one that takes TLS alone, with a certificate for `localhost` and `127.0.0.1` from
    /// an [authority](Self::authority) of its own.
    #[must_use]
    pub fn start_tls() -> Self {
        let mut server = Self::prepare(&["ssl=on"]);
        server.authority = Some(server.make_certificate());
        let hosts = "local all all scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(server.data().join("pg_hba.conf"), hosts).unwrap();
        server.restart();
        server
    }

    /// URL of an empty database of its own, for the server's owner.
    #[must_use]
    pub fn database(&self) -> String {
        let name = format!("case_{}", self.databases.fetch_add(1, Ordering::SeqCst));
        self.psql("postgres", &format!("CREATE DATABASE {name}"))
            .unwrap_or_else(|error| panic!("{error}"));
        self.url(OWNER, PASSWORD, &name)
    }

    /// URL of a database for another user.
    #[must_use]
    pub fn url(&self, user: &str, password: &str, database: &str) -> String {
        let (port, end) = match self.authority {
            None => (self.port, "?sslmode=disable"),
            Some(_) => (self.port, ""),
        };
        format!("postgres://{user}:{password}@127.0.0.1:{port}/{database}{end}")
    }

    /// Certificate, as PEM, of who signed that of a server with TLS.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// What the owner is answered in the database of this URL: a line for each row, `|` between
    /// its columns.
    pub fn query(&self, url: &str, sql: &str) -> String {
        self.psql(name_of(url), sql)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Self::query`], left running: for what holds a lock. Ends with the test.
    #[must_use]
    pub fn begin_query(&self, url: &str, sql: &str) -> Query {
        let child = self.psql_command(name_of(url), sql).spawn();
        Query(child.unwrap_or_else(|error| panic!("cannot run psql: {error}")))
    }

    /// The whole content of the database of this URL, as text.
    #[must_use]
    pub fn dump(&self, url: &str) -> String {
        let mut dump = self.client("pg_dump");
        let output = dump.args(["--inserts", name_of(url)]).output().unwrap();
        assert!(output.status.success(), "pg_dump failed");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Its port, on `127.0.0.1`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Folder of its programs, such as `pgbench`.
    #[must_use]
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// Stops all of its processes in their tracks: connections stay open, nobody answers.
    pub fn pause(&self) {
        // The one that starts the others first, so that none is missed.
        let server = self.process.as_ref().unwrap();
        server.signal("STOP");
        signal("STOP", &children(server.id()));
    }

    /// Stops those that serve the connections there are, but not new ones: to these it looks as
    /// if the server had gone without a word.
    pub fn pause_connections(&self, url: &str) {
        let own = "SELECT pid FROM pg_stat_activity
             WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        let serving = self.query(url, own);
        let serving: Vec<_> = serving.lines().map(|pid| pid.parse().unwrap()).collect();
        signal("STOP", &serving);
    }

    /// Lets them go on.
    pub fn resume(&self) {
        let server = self.process.as_ref().unwrap();
        signal("CONT", &children(server.id()));
        server.signal("CONT");
    }

    /// Kills all of its processes.
    pub fn kill(&mut self) {
        let Some(mut server) = self.process.take() else {
            return;
        };
        // It cannot start another one while it stands still.
        server.signal("STOP");
        let children = children(server.id());
        signal("KILL", &children);
        server.kill();
        until("PostgreSQL's processes are gone", || {
            children.iter().all(|&child| !is_alive(child))
        });
    }

    /// Starts it again, killing it first if it runs: same port, same data.
    pub fn restart(&mut self) {
        self.kill();
        // Of a killed server; its number may be another program's by now.
        let _none = fs::remove_file(self.data().join("postmaster.pid"));
        let data = self.data();
        let sockets = format!("unix_socket_directories={}", self.folder.path().display());
        let port = self.port.to_string();
        let mut arguments = vec!["-D", data.to_str().unwrap(), "-p", &port, "-c", &sockets];
        for setting in &self.settings {
            arguments.extend(["-c", setting]);
        }
        let program = self.programs.join("postgres");
        let program = program.to_str().unwrap();
        let mut server = Process::start(program, Some(SYSTEM_USER), &arguments);
        until("PostgreSQL answers", || {
            assert!(!server.has_ended(), "PostgreSQL ended");
            self.psql("postgres", "SELECT 1").is_ok()
        });
        self.process = Some(server);
    }

    fn prepare(settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let programs = programs();
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        give_away(&[folder.path(), &password]);
        let initdb = programs.join("initdb");
        let made = command(initdb.to_str().unwrap(), Some(SYSTEM_USER))
            .current_dir("/")
            .args(["--no-sync", "--auth", "scram-sha-256", "--encoding", "UTF8"])
            .args(["--locale", "C", "--username", OWNER, "--pwfile"])
            .args([&password, Path::new("-D"), &folder.path().join("data")])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "initdb: {said}");
        let own = [
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "full_page_writes=off",
            "max_connections=100",
            "logging_collector=off",
        ];
        let settings = own.iter().chain(settings).map(|&s| s.to_owned()).collect();
        let [port] = free_ports();
        Self {
            process: None,
            port,
            programs,
            settings,
            authority: None,
            databases: AtomicU32::new(0),
            folder,
        }
    }

    /// Returns who signed it.
    fn make_certificate(&self) -> String {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(names).unwrap();
        let own = own.signed_by(&key, &issuer).unwrap();
        let places = ["server.key", "server.crt"].map(|name| self.data().join(name));
        for (place, text) in places.iter().zip([key.serialize_pem(), own.pem()]) {
            fs::write(place, text).unwrap();
            // PostgreSQL refuses a key that others may read.
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            fs::set_permissions(place, mode).unwrap();
        }
        give_away(&[&places[0], &places[1]]);
        issuer.pem()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn psql(&self, database: &str, sql: &str) -> Result<String, String> {
        let output = self.psql_command(database, sql).output().unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).unwrap().trim_end().into()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    fn psql_command(&self, database: &str, sql: &str) -> Command {
        let mut psql = self.client("psql");
        psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql]);
        psql.stdin(Stdio::null());
        psql.stdout(Stdio::piped()).stderr(Stdio::piped());
        psql
    }

    /// One of PostgreSQL's own clients, over the socket, where no certificate is asked for.
    fn client(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut client = command(program.to_str().unwrap(), None);
        client
            .env("PGPASSWORD", PASSWORD)
            .args(["-U", OWNER, "-p", &self.port.to_string(), "-h"])
            .arg(self.folder.path());
        client
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Before its folder goes, so that nobody writes there any more.
        self.kill();
    }
}

/// A running `psql`.
pub struct Query(std::process::Child);

impl Drop for Query {
    fn drop(&mut self) {
        // It may have ended already.
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Debian keeps them out of the way, one folder a release.
fn programs() -> PathBuf {
    let releases = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = releases
        .map(|release| release.unwrap().path())
        .filter(|release| release.join("bin/initdb").exists())
        .max_by_key(|release| {
            let name = release.file_name().unwrap().to_str().unwrap();
            name.parse::<u32>().unwrap_or_default()
        });
    newest.map_or_else(programs_on_path, |release| release.join("bin"))
}

fn programs_on_path() -> PathBuf {
    let mut search = Command::new("bash");
    let found = search.args(["-c", "command -v initdb"]).output().unwrap();
    let path = PathBuf::from(String::from_utf8(found.stdout).unwrap().trim());
    let folder = path.parent().filter(|_| found.status.success());
    folder.map(Path::to_owned).unwrap_or_else(|| {
        panic!("no initdb: install PostgreSQL (package postgresql) to run this test")
    })
}

fn give_away(paths: &[&Path]) {
    if is_root() {
        let mut chown = Command::new("chown");
        let given = chown.arg(format!("{SYSTEM_USER}:")).args(paths).status();
        assert!(
            given.unwrap().success(),
            "cannot give files to {SYSTEM_USER}"
        );
    }
}

fn name_of(url: &str) -> &str {
    let path = url.rsplit('/').next().unwrap();
    path.split('?').next().unwrap()
}

fn signal(name: &str, processes: &[u32]) {
    for process in processes {
        // One that has ended meanwhile needs none.
        let _sent = Command::new("bash")
            .args(["-c", "kill -$0 $1", name, &process.to_string()])
            .stderr(Stdio::null())
            .status()
            .unwrap();
    }
}

fn children(parent: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").unwrap();
    all.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
        .filter(|&process| status(process).is_some_and(|(_, of)| of == parent))
        .collect()
}

/// Dead ones that nobody has asked about count as gone.
fn is_alive(process: u32) -> bool {
    status(process).is_some_and(|(state, _)| state != 'Z')
}

/// State and parent of a process.
fn status(process: u32) -> Option<(char, u32)> {
    let line = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold anything.
    let mut words = line.rsplit_once(") ")?.1.split(' ');
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}
