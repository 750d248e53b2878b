//! What must hold whatever the input is; each function tells whether the input was accepted.
//! The fuzz targets call them, and so does the test that replays the seeds (`tests/it/corpus.rs`).

mod key_set;
mod members;
mod parse_and_verify;
mod signed_payload;

pub use key_set::key_set;
pub use parse_and_verify::parse_and_verify;
pub use signed_payload::signed_payload;

const POOL: &str = "us-east-1_Cogward01";
const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Cogward01";
const CLIENT: &str = "cogwardlocalpublicclient01";
/// Seconds since the epoch.
const NOW: i64 = 1_790_000_000;

fn base64(bytes: impl AsRef<[u8]>) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
