//! Load and memory benchmarks.
fn main() {}
