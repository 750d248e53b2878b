//! What is the same in all events of a kind, written once.

use std::sync::OnceLock;

use super::kinds::Kind;
use super::plain::Members;

/// As every event of a kind goes on after its time.
pub(super) type Beginning = OnceLock<Vec<u8>>;

/// Members of the event, the last of them `metadata`, which stays open for those that differ from
/// one event to the next.
pub(super) fn of(kind: &'static Kind) -> &'static [u8] {
    kind.beginning.get_or_init(|| same(kind))
}

fn same(kind: &Kind) -> Vec<u8> {
    let mut text = Vec::new();
    let mut same = Members::of(&mut text);
    let class = kind.activity.class;
    let (class_uid, class_name) = class.id();
    same.number("class_uid", class_uid.into());
    same.text("class_name", class_name);
    let (category_uid, category_name) = class.category();
    same.number("category_uid", category_uid.into());
    same.text("category_name", category_name);
    same.number("activity_id", kind.activity.id.into());
    same.text("activity_name", kind.activity.name);
    same.number("type_uid", (class_uid * 100 + kind.activity.id).into());
    let (severity_id, severity) = kind.severity.id();
    same.number("severity_id", severity_id.into());
    same.text("severity", severity);
    let (status_id, status) = kind.status.id();
    same.number("status_id", status_id.into());
    same.text("status", status);
    same.text("message", kind.message);
    same.open("metadata");
    same.text("version", "1.8.0");
    same.open("product");
    same.text("name", "Cogward");
    same.text("vendor_name", "Cogward");
    same.text("version", env!("CARGO_PKG_VERSION"));
    same.close();
    same.text("event_code", kind.code);
    text
}
