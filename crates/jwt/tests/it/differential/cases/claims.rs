//! Claims other than times, each with a value that is odd.

use serde_json::{Value, json};

use super::{ACCEPTS, Case, K1, MISSING, edited};
use crate::differential::forge::Forge;
use crate::issuer::{CLIENT, ISSUER, access_claims, id_claims};

pub(super) fn cases(forge: &Forge) -> Vec<Case> {
    let mut cases = vec![
        Case::access("kind/id-as-access", forge.token(&id_claims()), "TokenUse"),
        Case::id(
            "kind/access-as-id",
            forge.token(&access_claims()),
            "TokenUse",
        ),
    ];
    let id_rows = [
        issuers(),
        audiences(),
        token_uses(),
        people(),
        groups(),
        custom(),
    ]
    .concat();
    for (claim, name, value, ours) in id_rows {
        let token = forge.sign(K1, edited(&id_claims(), claim, &value));
        cases.push(Case::id(format!("{claim}/{name}"), token, ours));
    }
    for (claim, name, value, ours) in of_access_tokens() {
        let token = forge.sign(K1, edited(&access_claims(), claim, &value));
        cases.push(Case::access(format!("{claim}/{name}"), token, ours));
    }
    cases
}

type Row = (&'static str, &'static str, String, &'static str);

/// Claim, what about it, its value as JSON, our verdict.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a table is easier to read without references"
)]
fn row(claim: &'static str, name: &'static str, value: impl ToString, ours: &'static str) -> Row {
    (claim, name, value.to_string(), ours)
}

fn issuers() -> Vec<Row> {
    let iss = |name, value: String| row("iss", name, json!(value), "Issuer");
    vec![
        iss("slash", format!("{ISSUER}/")),
        iss("two-slashes", ISSUER.replace(".com/", ".com//")),
        iss("prefix", ISSUER[..ISSUER.len() - 1].into()),
        iss("suffix", format!("{ISSUER}2")),
        iss("subdomain", ISSUER.replace(".com/", ".com.evil.example/")),
        iss("upper-case-host", ISSUER.replace("amazonaws", "AMAZONAWS")),
        iss("lower-case", ISSUER.to_lowercase()),
        iss("userinfo", ISSUER.replace("https://", "https://x@")),
        iss("port", ISSUER.replace(".com/", ".com:443/")),
        iss("http", ISSUER.replace("https", "http")),
        iss("no-scheme", ISSUER.replace("https://", "")),
        iss("query", format!("{ISSUER}?")),
        iss("fragment", format!("{ISSUER}#")),
        iss("dot-segment", ISSUER.replace(".com/", ".com/./")),
        iss("percent-encoded", ISSUER.replace('_', "%5F")),
        iss("space-after", format!("{ISSUER} ")),
        iss("nul-after", format!("{ISSUER}\0")),
        iss("cyrillic", ISSUER.replace('o', "о")),
        iss("zero-width", ISSUER.replace("idp", "idp\u{200b}")),
        iss("other-pool", ISSUER.replace("Cogward01", "Other0001")),
        iss("other-region", ISSUER.replace("us-east-1.", "us-east-2.")),
        iss(
            "global-form",
            ISSUER.replace("cognito-idp", "issuer-cognito-idp"),
        ),
        iss("empty", String::new()),
        row(
            "iss",
            "escaped",
            json!(ISSUER).to_string().replace('/', "\\/"),
            ACCEPTS,
        ),
        row("iss", "array", json!([ISSUER]), "Issuer"),
        row("iss", "object", json!({ ISSUER: true }), "Issuer"),
        row("iss", "number", 1, "Issuer"),
        row("iss", "null", Value::Null, "Issuer"),
        row("iss", "missing", MISSING, "Issuer"),
    ]
}

fn audiences() -> Vec<Row> {
    let aud = |name, value: Value| row("aud", name, value, "Audience");
    vec![
        aud("other", json!("other")),
        aud("upper-case", json!(CLIENT.to_uppercase())),
        aud("prefix", json!(CLIENT[..CLIENT.len() - 1])),
        aud("suffix", json!(format!("{CLIENT}1"))),
        aud("space-after", json!(format!("{CLIENT} "))),
        aud("two-in-one-string", json!(format!("other {CLIENT}"))),
        aud("empty", json!("")),
        row("aud", "array-of-ours", json!([CLIENT]), ACCEPTS),
        aud("array-of-ours-and-other", json!([CLIENT, "other"])),
        aud("array-of-other-and-ours", json!(["other", CLIENT])),
        aud("array-of-ours-twice", json!([CLIENT, CLIENT])),
        aud("array-of-other", json!(["other"])),
        aud("array-with-number", json!([CLIENT, 1])),
        aud("array-in-array", json!([[CLIENT]])),
        aud("array-empty", json!([])),
        aud("object", json!({ CLIENT: true })),
        aud("number", json!(1)),
        aud("true", json!(true)),
        aud("null", Value::Null),
        row("aud", "missing", MISSING, "Audience"),
        row(
            "aud",
            "client-id-instead",
            and("other", "client_id", CLIENT),
            "Audience",
        ),
        row(
            "aud",
            "client-id-of-other-as-well",
            and(CLIENT, "client_id", "other"),
            ACCEPTS,
        ),
    ]
}

/// A value, and one more claim after it.
fn and(value: &str, claim: &str, its_value: &str) -> String {
    format!("{},{}:{}", json!(value), json!(claim), json!(its_value))
}

fn token_uses() -> Vec<Row> {
    let token_use = |name, value: Value| row("token_use", name, value, "TokenUse");
    vec![
        token_use("other-kind", json!("access")),
        token_use("unknown", json!("refresh")),
        token_use("upper-case", json!("ID")),
        token_use("space-after", json!("id ")),
        token_use("array", json!(["id"])),
        token_use("number", json!(1)),
        token_use("empty", json!("")),
        token_use("null", Value::Null),
        row("token_use", "missing", MISSING, "TokenUse"),
    ]
}

fn people() -> Vec<Row> {
    vec![
        row("sub", "missing", MISSING, "Claim"),
        row("sub", "null", Value::Null, "Claim"),
        row("sub", "empty", json!(""), "Claim"),
        row("sub", "number", 7, "Claim"),
        row("cognito:username", "missing", MISSING, "Claim"),
        row("cognito:username", "number", 7, "Claim"),
        row("email", "array", json!(["a@example.com"]), "Claim"),
        row("email", "null", Value::Null, "Claim"),
        row("email_verified", "string", json!("true"), ACCEPTS),
        row("email_verified", "number", 1, ACCEPTS),
        row("nonce", "number", 1, "Claim"),
        row("jti", "number", 1, "Claim"),
        row("jti", "missing", MISSING, ACCEPTS),
    ]
}

/// Of a wrong shape they grant nothing, and the token is good all the same.
fn groups() -> Vec<Row> {
    let groups = |name, value: Value, ours| row("cognito:groups", name, value, ours);
    let many = |n: usize| json!((0..n).map(|n| format!("group-{n}")).collect::<Vec<_>>());
    vec![
        groups("string", json!("admin"), ACCEPTS),
        groups("object", json!({"admin": true}), ACCEPTS),
        groups("with-number", json!(["admin", 1]), ACCEPTS),
        groups("in-array", json!([["admin"]]), ACCEPTS),
        groups("null", Value::Null, ACCEPTS),
        groups("empty", json!([]), ACCEPTS),
        row("cognito:groups", "missing", MISSING, ACCEPTS),
        groups("500", many(500), ACCEPTS),
        groups("5000", many(5000), "Malformed"),
        groups(
            "look-alikes",
            json!([" admin", "ADMIN", "аdmin", "adm\u{200b}in"]),
            ACCEPTS,
        ),
    ]
}

/// Claims that nobody reads, in JSON that is good or not.
fn custom() -> Vec<Row> {
    let custom = |name, value: &str, ours| row("custom:x", name, value, ours);
    let nested = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    vec![
        custom(
            "unicode",
            "\"\\u00e9 é \\ud83d\\ude00 😀 \\u0000 \u{202e}\"",
            ACCEPTS,
        ),
        custom(
            "2-to-the-53-and-1",
            &((1_u64 << 53) + 1).to_string(),
            ACCEPTS,
        ),
        custom("2-to-the-64", &(1_u128 << 64).to_string(), ACCEPTS),
        custom("a-tenth", "0.1", ACCEPTS),
        custom("minus-zero", "-0", ACCEPTS),
        custom("ten-to-the-400", "1e400", ACCEPTS),
        custom("nan", "NaN", "Malformed"),
        custom("lone-surrogate", "\"\\ud800\"", ACCEPTS),
        custom("control-character", "\"a\nb\"", "Malformed"),
        custom("bad-escape", "\"\\x\"", "Malformed"),
        custom("nested-100", &nested(100), ACCEPTS),
        custom("nested-126", &nested(126), ACCEPTS),
        custom("nested-127", &nested(127), ACCEPTS),
        custom("nested-200", &nested(200), ACCEPTS),
        custom("name-twice-inside", "{\"a\":1,\"a\":2}", ACCEPTS),
        custom("proto-inside", "{\"__proto__\":{\"a\":1}}", ACCEPTS),
        row("__proto__", "object", json!({"aud": CLIENT}), ACCEPTS),
        row("constructor", "string", json!("x"), ACCEPTS),
    ]
}

fn of_access_tokens() -> Vec<Row> {
    let client_id = |name, value: Value| row("client_id", name, value, "Audience");
    vec![
        client_id("other", json!("other")),
        client_id("upper-case", json!(CLIENT.to_uppercase())),
        client_id("array-of-ours", json!([CLIENT])),
        client_id("number", json!(1)),
        client_id("true", json!(true)),
        client_id("empty", json!("")),
        client_id("null", Value::Null),
        row("client_id", "missing", MISSING, "Audience"),
        row(
            "client_id",
            "aud-instead",
            and("other", "aud", CLIENT),
            "Audience",
        ),
        row(
            "aud",
            "of-a-resource",
            json!("https://api.example.com"),
            ACCEPTS,
        ),
        row(
            "aud",
            "of-two-resources",
            json!(["https://api.example.com", "b"]),
            ACCEPTS,
        ),
        row("aud", "number-in-access", 1, ACCEPTS),
        row("username", "missing", MISSING, ACCEPTS),
        row("username", "number", 7, "Claim"),
        row("scope", "missing", MISSING, ACCEPTS),
        row("scope", "array", json!(["openid"]), "Claim"),
        row("scope", "number", 1, "Claim"),
        row("version", "string", json!("2"), ACCEPTS),
        row("token_use", "id-in-access", json!("id"), "TokenUse"),
    ]
}
