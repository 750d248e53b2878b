//! What tells an event from all others, and of which request it is.

use serde::Serialize;

use super::RequestId;
use super::cause::By;
use super::hex::Hex;
use super::ocsf::{More, Origin, Place, Told};

/// What decisions use beside the class itself.
const PROFILES: [&str; 1] = ["security_control"];

/// The members of `metadata` with which the event's beginning goes on.
#[derive(Serialize)]
pub(super) struct Metadata {
    uid: Hex<32>,
    sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_uid: Option<RequestId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profiles: Option<[&'static str; 1]>,
}

impl Metadata {
    pub(super) fn of(told: &Told<'_>, by: &By, origin: &Origin, place: &Place) -> Self {
        Self {
            uid: Hex(u128::from(origin.run) << 64 | u128::from(place.sequence)),
            sequence: place.sequence,
            correlation_uid: match by {
                By::Request { id, .. } => Some(*id),
                By::Operator | By::Server => None,
            },
            profiles: matches!(told.more, More::Decision(_)).then_some(PROFILES),
        }
    }
}
