//! The payload as a whole: JSON that two readers may read as two things.

use serde_json::json;

use super::{ACCEPTS, Case, K1, edited};
use crate::differential::forge::Forge;
use crate::issuer::id_claims;

pub(super) fn cases(forge: &Forge) -> Vec<Case> {
    [encodings(), syntax(), names(), sizes()]
        .concat()
        .into_iter()
        .map(|(name, payload, ours)| {
            Case::id(format!("payload/{name}"), forge.sign(K1, payload), ours)
        })
        .collect()
}

type Row = (&'static str, Vec<u8>, &'static str);

fn encodings() -> Vec<Row> {
    let good = id_claims().to_string();
    let utf_16 =
        |bytes: fn(u16) -> [u8; 2]| good.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    let utf_32 = good
        .chars()
        .flat_map(|c| (c as u32).to_le_bytes())
        .collect();
    let jane = |bytes: &[u8]| {
        let (before, after) = good.split_once("Jane").unwrap();
        [before.as_bytes(), bytes, after.as_bytes()].concat()
    };
    vec![
        (
            "byte-order-mark",
            format!("\u{feff}{good}").into(),
            "Malformed",
        ),
        (
            "utf-16-little-endian",
            utf_16(u16::to_le_bytes),
            "Malformed",
        ),
        ("utf-16-big-endian", utf_16(u16::to_be_bytes), "Malformed"),
        (
            "utf-16-marked",
            [vec![0xff, 0xfe], utf_16(u16::to_le_bytes)].concat(),
            "Malformed",
        ),
        ("utf-32", utf_32, "Malformed"),
        ("invalid-utf-8", jane(b"J\xff"), "Malformed"),
        ("overlong-utf-8", jane(b"J\xc0\xaf"), "Malformed"),
        ("surrogate-in-utf-8", jane(b"J\xed\xa0\x80"), "Malformed"),
    ]
}

fn syntax() -> Vec<Row> {
    let good = id_claims().to_string();
    vec![
        ("spaces-around", format!(" \t\r\n{good} \n").into(), ACCEPTS),
        (
            "no-break-space-before",
            format!("\u{a0}{good}").into(),
            "Malformed",
        ),
        ("text-after", format!("{good}x").into(), "Malformed"),
        (
            "second-object-after",
            format!("{good}{{}}").into(),
            "Malformed",
        ),
        ("nul-after", format!("{good}\0").into(), "Malformed"),
        ("cut", good[..good.len() - 1].into(), "Malformed"),
        (
            "comment",
            good.replacen('{', "{/**/", 1).into(),
            "Malformed",
        ),
        (
            "trailing-comma",
            good.replace('}', ",}").into(),
            "Malformed",
        ),
        ("single-quotes", good.replace('"', "'").into(), "Malformed"),
        ("array", format!("[{good}]").into(), "Malformed"),
        ("string", json!(good).to_string().into(), "Malformed"),
        ("null", b"null".into(), "Malformed"),
        ("number", b"1".into(), "Malformed"),
        ("empty-object", b"{}".into(), "Issuer"),
    ]
}

/// A reader that takes the last of two and one that takes the first read two tokens.
fn names() -> Vec<Row> {
    let good = id_claims().to_string();
    let before = |member: &str| format!("{{{member},{}", &good[1..]).into_bytes();
    let after = |member: &str| format!("{},{member}}}", &good[..good.len() - 1]).into_bytes();
    let escaped = good.replace("\"sub\"", "\"\\u0073ub\"").into();
    vec![
        ("exp-twice", before("\"exp\":0"), "Malformed"),
        ("exp-twice-last-missing", after("\"exp\":null"), "Malformed"),
        ("aud-twice", before("\"aud\":\"other\""), "Malformed"),
        (
            "aud-twice-last-other",
            after("\"aud\":\"other\""),
            "Malformed",
        ),
        ("sub-twice", before("\"sub\":\"mallory\""), "Malformed"),
        (
            "sub-twice-by-escape",
            before("\"\\u0073ub\":\"mallory\""),
            "Malformed",
        ),
        (
            "token-use-twice",
            before("\"token_use\":\"access\""),
            "Malformed",
        ),
        ("groups-twice", before("\"cognito:groups\":[]"), "Malformed"),
        (
            "custom-twice",
            before("\"custom:a\":1,\"custom:a\":1"),
            "Malformed",
        ),
        ("name-by-escape", escaped, ACCEPTS),
        (
            "name-in-capitals-as-well",
            before("\"SUB\":\"mallory\""),
            ACCEPTS,
        ),
        ("empty-name", before("\"\":1"), ACCEPTS),
    ]
}

fn sizes() -> Vec<Row> {
    let of_length = |length: usize| {
        let filled = |n| {
            edited(
                &id_claims(),
                "custom:filler",
                &json!("x".repeat(n)).to_string(),
            )
        };
        filled(length - filled(0).len()).into_bytes()
    };
    vec![
        // With header and signature the longest token within 16 KiB, and the shortest beyond.
        ("of-12003-bytes", of_length(12_003), ACCEPTS),
        ("of-12004-bytes", of_length(12_004), "Malformed"),
        ("of-200-kb", of_length(200_000), "Malformed"),
    ]
}
