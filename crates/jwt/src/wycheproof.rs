//! Vectors of the Wycheproof project, through parser and keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::KeySet;
use crate::parse::Parts;

/// Signature and key alone: the vectors' payloads are no claims.
fn accepts(key: &Value, jws: &str) -> bool {
    let set = match key.get("keys") {
        Some(_) => key.clone(),
        None => json!({"keys": [key]}),
    };
    let Ok(keys) = KeySet::from_jwks(set.to_string().as_bytes()) else {
        return false;
    };
    let Ok(parts) = Parts::split(jws) else {
        return false;
    };
    let Ok(kid) = parts.kid() else {
        return false;
    };
    let key = keys.get(&kid);
    key.is_some_and(|key| key.verifies(parts.signing_input(), parts.signature()))
        && parts.payload().is_ok()
}

fn claims_rs256(jws: &str) -> bool {
    let header = URL_SAFE_NO_PAD
        .decode(jws.split('.').next().unwrap())
        .unwrap_or_default();
    let header: Value = serde_json::from_slice(&header).unwrap_or_default();
    header["alg"] == "RS256"
}

#[test]
fn wycheproof_vectors_are_judged_as_their_authors_do() {
    let files = [
        include_str!("../tests/vectors/json_web_signature_test.json"),
        include_str!("../tests/vectors/json_web_key_test.json"),
        include_str!("../tests/vectors/json_web_crypto_test.json"),
    ];
    let (mut accepted, mut rejected, mut wrong) = (0, 0, Vec::new());
    for (file, vectors) in files.iter().enumerate() {
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        for group in vectors["testGroups"].as_array().unwrap() {
            let key = group.get("public").unwrap_or(&group["private"]);
            for test in group["tests"].as_array().unwrap() {
                let Some(jws) = test["jws"].as_str().or(test["jwe"].as_str()) else {
                    continue;
                };
                let expected = test["result"] == "valid" && claims_rs256(jws);
                let got = accepts(key, jws);
                *(if got { &mut accepted } else { &mut rejected }) += 1;
                if got != expected {
                    wrong.push((file, test["tcId"].clone(), test["comment"].clone()));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "accepted {accepted}, rejected {rejected}, wrong {wrong:?}"
    );
    assert_eq!((accepted, rejected), (10, 498));
}
