//! The three verifiers and what they say.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cogward_jwt::{
    AccessClaims, Claims, IdClaims, KeySet, TokenCache, UserPool, Verified, Verifier, VerifyError,
};
use serde_json::{Value, json};

use super::cases::Case;
use super::forge::Forge;
use crate::issuer::{CLIENT, NOW};

const POOL: &str = "us-east-1_Cogward01";

/// Ours, aws-jwt-verify's, PyJWT's.
pub(crate) type Verdicts = [Verdict; 3];

#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// With all claims; none where they are no JSON to us.
    Accepts(Value),
    /// With the error's name.
    Refuses(String),
}

impl Verdict {
    pub(crate) fn accepts(&self) -> bool {
        matches!(self, Self::Accepts(_))
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Accepts(_) => super::cases::ACCEPTS,
            Self::Refuses(error) => error,
        }
    }

    pub(crate) fn same_claims(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Accepts(ours), Self::Accepts(theirs)) => same(ours, theirs),
            _ => false,
        }
    }

    fn of_peer(said: &Value) -> Self {
        match said["claims"].as_str() {
            Some(claims) => Self::Accepts(serde_json::from_str(claims).unwrap_or_default()),
            None => Self::Refuses(said["error"].as_str().unwrap().to_owned()),
        }
    }
}

/// `1` and `1.0` are one number to JavaScript.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) if one.is_f64() || other.is_f64() => {
            one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let has = |(name, value)| other.get(name).is_some_and(|other| same(value, other));
            one.len() == other.len() && one.iter().all(has)
        }
        _ => one == other,
    }
}

pub(crate) struct Judges {
    jwks: Value,
    keys: KeySet,
}

impl Judges {
    pub(crate) fn of(forge: &Forge) -> Self {
        let jwks = forge.jwks();
        let keys = KeySet::from_jwks(jwks.to_string().as_bytes()).unwrap();
        Self { jwks, keys }
    }

    pub(crate) async fn hear<'c>(&self, cases: &'c [Case]) -> Vec<(&'c Case, Verdicts)> {
        let given = json!({
            "pool": POOL, "client": CLIENT, "now": NOW, "jwks": self.jwks,
            "cases": cases.iter().map(Case::to_json).collect::<Vec<_>>(),
        });
        let given = given.to_string();
        let mut node = Command::new(installed("node/bin/node"));
        node.env("VERIFIER_DIR", installed("verifiers/node"));
        let mut aws_jwt_verify = peer(node.arg(script("aws_jwt_verify.mjs")), &given).into_iter();
        let mut python = Command::new(installed("verifiers/python/bin/python"));
        let mut pyjwt = peer(python.arg(script("pyjwt.py")), &given).into_iter();
        let mut heard = Vec::new();
        for case in cases {
            let verdicts = [
                self.ours(case).await,
                aws_jwt_verify.next().unwrap(),
                pyjwt.next().unwrap(),
            ];
            heard.push((case, verdicts));
        }
        heard
    }

    async fn ours(&self, case: &Case) -> Verdict {
        match case.kind {
            "id" => self.verify::<IdClaims>(case).await,
            _ => self.verify::<AccessClaims>(case).await,
        }
    }

    /// Cold, from the cache, and without waiting: it is one verdict.
    async fn verify<C: Claims>(&self, case: &Case) -> Verdict {
        let pool = UserPool::offline(POOL, self.keys.clone()).unwrap();
        let verifier = Verifier::<C>::new(pool, CLIENT)
            .leeway(case.leeway)
            .cache(TokenCache::new(1));
        let cold = verdict(verifier.verify_at(&case.token, NOW).await);
        for again in [
            verdict(verifier.verify_at(&case.token, NOW).await),
            verdict(verifier.verify_held_at(&case.token, NOW)),
        ] {
            assert_eq!(cold, again, "{}", case.name);
        }
        cold
    }
}

fn verdict<C: Claims>(verified: Result<Verified<C>, VerifyError>) -> Verdict {
    match verified {
        Ok(claims) => {
            let payload = serde_json::from_str(claims.json()).unwrap_or_default();
            assert_typed(&*claims, &payload);
            Verdict::Accepts(payload)
        }
        Err(error) => {
            let name = format!("{error:?}");
            Verdict::Refuses(name.split(' ').next().unwrap().to_owned())
        }
    }
}

/// The typed claims say what the payload says.
fn assert_typed(claims: &impl Claims, payload: &Value) {
    if payload.is_null() {
        return;
    }
    assert_eq!(payload["sub"], claims.sub());
    assert_eq!(payload["iss"], claims.issuer());
    assert_eq!(payload["exp"], claims.expires_at());
    assert_eq!(payload["iat"], claims.issued_at());
    let of_id = payload["token_use"] == "id";
    let name = if of_id {
        "cognito:username"
    } else {
        "username"
    };
    assert_eq!(payload[name].as_str(), claims.username());
    let client = if of_id {
        &payload["aud"]
    } else {
        &payload["client_id"]
    };
    assert_eq!(client.get(0).unwrap_or(client), claims.client_id());
    let groups: Option<Vec<&str>> = payload["cognito:groups"]
        .as_array()
        .and_then(|all| all.iter().map(Value::as_str).collect());
    assert_eq!(groups.unwrap_or_default(), claims.groups());
}

fn peer(command: &mut Command, given: &str) -> Vec<Verdict> {
    let piped = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    // It reads everything before it writes anything.
    child
        .stdin
        .take()
        .unwrap()
        .write_all(given.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{complaint}");
    let said: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    said.iter().map(Verdict::of_peer).collect()
}

/// Something that `tests/install-verifiers.sh` and `tests/install-sdks.sh` install.
fn installed(path: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("../../.test-tools").join(path);
    assert!(
        path.exists(),
        "{} is missing: run ./test, which installs it",
        path.display()
    );
    path
}

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/differential")
        .join(name)
}
