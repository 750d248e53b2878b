//! A server under measurement, in a process of its own.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::decisions::question;
use crate::generator::{self, ask};
use crate::process::{Cpu, Process};
use crate::server::Store;

#[derive(Clone, Copy)]
pub(crate) enum Credentials {
    Cookie,
    /// Half as many tokens as sessions: all of them are remembered as verified.
    Bearer,
}

pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) name: &'static str,
    pub(crate) cookies: Vec<String>,
    pub(crate) bearers: Vec<String>,
    _files: TempDir,
}

impl Server {
    /// `url` is where the store is, if that is another process.
    pub(crate) fn cogward(store: Store, url: &str, sessions: usize) -> Result<Self> {
        Self::start(store, sessions, &["--url", url])
    }

    /// One that asks the IAM service at `url`.
    pub(crate) fn with_contexts(store: Store, sessions: usize, url: &str) -> Result<Self> {
        Self::start(store, sessions, &["--iam", url])
    }

    fn start(store: Store, sessions: usize, more: &[&str]) -> Result<Self> {
        let files = tempfile::tempdir()?;
        let folder = files.path().to_str().context("folder's name")?;
        let bearers = (sessions / 2).max(1).to_string();
        let sessions = sessions.to_string();
        let arguments = [
            "server",
            "--store",
            store.name(),
            "--sessions",
            &sessions,
            "--bearers",
            &bearers,
            "--folder",
            folder,
        ];
        let mut process = Process::server(&[&arguments, more].concat())?;
        let address = process.line()?.parse()?;
        ensure!(process.line()? == "ready", "the server is not ready");
        Ok(Self {
            process,
            address,
            name: store.name(),
            cookies: read_lines(&files.path().join("cookies"))?,
            bearers: read_lines(&files.path().join("bearers"))?,
            _files: files,
        })
    }

    /// One that answers what `like` answers at `path`, byte for byte.
    pub(crate) fn bare(like: &Self, path: &str, with: Credentials) -> Result<Self> {
        let files = tempfile::tempdir()?;
        let question = question(path, like.credentials(with).first().context("nobody")?);
        let answer = ask(like.address, &question)?;
        let file = files.path().join("answer");
        std::fs::write(&file, &answer)?;
        let mut process = Process::server(&["bare", file.to_str().context("file's name")?])?;
        let address = process.line()?.parse()?;
        let copy = ask(address, &question)?;
        ensure!(
            sorted_lines(&copy) == sorted_lines(&answer),
            "the bare server answers something else"
        );
        Ok(Self {
            process,
            address,
            name: "bare",
            cookies: Vec::new(),
            bearers: Vec::new(),
            _files: files,
        })
    }

    pub(crate) fn credentials(&self, with: Credentials) -> &[String] {
        match with {
            Credentials::Cookie => &self.cookies,
            Credentials::Bearer => &self.bearers,
        }
    }

    pub(crate) fn measure(
        &self,
        requests: &[Vec<u8>],
        body: usize,
        seconds: f64,
    ) -> Result<Sample> {
        let mut cpu = Cpu::default();
        let outcome = generator::run(self.address, requests, body, seconds, || {
            cpu = self.process.cpu()?;
            Ok(())
        })?;
        let cpu = self.process.cpu()?.per_request(cpu, outcome.requests);
        Ok(Sample {
            per_second: outcome.per_second(),
            cpu: cpu.all(),
            user: cpu.user,
            p50: outcome.latency(50),
            p99: outcome.latency(99),
            generator: outcome.own_cpu,
        })
    }
}

pub(crate) struct Sample {
    pub(crate) per_second: f64,
    pub(crate) cpu: f64,
    pub(crate) user: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) generator: f64,
}

fn read_lines(path: &Path) -> Result<Vec<String>> {
    Ok(std::fs::read_to_string(path)?
        .lines()
        .map(str::to_owned)
        .collect())
}

/// Headers may stand in any order; the time may have moved on.
fn sorted_lines(answer: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(answer);
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with("date: "))
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}
