//! Where the token comes from.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};

use crate::failure::Failure;

/// No token is longer: servers take a quarter of it in a header line.
const LIMIT: usize = 64 * 1024;

/// The token given, or the one on standard input, out of whatever it was copied with:
/// white space, quotes, the word `Bearer`.
///
/// The words of an unquoted `Bearer …` come apart: whoever called them unexpected would
/// print them.
pub(super) fn read(given: &[String]) -> Result<String, Failure> {
    let from_stdin = given.is_empty() || given == ["-"];
    let text = match from_stdin {
        true => read_stdin().map_err(|error| Failure::from(error).undecided())?,
        false => given.join(" ").into_bytes(),
    };
    if text.len() > LIMIT {
        return Err(Failure::new("the input is longer than 64 KiB: no token is"));
    }
    let text = String::from_utf8(text)
        .map_err(|_| Failure::new("the input is not text, and so not a token"))?;
    match unwrapped(&text) {
        "" => Err(Failure::new("there is no token: the input is empty")
            .hint("pipe one in: echo \"$TOKEN\" | cogward token verify")),
        token => Ok(token.to_owned()),
    }
}

fn read_stdin() -> Result<Vec<u8>, std::io::Error> {
    let stdin = std::io::stdin();
    let mut text = Vec::new();
    let mut limited = stdin.lock().take(LIMIT as u64 + 1);
    if stdin.is_terminal() {
        writeln!(
            anstream::stderr(),
            "Paste a token and press Enter (pipe it in if it has 4000 characters or more):"
        )?;
        limited.read_until(b'\n', &mut text)?;
    } else {
        limited.read_to_end(&mut text)?;
    }
    Ok(text)
}

fn unwrapped(text: &str) -> &str {
    let text = unquoted(text);
    match text.split_once(char::is_whitespace) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") => unquoted(token),
        _ => text,
    }
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inside = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(text).trim()
}
