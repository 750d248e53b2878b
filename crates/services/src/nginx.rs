//! nginx, in front of several servers.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::process::{Process, free_ports, until};

/// What `docs/replicas.md` shows, for servers on the ports 3001 and 3002.
const SITE: &str = include_str!("nginx/cogward.conf");
const PROGRAMS: [&str; 2] = ["nginx", "/usr/sbin/nginx"];

/// One nginx on a loopback port of its own, that gives each request to the next of two servers
/// on this machine.
pub struct Nginx {
    port: u16,
    folder: TempDir,
    _process: Process,
}

impl Nginx {
    /// Starts one in front of the servers on these ports, and waits until it listens.
    #[must_use]
    pub fn start([one, two]: [u16; 2]) -> Self {
        let [port] = free_ports();
        let folder = tempfile::tempdir().unwrap();
        let site = SITE
            .replace(":3001", &format!(":{one}"))
            .replace(":3002", &format!(":{two}"))
            .replace(":8080", &format!(":{port}"));
        fs::write(folder.path().join("site.conf"), site).unwrap();
        fs::write(folder.path().join("nginx.conf"), around(folder.path())).unwrap();
        let mut process = run(folder.path());
        until("nginx listens", || {
            assert!(!process.has_ended(), "nginx ended: {}", errors(&folder));
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self {
            port,
            folder,
            _process: process,
        }
    }

    /// `http://localhost:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// How many requests whose target begins with `path` were answered by the server on this
    /// port so far.
    #[must_use]
    pub fn answered_by(&self, upstream: u16, path: &str) -> usize {
        let log = fs::read_to_string(self.folder.path().join("access.log")).unwrap();
        let answerer = format!("127.0.0.1:{upstream}");
        // The last one named is who answered.
        log.lines()
            .filter_map(|line| line.split_once(' '))
            .filter(|(target, servers)| target.starts_with(path) && servers.ends_with(&answerer))
            .count()
    }

    /// What it complained about.
    #[must_use]
    pub fn errors(&self) -> String {
        errors(&self.folder)
    }
}

fn errors(folder: &TempDir) -> String {
    fs::read_to_string(folder.path().join("error.log")).unwrap_or_default()
}

/// What a distribution's `nginx.conf` has around a site. One process, so that nothing is left
/// behind when it is killed.
fn around(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "daemon off;\n\
         master_process off;\n\
         pid {folder}/nginx.pid;\n\
         error_log {folder}/error.log warn;\n\
         events {{ worker_connections 4096; }}\n\
         http {{\n\
         log_format servers '$request_uri $upstream_addr';\n\
         access_log {folder}/access.log servers;\n\
         client_body_temp_path {folder}/body;\n\
         proxy_temp_path {folder}/proxy;\n\
         fastcgi_temp_path {folder}/fastcgi;\n\
         uwsgi_temp_path {folder}/uwsgi;\n\
         scgi_temp_path {folder}/scgi;\n\
         include {folder}/site.conf;\n\
         }}\n"
    )
}

fn run(folder: &Path) -> Process {
    let found = PROGRAMS.into_iter().find(|program| {
        let mut version = Command::new(program);
        let version = version.arg("-v").stderr(Stdio::null()).status();
        version.is_ok_and(|status| status.success())
    });
    let Some(program) = found else {
        panic!("no nginx: install the package nginx-light, or nginx");
    };
    let folder = folder.to_str().unwrap();
    let arguments = ["-p", folder, "-c", "nginx.conf", "-e", "error.log"];
    Process::start(program, None, &arguments)
}
