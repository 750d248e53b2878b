//! What the fuzzer starts from, without the fuzzer: every seed holds to what must hold of any input.

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "a library of its own to the fuzzer")]
mod fuzz;

use std::path::Path;

#[test]
fn seeds_of_api_calls_hold() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/api_calls");
    let mut good = 0;
    for seed in std::fs::read_dir(seeds).unwrap() {
        let path = seed.unwrap().path();
        // Named, should it be the one that fails.
        println!("{}", path.display());
        let well = fuzz::api_calls(&std::fs::read(&path).unwrap());
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("good")
        {
            assert!(well);
            good += 1;
        }
    }
    assert!(good > 0, "nothing was answered well: nothing is shown");
}
