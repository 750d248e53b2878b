//! `cogward token`: what it says of good tokens, bad ones and hostile ones.

mod hostile;
mod input;
mod inspect;
mod refused;
mod undecided;
mod verify;

use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cogward_testkit::Signer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{cogward, text};

/// 2026-11-21 08:00:00 UTC
const NOW: i64 = 1_795_248_000;
const POOL: &str = "us-east-1_AbCdEfGhI";
const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI";
const CLIENT: &str = "cogwardlocalpublicclient01";

/// A key, and a folder with its key set in `jwks.json`.
struct Bench {
    folder: TempDir,
    signer: Signer,
}

impl Bench {
    fn new() -> Self {
        let (folder, signer) = (tempfile::tempdir().unwrap(), Signer::new("a-key"));
        let jwks = json!({ "keys": [signer.jwk()] }).to_string();
        std::fs::write(folder.path().join("jwks.json"), jwks).unwrap();
        Self { folder, signer }
    }

    /// A good token but for these claims.
    fn token(&self, changed: &Value) -> String {
        self.signer.sign(&claims(changed))
    }

    /// Against the pool that [`claims`] are of, with its keys.
    fn verify(&self, args: &[&str], token: &str) -> Output {
        self.verify_at(NOW, args, token)
    }

    fn verify_at(&self, at: i64, args: &[&str], token: &str) -> Output {
        let at = at.to_string();
        let pool = ["token", "verify", "--pool", POOL, "--client", CLIENT];
        let keys = ["--jwks", "jwks.json", "--at", &at];
        self.run(&[&pool, keys.as_slice(), args].concat(), token)
    }

    fn run(&self, args: &[&str], token: &str) -> Output {
        fed(self.folder.path(), args, token.as_bytes())
    }
}

fn inspect(args: &[&str], token: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let args = [&["token", "inspect"], args].concat();
    fed(folder.path(), &args, token.as_bytes())
}

/// Runs `cogward` with this on its standard input.
fn fed(folder: &Path, args: &[&str], input: &[u8]) -> Output {
    let mut child = cogward(folder, args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have seen enough before the end.
    let _closed = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// A person's access token's, of [`NOW`]; `null` leaves a claim out.
fn claims(changed: &Value) -> Value {
    let mut claims = json!({
        "sub": "4c9a5d2d-afd0-47a6-ab33-4d898e1c2d13", "username": "ada", "token_use": "access",
        "iss": ISSUER, "client_id": CLIENT, "scope": "openid orders/read", "jti": "a",
        "cognito:groups": ["staff"], "auth_time": NOW - 60, "iat": NOW - 60, "exp": NOW + 3540,
    });
    let members = claims.as_object_mut().unwrap();
    for (name, value) in changed.as_object().unwrap() {
        members.insert(name.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    claims
}

/// A token that nobody signed.
fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.c2lnbmF0dXJl", part(header), part(claims))
}

/// Standard output of a command that went well.
fn shown(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    text(&output.stdout)
}
