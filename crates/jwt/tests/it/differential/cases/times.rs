//! `exp`, `nbf`, `iat`: numbers, and what others read as numbers.

use super::{ACCEPTS, Case, K1, MISSING, edited};
use crate::differential::forge::Forge;
use crate::issuer::{NOW, id_claims};

type Row = (&'static str, String, &'static str);

pub(super) fn cases(forge: &Forge) -> Vec<Case> {
    let tables = [
        ("exp", exp()),
        ("nbf", nbf()),
        ("iat", iat()),
        ("auth_time", auth_time()),
    ];
    let mut cases = Vec::new();
    for (claim, rows) in tables {
        for (name, value, ours) in rows {
            let token = forge.sign(K1, edited(&id_claims(), claim, &value));
            cases.push(Case::id(format!("{claim}/{name}"), token, ours));
        }
    }
    for (name, claim, value, ours) in with_leeway() {
        let token = forge.sign(K1, edited(&id_claims(), claim, &value.to_string()));
        cases.push(Case {
            leeway: 30,
            ..Case::id(format!("leeway/{name}"), token, ours)
        });
    }
    cases
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a table is easier to read without references"
)]
fn row(name: &'static str, value: impl ToString, ours: &'static str) -> Row {
    (name, value.to_string(), ours)
}

fn exp() -> Vec<Row> {
    let later = NOW + 3600;
    vec![
        row("missing", MISSING, "Claim"),
        row("null", "null", "Claim"),
        row("now", NOW, "Expired"),
        row("one-second-left", NOW + 1, ACCEPTS),
        row("one-second-over", NOW - 1, "Expired"),
        row("zero", 0, "Expired"),
        row("minus-zero", "-0", "Claim"),
        row("negative", -1, "Claim"),
        row("string", format!("\"{later}\""), "Claim"),
        row("string-with-spaces", format!("\" {later}\\n\""), "Claim"),
        row("string-with-underscores", "\"1_790_003_600\"", "Claim"),
        row("string-of-other-digits", "\"١٧٩٠٠٠٣٦٠٠\"", "Claim"),
        row("string-in-words", "\"tomorrow\"", "Claim"),
        row("string-empty", "\"\"", "Claim"),
        row("fraction", format!("{later}.5"), "Claim"),
        row("fraction-of-zero", format!("{later}.0"), "Claim"),
        row("exponent", "1.7900036e9", "Claim"),
        row("less-than-a-second-left", format!("{NOW}.5"), "Claim"),
        row("true", "true", "Claim"),
        row("false", "false", "Claim"),
        row("array", format!("[{later}]"), "Claim"),
        row("object", "{}", "Claim"),
        row("2-to-the-31-less-1", i32::MAX, ACCEPTS),
        row("2-to-the-31", 1_u64 << 31, ACCEPTS),
        row("2-to-the-32", 1_u64 << 32, ACCEPTS),
        row("year-9999", 253_402_300_799_u64, ACCEPTS),
        row("year-10000", 253_402_300_800_u64, "Claim"),
        row("milliseconds", later * 1000, "Claim"),
        row("2-to-the-53", 1_u64 << 53, "Claim"),
        row("2-to-the-53-and-1", (1_u64 << 53) + 1, "Claim"),
        row("2-to-the-63-less-1", i64::MAX, "Claim"),
        row("2-to-the-63", 1_u64 << 63, "Claim"),
        row("2-to-the-64", 1_u128 << 64, "Claim"),
        row("ten-to-the-300", "1e300", "Claim"),
        row("ten-to-the-400", "1e400", "Malformed"),
        row("nan", "NaN", "Malformed"),
        row("infinity", "Infinity", "Malformed"),
        row("leading-zero", format!("0{later}"), "Malformed"),
        row("plus-sign", format!("+{later}"), "Malformed"),
        row("hexadecimal", "0x7FFFFFFF", "Malformed"),
    ]
}

fn nbf() -> Vec<Row> {
    vec![
        row("null", "null", "Claim"),
        row("zero", 0, ACCEPTS),
        row("now", NOW, ACCEPTS),
        row("in-one-second", NOW + 1, "NotYetValid"),
        row("in-less-than-a-second", format!("{NOW}.5"), "Claim"),
        row("negative", -1, "Claim"),
        row("string", format!("\"{}\"", NOW - 1), "Claim"),
        row("fraction", format!("{}.5", NOW - 10), "Claim"),
        row("true", "true", "Claim"),
        row("array", "[]", "Claim"),
        row("milliseconds", NOW * 1000, "Claim"),
        row("2-to-the-63-less-1", i64::MAX, "Claim"),
        row("ten-to-the-400", "1e400", "Malformed"),
        row("minus-ten-to-the-400", "-1e400", "Malformed"),
        row("nan", "NaN", "Malformed"),
    ]
}

fn iat() -> Vec<Row> {
    vec![
        row("missing", MISSING, "Claim"),
        row("null", "null", "Claim"),
        row("zero", 0, ACCEPTS),
        row("now", NOW, ACCEPTS),
        row("in-one-second", NOW + 1, ACCEPTS),
        row("in-a-minute", NOW + 60, ACCEPTS),
        row("in-more-than-a-minute", NOW + 61, "NotYetValid"),
        row("in-a-year", NOW + 31_536_000, "NotYetValid"),
        row("after-exp", NOW + 7200, "NotYetValid"),
        row("negative", -1, "Claim"),
        row("string", format!("\"{}\"", NOW - 10), "Claim"),
        row("fraction", format!("{}.5", NOW - 10), "Claim"),
        row("true", "true", "Claim"),
        row("object", "{}", "Claim"),
        row("milliseconds", NOW * 1000, "Claim"),
        row("2-to-the-63-less-1", i64::MAX, "Claim"),
        row("ten-to-the-400", "1e400", "Malformed"),
        row("nan", "NaN", "Malformed"),
    ]
}

fn auth_time() -> Vec<Row> {
    vec![
        row("missing", MISSING, ACCEPTS),
        row("string", format!("\"{NOW}\""), "Claim"),
        row("fraction", format!("{NOW}.5"), "Claim"),
        row("in-a-year", NOW + 31_536_000, ACCEPTS),
    ]
}

fn with_leeway() -> Vec<(&'static str, &'static str, i64, &'static str)> {
    vec![
        ("exp-just-within", "exp", NOW - 29, ACCEPTS),
        ("exp-just-over", "exp", NOW - 30, "Expired"),
        ("exp-over", "exp", NOW - 31, "Expired"),
        ("nbf-within", "nbf", NOW + 30, ACCEPTS),
        ("nbf-ahead", "nbf", NOW + 31, "NotYetValid"),
        ("iat-within", "iat", NOW + 30, ACCEPTS),
        ("iat-within-ours", "iat", NOW + 90, ACCEPTS),
        ("iat-ahead", "iat", NOW + 91, "NotYetValid"),
    ]
}
