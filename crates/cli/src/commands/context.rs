//! `cogward context`: what an operator does about what servers remember of people's roles.

use std::io::Write as _;

use cogward_context::{Pattern, PatternError};

use super::operator::{ask, misunderstood};
use crate::args::{Context, ContextCommand, Forget};
use crate::control::{Reply, Request};
use crate::failure::Failure;
use crate::printable::printable;

pub(crate) fn run(args: &Context) -> Result<(), Failure> {
    match &args.command {
        ContextCommand::Forget(args) => forget(args),
    }
}

fn forget(args: &Forget) -> Result<(), Failure> {
    let pattern = match (&args.user, &args.pattern) {
        (Some(user), _) => Pattern::of_user(user).ok_or(PatternError)?,
        (None, Some(pattern)) => pattern.clone(),
        (None, None) => Pattern::all(),
    };
    let told = printable(&pattern.to_string());
    let request = Request::Forget { pattern };
    let Reply::Forgotten(remembered) = ask(&args.server, &request)? else {
        return Err(misunderstood());
    };
    match remembered {
        true => writeln!(anstream::stdout(), "{told} is asked for anew")?,
        false => {
            let failure = Failure::new("nothing is remembered: there is no IAM service");
            return Err(failure.hint("it is named by context.url"));
        }
    }
    Ok(())
}
