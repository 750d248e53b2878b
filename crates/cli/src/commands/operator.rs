//! An operator's request to a running server, or to the store that servers share.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cogward_auth::audit::{By, Cause};
use cogward_auth::{Operator, SessionError};
use cogward_config::{Backend, Config, Mode};
use cogward_session::SystemClock;

use super::{block_on, load};
use crate::args::{Flags, Server};
use crate::control::{self, Reply, Request};
use crate::failure::Failure;
use crate::printable::printable;
use crate::wire::ring::ring;
use crate::{log, wire};

/// For what was done to stand in the audit trail.
const TRAIL: Duration = Duration::from_secs(5);

/// What the store, or the server that has it, says; fails with 2.
pub(super) fn ask(server: &Server, request: &Request) -> Result<Reply, Failure> {
    let reply = match &server.data_dir {
        Some(folder) => block_on(of_server(folder, request)),
        None => load(server.config.as_deref(), Flags::new(), Mode::Serve)
            .map_err(|failure| {
                failure.hint(
                    "use the configuration of the server; to ask a running cogward dev: \
                     --data-dir .cogward",
                )
            })
            .and_then(|config| {
                log::start(&config.log)?;
                block_on(of_store(&config, request))
            }),
    };
    match reply {
        Ok(Reply::Failed(why)) => Err(Failure::new(printable(&why)).undecided()),
        reply => reply.map_err(Failure::undecided),
    }
}

async fn of_server(folder: &Path, request: &Request) -> Result<Reply, Failure> {
    control::ask(folder, request).await.map_err(|error| {
        let folder = folder.display();
        Failure::new(format!("no server answers in {folder}: {error}"))
            .hint("name the data folder of a running server that keeps its sessions itself")
    })
}

async fn of_store(config: &Config, request: &Request) -> Result<Reply, Failure> {
    let own = matches!(config.session.backend, Backend::Memory | Backend::Sqlite);
    if own && let Ok(reply) = control::ask(&config.server.data_dir, request).await {
        return Ok(reply);
    }
    let file = &config.session.sqlite_path;
    let nowhere = match config.session.backend {
        Backend::Memory => true,
        // An operator's look makes no database.
        Backend::Sqlite => !file.exists(),
        _ => false,
    };
    if nowhere {
        let folder = config.server.data_dir.display();
        return Err(Failure::new(format!("no server answers in {folder}"))
            .hint("it alone has these sessions; is its data folder another (--data-dir)?"));
    }
    let keys = &config.session;
    let operator = Operator::new(
        config.cognito.user_pool_id.clone(),
        wire::store::open(config).await?,
        ring(&keys.secrets, &keys.encryption_keys)?,
        Arc::new(SystemClock),
        config.context.url.is_some(),
    );
    let trail = wire::audit::of_command(config)?;
    let cause = Cause::new(By::Operator, trail.clone());
    let answered = cause.of(request.answer(&operator)).await;
    if let Some(trail) = &trail {
        wire::audit::end(trail, TRAIL).await;
    }
    answered.map_err(|error| match error {
        error @ SessionError::Store(_) => Failure::from(error).hint(format!(
            "nothing is known of the sessions until it answers: {}",
            wire::store::describe(config)
        )),
        error => error.into(),
    })
}

pub(super) fn misunderstood() -> Failure {
    Failure::new("the server answered something else: is it another release?").undecided()
}
