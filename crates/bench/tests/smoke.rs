//! The load run works: servers start, every answer is checked, a table comes out. What is
//! compared with others says which of them is missing.
#![cfg(target_os = "linux")]

use std::process::Command;

#[test]
fn a_short_load_run_compares_every_case() {
    let run = Command::new(env!("CARGO_BIN_EXE_cogward-bench"))
        .args(["load", "--seconds", "0.05", "--rounds", "1"])
        .args(["--sessions", "40"])
        .output()
        .unwrap();
    let (table, errors) = [&run.stdout, &run.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .into();
    assert!(run.status.success(), "{errors}");
    for path in ["/api/v1/auth/check", "/auth/me"] {
        for store in ["memory", "sqlite"] {
            for sessions in ["spread", "one"] {
                let case = format!("| {path}, {store}, {sessions} | **");
                assert!(table.contains(&case), "{case} in {table}");
            }
        }
    }
}

#[test]
fn a_pool_that_is_not_installed_is_named_with_what_installs_it() {
    let run = Command::new(env!("CARGO_BIN_EXE_cogward-bench"))
        .args(["pools", "--binary", "/nowhere/cogward"])
        .output()
        .unwrap();
    assert!(!run.status.success());
    let errors = String::from_utf8_lossy(&run.stderr);
    let wanted = "/nowhere/cogward is not there: run cargo build --release -p cogward-cli";
    assert!(errors.contains(wanted), "{errors}");
}
