//! What no load balancer of ours has made.

use aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ARN, CLIENT, ISSUER, KID, NOW, OTHER_ARN, Signer, error_of, header, payload};
use crate::issuer::with;

#[tokio::test]
async fn t115_the_signer_the_client_and_the_issuer_are_exactly_those_configured() {
    header_decides(&[
        ("signer", json!(OTHER_ARN), "Signer"),
        ("signer", json!(format!("{ARN}/")), "Signer"),
        ("signer", json!(ARN[..ARN.len() - 1]), "Signer"),
        ("signer", json!(ARN.to_uppercase()), "Signer"),
        ("signer", json!([ARN]), "Signer"),
        ("signer", json!(""), "Signer"),
        ("signer", Value::Null, "Signer"),
        ("client", json!("other"), "Client"),
        ("client", json!(CLIENT.to_uppercase()), "Client"),
        ("client", json!([CLIENT]), "Client"),
        ("client", Value::Null, "Client"),
        ("iss", json!(format!("{ISSUER}/")), "Issuer"),
        ("iss", json!("https://evil.example"), "Issuer"),
        ("iss", json!([ISSUER]), "Issuer"),
        ("iss", Value::Null, "Issuer"),
    ])
    .await;
}

#[tokio::test]
async fn t115_no_other_algorithm_and_no_extension_is_served() {
    header_decides(&[
        ("alg", json!("none"), "Header"),
        ("alg", json!("HS256"), "Header"),
        ("alg", json!("RS256"), "Header"),
        ("alg", json!("ES384"), "Header"),
        ("alg", json!("es256"), "Header"),
        ("alg", json!(["ES256"]), "Header"),
        ("alg", Value::Null, "Header"),
        ("crit", json!([]), "Header"),
        ("b64", json!(true), "Header"),
        ("zip", json!("DEF"), "Header"),
    ])
    .await;
}

#[tokio::test]
async fn t115_a_key_name_is_a_uuid_in_lower_case() {
    header_decides(&[
        ("kid", json!("../../evil"), "Header"),
        ("kid", json!("https://evil.example/key"), "Header"),
        ("kid", json!(format!("{KID}/../evil")), "Header"),
        ("kid", json!(format!("{KID}\n")), "Header"),
        ("kid", json!(format!("{KID}?")), "Header"),
        ("kid", json!(KID.to_uppercase()), "Header"),
        ("kid", json!(KID.replace('-', "")), "Header"),
        ("kid", json!(KID.replace('c', "g")), "Header"),
        ("kid", json!(format!("{{{KID}}}")), "Header"),
        ("kid", json!(""), "Header"),
        ("kid", json!(7), "Header"),
        ("kid", Value::Null, "Header"),
    ])
    .await;
}

#[tokio::test]
async fn t115_the_headers_times_are_whole_seconds_and_decide() {
    header_decides(&[
        ("exp", json!(NOW), "Expired"),
        ("exp", json!(0), "Expired"),
        ("exp", json!(i64::MIN), "Expired"),
        (
            "exp",
            json!((NOW + 120).to_string()),
            "Claim { name: \"exp\" }",
        ),
        ("exp", json!(NOW as f64 + 120.5), "Claim { name: \"exp\" }"),
        ("exp", json!(NOW as f64 + 120.0), "Claim { name: \"exp\" }"),
        ("exp", json!(u64::MAX), "Claim { name: \"exp\" }"),
        ("exp", Value::Null, "Claim { name: \"exp\" }"),
        ("nbf", json!(NOW + 1), "NotYetValid"),
    ])
    .await;
}

/// A good token but for one member of its header.
async fn header_decides(changes: &[(&str, Value, &str)]) {
    let signer = Signer::new();
    for (name, value, expected) in changes {
        let header = with(header(), name, value.clone()).to_string();
        let token = signer.sign(&header, &payload().to_string());
        let error = error_of(&signer.verifier(), &token).await;
        assert_eq!(error, *expected, "{name}: {value}");
    }
}

#[tokio::test]
async fn t115_another_key_signs_nothing() {
    let signer = Signer::new();
    let verifier = signer.verifier();
    assert_eq!(
        error_of(&verifier, &Signer::new().token()).await,
        "Signature"
    );
    let own_kid = with(header(), "kid", json!(KID.replace('c', "d"))).to_string();
    let token = Signer::new().sign(&own_kid, &payload().to_string());
    assert_eq!(error_of(&verifier, &token).await, "UnknownKey");
    // What the attacker brings along is not looked at.
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"});
    for (name, value) in [("jwk", jwk), ("jku", json!("https://evil.example/"))] {
        let header = with(header(), name, value).to_string();
        let token = Signer::new().sign(&header, &payload().to_string());
        assert_eq!(error_of(&verifier, &token).await, "Signature");
    }
}

#[tokio::test]
async fn t115_signatures_of_other_kinds_are_refused() {
    let signer = Signer::of(&ECDSA_P256_SHA256_ASN1_SIGNING);
    assert_eq!(
        error_of(&signer.verifier(), &signer.token()).await,
        "Malformed"
    );

    let signer = Signer::new();
    let verifier = signer.verifier();
    let token = signer.token();
    let (input, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE.decode(signature).unwrap();
    let with_signature = |bytes: &[u8]| format!("{input}.{}", URL_SAFE.encode(bytes));
    let longer = [signature.as_slice(), &[0]].concat();
    for bytes in [&[][..], &signature[..63], &longer] {
        assert_eq!(
            error_of(&verifier, &with_signature(bytes)).await,
            "Malformed"
        );
    }
    let swapped = [&signature[32..], &signature[..32]].concat();
    for bytes in [&[0; 64][..], &[255; 64], &swapped] {
        assert_eq!(
            error_of(&verifier, &with_signature(bytes)).await,
            "Signature"
        );
    }
}

#[tokio::test]
async fn padding_is_all_or_nothing_and_exact() {
    let signer = Signer::new();
    let verifier = signer.verifier();
    let header = encoded(&header(), 1);
    let payload = encoded(&payload(), 2);
    assert!(header.ends_with("==") && payload.ends_with('='));
    let padded = signer.sign_segments(&header, &payload);
    let bare = signer.sign_segments(&without_padding(&header), &without_padding(&payload));
    for good in [&padded, &bare] {
        assert!(verifier.verify_at(good, NOW).await.is_ok(), "{good}");
    }
    let (input, signature) = padded.rsplit_once('.').unwrap();
    let changes: [fn(&str) -> String; 6] = [
        without_padding,
        |segment| match segment.strip_suffix("==") {
            Some(bare) => format!("{bare}="),
            None => format!("{segment}="),
        },
        |segment| format!("{segment}==="),
        |segment| format!("={segment}"),
        |segment| format!("{segment}\n"),
        |segment| {
            let mut bytes = without_padding(segment).into_bytes();
            // The next letter has the lowest bit, which stands for nothing here.
            *bytes.last_mut().unwrap() += 1;
            let padding = segment.len() - bytes.len();
            String::from_utf8(bytes).unwrap() + &"=".repeat(padding)
        },
    ];
    for (n, change) in changes.iter().enumerate() {
        for token in [
            signer.sign_segments(&change(&header), &payload),
            signer.sign_segments(&header, &change(&payload)),
            format!("{input}.{}", change(signature)),
        ] {
            let error = error_of(&verifier, &token).await;
            assert_eq!(error, "Malformed", "{n}: {token}");
        }
    }
}

/// JSON of a length that is `rest` modulo 3, in padded base64url.
fn encoded(json: &Value, rest: usize) -> String {
    let json = json.to_string();
    let spaces = (rest + 3 - json.len() % 3) % 3;
    URL_SAFE.encode(json + &" ".repeat(spaces))
}

fn without_padding(segment: &str) -> String {
    segment.trim_end_matches('=').to_owned()
}

#[tokio::test]
async fn other_forms_are_malformed() {
    let signer = Signer::new();
    let verifier = signer.verifier();
    let token = signer.token();
    let (header, payload) = (header().to_string(), payload().to_string());
    let twice = |json: &str, member: &str| json.replacen('{', &format!("{{{member},"), 1);
    let filler = format!("{{\"x\":\"{}\",", "x".repeat(13_000));
    for bad in [
        String::new(),
        "..".to_owned(),
        format!("{token}.x"),
        format!("{token} "),
        format!("Bearer {token}"),
        token.replacen('.', "", 1),
        token.replace('-', "+").replace('_', "/") + "+",
        signer.sign("[]", &payload),
        signer.sign("\"ES256\"", &payload),
        signer.sign(&format!("{header}{header}"), &payload),
        signer.sign(&twice(&header, "\"alg\":\"none\""), &payload),
        signer.sign(
            &twice(&header, &format!("\"signer\":\"{OTHER_ARN}\"")),
            &payload,
        ),
        signer.sign(&twice(&header, "\"\\u006bid\":\"x\""), &payload),
        signer.sign(&header, &twice(&payload, "\"sub\":\"somebody else\"")),
        signer.sign(&header, "[]"),
        signer.sign(&header, ""),
        signer.sign_segments(
            &URL_SAFE.encode(&header),
            &URL_SAFE.encode(b"{\"sub\":\"\xff\"}"),
        ),
        signer.sign(&header, &payload.replacen('{', &filler, 1)),
    ] {
        assert_eq!(error_of(&verifier, &bad).await, "Malformed", "{bad}");
    }
}

proptest! {
    #[test]
    fn no_mutation_of_a_good_token_passes(
        at in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        byte in 0_u8..128,
        kind in 0..5,
    ) {
        let signer = Signer::new();
        // All three padded, so that no padding can go without a trace.
        let good = signer.sign_segments(&encoded(&header(), 1), &encoded(&payload(), 2));
        let mut bytes = good.clone().into_bytes();
        let (at, to) = (at.index(bytes.len()), to.index(bytes.len()));
        match kind {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 => drop(bytes.remove(at)),
            3 => bytes.swap(at, to),
            _ => drop(bytes.drain(at.min(to)..=at.max(to))),
        }
        let mutant = String::from_utf8(bytes).unwrap();
        prop_assume!(mutant != good);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let verifier = signer.verifier();
        prop_assert!(runtime.block_on(verifier.verify_at(&good, NOW)).is_ok());
        prop_assert!(runtime.block_on(verifier.verify_at(&mutant, NOW)).is_err(), "{}", mutant);
    }
}
