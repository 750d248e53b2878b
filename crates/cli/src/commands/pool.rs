//! `cogward pool`: the local user pool alone.

use std::path::Path;

use cogward_config::{Config, Mode};
use cogward_pool::{
    CERTIFICATE_FILE, CLIENT_SECRET, POOL_ID, PUBLIC_CLIENT_ID, Pool, PoolError, PoolOptions,
    SECRET_CLIENT_ID, Seed,
};

use super::{block_on, load};
use crate::args;
use crate::banner::Banner;
use crate::failure::Failure;
use crate::stop::Stop;
use crate::{data_dir, log};

pub(crate) fn run(args: &args::Pool) -> Result<(), Failure> {
    let config = load(args.config.as_deref(), args.flags(), Mode::Pool)?;
    log::start(&config.log)?;
    data_dir::make(&config.server.data_dir)?;
    block_on(async {
        let stop = Stop::new()?;
        let pool = start(&config, "--port").await?;
        banner(&config, &pool);
        stop.asked().await;
        pool.shutdown().await;
        Ok(())
    })
}

fn banner(config: &Config, pool: &Pool) {
    let url = pool.base_url();
    let url = url.as_str().trim_end_matches('/');
    let data = &config.server.data_dir;
    let mut banner = Banner::new("local user pool, for development")
        .line("User pool", url)
        .line("Inbox", &format!("{url}/_local/"))
        .line("Issuer", pool.issuer());
    if config.pool.tls {
        let certificate = data.join(CERTIFICATE_FILE);
        banner = banner.line("Certificate", &certificate.display().to_string());
    }
    let banner = banner.gap().line("Pool id", POOL_ID);
    let banner = match &config.pool.seed {
        Some(seed) => banner.line("Seed", &seed.display().to_string()),
        None => banner
            .line("Client", PUBLIC_CLIENT_ID)
            .line(
                "with a secret",
                &format!("{SECRET_CLIENT_ID}  {CLIENT_SECRET}"),
            )
            .line(
                "Users",
                "user@example.com, admin@example.com (group admin): Passw0rd!",
            ),
    };
    let banner = if pool.is_deterministic() {
        banner.line(
            "Ids",
            "the same in every run, so they can be guessed: for tests",
        )
    } else {
        banner
    };
    banner
        .gap()
        .line("Data", &data.display().to_string())
        .line("Stop", "Ctrl-C")
        .print();
}

/// Starts the pool; `port_flag` is what chooses its port.
pub(super) async fn start(config: &Config, port_flag: &str) -> Result<Pool, Failure> {
    let seed = config.pool.seed.as_deref().map(read_seed).transpose()?;
    match Pool::start(options(config, seed)).await {
        Ok(pool) => Ok(pool),
        Err(error @ PoolError::Listen { .. }) => {
            Err(Failure::from(error).hint(format!("choose another with {port_flag}")))
        }
        Err(error @ PoolError::InUse { .. }) => {
            Err(Failure::from(error).hint("choose another with --data-dir or DATA_DIR"))
        }
        Err(error) => Err(error.into()),
    }
}

fn read_seed(path: &Path) -> Result<Seed, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("cannot read the seed file {shown}: {error}")))?;
    Seed::from_toml(&text).map_err(|error| {
        Failure::new(format!("{shown}, {error}"))
            .hint("docs/local-pool.md describes a seed file; GET /_local/export writes one")
    })
}

fn options(config: &Config, seed: Option<Seed>) -> PoolOptions {
    PoolOptions {
        data_dir: Some(config.server.data_dir.clone()),
        port: config.pool.port,
        issuer: config
            .pool
            .issuer
            .as_ref()
            .map(|url| url.as_str().trim_end_matches('/').to_owned()),
        tls: config.pool.tls,
        key_file: None,
        ready_users: true,
        seed,
        callback_urls: vec![
            config.callback.api_url.clone(),
            config.callback.token_handler_url.clone(),
        ],
        logout_urls: std::iter::once(config.frontend.url.clone())
            .chain(config.frontend.signed_out_url.parse())
            .collect(),
        production: config.server.is_production(),
    }
}
