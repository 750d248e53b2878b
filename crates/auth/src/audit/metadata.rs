//! What tells an event from all others, and of which request it is.

use serde::Serialize;

use super::RequestId;
use super::cause::By;
use super::hex::Hex;
use super::ocsf::{More, Origin, Place, Told};

const VERSION: &str = "1.8.0";
/// What decisions use beside the class itself.
const PROFILES: [&str; 1] = ["security_control"];
const PRODUCT: Product = Product {
    name: "Cogward",
    vendor_name: "Cogward",
    version: env!("CARGO_PKG_VERSION"),
};

#[derive(Serialize)]
pub(super) struct Metadata {
    version: &'static str,
    uid: Hex<32>,
    sequence: u64,
    event_code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_uid: Option<RequestId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profiles: Option<[&'static str; 1]>,
    product: Product,
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

impl Metadata {
    pub(super) fn of(told: &Told<'_>, by: &By, origin: &Origin, place: &Place) -> Self {
        Self {
            version: VERSION,
            uid: Hex(u128::from(origin.run) << 64 | u128::from(place.sequence)),
            sequence: place.sequence,
            event_code: told.kind.code,
            correlation_uid: match by {
                By::Request { id, .. } => Some(*id),
                By::Operator | By::Server => None,
            },
            profiles: matches!(told.more, More::Decision(_)).then_some(PROFILES),
            product: PRODUCT,
        }
    }
}
