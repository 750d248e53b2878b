//! `cogward token`: what a token says, and whether it is good.
//!
//! Whatever a token says is shown escaped and cut; the token itself and its signature never are.

mod input;
mod inspect;
mod kind;
mod notes;
mod refusal;
mod show;
mod source;
mod verify;

use cogward_session::{Clock as _, SystemClock};

use crate::args::{Token, TokenCommand};
use crate::failure::Failure;

pub(crate) fn run(args: &Token) -> Result<(), Failure> {
    let now = SystemClock.now().as_secs();
    match &args.command {
        TokenCommand::Inspect(args) => inspect::run(args, now),
        TokenCommand::Verify(args) => verify::run(args, args.at.unwrap_or(now)),
    }
}
