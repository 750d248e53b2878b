//! `cogward sessions`: what an operator sees of a user's sessions, and how he ends them.

mod table;

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use cogward_auth::{Operator, SessionError};
use cogward_config::{Backend, Config, Mode};
use cogward_session::{Clock as _, SystemClock};
use serde_json::json;

use super::{block_on, load};
use crate::args::{Flags, Revoke, Sessions, SessionsCommand, Whose};
use crate::control::{self, Reply, Request, Session};
use crate::failure::Failure;
use crate::printable::printable;
use crate::wire::ring::ring;
use crate::{log, wire};

pub(crate) fn run(args: &Sessions) -> Result<(), Failure> {
    match &args.command {
        SessionsCommand::List(args) => list(&args.whose),
        SessionsCommand::Revoke(args) => revoke(args),
    }
}

fn list(whose: &Whose) -> Result<(), Failure> {
    let user = whose.user.clone();
    let Reply::Sessions(sessions) = ask(whose, &Request::List { user })? else {
        return Err(misunderstood());
    };
    let mut out = anstream::stdout();
    let user = printable(&whose.user);
    if whose.json {
        let sessions = json!({ "user": whose.user, "sessions": sessions });
        writeln!(out, "{}", printable(&sessions.to_string()))?;
    } else if !sessions.is_empty() {
        let now = SystemClock.now().as_secs();
        writeln!(out, "{} of {user}\n", counted(sessions.len()))?;
        write!(out, "{}", table::table(&sessions, now, table::width()))?;
    }
    match sessions.is_empty() {
        true => Err(none(&user)),
        false => Ok(()),
    }
}

fn revoke(args: &Revoke) -> Result<(), Failure> {
    let (whose, user) = (&args.whose, args.whose.user.clone());
    let request = match args.handle {
        Some(handle) => Request::Revoke { user, handle },
        None => Request::RevokeAll { user },
    };
    let Reply::Ended(ended) = ask(whose, &request)? else {
        return Err(misunderstood());
    };
    let user = printable(&whose.user);
    let mut out = anstream::stdout();
    if whose.json {
        let told = json!({ "user": whose.user, "ended": ended, "tokens_refused": args.all });
        writeln!(out, "{}", printable(&told.to_string()))?;
    } else if ended > 0 || args.all {
        writeln!(out, "ended {} of {user}", counted(ended))?;
        if args.all {
            writeln!(
                out,
                "access and ID tokens that were issued to this user until now are refused"
            )?;
        }
    }
    match (ended, args.handle) {
        (0, Some(handle)) => Err(Failure::new(format!("{user} has no session {handle}"))
            .hint("`cogward sessions list` shows which there are")),
        (0, None) => Err(none(&user)),
        _ => Ok(()),
    }
}

/// What the store, or the server that has it, says; fails with 2.
fn ask(whose: &Whose, request: &Request) -> Result<Reply, Failure> {
    let reply = match &whose.data_dir {
        Some(folder) => block_on(of_server(folder, request)),
        None => load(whose.config.as_deref(), Flags::new(), Mode::Serve)
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
    );
    request
        .answer(&operator)
        .await
        .map_err(|error| match error {
            error @ SessionError::Store(_) => Failure::from(error).hint(format!(
                "nothing is known of the sessions until it answers: {}",
                wire::store::describe(config)
            )),
            error => error.into(),
        })
}

fn counted(sessions: usize) -> String {
    match sessions {
        1 => "1 session".to_owned(),
        some => format!("{some} sessions"),
    }
}

fn none(user: &str) -> Failure {
    Failure::new(format!("{user} has no sessions")).hint(
        "users go by the claim sub, not by name or address, and the keys must be the server's",
    )
}

fn misunderstood() -> Failure {
    Failure::new("the server answered something else: is it another release?").undecided()
}
