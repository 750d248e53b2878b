//! Events of the audit trail, held to OCSF.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

/// By `class_uid`.
static SCHEMAS: LazyLock<[(u64, Validator); 4]> = LazyLock::new(|| {
    [
        (
            1008,
            include_str!("../../auth/tests/ocsf/event_log_actvity.json"),
        ),
        (
            3001,
            include_str!("../../auth/tests/ocsf/account_change.json"),
        ),
        (
            3002,
            include_str!("../../auth/tests/ocsf/authentication.json"),
        ),
        (
            6003,
            include_str!("../../auth/tests/ocsf/api_activity.json"),
        ),
    ]
    .map(|(class, text)| {
        let schema: Value = serde_json::from_str(text).unwrap();
        (class, jsonschema::validator_for(&schema).unwrap())
    })
});

/// The events of a trail; fails where a line is none, or not as OCSF has it.
#[track_caller]
pub fn audit_events(trail: &str) -> Vec<Value> {
    assert!(trail.is_empty() || trail.ends_with('\n'), "half a line");
    trail.split_terminator('\n').map(event).collect()
}

/// None is missing, none stands twice, none was slipped in: they are a server's from its start.
#[track_caller]
pub fn assert_whole_trail<'e>(events: impl IntoIterator<Item = &'e Value>) {
    let number = |it: &Value| it["metadata"]["sequence"].as_u64().unwrap();
    let mut numbers: Vec<u64> = events.into_iter().map(number).collect();
    numbers.sort_unstable();
    let whole = 0..numbers.len() as u64;
    assert!(numbers.iter().copied().eq(whole), "{numbers:?}");
}

#[track_caller]
fn event(line: &str) -> Value {
    let event: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    let class = SCHEMAS
        .iter()
        .find(|(class, _)| event["class_uid"] == *class);
    let (_, schema) = class.unwrap_or_else(|| panic!("of no class: {line}"));
    let faults: Vec<_> = schema.iter_errors(&event).collect();
    assert!(faults.is_empty(), "{faults:?} in {event:#}");
    event
}
