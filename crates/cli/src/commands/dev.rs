//! `cogward dev`: server, local user pool and demo application, with nothing to configure.

use cogward_config::{Backend, Config, Mode};
use cogward_pool::Pool;

use super::{block_on, load};
use crate::args::Dev;
use crate::banner::Banner;
use crate::failure::Failure;
use crate::stop::Stop;
use crate::{data_dir, demo, log, wire};

pub(crate) fn run(args: &Dev) -> Result<(), Failure> {
    let config = load(args.config.as_deref(), args.flags(), Mode::Dev)?;
    log::start(&config.log)?;
    data_dir::make(&config.server.data_dir)?;
    block_on(async {
        let stop = Stop::new()?;
        let pool = super::pool::start(&config, "--pool-port").await?;
        // On a busy machine the keys of a new pool take longer than the server waits for them.
        pool.ready().await;
        let secrets = match config.session.secrets.is_empty() {
            true => vec![data_dir::secret(&config.server.data_dir)?],
            false => Vec::new(),
        };
        let demo = |app: &_| demo::routes(app, &pool.base_url(), pool.users());
        let server = wire::start(&config, secrets, demo, Some(demo::PAGE)).await?;
        banner(&config, &server, &pool);
        stop.asked().await;
        server.stop().await;
        pool.shutdown().await;
        Ok(())
    })
}

fn banner(config: &Config, server: &wire::Started, pool: &Pool) {
    let server = wire::local_url(server.address);
    let pool = pool.base_url();
    let pool = pool.as_str().trim_end_matches('/');
    let data = config.server.data_dir.display();
    let sessions = match config.session.backend {
        Backend::Memory => "in memory: they end with this process",
        Backend::Sqlite => "kept: they survive a restart",
    };
    Banner::new("for development: nothing to configure, no AWS account")
        .line("Application", &format!("{server}/"))
        .line("API", &format!("{server}/docs"))
        .line("User pool", pool)
        .line("Inbox", &format!("{pool}/_local/"))
        .gap()
        .line("Sign in as", "user@example.com    Passw0rd!")
        .line("", "admin@example.com   Passw0rd!   (group admin)")
        .line(
            "or",
            "sign up with any address and read the code in the inbox",
        )
        .gap()
        .line(
            "Data",
            &format!("{data} (remove the folder to start afresh)"),
        )
        .line("Sessions", sessions)
        .line("Stop", "Ctrl-C")
        .print();
}
