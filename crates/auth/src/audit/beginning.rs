//! What is the same in all events of a kind, written once.

use std::sync::OnceLock;

use serde::Serialize;
use serde_json::ser::Serializer as Json;

use super::kinds::Kind;
use super::plain::Plain;

/// As every event of a kind goes on after its time.
pub(super) type Beginning = OnceLock<Vec<u8>>;

/// Members of the event, up to those of `metadata` that differ from one event to the next.
pub(super) fn of(kind: &'static Kind) -> &'static [u8] {
    kind.beginning.get_or_init(|| {
        let mut text = Vec::new();
        // Writing into memory does not fail.
        let _written = same(kind).serialize(&mut Json::with_formatter(&mut text, Plain::within()));
        // Both objects stay open.
        text.truncate(text.len().saturating_sub("}}".len()));
        text.push(b',');
        text
    })
}

#[derive(Serialize)]
struct Same {
    class_uid: u32,
    class_name: &'static str,
    category_uid: u32,
    category_name: &'static str,
    activity_id: u32,
    activity_name: &'static str,
    type_uid: u32,
    severity_id: u32,
    severity: &'static str,
    status_id: u32,
    status: &'static str,
    message: &'static str,
    metadata: Metadata,
}

#[derive(Serialize)]
struct Metadata {
    version: &'static str,
    product: Product,
    event_code: &'static str,
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

fn same(kind: &Kind) -> Same {
    let class = kind.activity.class;
    let (class_uid, class_name) = class.id();
    let (category_uid, category_name) = class.category();
    let (severity_id, severity) = kind.severity.id();
    let (status_id, status) = kind.status.id();
    Same {
        class_uid,
        class_name,
        category_uid,
        category_name,
        activity_id: kind.activity.id,
        activity_name: kind.activity.name,
        type_uid: class_uid * 100 + kind.activity.id,
        severity_id,
        severity,
        status_id,
        status,
        message: kind.message,
        metadata: Metadata {
            version: "1.8.0",
            product: Product {
                name: "Cogward",
                vendor_name: "Cogward",
                version: env!("CARGO_PKG_VERSION"),
            },
            event_code: kind.code,
        },
    }
}
