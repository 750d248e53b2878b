//! `cogward token inspect`: what a token says, proven or not.

use std::fmt::Write as _;
use std::io::Write as _;

use cogward_jwt::{InspectError, UnverifiedToken};
use serde_json::json;

use super::kind::kind;
use super::notes::notes;
use super::{input, show};
use crate::args::Inspect;
use crate::failure::Failure;
use crate::printable::printable;

pub(super) fn run(args: &Inspect, now: i64) -> Result<(), Failure> {
    let text = input::read(&args.token)?;
    let token =
        UnverifiedToken::read(&text).map_err(|error| Failure::from(error).hint(advice(error)))?;
    let shown = match args.json {
        true => printable(&as_json(&token)) + "\n",
        false => page(&token, text.len(), now),
    };
    write!(anstream::stdout(), "{shown}")?;
    Ok(())
}

/// What to do about what cannot be taken apart.
pub(super) fn advice(error: InspectError) -> &'static str {
    match error {
        InspectError::Encrypted => "the ID and the access token that came with it can be read",
        _ => "was it copied in full? a token is one line without spaces",
    }
}

fn as_json(token: &UnverifiedToken) -> String {
    let (header, claims) = (&token.unverified_header, &token.unverified_claims);
    let (header, claims) = (json!(header), json!(claims));
    format!("{{\"verified\":false,\"header\":{header},\"claims\":{claims}}}")
}

fn page(token: &UnverifiedToken, length: usize, now: i64) -> String {
    let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
    let bold = anstyle::Style::new().bold();
    let (header, claims) = (&token.unverified_header, &token.unverified_claims);
    let mut page = format!(
        "{yellow}NOT VERIFIED{yellow:#}: anybody can write a token that says this\n\n\
         It says it is {}\n\n{bold}Header{bold:#}\n{}\n{bold}Claims{bold:#}\n{}",
        kind(header, claims),
        show::members(header, now),
        show::members(claims, now),
    );
    let notes = notes(token, length, now);
    if !notes.is_empty() {
        page += &format!("\n{bold}To note{bold:#}\n");
    }
    for note in notes {
        // Writing into a string does not fail.
        let _written = writeln!(page, "  - {note}");
    }
    page + "\nNOT VERIFIED: `cogward token verify` tells whether it is good\n"
}
