//! `POST /api/v1/auth/login` under load: the server's own CPU for each, and that of the call to
//! Cognito by itself.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::json;

use super::deployment::{Deployment, PASSWORD, request};
use super::sdk;
use crate::generator::{self, Plan};
use crate::process::Cpu;
use crate::table::{Spread, head, row, say};

const CONNECTIONS: usize = 16;

/// What a sign-in asks for, and where sessions are kept.
const CASES: [(&str, bool, &str); 3] = [
    ("a session, in memory", true, "memory"),
    ("a session, SQLite", true, "sqlite"),
    ("tokens", false, "memory"),
];

pub(super) fn measure(binary: &Path, people: usize, seconds: f64, rounds: usize) -> Result<()> {
    say(&format!(
        "\n{people} people sign in by password in turn, each from an address of his own, over \
         {CONNECTIONS} connections; {rounds} rounds of {seconds} s in turns. Server on one core, pool \
         and load on the other."
    ));
    let mut cases = Vec::new();
    for (name, session, backend) in CASES {
        let settings = [("SESSION_BACKEND", backend)];
        let deployment = Deployment::start(binary, &settings)?;
        let names: Vec<_> = (0..people).map(email).collect();
        names.iter().try_for_each(|name| deployment.user(name))?;
        cases.push((Case::new(name, session, &names, deployment), Vec::new()));
    }
    let mut calls = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (case, measured) in &mut cases {
            measured.push(case.measure(seconds)?);
        }
        if let Some((case, _)) = cases.first() {
            let pool = case.deployment.pool;
            let [by_sdk, by_hand] = &mut calls;
            by_sdk.push(sdk::by_sdk(pool, &case.names, seconds / 2.0)?);
            by_hand.push(sdk::by_hand(pool, &case.names, seconds / 2.0)?);
        }
    }
    head(&[
        "sign-in",
        "server CPU µs, least (range)",
        "of it user",
        "a second",
        "p50 ms",
        "p99 ms",
    ]);
    for (case, measured) in &cases {
        print(case.name, measured);
    }
    head(&[
        "the call `InitiateAuth` alone, 16 at once",
        "caller's CPU µs, least (range)",
    ]);
    for (name, cpu) in [
        ("AWS SDK for Rust", &calls[0]),
        ("plain HTTP (reqwest)", &calls[1]),
    ] {
        row(&[name.to_owned(), least(cpu.iter().copied())]);
    }
    Ok(())
}

pub(super) fn email(number: usize) -> String {
    format!("person.{number:05}@example.com")
}

struct Case {
    name: &'static str,
    names: Vec<String>,
    requests: Vec<Vec<u8>>,
    deployment: Deployment,
}

struct Sample {
    cpu: f64,
    user: f64,
    per_second: f64,
    p50: f64,
    p99: f64,
}

impl Case {
    fn new(name: &'static str, session: bool, names: &[String], deployment: Deployment) -> Self {
        let sign_in = |(caller, name): (usize, &String)| {
            let body = json!({ "email": name, "password": PASSWORD, "session": session });
            request("login", caller, &body)
        };
        Self {
            name,
            names: names.to_vec(),
            requests: names.iter().enumerate().map(sign_in).collect(),
            deployment,
        }
    }

    fn measure(&self, seconds: f64) -> Result<Sample> {
        let plan = Plan {
            connections: CONNECTIONS,
            requests: &self.requests,
            body: None,
        };
        let (server, mut before) = (&self.deployment.server, Cpu::default());
        let outcome = generator::follow(self.deployment.address, &plan, seconds, || {
            before = server.cpu()?;
            Ok(())
        })?;
        ensure!(outcome.errors == 0.0, "{} refusals", outcome.errors);
        let cpu = server.cpu()?.per_request(before, outcome.requests);
        Ok(Sample {
            cpu: cpu.all(),
            user: cpu.user,
            per_second: outcome.per_second(),
            p50: outcome.latency(50) / 1000.0,
            p99: outcome.latency(99) / 1000.0,
        })
    }
}

fn print(name: &str, measured: &[Sample]) {
    let of = |pick: fn(&Sample) -> f64| Spread::of(measured.iter().map(pick));
    row(&[
        name.to_owned(),
        least(measured.iter().map(|sample| sample.cpu)),
        format!("{:.0}", of(|it| it.user).min),
        format!("{:.0}", of(|it| it.per_second).max),
        format!("{:.1}", of(|it| it.p50).median),
        format!("{:.1}", of(|it| it.p99).median),
    ]);
}

fn least(values: impl Iterator<Item = f64>) -> String {
    let spread = Spread::of(values);
    format!(
        "**{:.0}** ({:.0}–{:.0})",
        spread.min, spread.min, spread.max
    )
}
