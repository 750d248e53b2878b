//! A running `cogward`, and one that ran to its end.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

pub(crate) use cogward_services::free_ports;
use cogward_testkit::{Answer, Browser, secret_in};
use serde_json::Value;
use tempfile::TempDir;
use url::Url;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command with nothing of this machine's environment, in a folder of its own.
pub(crate) fn cogward(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cogward"));
    command.args(args).current_dir(folder).env_clear();
    command
}

/// Runs it to its end.
pub(crate) fn run(args: &[&str], env: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    cogward(folder.path(), args)
        .envs(env.iter().copied())
        .output()
        .unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A server that runs until it is stopped or dropped.
pub(crate) struct Server {
    pub(crate) base: Url,
    child: Child,
    stderr: PathBuf,
    /// The same file, also when its folder is gone.
    said: File,
}

impl Server {
    /// Starts `cogward` and waits until `ready` answers at `port`.
    pub(crate) async fn start(
        folder: &Path,
        args: &[&str],
        env: &[(&str, &str)],
        port: u16,
        ready: &str,
    ) -> Self {
        let stdout = File::create(folder.join(format!("stdout-{port}"))).unwrap();
        Self::start_to(stdout, folder, args, env, port, ready).await
    }

    /// The same with another standard output.
    pub(crate) async fn start_to(
        stdout: File,
        folder: &Path,
        args: &[&str],
        env: &[(&str, &str)],
        port: u16,
        ready: &str,
    ) -> Self {
        let stderr = folder.join(format!("stderr-{port}"));
        let child = cogward(folder, args)
            // Everything that could be told is looked through at the end.
            .env("LOG_LEVEL", "trace")
            .envs(env.iter().copied())
            .stdout(stdout)
            .stderr(File::create(&stderr).unwrap())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let base = Url::parse(&format!("http://localhost:{port}")).unwrap();
        let mut server = Self {
            base,
            child,
            said: File::open(&stderr).unwrap(),
            stderr,
        };
        let url = server.base.join(ready).unwrap();
        let http = http();
        let until = Instant::now() + PATIENCE;
        while http.get(url.clone()).send().await.is_err() {
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("cogward ended with {status}: {}", server.log());
            }
            assert!(Instant::now() < until, "not ready: {}", server.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        server
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.base.clone())
    }

    /// What it wrote to standard error.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap()
    }

    /// Waits until it has logged this.
    pub(crate) async fn logged(&self, text: &str) {
        self.logged_times(text, 1).await;
    }

    /// As [`logged`](Self::logged), so many times.
    pub(crate) async fn logged_times(&self, text: &str, times: usize) {
        let until = Instant::now() + PATIENCE;
        while self.log().matches(text).count() < times {
            assert!(Instant::now() < until, "no `{text}`: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Asks it to stop, as service managers do.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        // The shell's own `kill`: a program of that name is not everywhere.
        let pid = self.child.id().to_string();
        let sent = Command::new("bash")
            .args(["-c", "kill -$0 $1", name, &pid])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "does not stop: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn stop(mut self) {
        self.terminate();
        let status = self.ended().await;
        assert!(status.success(), "{status}: {}", self.log());
    }

    /// Ends it without a word of warning: `SIGKILL`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
        if !std::thread::panicking() {
            let log = std::io::read_to_string(&self.said).unwrap();
            let mut lines = log.lines();
            let found = lines.find(|line| secret_in(line).is_some());
            assert_eq!(found, None, "a secret is in the log");
        }
    }
}

/// `cogward dev` on ports and a folder of its own, to be started again on the same.
pub(crate) struct Dev {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    pub(crate) pool_port: u16,
}

impl Dev {
    pub(crate) fn new() -> Self {
        let [port, pool_port] = free_ports();
        Self {
            folder: tempfile::tempdir().unwrap(),
            port,
            pool_port,
        }
    }

    pub(crate) async fn start(&self, env: &[(&str, &str)]) -> Server {
        let (port, pool_port) = (self.port.to_string(), self.pool_port.to_string());
        let args = [
            "dev",
            "--port",
            &port,
            "--pool-port",
            &pool_port,
            "--data-dir",
            "data",
        ];
        Server::start(self.folder.path(), &args, env, self.port, "/health").await
    }

    pub(crate) fn pool(&self) -> Url {
        Url::parse(&format!("http://localhost:{}", self.pool_port)).unwrap()
    }
}

pub(crate) fn http() -> reqwest::Client {
    let builder = reqwest::Client::builder().timeout(PATIENCE).no_proxy();
    let none = reqwest::redirect::Policy::none();
    builder.redirect(none).build().unwrap()
}

/// `POST /_local/{what}` at a pool, and what it answers.
pub(crate) async fn local(pool: &Url, what: &str, body: &Value) -> Value {
    let url = pool.join(&format!("/_local/{what}")).unwrap();
    let request = http().post(url).header("x-cogward-local", "1").json(body);
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{what}: {}", answer.status());
    answer.json().await.unwrap()
}

/// Waits until the pool was called for `operation` so many times.
pub(crate) async fn called(pool: &Url, operation: &str, times: u64) {
    let until = Instant::now() + PATIENCE;
    loop {
        let url = pool.join("/_local/stats").unwrap();
        let stats: Value = http().get(url).send().await.unwrap().json().await.unwrap();
        if stats[operation].as_u64().unwrap_or_default() >= times {
            return;
        }
        assert!(Instant::now() < until, "{operation}: {stats}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Goes to sign in and through the hosted page: the callback's address, not yet visited.
pub(crate) async fn to_callback(browser: &mut Browser, email: &str) -> Url {
    let begun = browser.get("/api/v1/auth/login").await;
    assert_eq!(begun.status, 302, "{}", begun.body);
    let authorize = begun.location();
    let mut hosted = Browser::new(authorize.clone());
    let login = hosted.get(authorize.as_str()).await.location();
    let page = hosted.get(login.as_str()).await.body;
    let csrf = page.split_once("name=\"_csrf\" value=\"").unwrap().1;
    let fields = [
        ("_csrf", csrf.split_once('"').unwrap().0),
        ("username", email),
        ("password", "Passw0rd!"),
    ];
    hosted.post_form(login.as_str(), &fields).await.location()
}

/// Signs in; the browser ends with a session.
pub(crate) async fn sign_in(browser: &mut Browser, email: &str) -> Answer {
    let callback = to_callback(browser, email).await;
    let answer = browser.get(callback.as_str()).await;
    assert_eq!(answer.location().path(), "/dashboard", "{}", answer.body);
    answer
}

/// Who the server says this browser is; none when signed out.
pub(crate) async fn who(browser: &mut Browser) -> Option<String> {
    let answer = browser.get("/api/v1/auth/check").await;
    match answer.status.as_u16() {
        200 => Some(answer.json()["user"]["email"].as_str().unwrap().to_owned()),
        401 => None,
        status => panic!("{status}: {}", answer.body),
    }
}
