use aws_lc_rs::rsa::KeySize;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cogward_jwt::{
    AccessClaims, KeySet, KeySetError, KeySetFileError, UserPool, Verifier, VerifyError,
};
use serde_json::{Value, json};

use crate::issuer::{CLIENT, NOW, Signer, access_claims, jwks, with};

fn read(keys: &[Value]) -> Result<usize, KeySetError> {
    KeySet::from_jwks(json!({"keys": keys}).to_string().as_bytes()).map(|set| set.len())
}

#[test]
fn keys_that_cannot_verify_rs256_are_left_out() {
    let good = Signer::new("good").jwk();
    assert_eq!(read(std::slice::from_ref(&good)), Ok(1));
    let base = with(good.clone(), "kid", json!("bad"));
    for (name, value) in unfit(&good) {
        let bad = with(base.clone(), name, value.clone());
        assert_eq!(
            read(&[bad.clone(), good.clone()]),
            Ok(1),
            "{name} = {value}"
        );
        assert_eq!(read(&[bad]), Err(KeySetError::Empty), "{name} = {value}");
    }
    for (name, value) in [
        ("use", Value::Null),
        ("alg", Value::Null),
        ("key_ops", json!(["verify"])),
    ] {
        assert_eq!(
            read(&[with(base.clone(), name, value), good.clone()]),
            Ok(2),
            "{name}"
        );
    }
    assert_eq!(read(&[json!(null), json!("x"), json!([]), good]), Ok(1));
}

/// One wrong member each.
fn unfit(good: &Value) -> Vec<(&'static str, Value)> {
    let n = URL_SAFE_NO_PAD.decode(good["n"].as_str().unwrap()).unwrap();
    let sized = |length: usize| json!(URL_SAFE_NO_PAD.encode(n.repeat(4).split_at(length).0));
    let padded = json!(URL_SAFE_NO_PAD.encode([&[0], n.as_slice()].concat()));
    vec![
        ("kty", json!("oct")),
        ("kty", json!("EC")),
        ("kty", Value::Null),
        ("kty", json!("rsa")),
        ("use", json!("enc")),
        ("use", json!("")),
        ("use", json!(1)),
        ("key_ops", json!(["encrypt"])),
        ("key_ops", json!([])),
        ("key_ops", json!("verify")),
        ("alg", json!("RS512")),
        ("alg", json!("HS256")),
        ("alg", json!("none")),
        ("kid", Value::Null),
        ("kid", json!("")),
        ("kid", json!(5)),
        ("e", json!("AQ")),
        ("e", json!("Aw")),
        ("e", json!("AQAA")),
        ("e", json!("AAEAAQ")),
        ("e", json!("AQAAAAE")),
        ("e", json!("")),
        ("e", json!("AQAB=")),
        ("e", Value::Null),
        ("e", good["n"].clone()),
        ("n", sized(64)),
        ("n", sized(128)),
        ("n", sized(255)),
        ("n", sized(513)),
        ("n", padded),
        ("n", json!("")),
        ("n", json!(7)),
        ("n", Value::Null),
    ]
}

#[test]
fn long_keys_are_kept_up_to_4096_bits() {
    assert_eq!(
        read(&[Signer::sized("4096", KeySize::Rsa4096).jwk()]),
        Ok(1)
    );
}

#[test]
fn a_doubtful_set_is_refused_as_a_whole() {
    let good = Signer::new("good").jwk();
    let twin = with(good.clone(), "use", json!("enc"));
    let duplicate = Err(KeySetError::DuplicateKid {
        kid: "good".to_owned(),
    });
    assert_eq!(read(&[good.clone(), twin]), duplicate);
    let named = |n: usize| with(good.clone(), "kid", json!(format!("k{n}")));
    assert_eq!(read(&(0..100).map(named).collect::<Vec<_>>()), Ok(100));
    assert_eq!(
        read(&(0..101).map(named).collect::<Vec<_>>()),
        Err(KeySetError::TooLarge)
    );
    assert_eq!(read(&[]), Err(KeySetError::Empty));
    for text in [
        "",
        "<html>",
        "[]",
        "null",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":null}"#,
        r#"{"keys":[],"keys":[]}"#,
    ] {
        assert_eq!(
            KeySet::from_jwks(text.as_bytes()).unwrap_err(),
            KeySetError::Malformed
        );
    }
    let mut padded = json!({"keys": [good]}).to_string();
    padded.push_str(&" ".repeat(512 * 1024 - padded.len()));
    assert!(KeySet::from_jwks(padded.as_bytes()).is_ok());
    padded.push(' ');
    assert_eq!(
        KeySet::from_jwks(padded.as_bytes()).unwrap_err(),
        KeySetError::TooLarge
    );
}

#[tokio::test]
async fn a_saved_set_serves_without_a_network() {
    let folder = tempfile::tempdir().unwrap();
    let (file, signer) = (folder.path().join("jwks.json"), Signer::new("k"));
    std::fs::write(&file, jwks(&[&signer])).unwrap();
    let keys = KeySet::from_file(&file).unwrap();
    let pool = UserPool::offline("us-east-1_Cogward01", keys).unwrap();
    pool.ready().await.unwrap();
    let verifier = Verifier::<AccessClaims>::new(pool, CLIENT);
    let token = signer.token(&access_claims());
    assert!(verifier.verify_at(&token, NOW).await.is_ok());
    assert!(verifier.verify_held_at(&token, NOW).is_ok());
    let stranger = Signer::new("x").token(&access_claims());
    let error = verifier.verify_at(&stranger, NOW).await.unwrap_err();
    assert!(matches!(error, VerifyError::UnknownKey));
}

#[test]
fn a_file_that_is_no_key_set_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let missing = KeySet::from_file(folder.path().join("none.json"));
    assert!(matches!(missing, Err(KeySetFileError::Read(_))));
    let file = folder.path().join("jwks.json");
    std::fs::write(&file, "{}").unwrap();
    let error = KeySet::from_file(&file).unwrap_err();
    assert!(matches!(
        error,
        KeySetFileError::KeySet(KeySetError::Malformed)
    ));
    std::fs::write(&file, vec![b' '; 600_000]).unwrap();
    let error = KeySet::from_file(&file).unwrap_err();
    assert!(matches!(
        error,
        KeySetFileError::KeySet(KeySetError::TooLarge)
    ));
}
