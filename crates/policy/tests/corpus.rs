//! What the fuzzer starts from, without the fuzzer: every seed holds to what must hold of any input.

#[path = "../fuzz/src/lib.rs"]
#[expect(
    unreachable_pub,
    clippy::expect_used,
    reason = "a library of its own to the fuzzer"
)]
mod fuzz;

use std::path::Path;

#[test]
fn seeds_of_question_hold() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/question");
    let mut permitted = 0;
    for seed in std::fs::read_dir(seeds).unwrap() {
        let path = seed.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let yes = fuzz::question(&std::fs::read(&path).unwrap());
        assert_eq!(yes, name.starts_with("yes"), "{name}");
        permitted += usize::from(yes);
    }
    assert!(permitted > 3, "nothing is shown");
}
