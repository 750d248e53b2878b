//! The `cogward` binary.
fn main() {}
