//! All that lies in a store, as somebody finds it who breaks in there.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cogward_services::{Postgres, Redis};
use redis::Value;
use serde_json::json;

use crate::stores::Store;

pub(crate) const TABLE: &str = "l42_sessions";

/// Keys and values, each as it is written there, and what is written in hexadecimal or base64
/// also as the bytes it stands for.
pub(crate) fn contents(store: &Store) -> Vec<Vec<u8>> {
    let mut found = match store {
        Store::Redis { server, .. } => of_redis(server),
        Store::Postgres { server, url } => of_postgres(server, url),
        Store::DynamoDb(server) => {
            let scan = json!({ "TableName": TABLE, "ConsistentRead": true });
            let mut found = Vec::new();
            texts(&server.call("Scan", &scan), &mut found);
            found
        }
    };
    let meant: Vec<_> = found.iter().flat_map(|bytes| decoded(bytes)).collect();
    found.extend(meant);
    found
}

/// Whether these bytes stand anywhere, as they are or as base64url.
pub(crate) fn holds(contents: &[Vec<u8>], bytes: &[u8]) -> bool {
    let text = URL_SAFE_NO_PAD.encode(bytes);
    let is_in = |needle: &[u8]| {
        let mut all = contents.iter();
        all.any(|found| found.windows(needle.len()).any(|part| part == needle))
    };
    is_in(bytes) || is_in(text.as_bytes())
}

fn of_redis(server: &Redis) -> Vec<Vec<u8>> {
    let scan = server.query(&["SCAN", "0", "COUNT", "1000000"]).unwrap();
    let mut names = Vec::new();
    strings(&scan, &mut names);
    // The first is where to go on, had it not found all.
    assert_eq!(names.remove(0), b"0");
    let mut found = names.clone();
    for name in names {
        let kind = server.query(&[b"TYPE".as_slice(), &name]).unwrap();
        let command: &[&[u8]] = match &kind {
            Value::SimpleString(kind) if kind == "string" => &[b"GET", &name],
            Value::SimpleString(kind) if kind == "zset" => {
                &[b"ZRANGE", &name, b"0", b"-1", b"WITHSCORES"]
            }
            other => panic!("{other:?}"),
        };
        strings(&server.query(command).unwrap(), &mut found);
    }
    found
}

fn strings(value: &Value, found: &mut Vec<Vec<u8>>) {
    match value {
        Value::BulkString(bytes) => found.push(bytes.clone()),
        Value::Array(elements) => elements.iter().for_each(|each| strings(each, found)),
        Value::Double(_) => {}
        other => panic!("{other:?}"),
    }
}

fn of_postgres(server: &Postgres, url: &str) -> Vec<Vec<u8>> {
    let dump = server.dump(url);
    // The lines around the rows are long and always the same.
    let lines = dump.lines().filter(|line| line.starts_with("INSERT"));
    lines.map(|line| line.as_bytes().to_vec()).collect()
}

fn texts(value: &serde_json::Value, found: &mut Vec<Vec<u8>>) {
    match value {
        serde_json::Value::String(text) => found.push(text.as_bytes().to_vec()),
        serde_json::Value::Array(elements) => elements.iter().for_each(|each| texts(each, found)),
        serde_json::Value::Object(members) => members.values().for_each(|each| texts(each, found)),
        _ => {}
    }
}

/// What words in it stand for.
fn decoded(bytes: &[u8]) -> Vec<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Vec::new();
    };
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !"+/=-_".contains(c));
    words
        .filter(|word| word.len() >= 16)
        .flat_map(|word| {
            let hex = word.strip_prefix('x').and_then(from_hex);
            let padded = STANDARD.decode(word).ok();
            let url = URL_SAFE_NO_PAD.decode(word).ok();
            [hex, padded, url].into_iter().flatten()
        })
        .collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect()
}
