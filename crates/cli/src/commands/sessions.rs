//! `cogward sessions`: what an operator sees of a user's sessions, and how he ends them.

mod table;

use std::io::Write as _;

use cogward_session::{Clock as _, SystemClock};
use serde_json::json;

use super::operator::{ask, misunderstood};
use crate::args::{Revoke, Sessions, SessionsCommand, Whose};
use crate::control::{Reply, Request, Session};
use crate::failure::Failure;
use crate::printable::printable;

pub(crate) fn run(args: &Sessions) -> Result<(), Failure> {
    match &args.command {
        SessionsCommand::List(args) => list(&args.whose),
        SessionsCommand::Revoke(args) => revoke(args),
    }
}

fn list(whose: &Whose) -> Result<(), Failure> {
    let user = whose.user.clone();
    let Reply::Sessions(sessions) = ask(&whose.server, &Request::List { user })? else {
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
    let Reply::Ended(ended) = ask(&whose.server, &request)? else {
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
