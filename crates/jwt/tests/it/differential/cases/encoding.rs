//! The compact serialization (RFC 7515 §7.1), spelled in other ways.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::json;

use super::Case;
use crate::differential::forge::{Forge, base64, header};
use crate::issuer::{id_claims, with};

pub(super) fn cases(forge: &Forge) -> Vec<Case> {
    [
        spelled_signatures(forge),
        spelled_inputs(forge),
        shapes(forge),
        surroundings(forge),
    ]
    .concat()
    .into_iter()
    .map(|(name, token, ours)| Case::id(format!("encoding/{name}"), token, ours))
    .collect()
}

type Row = (String, String, &'static str);

/// The bytes of a segment, whatever its padding and its last bits are.
pub(crate) fn lenient_bytes(segment: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone);
    let engine = GeneralPurpose::new(&URL_SAFE, config);
    engine.decode(segment.trim_end_matches('=')).ok()
}

/// What the signature is over stays as it was.
fn spelled_signatures(forge: &Forge) -> Vec<Row> {
    // A signature that plain base64 spells otherwise, as all but one in fifty thousand.
    let tokens = (0..).map(|n| forge.token(&with(id_claims(), "jti", json!(n.to_string()))));
    let special = |token: &String| token.rsplit('.').next().unwrap().contains(['-', '_']);
    let token = tokens.into_iter().find(special).unwrap();
    let (input, signature) = token.rsplit_once('.').unwrap();
    let malformed = [
        ("with-stray-bits", with_stray_bits(signature)),
        ("padded", format!("{signature}==")),
        ("half-padded", format!("{signature}=")),
        ("padded-too-much", format!("{signature}====")),
        ("in-plain-base64", plain(signature)),
        ("percent-encoded", signature.replacen('A', "%41", 1) + "%3D"),
        (
            "with-space",
            signature[..9].to_owned() + " " + &signature[9..],
        ),
        (
            "with-newline",
            signature[..76].to_owned() + "\n" + &signature[76..],
        ),
        ("with-letters-after", format!("{signature}AAA")),
        ("without-last-letter", signature[..341].to_owned()),
    ];
    let bytes = lenient_bytes(signature).unwrap();
    let wrong = [
        ("with-zero-byte-before", base64([&[0], &*bytes].concat())),
        ("with-zero-byte-after", base64([&*bytes, &[0]].concat())),
        ("without-first-byte", base64(&bytes[1..])),
        ("without-last-byte", base64(&bytes[..255])),
        ("twice", base64(bytes.repeat(2))),
        ("of-zeros", base64([0; 256])),
        ("of-ones", base64([0xff; 256])),
        ("in-hexadecimal", hex(&bytes)),
    ];
    let row = |name, signature, ours| {
        (
            format!("signature-{name}"),
            format!("{input}.{signature}"),
            ours,
        )
    };
    let malformed = malformed.map(|(name, signature)| row(name, signature, "Malformed"));
    let wrong = wrong.map(|(name, signature)| row(name, signature, "Signature"));
    malformed.into_iter().chain(wrong).collect()
}

/// RFC 4648 §4.
fn plain(segment: &str) -> String {
    segment.replace('-', "+").replace('_', "/")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The last letter carries two or four bits of a byte, and others that mean nothing.
fn with_stray_bits(segment: &str) -> String {
    let (rest, last) = segment.split_at(segment.len() - 1);
    let stray = char::from(last.as_bytes()[0] + 1);
    format!("{rest}{stray}")
}

/// Signed as they stand: the signature is good.
fn spelled_inputs(forge: &Forge) -> Vec<Row> {
    let head = base64(header().to_string());
    // Padding and stray bits are possible after one byte over a multiple of three, or two.
    let over = |rest: usize, json: String| {
        let padded = |n| format!("{}{json}", " ".repeat(n));
        base64(
            (0..3)
                .map(padded)
                .find(|json| json.len() % 3 == rest)
                .unwrap(),
        )
    };
    let head_1 = over(1, header().to_string());
    let [pay, pay_1, pay_2] = [0, 1, 2].map(|rest| over(rest, id_claims().to_string()));
    let special = base64(id_claims().to_string().replace("Jane", "ÿÿÿÿÿÿ"));
    assert!(special.contains(['-', '_']));
    [
        ("header-padded", format!("{head_1}=="), pay.clone()),
        (
            "header-with-stray-bits",
            with_stray_bits(&head_1),
            pay.clone(),
        ),
        ("header-empty", String::new(), pay.clone()),
        ("header-and-payload-empty", String::new(), String::new()),
        ("payload-padded", head.clone(), format!("{pay_1}==")),
        ("payload-padded-once", head.clone(), format!("{pay_2}=")),
        ("payload-half-padded", head.clone(), format!("{pay_1}=")),
        (
            "payload-with-stray-bits",
            head.clone(),
            with_stray_bits(&pay_1),
        ),
        ("payload-in-plain-base64", head.clone(), plain(&special)),
        ("payload-with-newline", head.clone(), pay.clone() + "\n"),
        ("payload-with-letter-after", head.clone(), pay.clone() + "A"),
        (
            "payload-not-encoded",
            head.clone(),
            json!({"iss": "x"}).to_string(),
        ),
        ("payload-encoded-twice", head.clone(), base64(&pay)),
        ("payload-empty", head.clone(), String::new()),
        ("payload-in-two-segments", head, format!("{pay_1}.{pay_2}")),
    ]
    .map(|(name, header, payload)| {
        let token = forge.sign_text(&format!("{header}.{payload}"));
        (name.to_owned(), token, "Malformed")
    })
    .into()
}

fn shapes(forge: &Forge) -> Vec<Row> {
    let token = forge.token(&id_claims());
    let [head, pay, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        unreachable!("a token has three segments");
    };
    let jwe = base64(json!({"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "k1"}).to_string());
    let signed = json!({"protected": head, "payload": pay, "signature": signature});
    let inner = json!({"kid": "k1", "alg": "RS256", "cty": "JWT"}).to_string();
    [
        ("empty", String::new(), "Malformed"),
        ("one-segment", head.into(), "Malformed"),
        ("two-segments", format!("{head}.{pay}"), "Malformed"),
        ("four-segments", format!("{token}.{signature}"), "Malformed"),
        ("dot-before", format!(".{token}"), "Malformed"),
        ("dot-after", format!("{token}."), "Malformed"),
        ("two-dots", "..".into(), "Malformed"),
        (
            "jwe",
            format!("{jwe}.{pay}.{pay}.{pay}.{signature}"),
            "Malformed",
        ),
        (
            "jwe-of-three-segments",
            format!("{jwe}.{pay}.{signature}"),
            "Header",
        ),
        ("empty-signature", format!("{head}.{pay}."), "Signature"),
        ("empty-payload", format!("{head}..{signature}"), "Signature"),
        (
            "other-payload",
            format!("{head}.e30.{signature}"),
            "Signature",
        ),
        (
            "segments-swapped",
            format!("{pay}.{head}.{signature}"),
            "Header",
        ),
        ("json", signed.to_string(), "Malformed"),
        ("token-in-token", forge.sign(inner, &token), "Malformed"),
    ]
    .map(|(name, token, ours)| (name.to_owned(), token, ours))
    .into()
}

fn surroundings(forge: &Forge) -> Vec<Row> {
    let token = forge.token(&id_claims());
    [
        ("space-before", format!(" {token}")),
        ("space-after", format!("{token} ")),
        ("newline-after", format!("{token}\n")),
        ("carriage-return-after", format!("{token}\r\n")),
        ("tab-after", format!("{token}\t")),
        ("nul-after", format!("{token}\0")),
        ("text-after-nul", format!("{token}\0x")),
        ("quotes", format!("\"{token}\"")),
        ("scheme-before", format!("Bearer {token}")),
        ("comma-after", format!("{token},")),
        ("twice", format!("{token},{token}")),
        ("byte-order-mark", format!("\u{feff}{token}")),
        ("zero-width-space-after", format!("{token}\u{200b}")),
        ("spaces-by-dots", token.replace('.', " . ")),
        ("newlines-by-dots", token.replace('.', "\n.")),
        ("other-dots", token.replace('.', "。")),
        ("full-width-letter", token.replacen('e', "ｅ", 1)),
        ("dots-percent-encoded", token.replace('.', "%2E")),
        ("upper-case", token.to_uppercase()),
    ]
    .map(|(name, token)| (name.to_owned(), token, "Malformed"))
    .into()
}
