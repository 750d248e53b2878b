//! `cogward serve`: the production server.

use std::sync::Arc;

use axum::Router;
use cogward_config::{AuditOutput, Mode};
use tokio::signal::unix::{SignalKind, signal};

use super::{block_on, load_with_sources};
use crate::args::Serve;
use crate::banner::Banner;
use crate::failure::Failure;
use crate::rotation::Rotation;
use crate::stop::Stop;
use crate::wire::ring::ring;
use crate::{log, policies, wire};

pub(crate) fn run(args: &Serve) -> Result<(), Failure> {
    let (config, sources) = load_with_sources(args.config.as_deref(), args.flags(), Mode::Serve)?;
    if config.server.on_lambda {
        return Err(
            Failure::new("this build does not run as a Lambda function yet")
                .hint("unset AWS_LAMBDA_RUNTIME_API to run it as a server"),
        );
    }
    log::start(&config.log)?;
    block_on(async {
        let stop = Stop::new()?;
        // Heeded from here on; it would end the process otherwise.
        let hangup = || signal(SignalKind::hangup());
        let (for_keys, for_policies, for_audit) = (hangup()?, hangup()?, hangup()?);
        let ring = ring(&config.session.secrets, &config.session.encryption_keys)?;
        let keys = format!("{ring:?}");
        let server = wire::start(&config, ring, |_| Router::new(), None).await?;
        let rotation = Rotation::new(Arc::clone(&server.auth), sources, &config);
        tokio::spawn(rotation.watch(Some(for_keys)));
        tokio::spawn(policies::watch(
            Arc::clone(&server.auth),
            Some(for_policies),
        ));
        if let Some(trail) = server.auth.trail() {
            tokio::spawn(wire::audit::heed(trail.clone(), for_audit));
        }
        let url = wire::local_url(server.address);
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            listening = url,
            pool = config.cognito.user_pool_id,
            store = %wire::store::describe(&config),
            mail = %wire::mail::describe(&config),
            keys,
            environment = ?config.server.environment,
            "cogward serves"
        );
        if !config.server.is_production() {
            tracing::warn!("ENVIRONMENT is not production: unsafe settings are not refused");
            // Where events go there is nothing else.
            if config.audit.output != AuditOutput::Stdout {
                let banner = Banner::new("serving").line("Server", &url);
                banner.line("API", &format!("{url}/docs")).print();
            }
        }
        for warning in config.warnings() {
            tracing::warn!("{warning}");
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
