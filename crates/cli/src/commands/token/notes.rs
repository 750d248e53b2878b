//! What is odd about a token, and what Cogward makes of it.

use cogward_jwt::UnverifiedToken;
use serde_json::{Map, Value};

use super::kind::is_alb;
use super::show::shown_value;
use crate::moment::{TIMES, relative};

/// `cogward-jwt` refuses longer ones.
const MAX_TOKEN: usize = 16 * 1024;
/// Seconds by which clocks of two machines may differ.
const CLOCKS: i64 = 60;
/// A number this large is no time in seconds that anybody means: the year 5138.
const MILLISECONDS: f64 = 1e11;

/// A line for each thing; none for a token as Cognito makes them.
pub(super) fn notes(token: &UnverifiedToken, length: usize, now: i64) -> Vec<String> {
    let mut notes = header_notes(&token.unverified_header);
    notes.extend(claim_notes(&token.unverified_claims, now));
    if length > MAX_TOKEN {
        notes.push("longer than 16 KiB: Cogward refuses it".to_owned());
    }
    notes
}

fn header_notes(header: &Map<String, Value>) -> Vec<String> {
    let mut notes = Vec::new();
    let alb = is_alb(header);
    match header.get("alg") {
        Some(alg) if alg == "RS256" || (alb && alg == "ES256") => {}
        Some(Value::String(alg)) if alg.eq_ignore_ascii_case("none") => {
            notes.push("alg \"none\": it is not signed at all".to_owned());
        }
        Some(alg) => notes.push(format!(
            "alg {}: Cogward takes RS256 only",
            shown_value(alg)
        )),
        None => notes.push("no alg: Cogward takes RS256 only".to_owned()),
    }
    match header.get("kid") {
        Some(Value::String(kid)) if !kid.is_empty() => {}
        Some(kid) => notes.push(format!("kid {}: it names no key", shown_value(kid))),
        None => notes.push("no kid: which key signed it is not said".to_owned()),
    }
    for name in ["crit", "b64", "zip"] {
        if header.contains_key(name) {
            notes.push(format!(
                "{name}: Cogward refuses tokens with this extension"
            ));
        }
    }
    for name in ["jku", "jwk", "x5c", "x5u"] {
        if header.contains_key(name) {
            notes.push(format!(
                "{name}: a key that a token brings along is not used"
            ));
        }
    }
    notes
}

fn claim_notes(claims: &Map<String, Value>, now: i64) -> Vec<String> {
    let mut notes = Vec::new();
    for name in TIMES {
        match claims.get(name) {
            Some(time) if time.as_f64().is_some_and(|time| time >= MILLISECONDS) => {
                notes.push(format!("{name} in milliseconds? It is to be seconds"));
            }
            Some(time) if time.as_u64().is_none() => notes.push(format!(
                "{name} {}: it is to be a whole number of seconds",
                shown_value(time)
            )),
            None if name == "exp" => {
                notes.push("no exp: Cogward refuses tokens that never expire".to_owned());
            }
            _ => {}
        }
    }
    for name in ["iat", "nbf"] {
        let time = claims.get(name).and_then(Value::as_i64);
        if let Some(time) = time.filter(|time| *time > now.saturating_add(CLOCKS)) {
            let when = relative(time, now);
            notes.push(format!("{name} is {when}: is one of the clocks wrong?"));
        }
    }
    if let Some(Value::Array(several)) = claims.get("aud")
        && several.len() != 1
    {
        notes.push("aud is a list: Cogward takes a single app client".to_owned());
    }
    notes
}
