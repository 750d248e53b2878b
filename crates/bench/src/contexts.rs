//! User contexts: many requests at once of few people, whose IAM service takes its time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use axum::routing::get;
use axum::{Json, Router};
use cogward_context::{Contexts, Credentials, Keeping, Provider};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::generator::{CONNECTIONS, Plan, ask, body_of, follow, request};
use crate::measured::Server;
use crate::process::{self, Process};
use crate::server::Store;
use crate::table::{head, row, say};

const PATH: &str = "/api/v1/auth/context/recipes";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Requests at once
    #[arg(long, default_value_t = 1000)]
    requests: usize,
    /// Whose they are
    #[arg(long, default_value_t = 50)]
    people: usize,
    /// The IAM service answers after so many milliseconds
    #[arg(long, default_value_t = 100)]
    delay_ms: u64,
    /// Length of the measurement of what is remembered
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
}

/// What a server here goes by.
pub(crate) fn of(base: &str) -> Result<Contexts> {
    let provider = Provider::new(base, Credentials::None, Duration::from_secs(2))?;
    let keeping = Keeping {
        ttl: Duration::from_secs(3600),
        stale: Duration::ZERO,
        bytes: 16 << 20,
    };
    Ok(Contexts::new(["recipes"], provider, keeping))
}

/// Prints its address; says at `/asked` how often it was asked.
pub(crate) fn iam(delay_ms: u64) -> Result<()> {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let tell = async move || {
        asked.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        Json(json!({ "roles": ["cook", "editor"] }))
    };
    let router = Router::new()
        .route("/internal/users/{sub}", get(tell))
        .route(
            "/asked",
            get(async move || count.load(Ordering::SeqCst).to_string()),
        );
    runtime()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        say(&listener.local_addr()?.to_string());
        Ok(axum::serve(listener, router).await?)
    })
}

pub(crate) fn run(options: &Options) -> Result<()> {
    process::pin_generator();
    let delay = options.delay_ms.to_string();
    let mut iam = Process::server(&["iam", "--delay-ms", &delay])?;
    let iam_at: SocketAddr = iam.line()?.parse()?;
    let server = Server::with_contexts(Store::Memory, options.people, &format!("http://{iam_at}"))?;
    let requests: Vec<_> = server.cookies.iter().map(|it| request(PATH, it)).collect();
    say(&format!(
        "{} requests at once of {} people; the IAM service takes {} ms\n",
        options.requests, options.people, options.delay_ms
    ));
    head(&[
        "",
        "requests",
        "p50 ms",
        "p99 ms",
        "questions to the service",
    ]);
    let cold = runtime()?.block_on(at_once(server.address, &requests, options.requests))?;
    told("nothing remembered", &cold, asked(iam_at)?);
    let again = runtime()?.block_on(at_once(server.address, &requests, options.requests))?;
    told("remembered, all at once again", &again, asked(iam_at)?);
    let plan = Plan {
        connections: CONNECTIONS,
        requests: &requests,
        body: Some(body_of(&ask(server.address, requests.first().context("nobody")?)?)?.len()),
    };
    let warm = follow(server.address, &plan, options.seconds, || Ok(()))?;
    row(&[
        format!(
            "remembered, {CONNECTIONS} connections, {:.0} requests a second",
            warm.per_second()
        ),
        format!("{:.0}", warm.requests),
        format!("{:.2}", warm.latency(50) / 1000.0),
        format!("{:.2}", warm.latency(99) / 1000.0),
        asked(iam_at)?,
    ]);
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    Ok({ runtime }.enable_all().build()?)
}

/// Each on a connection of its own that is there already; milliseconds, in order.
async fn at_once(address: SocketAddr, requests: &[Vec<u8>], count: usize) -> Result<Vec<f64>> {
    let start = Arc::new(Barrier::new(count));
    let mut tasks = JoinSet::new();
    for request in requests.iter().cycle().take(count) {
        let (request, start) = (request.clone(), Arc::clone(&start));
        let mut stream = TcpStream::connect(address).await?;
        tasks.spawn(async move {
            start.wait().await;
            let sent = Instant::now();
            stream.write_all(&request).await?;
            let mut answer = [0; 4096];
            let read = stream.read(&mut answer).await?;
            let elapsed = sent.elapsed();
            let ok = answer
                .get(..read)
                .is_some_and(|it| it.starts_with(b"HTTP/1.1 200 "));
            ensure!(ok, "not 200: {}", String::from_utf8_lossy(&answer));
            Ok(elapsed.as_secs_f64() * 1000.0)
        });
    }
    let mut latencies = Vec::with_capacity(count);
    while let Some(latency) = tasks.join_next().await {
        latencies.push(latency??);
    }
    latencies.sort_by(f64::total_cmp);
    Ok(latencies)
}

fn told(what: &str, latencies: &[f64], asked: String) {
    let at = |percent: usize| latencies.get(latencies.len() * percent / 100);
    let at = |percent| format!("{:.1}", at(percent).copied().unwrap_or_default());
    row(&[
        what.to_owned(),
        latencies.len().to_string(),
        at(50),
        at(99),
        asked,
    ]);
}

fn asked(iam: SocketAddr) -> Result<String> {
    let answer = ask(iam, &request("/asked", "Accept-Language: en"))?;
    Ok(String::from_utf8_lossy(body_of(&answer)?).into_owned())
}
