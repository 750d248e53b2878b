//! What the fuzzer starts from, without the fuzzer: every seed holds to what must hold of any input.

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "a library of its own to the fuzzer")]
mod fuzz;

use std::path::Path;

#[test]
fn seeds_of_parse_and_verify_hold() {
    replay("parse_and_verify", fuzz::parse_and_verify);
}

#[test]
fn seeds_of_key_set_hold() {
    replay("key_set", fuzz::key_set);
}

#[test]
fn seeds_of_signed_payload_hold() {
    replay("signed_payload", fuzz::signed_payload);
}

fn replay(target: &str, holds: fn(&[u8]) -> bool) {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let mut good = 0;
    for seed in std::fs::read_dir(seeds).unwrap() {
        let path = seed.unwrap().path();
        // Named, should it be the one that fails.
        println!("{}", path.display());
        let accepted = holds(&std::fs::read(&path).unwrap());
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("good")
        {
            assert!(accepted);
            good += 1;
        }
    }
    assert!(good > 0, "nothing was accepted: nothing is shown");
}
