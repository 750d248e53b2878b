//! Sign-ins and refreshes a second: each pool as it is used, and on one core.

use anyhow::Result;
use tempfile::TempDir;

use super::PEOPLE;
use super::peer::{Cores, Peer, Peers, Running};
use super::people::People;
use crate::generator::{self, Plan};
use crate::process::{self, Cpu};
use crate::table::{Spread, head, row, say};

const CONNECTIONS: [usize; 2] = [1, 16];

/// Of each flow and number of connections.
pub(super) struct Rates {
    cores: Cores,
    cases: Vec<Case>,
}

struct Case {
    flow: Flow,
    connections: usize,
    /// In the order of [`Peer::ALL`].
    peers: Vec<Vec<Round>>,
}

/// Refreshes come first: a sign-in leaves a session behind, which makes one pool slower.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Refresh,
    Password,
}

impl Flow {
    fn name(self) -> &'static str {
        match self {
            Self::Refresh => "REFRESH_TOKEN_AUTH",
            Self::Password => "USER_PASSWORD_AUTH",
        }
    }
}

struct Round {
    per_second: f64,
    /// Microseconds of the server's for a request.
    cpu: f64,
    /// Microseconds.
    p50: f64,
    p99: f64,
    errors: f64,
}

/// A pool and what it is asked.
struct Asked {
    pool: Running,
    refreshes: Vec<Vec<u8>>,
    sign_ins: Vec<Vec<u8>>,
    _folder: TempDir,
}

/// With one core, this process is kept off it from then on: measure the other way first.
pub(super) fn measure(peers: &Peers, cores: Cores, seconds: f64, rounds: usize) -> Result<Rates> {
    let place = match cores {
        Cores::Any => "pool and load on any core",
        Cores::Servers if process::pin_generator() => {
            "each pool on one core, the load on the other"
        }
        Cores::Servers => "each pool on one core, the load NOT apart from it",
    };
    let all: Vec<Asked> = Peer::ALL
        .into_iter()
        .map(|peer| Asked::start(peers, peer, cores))
        .collect::<Result<_>>()?;
    say(&format!(
        "\n`InitiateAuth`, {rounds} rounds of {seconds} s in turns, ten people; {place}.",
    ));
    let mut cases = Vec::new();
    for flow in [Flow::Refresh, Flow::Password] {
        for connections in CONNECTIONS {
            let mut case = Case {
                flow,
                connections,
                peers: Peer::ALL.map(|_| Vec::new()).into(),
            };
            for _ in 0..rounds {
                for (asked, measured) in all.iter().zip(&mut case.peers) {
                    measured.push(asked.measure(flow, connections, seconds)?);
                }
            }
            cases.push(case);
        }
    }
    let rates = Rates { cores, cases };
    rates.print();
    Ok(rates)
}

impl Asked {
    fn start(peers: &Peers, peer: Peer, cores: Cores) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (pool, _) = peers.start(peer, folder.path(), cores, None)?;
        let people = People::make(&pool, PEOPLE)?;
        Ok(Self {
            refreshes: people.refreshes(&pool)?,
            sign_ins: people.sign_ins(),
            pool,
            _folder: folder,
        })
    }

    fn measure(&self, flow: Flow, connections: usize, seconds: f64) -> Result<Round> {
        let requests = match flow {
            Flow::Refresh => &self.refreshes,
            Flow::Password => &self.sign_ins,
        };
        let plan = Plan {
            connections,
            requests,
            body: None,
        };
        let mut cpu = Cpu::default();
        let outcome = generator::follow(self.pool.address, &plan, seconds, || {
            cpu = self.pool.process.cpu()?;
            Ok(())
        })?;
        let cpu = self.pool.process.cpu()?.per_request(cpu, outcome.requests);
        Ok(Round {
            per_second: outcome.per_second(),
            cpu: cpu.all(),
            p50: outcome.latency(50),
            p99: outcome.latency(99),
            errors: outcome.errors,
        })
    }
}

impl Rates {
    fn print(&self) {
        head(&[
            "flow, connections, pool",
            "requests/s, median (range)",
            "server CPU µs/request, least",
            "p50 ms, median",
            "p99 ms, median",
            "errors",
        ]);
        for case in &self.cases {
            for (peer, rounds) in Peer::ALL.into_iter().zip(&case.peers) {
                case.print(peer, rounds);
            }
        }
    }

    /// The aim: ten times the better of the others.
    pub(super) fn verdict(&self) {
        for case in &self.cases {
            let mut all = case.peers.iter().map(|rounds| rate(rounds).median);
            let own = all.next().unwrap_or(f64::NAN);
            let times = own / Spread::of(all).max;
            let aim = match case.flow {
                Flow::Refresh => " (aim: at least 10)",
                Flow::Password => " (bounded by the password's hash and two signatures)",
            };
            let cores = match self.cores {
                Cores::Any => "any core",
                Cores::Servers => "one core",
            };
            say(&format!(
                "{}, {} connections, {cores}: **{times:.1}** times the better one's{aim}.",
                case.flow.name(),
                case.connections,
            ));
        }
    }
}

impl Case {
    fn print(&self, peer: Peer, rounds: &[Round]) {
        let rate = rate(rounds);
        let of = |of: fn(&Round) -> f64| Spread::of(rounds.iter().map(of));
        row(&[
            format!(
                "{}, {}, {}",
                self.flow.name(),
                self.connections,
                peer.name()
            ),
            format!("**{:.0}** ({:.0}–{:.0})", rate.median, rate.min, rate.max),
            format!("{:.0}", of(|it| it.cpu).min),
            format!("{:.2}", of(|it| it.p50).median / 1000.0),
            format!("{:.2}", of(|it| it.p99).median / 1000.0),
            format!("{:.0}", rounds.iter().map(|it| it.errors).sum::<f64>()),
        ]);
    }
}

fn rate(rounds: &[Round]) -> Spread {
    Spread::of(rounds.iter().map(|it| it.per_second))
}
