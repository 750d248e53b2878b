//! Processes under measurement: each on its core, and what the kernel says of them.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, anyhow};

/// Servers run here.
const SERVER_CORE: &str = "0";
/// The load comes from here.
const GENERATOR_CORE: &str = "1";
/// `USER_HZ`, the unit of times in `/proc`: 100 wherever Linux runs.
const TICKS_PER_SECOND: f64 = 100.0;

/// A process of this program's or of the product's, killed when dropped.
pub(crate) struct Process {
    child: Child,
    /// Its standard output, unless that goes elsewhere.
    lines: Option<BufReader<ChildStdout>>,
}

impl Process {
    /// Runs this program again as a server, on the servers' core.
    pub(crate) fn server(arguments: &[&str]) -> Result<Self> {
        let mut command = on_the_servers_core(&std::env::current_exe()?);
        command.args(arguments).stdin(Stdio::null());
        Self::spawn(&mut command)
    }

    /// Its standard output can be read with [`Process::line`].
    pub(crate) fn spawn(command: &mut Command) -> Result<Self> {
        Self::spawn_into(command, Stdio::piped())
    }

    pub(crate) fn spawn_into(command: &mut Command, stdout: Stdio) -> Result<Self> {
        let mut child = command
            .stdout(stdout)
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().display()))?;
        let lines = child.stdout.take().map(BufReader::new);
        Ok(Self { child, lines })
    }

    /// The next line it prints, waited for.
    pub(crate) fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let lines = self.lines.as_mut().context("no standard output")?;
        match lines.read_line(&mut line)? {
            0 => Err(anyhow!("the server process ended early")),
            _ => Ok(line.trim().to_owned()),
        }
    }

    /// CPU time so far.
    pub(crate) fn cpu(&self) -> Result<Cpu> {
        cpu(&format!("/proc/{}/stat", self.child.id()))
    }

    /// An error once it has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => Err(anyhow!("the process ended: {status}")),
            None => Ok(()),
        }
    }

    /// Resident memory in MB (2^20 bytes).
    pub(crate) fn resident_mb(&self) -> Result<f64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path)?;
        let kb = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .context("no VmRSS")?;
        Ok(kb.parse::<f64>()? / 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// CPU time, in seconds.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cpu {
    /// In the program itself.
    pub(crate) user: f64,
    /// In the kernel on its behalf.
    pub(crate) system: f64,
}

impl Cpu {
    pub(crate) fn all(self) -> f64 {
        self.user + self.system
    }

    /// What was spent since `earlier`, for each of so many requests, in microseconds.
    pub(crate) fn per_request(self, earlier: Self, requests: f64) -> Self {
        Self {
            user: (self.user - earlier.user) * 1e6 / requests,
            system: (self.system - earlier.system) * 1e6 / requests,
        }
    }
}

/// CPU time of this process.
pub(crate) fn own_cpu() -> Result<Cpu> {
    cpu("/proc/self/stat")
}

/// Moves this process, still of one thread, to the load's core; whether servers
/// and load are apart now.
pub(crate) fn pin_generator() -> bool {
    let two_cores = std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
    let pid = std::process::id().to_string();
    two_cores
        && Command::new("taskset")
            .args(["-p", "-c", GENERATOR_CORE, &pid])
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
}

/// A command that runs `program` there, where `taskset` is.
pub(crate) fn on_the_servers_core(program: &Path) -> Command {
    if !Path::new("/usr/bin/taskset").exists() {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", SERVER_CORE]).arg(program);
    command
}

fn cpu(path: &str) -> Result<Cpu> {
    let mut text = String::new();
    std::fs::File::open(path)?.read_to_string(&mut text)?;
    // The name in parentheses may hold anything; fields are counted behind it.
    let (_, fields) = text.rsplit_once(')').context("no process name")?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: f64 = fields.next().context("no utime")?.parse()?;
    let system: f64 = fields.next().context("no stime")?.parse()?;
    Ok(Cpu {
        user: user / TICKS_PER_SECOND,
        system: system / TICKS_PER_SECOND,
    })
}
