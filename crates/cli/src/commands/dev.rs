//! `cogward dev`: server, local user pool and demo application, with nothing to configure.

use std::sync::Arc;

use cogward_config::{Backend, Config, Mode};
use cogward_pool::{CERTIFICATE_FILE, PUBLIC_CLIENT_ID, Pool};

use super::{block_on, load_with_sources};
use crate::args::Dev;
use crate::banner::Banner;
use crate::failure::Failure;
use crate::rotation::Rotation;
use crate::stop::Stop;
use crate::wire::ring::ring;
use crate::{data_dir, demo, log, policies, wire};

pub(crate) fn run(args: &Dev) -> Result<(), Failure> {
    let (config, sources) = load_with_sources(args.config.as_deref(), args.flags(), Mode::Dev)?;
    log::start(&config.log)?;
    data_dir::make(&config.server.data_dir)?;
    block_on(async {
        let stop = Stop::new()?;
        let pool = super::pool::start(&config, "--pool-port").await?;
        if !pool.has_client(PUBLIC_CLIENT_ID) {
            let text = format!("the seed file has no client {PUBLIC_CLIENT_ID}");
            return Err(Failure::new(text).hint(
                "`dev` signs in with it: name it in [[clients]], with loopback_urls = true",
            ));
        }
        // On a busy machine the keys of a new pool take longer than the server waits for them.
        pool.ready().await;
        let keys = &config.session;
        let ring = match keys.secrets.is_empty() {
            true => ring(
                &[data_dir::secret(&config.server.data_dir)?],
                &keys.encryption_keys,
            )?,
            false => ring(&keys.secrets, &keys.encryption_keys)?,
        };
        let demo = |app: &_| demo::routes(app, &pool.base_url(), pool.users());
        let server = wire::start(&config, ring, demo, Some(demo::PAGE)).await?;
        if !config.session.secrets.is_empty() {
            let rotation = Rotation::new(Arc::clone(&server.auth), sources, &config);
            // Not heeding hangups: this server goes with its terminal.
            tokio::spawn(rotation.watch(None));
        }
        tokio::spawn(policies::watch(Arc::clone(&server.auth), None));
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
        Backend::Memory => "in memory: they end with this process".to_owned(),
        Backend::Sqlite => "kept: they survive a restart".to_owned(),
        _ => wire::store::describe(config),
    };
    let banner = Banner::new("for development: nothing to configure, no AWS account")
        .line("Application", &format!("{server}/"))
        .line("API", &format!("{server}/docs"))
        .line("User pool", pool)
        .line("Inbox", &format!("{pool}/_local/"));
    let banner = match config.pool.tls {
        true => {
            let certificate = config.server.data_dir.join(CERTIFICATE_FILE);
            banner.line("Certificate", &certificate.display().to_string())
        }
        false => banner,
    };
    let banner = banner.gap();
    let banner = match &config.pool.seed {
        Some(seed) => banner.line("Sign in as", &format!("a user of {}", seed.display())),
        None => banner
            .line("Sign in as", "user@example.com    Passw0rd!")
            .line("", "admin@example.com   Passw0rd!   (group admin)"),
    };
    banner
        .line(
            "or",
            "sign up with any address and read the code in the inbox",
        )
        .gap()
        .line(
            "Data",
            &format!("{data} (remove the folder to start afresh)"),
        )
        .line("Sessions", &sessions)
        .line("Stop", "Ctrl-C")
        .print();
}
