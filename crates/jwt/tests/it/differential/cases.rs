//! The tokens that are compared, each with what this library says to it.

mod claims;
pub(crate) mod encoding;
mod header;
mod payload;
mod times;

use serde_json::{Value, json};

use super::forge::Forge;
use crate::issuer::{access_claims, id_claims};

pub(crate) const ACCEPTS: &str = "accepts";

/// One token, and which verifier it is shown to.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// `group/what is odd about it`.
    pub(crate) name: String,
    /// `id` or `access`.
    pub(crate) kind: &'static str,
    pub(crate) token: String,
    pub(crate) leeway: u32,
    /// [`ACCEPTS`], or the name of the `VerifyError`.
    pub(crate) ours: &'static str,
}

impl Case {
    pub(crate) fn id(
        name: impl Into<String>,
        token: impl Into<String>,
        ours: &'static str,
    ) -> Self {
        Self::new("id", name, token, ours)
    }

    pub(crate) fn access(
        name: impl Into<String>,
        token: impl Into<String>,
        ours: &'static str,
    ) -> Self {
        Self::new("access", name, token, ours)
    }

    fn new(
        kind: &'static str,
        name: impl Into<String>,
        token: impl Into<String>,
        ours: &'static str,
    ) -> Self {
        let (name, token) = (name.into(), token.into());
        Self {
            name,
            kind,
            token,
            leeway: 0,
            ours,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({"token": self.token, "kind": self.kind, "leeway": self.leeway})
    }
}

pub(crate) fn all(forge: &Forge) -> Vec<Case> {
    [
        good(forge),
        header::cases(forge),
        encoding::cases(forge),
        claims::cases(forge),
        payload::cases(forge),
        times::cases(forge),
    ]
    .concat()
}

fn good(forge: &Forge) -> Vec<Case> {
    let machine = edited(
        &edited_value(&access_claims(), "username", MISSING),
        "sub",
        "\"c\"",
    );
    vec![
        Case::id("good/id", forge.token(&id_claims()), ACCEPTS),
        Case::access("good/access", forge.token(&access_claims()), ACCEPTS),
        Case::access("good/machine", forge.sign(K1, machine), ACCEPTS),
    ]
}

/// The header that a pool writes.
const K1: &str = r#"{"kid":"k1","alg":"RS256"}"#;

/// In place of a claim's value: the claim is not there.
const MISSING: &str = "";

/// The claims as JSON, one of them with `text` for its value, be that JSON or not.
fn edited(claims: &Value, name: &str, text: &str) -> String {
    let rest = edited_value(claims, name, MISSING).to_string();
    match text {
        MISSING => rest,
        _ => format!("{},{}:{text}}}", &rest[..rest.len() - 1], json!(name)),
    }
}

/// The claims with one of them changed.
fn edited_value(claims: &Value, name: &str, text: &str) -> Value {
    let mut claims = claims.clone();
    claims.as_object_mut().unwrap().remove(name);
    if text != MISSING {
        claims[name] = serde_json::from_str(text).unwrap();
    }
    claims
}
