//! Test helpers: a running application, a browser with a cookie jar, a clock, tokens.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

mod app;
mod browser;
mod builder;
mod clock;
mod fake_cognito;
mod faulty_store;
mod known_errors;
mod log_watch;
mod ocsf;
mod signer;
mod stores;
mod token_shape;

pub use app::{TestApp, Upstream};
pub use browser::{Answer, Browser};
pub use builder::{Builder, FRONTEND};
pub use clock::TestClock;
pub use fake_cognito::{FakeCognito, TokenAnswer};
pub use faulty_store::{FaultyStore, Hold};
pub use known_errors::known_error;
pub use log_watch::{hear, secret_in};
pub use ocsf::{assert_whole_trail, audit_events};
pub use signer::Signer;
pub use stores::StoreKind;
pub use token_shape::holds_a_token;
