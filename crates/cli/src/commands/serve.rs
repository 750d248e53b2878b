//! `cogward serve`: the production server.

use axum::Router;
use cogward_config::Mode;

use super::{block_on, load};
use crate::args::Serve;
use crate::banner::Banner;
use crate::failure::Failure;
use crate::stop::Stop;
use crate::{log, wire};

pub(crate) fn run(args: &Serve) -> Result<(), Failure> {
    let config = load(args.config.as_deref(), args.flags(), Mode::Serve)?;
    if config.server.on_lambda {
        return Err(
            Failure::new("this build does not run as a Lambda function yet")
                .hint("unset AWS_LAMBDA_RUNTIME_API to run it as a server"),
        );
    }
    log::start(&config.log)?;
    block_on(async {
        let stop = Stop::new()?;
        let server = wire::start(&config, Vec::new(), |_| Router::new(), None).await?;
        let url = wire::local_url(server.address);
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            listening = url,
            pool = config.cognito.user_pool_id,
            store = ?config.session.backend,
            environment = ?config.server.environment,
            "cogward serves"
        );
        if !config.server.is_production() {
            tracing::warn!("ENVIRONMENT is not production: unsafe settings are not refused");
            let banner = Banner::new("serving").line("Server", &url);
            banner.line("API", &format!("{url}/docs")).print();
        }
        if config.server.is_production() && config.server.trusted_proxies.is_empty() {
            tracing::warn!(
                "server.trusted_proxies is not set: behind a proxy all callers have its address"
            );
        }
        stop.asked().await;
        server.stop().await;
        Ok(())
    })
}
