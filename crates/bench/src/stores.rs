//! What each store costs: Cogward, a bare axum server and the store's own load tool, in turns.
//!
//! The store is on the core that the load comes from, as if it were another machine; its own
//! load tool runs where Cogward runs.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use cogward_services::{DynamoDb, Postgres, Redis};

use crate::generator::{self, ask, body_of, request};
use crate::measured::{Credentials, Sample, Server};
use crate::process::{self, on_the_servers_core};
use crate::server::Store;
use crate::table::{Spread, head, row, say};

const PATH: &str = "/api/v1/auth/check";
/// DynamoDB's stand-in is slow and keeps all in one Python process.
const DYNAMODB_SESSIONS: usize = 100;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Length of one measurement
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// How often the servers take turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Sessions the requests are spread over
    #[arg(long, default_value_t = 10_000)]
    sessions: usize,
    /// Only this store
    #[arg(long)]
    only: Option<Store>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    // Before the stores start: they inherit it.
    let pinned = process::pin_generator();
    let stores = Stores::start();
    say(&format!(
        "\n`{PATH}`, {} connections, {} rounds of {} s, {} sessions; Cogward on one core, load and store {}.",
        generator::CONNECTIONS,
        options.rounds,
        options.seconds,
        options.sessions,
        if pinned {
            "on the other"
        } else {
            "NOT apart from it"
        },
    ));
    head(&[
        "store",
        "of bare axum's requests/s, median (range)",
        "of the store's own ceiling",
        "of the lower of both",
        "requests/s: Cogward / bare / ceiling",
        "server CPU µs/request: Cogward / bare",
        "p50 µs",
        "p99 µs",
    ]);
    for store in [
        Store::Memory,
        Store::Sqlite,
        Store::RedisCached,
        Store::Redis,
        Store::Postgres,
        Store::DynamoDb,
    ] {
        if options.only.is_none_or(|only| only == store) {
            stores.measure(store, options)?;
        }
    }
    Ok(())
}

pub(crate) struct Stores {
    redis: Redis,
    postgres: Postgres,
    database: String,
    dynamodb: DynamoDb,
}

struct Round {
    cogward: Sample,
    bare: Sample,
    ceiling: Option<f64>,
}

impl Stores {
    pub(crate) fn start() -> Self {
        let postgres = Postgres::start();
        let database = postgres.database();
        Self {
            redis: Redis::start(),
            postgres,
            database,
            dynamodb: DynamoDb::start(),
        }
    }

    pub(crate) fn url(&self, store: Store) -> String {
        match store {
            Store::Memory | Store::Sqlite => String::new(),
            Store::RedisCached | Store::Redis => self.redis.url(),
            Store::Postgres => self.database.clone(),
            Store::DynamoDb => self.dynamodb.endpoint(),
        }
    }

    fn measure(&self, store: Store, options: &Options) -> Result<()> {
        let sessions = match store {
            Store::DynamoDb => DYNAMODB_SESSIONS.min(options.sessions),
            _ => options.sessions,
        };
        let server = Server::cogward(store, &self.url(store), sessions)?;
        let bare = Server::bare(&server, PATH, Credentials::Cookie)?;
        let cookies = server.credentials(Credentials::Cookie).iter();
        let requests: Vec<_> = cookies.map(|cookie| request(PATH, cookie)).collect();
        let question = requests.first().context("nobody to ask")?;
        let body = body_of(&ask(server.address, question)?)?.len();
        let mut rounds = Vec::new();
        for _ in 0..options.rounds {
            rounds.push(Round {
                cogward: server.measure(&requests, body, options.seconds)?,
                bare: bare.measure(&requests, body, options.seconds)?,
                ceiling: self.ceiling(store, options.seconds)?,
            });
        }
        print(store, &rounds);
        Ok(())
    }

    /// How often a second the store itself reads one of the records by its key.
    fn ceiling(&self, store: Store, seconds: f64) -> Result<Option<f64>> {
        match store {
            Store::Redis | Store::RedisCached => self.redis_benchmark(store, seconds).map(Some),
            Store::Postgres => self.pgbench(seconds).map(Some),
            Store::Memory | Store::Sqlite | Store::DynamoDb => Ok(None),
        }
    }

    fn redis_benchmark(&self, store: Store, seconds: f64) -> Result<f64> {
        let pattern = format!("{}:session:*", store.name());
        let keys = self.redis.command(&["KEYS", &pattern]);
        let key = keys.lines().next().context("no session in Redis")?;
        let port = self.redis.port().to_string();
        let connections = generator::CONNECTIONS.to_string();
        // So many take about as long as the other measurements.
        let requests = format!("{:.0}", 100_000.0 * seconds);
        let output = on_the_servers_core(Path::new("redis-benchmark"))
            .args(["-p", &port, "-c", &connections, "-n", &requests, "--csv"])
            .args(["GET", key])
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text
            .lines()
            .last()
            .context("redis-benchmark said nothing")?;
        let mut cells = line.split("\",\"").skip(1);
        Ok(cells.next().context("no rate in its answer")?.parse()?)
    }

    fn pgbench(&self, seconds: f64) -> Result<f64> {
        let script = tempfile::NamedTempFile::new()?;
        let key = "SELECT encode(key, 'hex') FROM cogward_session LIMIT 1";
        let key = self.postgres.query(&self.database, key);
        let select = format!(
            "SELECT * FROM cogward_session WHERE key = '\\x{}'::bytea;\n",
            key.trim()
        );
        std::fs::write(script.path(), select)?;
        let program = self.postgres.programs().join("pgbench");
        let output = on_the_servers_core(&program)
            .args(["-n", "-M", "prepared", "-j", "1", "-c"])
            .arg(generator::CONNECTIONS.to_string())
            .args(["-T", &format!("{:.0}", seconds.ceil()), "-f"])
            .arg(script.path())
            .arg(&self.database)
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let Some(rate) = rate.and_then(|rest| rest.split(' ').next()) else {
            bail!("pgbench: {}", String::from_utf8_lossy(&output.stderr));
        };
        Ok(rate.parse()?)
    }
}

fn print(store: Store, rounds: &[Round]) {
    let median = |of: fn(&Round) -> f64| Spread::of(rounds.iter().map(of)).median;
    let percent = |of: fn(&Round) -> f64| {
        let spread = Spread::of(rounds.iter().map(of));
        match spread.median.is_nan() {
            true => "–".to_owned(),
            false => format!(
                "{:.1} % ({:.1}–{:.1})",
                spread.median * 100.0,
                spread.min * 100.0,
                spread.max * 100.0
            ),
        }
    };
    let ceiling = |round: &Round| round.ceiling.unwrap_or(f64::NAN);
    row(&[
        store.name().to_owned(),
        percent(|it| it.cogward.per_second / it.bare.per_second),
        percent(|it| it.cogward.per_second / it.ceiling.unwrap_or(f64::NAN)),
        percent(|it| {
            // The other one where there is no ceiling.
            it.cogward.per_second / it.bare.per_second.min(it.ceiling.unwrap_or(f64::NAN))
        }),
        format!(
            "{:.0} / {:.0} / {:.0}",
            median(|it| it.cogward.per_second),
            median(|it| it.bare.per_second),
            Spread::of(rounds.iter().map(ceiling)).median
        ),
        format!(
            "{:.2} / {:.2}",
            median(|it| it.cogward.cpu),
            median(|it| it.bare.cpu)
        ),
        format!("{:.0}", median(|it| it.cogward.p50)),
        format!("{:.0}", median(|it| it.cogward.p99)),
    ]);
}
