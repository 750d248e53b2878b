//! A pool that keeps its data in the directory given and serves until it is stopped.

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;

use cogward_pool::{Pool, PoolOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let data_dir = std::env::args_os().nth(1).map(PathBuf::from);
    let pool = Pool::start(PoolOptions {
        data_dir,
        ..PoolOptions::default()
    })
    .await?;
    writeln!(std::io::stdout(), "{}", pool.base_url())?;
    tokio::signal::ctrl_c().await?;
    pool.shutdown().await;
    Ok(())
}
