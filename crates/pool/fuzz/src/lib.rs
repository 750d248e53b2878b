//! What must hold whatever is sent to the user-pool API. The fuzz target calls it, and so does
//! the test that replays the seeds (`tests/pool/corpus.rs`).

mod answer;
mod calls;
mod known;
mod wire;

pub use calls::api_calls;
