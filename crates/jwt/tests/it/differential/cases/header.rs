//! Headers that want another algorithm or another key.

use serde_json::{Value, json};

use super::{ACCEPTS, Case};
use crate::differential::forge::{Forge, base64, header, jwk, merged, sign_hmac, signing_input};
use crate::issuer::{access_claims, id_claims};

pub(super) fn cases(forge: &Forge) -> Vec<Case> {
    [
        algorithms(forge),
        unsigned(),
        public_key_as_secret(forge),
        other_algorithms(forge),
        other_keys(forge),
        smuggled_keys(forge),
        extensions(forge),
        texts(forge),
    ]
    .concat()
}

fn with(more: &Value) -> Value {
    merged(&header(), &[more])
}

/// The value of `alg` alone is wrong; the signature is that of RS256 and good.
fn algorithms(forge: &Forge) -> Vec<Case> {
    [
        ("none", json!("none")),
        ("none-capitalised", json!("None")),
        ("none-in-mixed-case", json!("nOnE")),
        ("empty", json!("")),
        ("null", Value::Null),
        ("number", json!(256)),
        ("array", json!(["RS256"])),
        ("lower-case", json!("rs256")),
        ("space-after", json!("RS256 ")),
        ("nul-after", json!("RS256\0")),
        ("name-of-the-hash", json!("RSA-SHA256")),
        ("hs256", json!("HS256")),
        ("proto", json!("__proto__")),
    ]
    .map(|(name, alg)| {
        let token = forge.sign(
            with(&json!({"alg": alg})).to_string(),
            id_claims().to_string(),
        );
        Case::id(format!("alg/{name}"), token, "Header")
    })
    .into_iter()
    .chain([Case::id(
        "alg/missing",
        forge.sign(r#"{"kid":"k1"}"#, id_claims().to_string()),
        "Header",
    )])
    .collect()
}

fn unsigned() -> Vec<Case> {
    ["none", "None", "NONE", "nOnE", "", "RS256"]
        .into_iter()
        .flat_map(|alg| {
            let input = signing_input(&with(&json!({"alg": alg})), &id_claims());
            let ours = if alg == "RS256" {
                "Signature"
            } else {
                "Header"
            };
            [
                Case::id(
                    format!("unsigned/alg-{alg}-empty-signature"),
                    format!("{input}."),
                    ours,
                ),
                Case::id(
                    format!("unsigned/alg-{alg}-two-segments"),
                    input,
                    "Malformed",
                ),
            ]
        })
        .collect()
}

fn public_key_as_secret(forge: &Forge) -> Vec<Case> {
    let mut cases = Vec::new();
    for (form, secret) in forge.public_as_secrets() {
        for (alg, kid) in [
            ("HS256", "k1"),
            ("HS384", "k1"),
            ("HS512", "k1"),
            ("HS256", "no-alg"),
        ] {
            let header = json!({"kid": kid, "alg": alg});
            let token = sign_hmac(&header, &id_claims(), alg, &secret);
            let name = format!("hmac/{}-of-{kid}-by-{form}", alg.to_lowercase());
            cases.push(Case::id(name, token, "Header"));
        }
        let token = sign_hmac(&header(), &id_claims(), "HS256", &secret);
        cases.push(Case::id(
            format!("hmac/rs256-by-{form}"),
            token,
            "Signature",
        ));
    }
    let secret = b"a shared secret of 32 bytes, no!";
    let header = json!({"kid": "octets", "alg": "HS256"});
    let token = sign_hmac(&header, &id_claims(), "HS256", secret);
    cases.push(Case::id("hmac/hs256-by-key-of-the-set", token, "Header"));
    cases
}

/// Well signed under what the header says.
fn other_algorithms(forge: &Forge) -> Vec<Case> {
    [
        ("rs384-by-k1", "RS384", "k1"),
        ("rs512-by-k1", "RS512", "k1"),
        ("ps256-by-k1", "PS256", "k1"),
        ("es256-by-k1", "ES256", "k1"),
        ("rs384-by-key-for-it", "RS384", "rs384"),
        ("rs384-by-key-without-alg", "RS384", "no-alg"),
        ("rs512-by-key-without-alg", "RS512", "no-alg"),
        ("ps256-by-key-without-alg", "PS256", "no-alg"),
        ("es256-by-key-for-it", "ES256", "elliptic"),
    ]
    .map(|(name, alg, kid)| {
        let token = forge.sign_by_alg(&json!({"kid": kid, "alg": alg}), &id_claims());
        Case::id(format!("algorithm/{name}"), token, "Header")
    })
    .into()
}

/// Keys of the set that are not for RS256, and names that are no key's.
fn other_keys(forge: &Forge) -> Vec<Case> {
    let by = |kid: Value| {
        forge.sign(
            json!({"kid": kid, "alg": "RS256"}).to_string(),
            id_claims().to_string(),
        )
    };
    let exponent_one = forge.sign_for_exponent_one(
        &json!({"kid": "exponent-one", "alg": "RS256"}),
        &id_claims(),
    );
    let cases = [
        ("without-alg", by(json!("no-alg")), ACCEPTS),
        ("for-encryption", by(json!("encryption")), "UnknownKey"),
        ("for-wrapping", by(json!("wrap")), "UnknownKey"),
        ("for-rs384", by(json!("rs384")), "UnknownKey"),
        ("elliptic", by(json!("elliptic")), "UnknownKey"),
        ("octets", by(json!("octets")), "UnknownKey"),
        ("exponent-one", exponent_one, "UnknownKey"),
        ("unknown", by(json!("k2")), "UnknownKey"),
        ("upper-case", by(json!("K1")), "UnknownKey"),
        ("space-after", by(json!("k1 ")), "UnknownKey"),
        ("proto", by(json!("__proto__")), "UnknownKey"),
        ("path", by(json!("../../../../dev/null")), "UnknownKey"),
        (
            "address",
            by(json!("https://evil.example/jwks.json")),
            "UnknownKey",
        ),
        ("sql", by(json!("x' UNION SELECT 'k1")), "UnknownKey"),
        ("empty", by(json!("")), "Header"),
        ("number", by(json!(1)), "Header"),
        ("array", by(json!(["k1"])), "Header"),
        ("null", by(Value::Null), "Header"),
        (
            "missing",
            forge.sign(r#"{"alg":"RS256"}"#, id_claims().to_string()),
            "Header",
        ),
    ];
    cases
        .map(|(name, token, ours)| Case::id(format!("kid/{name}"), token, ours))
        .into()
}

/// Keys that come with the token (RFC 7515 §4.1.2 to §4.1.8) are not looked at.
fn smuggled_keys(forge: &Forge) -> Vec<Case> {
    let key = jwk(&forge.attacker);
    let certificate = json!(["MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"]);
    let address = json!("https://evil.example/jwks.json");
    let brought = [
        ("jwk", json!({"jwk": key})),
        ("jku", json!({"jku": address})),
        ("x5u", json!({"x5u": address})),
        ("x5c", json!({"x5c": certificate})),
        ("x5t", json!({"x5t": "AAAAAAAAAAAAAAAAAAAAAAAAAAA"})),
        ("nothing", json!({})),
    ];
    let mut cases = Vec::new();
    for (name, more) in brought {
        let headers = [
            with(&more),
            merged(&json!({"kid": "evil", "alg": "RS256"}), &[&more]),
        ];
        let [ours, theirs] = headers.map(|header| forge.sign_as_attacker(&header, &id_claims()));
        let harmless = forge.sign(with(&more).to_string(), id_claims().to_string());
        cases.extend([
            Case::id(format!("smuggled/{name}-under-our-kid"), ours, "Signature"),
            Case::id(
                format!("smuggled/{name}-under-own-kid"),
                theirs,
                "UnknownKey",
            ),
            Case::id(format!("smuggled/{name}-well-signed"), harmless, ACCEPTS),
        ]);
    }
    cases
}

fn extensions(forge: &Forge) -> Vec<Case> {
    [
        ("crit-of-exp", json!({"crit": ["exp"]}), "Header"),
        ("crit-unknown", json!({"crit": ["x"], "x": 1}), "Header"),
        ("crit-empty", json!({"crit": []}), "Header"),
        ("crit-string", json!({"crit": "exp"}), "Header"),
        ("crit-null", json!({"crit": null}), "Header"),
        (
            "crit-of-b64",
            json!({"crit": ["b64"], "b64": true}),
            "Header",
        ),
        (
            "crit-of-b64-false",
            json!({"crit": ["b64"], "b64": false}),
            "Header",
        ),
        ("b64-true", json!({"b64": true}), "Header"),
        ("b64-false", json!({"b64": false}), "Header"),
        ("zip", json!({"zip": "DEF"}), "Header"),
        ("enc", json!({"enc": "A256GCM"}), ACCEPTS),
        ("cty-jwt", json!({"cty": "JWT"}), ACCEPTS),
        ("typ-jwt", json!({"typ": "JWT"}), ACCEPTS),
        ("typ-at-jwt", json!({"typ": "at+jwt"}), ACCEPTS),
        ("typ-jwe", json!({"typ": "JWE"}), ACCEPTS),
        ("typ-dpop", json!({"typ": "dpop+jwt"}), ACCEPTS),
        ("typ-number", json!({"typ": 1}), ACCEPTS),
        ("typ-null", json!({"typ": null}), ACCEPTS),
        ("exp-in-header", json!({"exp": 0}), ACCEPTS),
        ("unknown-member", json!({"x": {"y": [1]}}), ACCEPTS),
    ]
    .map(|(name, more, ours)| {
        let token = forge.sign(with(&more).to_string(), id_claims().to_string());
        Case::id(format!("header/{name}"), token, ours)
    })
    .into_iter()
    .chain([Case::access(
        "header/typ-at-jwt-of-access",
        forge.sign(
            with(&json!({"typ": "at+jwt"})).to_string(),
            access_claims().to_string(),
        ),
        ACCEPTS,
    )])
    .collect()
}

/// The header as a text.
fn texts(forge: &Forge) -> Vec<Case> {
    let good = header().to_string();
    let with = |members: &str| format!("{},{members}}}", &good[..good.len() - 1]).into_bytes();
    let utf_16 = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let deep = format!("\"x\":{}{}", "[".repeat(200), "]".repeat(200));
    let accepted = [
        ("alg-by-escape", good.replace("RS", "\\u0052S").into_bytes()),
        ("alg-in-capitals-as-well", with(r#""ALG":"none""#)),
        ("spaces-around", format!(" \n{good}\t").into()),
        ("lone-surrogate", with(r#""x":"\ud800""#)),
        ("nested-200", with(&deep)),
        ("of-8-kb", with(&format!("\"x\":\"{}\"", "x".repeat(8000)))),
    ];
    let malformed = [
        (
            "alg-twice-none-first",
            good.replace("\"alg\"", r#""alg":"none","alg""#).into(),
        ),
        ("alg-twice-none-last", with(r#""alg":"none""#)),
        ("alg-twice-the-same", with(r#""alg":"RS256""#)),
        ("alg-twice-by-escape", with(r#""\u0061lg":"RS256""#)),
        ("kid-twice", with(r#""kid":"k1""#)),
        ("unknown-twice", with(r#""x":1,"x":2"#)),
        ("byte-order-mark", format!("\u{feff}{good}").into()),
        ("utf-16", utf_16),
        (
            "invalid-utf-8",
            with("\"x\":\"y\"").into_iter().map(not_utf_8).collect(),
        ),
        ("nan", with("\"x\":NaN")),
        ("text-after", format!("{good}x").into()),
        ("array", format!("[{good}]").into()),
        ("string", json!(good).to_string().into()),
        ("null", b"null".into()),
        ("not-json", b"kid=k1".into()),
    ];
    let payload = base64(id_claims().to_string());
    let case = |name, header: Vec<u8>, ours| {
        let token = forge.sign_text(&format!("{}.{payload}", base64(header)));
        Case::id(format!("header-text/{name}"), token, ours)
    };
    let accepted = accepted.map(|(name, header)| case(name, header, ACCEPTS));
    let malformed = malformed.map(|(name, header)| case(name, header, "Malformed"));
    accepted.into_iter().chain(malformed).collect()
}

/// In place of a `y` a byte that is in no text.
fn not_utf_8(byte: u8) -> u8 {
    if byte == b'y' { 0xff } else { byte }
}
