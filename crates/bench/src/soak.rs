//! Full load for a long time, while another replica signs people in and out of the same store.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use cogward_session::{Clock as _, SystemClock};

use crate::generator::{self, ask, body_of, request};
use crate::measured::{Credentials, Server};
use crate::process;
use crate::server::Store;
use crate::sessions;
use crate::stores::Stores;
use crate::table::{head, row, say};

const PATH: &str = "/api/v1/auth/check";
const WINDOW_SECONDS: f64 = 10.0;
/// The other replica's sign-ins a second, each followed by a last-seen time and a sign-out.
const CHURN: Duration = Duration::from_millis(10);
/// Latencies are counted by the microsecond up to this many.
const BUCKETS: usize = 1_000_000;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Where the sessions are
    #[arg(long, default_value = "redis-cached")]
    store: Store,
    /// Sessions the requests are spread over
    #[arg(long, default_value_t = 10_000)]
    sessions: usize,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    process::pin_generator();
    let stores = Stores::start();
    let url = stores.url(options.store);
    let server = Server::cogward(options.store, &url, options.sessions)?;
    let cookies = server.credentials(Credentials::Cookie).iter();
    let requests: Vec<_> = cookies.map(|cookie| request(PATH, cookie)).collect();
    let question = requests.first().context("nobody to ask")?;
    let body = body_of(&ask(server.address, question)?)?.len();
    let churn = Churn::start(options.store, &url)?;
    say(&format!(
        "\n`{PATH}`, {}, {} connections, {} sessions, {} minutes; another replica signs in and out.",
        options.store.name(),
        generator::CONNECTIONS,
        options.sessions,
        options.minutes,
    ));
    let mut report = Report::new();
    let end = Instant::now() + Duration::from_secs_f64(options.minutes * 60.0);
    while Instant::now() < end {
        // Any other answer than the right one is an error and ends the run.
        let outcome = generator::run(server.address, &requests, body, WINDOW_SECONDS, || Ok(()))?;
        report.add(&outcome, server.process.resident_mb()?);
    }
    report.print(churn.stop()?);
    Ok(())
}

/// Another replica of the server.
struct Churn {
    done: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
    thread: std::thread::JoinHandle<Result<()>>,
}

impl Churn {
    fn start(store: Store, url: &str) -> Result<Self> {
        let (done, count) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let url = url.to_owned();
        let thread = std::thread::Builder::new().spawn({
            let (done, count) = (Arc::clone(&done), Arc::clone(&count));
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = { runtime }.enable_all().build()?;
                runtime.block_on(churn(store, &url, &done, &count))
            }
        })?;
        Ok(Self {
            done,
            count,
            thread,
        })
    }

    /// How many signed in and out.
    fn stop(self) -> Result<u64> {
        self.done.store(true, Ordering::SeqCst);
        let ended = self.thread.join();
        ended.map_err(|_| anyhow!("the other replica died"))??;
        Ok(self.count.load(Ordering::SeqCst))
    }
}

async fn churn(store: Store, url: &str, done: &AtomicBool, count: &AtomicU64) -> Result<()> {
    if store.in_process() {
        return Ok(());
    }
    let store = store.open(url, Path::new("")).await?;
    while !done.load(Ordering::SeqCst) {
        let (key, record) = sessions::one(SystemClock.now())?;
        let (version, now) = (record.version, SystemClock.now());
        let expires_at = record.expires_at;
        store.insert(&key, record).await?;
        store.touch(&key, version, now, expires_at).await?;
        store
            .load(&key, now)
            .await?
            .context("its session is gone")?;
        store.remove(&key).await?.context("its session is gone")?;
        count.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(CHURN).await;
    }
    Ok(())
}

struct Report {
    latencies: Vec<u32>,
    requests: f64,
    seconds: f64,
    rates: Vec<f64>,
    resident: Vec<f64>,
}

impl Report {
    fn new() -> Self {
        Self {
            latencies: vec![0; BUCKETS],
            requests: 0.0,
            seconds: 0.0,
            rates: Vec::new(),
            resident: Vec::new(),
        }
    }

    fn add(&mut self, outcome: &generator::Outcome, resident: f64) {
        for nanoseconds in &outcome.latencies {
            let bucket = usize::try_from(nanoseconds / 1000).unwrap_or(BUCKETS);
            if let Some(count) = self.latencies.get_mut(bucket.min(BUCKETS - 1)) {
                *count += 1;
            }
        }
        self.requests += outcome.requests;
        self.seconds += outcome.seconds;
        self.rates.push(outcome.per_second());
        self.resident.push(resident);
    }

    /// Microseconds that all but one of so many requests stayed below.
    fn all_but_one_of(&self, many: f64) -> usize {
        let wanted = self.requests * (1.0 - 1.0 / many);
        let mut below = 0.0;
        let place = self.latencies.iter().position(|count| {
            below += f64::from(*count);
            below >= wanted
        });
        place.unwrap_or(BUCKETS)
    }

    fn print(&self, churned: u64) {
        head(&[
            "requests",
            "errors",
            "requests/s (slowest and fastest ten seconds)",
            "p50 / p99 / p99.9 / p99.99 µs",
            "resident MB after 1 min / in the middle / at the end / most",
            "others signed in and out",
        ]);
        let range = |values: &[f64]| {
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let most = values.iter().copied().fold(0.0, f64::max);
            (least, most)
        };
        let (slowest, fastest) = range(&self.rates);
        let (_, most) = range(&self.resident);
        let resident = |place: usize| self.resident.get(place).copied().unwrap_or(f64::NAN);
        let windows = self.resident.len();
        row(&[
            format!("{:.0}", self.requests),
            "0".to_owned(),
            format!(
                "{:.0} ({slowest:.0}–{fastest:.0})",
                self.requests / self.seconds
            ),
            [2.0, 100.0, 1000.0, 10_000.0]
                .map(|many| self.all_but_one_of(many).to_string())
                .join(" / "),
            format!(
                "{:.1} / {:.1} / {:.1} / {most:.1}",
                resident(5.min(windows.saturating_sub(1))),
                resident(windows / 2),
                resident(windows.saturating_sub(1))
            ),
            churned.to_string(),
        ]);
    }
}
