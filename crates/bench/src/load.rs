//! Requests per second of Cogward and of a bare axum server, in turns.

use anyhow::{Context as _, Result};

use crate::decisions::{self, question};
use crate::generator::{self, ask, body_of};
use crate::measured::{Credentials, Sample, Server};
use crate::messages;
use crate::process;
use crate::server::Store;
use crate::table::{Spread, head, row, say};

/// A path, and what those who ask come with.
const PATHS: [(&str, Credentials); 4] = [
    ("/api/v1/auth/check", Credentials::Cookie),
    ("/auth/me", Credentials::Cookie),
    (messages::PATH, Credentials::Bearer),
    (decisions::PATH, Credentials::Cookie),
];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Length of one measurement
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// How often the servers take turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Sessions the requests are spread over
    #[arg(long, default_value_t = 10_000)]
    sessions: usize,
    /// Only cases whose name holds this, as "/auth/me, memory, spread" does
    #[arg(long, default_value = "")]
    only: String,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let pinned = process::pin_generator();
    let [memory, sqlite] = Store::BOTH.map(|store| Server::cogward(store, "", options.sessions));
    let servers = [memory?, sqlite?];
    say(&format!(
        "\n{} connections, {} rounds of {} s, {} sessions; servers and load {}.",
        generator::CONNECTIONS,
        options.rounds,
        options.seconds,
        options.sessions,
        if pinned {
            "on a core each"
        } else {
            "NOT on cores of their own"
        },
    ));
    say("Every pair of numbers is Cogward's and the bare server's.");
    head(&[
        "path, store, sessions",
        "requests/s of bare axum's, median (range)",
        "of the fastest rounds",
        "requests/s, fastest",
        "server CPU µs/request, least",
        "of it user",
        "p50 µs, median",
        "p99 µs, median",
        "generator CPU µs/request",
    ]);
    for (path, with) in PATHS {
        let bare = Server::bare(&servers[0], path, with)?;
        for hot in [false, true] {
            for case in compare(path, with, &bare, &servers, hot, options)? {
                case.print();
            }
        }
    }
    Ok(())
}

/// One row: what was measured of a server, and of the bare one right before.
struct Case {
    name: String,
    rounds: Vec<(Sample, Sample)>,
}

/// In turns, so that whatever else the machine does falls on all alike.
fn compare(
    path: &str,
    with: Credentials,
    bare: &Server,
    servers: &[Server],
    hot: bool,
    options: &Options,
) -> Result<Vec<Case>> {
    let requests = |server: &Server| -> Vec<_> {
        let all = server.credentials(with).iter();
        let some = all.take(if hot { 1 } else { usize::MAX });
        some.map(|one| question(path, one)).collect()
    };
    let mut cases = Vec::new();
    for server in servers {
        let sessions = if hot { "one" } else { "spread" };
        let name = format!("{path}, {}, {sessions}", server.name);
        if name.contains(&options.only) {
            let rounds = Vec::new();
            cases.push((server, Case { name, rounds }));
        }
    }
    for _ in 0..options.rounds {
        for (server, case) in &mut cases {
            let requests = requests(server);
            let question = requests.first().context("nobody to ask")?;
            let body = body_of(&ask(server.address, question)?)?.len();
            let measure = |server: &Server| server.measure(&requests, body, options.seconds);
            case.rounds.push((measure(server)?, measure(bare)?));
        }
    }
    Ok(cases.into_iter().map(|(_, case)| case).collect())
}

impl Case {
    fn print(&self) {
        let ratios = self
            .rounds
            .iter()
            .map(|(it, bare)| it.per_second / bare.per_second);
        let ratio = Spread::of(ratios);
        let both = |of: fn(&Sample) -> f64, pick: fn(Spread) -> f64| {
            let it = pick(Spread::of(self.rounds.iter().map(|(it, _)| of(it))));
            (
                it,
                pick(Spread::of(self.rounds.iter().map(|(_, bare)| of(bare)))),
            )
        };
        // A machine that does other things too disturbs in one direction only.
        let rate = both(|sample| sample.per_second, |spread| spread.max);
        let cpu = both(|sample| sample.cpu, |spread| spread.min);
        let user = both(|sample| sample.user, |spread| spread.min);
        let p50 = both(|sample| sample.p50, |spread| spread.median);
        let p99 = both(|sample| sample.p99, |spread| spread.median);
        let generator = both(|sample| sample.generator, |spread| spread.min);
        let percent = |ratio: f64| ratio * 100.0;
        row(&[
            self.name.clone(),
            format!(
                "**{:.1} %** ({:.1}–{:.1})",
                percent(ratio.median),
                percent(ratio.min),
                percent(ratio.max)
            ),
            format!("{:.1} %", percent(rate.0 / rate.1)),
            format!("{:.0} / {:.0}", rate.0, rate.1),
            format!("{:.2} / {:.2}", cpu.0, cpu.1),
            format!("{:.2} / {:.2}", user.0, user.1),
            format!("{:.0} / {:.0}", p50.0, p50.1),
            format!("{:.0} / {:.0}", p99.0, p99.1),
            format!("{:.2}", generator.1),
        ]);
    }
}
