//! `LocalPool::start()`, as tests in Rust call it.

use std::time::Instant;

use anyhow::Result;
use cogward_pool::LocalPool;

use crate::table::{Spread, say};

/// Pools of one process: tests of one binary.
const STARTS: usize = 20;

/// The first start of a process is told apart: it also waits for the randomness of the process.
pub(super) fn measure() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let (milliseconds, token) = runtime.block_on(starts())?;
    let first = milliseconds.first().copied().unwrap_or(f64::NAN);
    let later = Spread::of(milliseconds.iter().skip(1).copied());
    let all = Spread::of(milliseconds.iter().copied());
    say(&format!(
        "\n`LocalPool::start()`, {STARTS} times in one process: median **{:.1} ms**, worst {:.1} (the first {first:.1}, of \
         the others {:.1}); the keys of all were there {token:.0} ms after the first start.",
        all.median, all.max, later.max
    ));
    Ok(())
}

/// What each start took, and when the first pool had its keys.
async fn starts() -> Result<(Vec<f64>, f64)> {
    let (mut pools, mut milliseconds) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    for _ in 0..STARTS {
        let start = Instant::now();
        pools.push(LocalPool::start().await?);
        milliseconds.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    for pool in &pools {
        pool.pool().ready().await;
    }
    Ok((milliseconds, begun.elapsed().as_secs_f64() * 1000.0))
}
