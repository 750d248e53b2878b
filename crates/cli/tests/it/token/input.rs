use std::process::Command;

use serde_json::json;

use super::{Bench, CLIENT, POOL, inspect, shown};
use crate::process::text;

#[test]
fn a_token_is_taken_out_of_what_it_was_copied_with() {
    let bench = Bench::new();
    let token = bench.token(&json!({}));
    for input in [
        format!("{token}\n"),
        format!("  Bearer {token}\r\n"),
        format!("bearer \t {token}"),
        format!("\"{token}\""),
        format!("'Bearer {token}'\n"),
        format!("Bearer \"{token}\""),
    ] {
        shown(&bench.verify(&[], &input));
        shown(&bench.verify(&["-"], &input));
        shown(&bench.verify(&[&input], "not this"));
    }
    shown(&bench.verify(&["Bearer", &token], ""));
    for input in [
        format!("Bearer Bearer {token}"),
        format!("Basic {token}"),
        format!("{token} {token}"),
    ] {
        for args in [vec![], input.split(' ').collect()] {
            let output = bench.verify(&args, &input);
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            let said = text(&output.stderr);
            assert!(!said.contains(&token), "{said}");
        }
    }
}

#[test]
fn nothing_too_much_and_no_text_are_refused() {
    let bench = Bench::new();
    let large = "a".repeat(64 * 1024 + 1);
    let verified = |input: &[u8]| {
        let args = ["token", "verify", "--pool", POOL, "--client", CLIENT];
        super::fed(bench.folder.path(), &args, input)
    };
    for (output, part) in [
        (verified(b""), "the input is empty"),
        (verified(b" \"Bearer\t\" "), "malformed"),
        (verified(b"\" \"\n"), "the input is empty"),
        (verified(large.as_bytes()), "longer than 64 KiB"),
        (verified(&[0xff; 100]), "not text"),
        (inspect(&[], ""), "the input is empty"),
        (inspect(&[""], "a.b.c"), "the input is empty"),
        (inspect(&[], &large), "longer than 64 KiB"),
        (inspect(&[&large], ""), "longer than 64 KiB"),
        (inspect(&[], &large[1..]), "found 1"),
    ] {
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = text(&output.stderr);
        assert!(said.contains(part), "{part}: {said}");
        assert!(said.len() < 400, "{said}");
    }
}

#[test]
fn a_terminal_is_asked_and_shows_colours() {
    let bench = Bench::new();
    let token = bench.token(&json!({ "name": "\u{1b}[5m\u{9b}5m" }));
    let file = bench.folder.path().join("token");
    std::fs::write(&file, format!("{token}\n")).unwrap();
    let in_terminal = |env: &str| {
        let binary = env!("CARGO_BIN_EXE_cogward");
        let command = format!("env -i TERM=xterm {env} {binary} token inspect");
        let output = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .stdin(std::fs::File::open(&file).unwrap())
            .output()
            .unwrap();
        text(&output.stdout)
    };
    let coloured = in_terminal("");
    assert!(coloured.contains("Paste a token"), "{coloured}");
    assert!(
        coloured.contains("\u{1b}[1m\u{1b}[33mNOT VERIFIED"),
        "{coloured:?}"
    );
    for hostile in ["\u{1b}[5m", "\u{9b}"] {
        assert!(!coloured.contains(hostile), "{coloured:?}");
    }
    let plain = in_terminal("NO_COLOR=1");
    assert!(plain.contains("NOT VERIFIED"), "{plain}");
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    let piped = shown(&inspect(&[], &token));
    assert!(!piped.contains('\u{1b}'), "{piped:?}");
}
