//! What each command says of itself, and the small ones.

use std::collections::HashSet;
use std::process::Command;

use serde_json::Value;

use crate::process::{run, text};

#[test]
fn every_command_helps_with_examples() {
    let mut waiting = vec![Vec::new()];
    let mut seen = 0;
    while let Some(command) = waiting.pop() {
        let mut args: Vec<&str> = command.clone();
        args.push("--help");
        let output = run(&args, &[]);
        assert!(output.status.success(), "{args:?}");
        let help = text(&output.stdout);
        let (_, examples) = help
            .split_once("\nExample")
            .unwrap_or_else(|| panic!("{args:?} has no examples:\n{help}"));
        let name = [&["cogward"], command.as_slice()].concat().join(" ");
        assert!(examples.contains(&name), "{args:?}:\n{examples}");
        for line in help.lines() {
            assert!(line.len() <= 120, "{args:?}: {line}");
        }
        seen += 1;
        for child in children(&help) {
            waiting.push([command.as_slice(), &[child.leak()]].concat());
        }
    }
    assert!(seen >= 19, "{seen} commands");
}

fn children(help: &str) -> Vec<String> {
    let Some((_, list)) = help.split_once("Commands:\n") else {
        return Vec::new();
    };
    list.lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn nothing_at_all_shows_the_help_and_a_mistake_the_way() {
    let nothing = run(&[], &[]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(text(&nothing.stderr).contains("cogward dev"));
    let typo = run(&["serv"], &[]);
    assert_eq!(typo.status.code(), Some(2));
    assert!(text(&typo.stderr).contains("'serve'"), "{typo:?}");
    let version = run(&["--version"], &[]);
    let expected = format!("cogward {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(text(&version.stdout), expected);
}

#[test]
fn keys_are_256_bits_and_never_the_same() {
    let keys: HashSet<String> = (0..20)
        .map(|_| text(&run(&["keys", "new"], &[]).stdout))
        .collect();
    assert_eq!(keys.len(), 20);
    for key in keys {
        let key = key.strip_suffix('\n').unwrap();
        assert_eq!(key.len(), 43, "{key}");
        let base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(key.chars().all(base64url), "{key}");
    }
}

/// `xtask generate --check` compares it with the reference.
#[test]
fn the_openapi_document_is_the_same_wherever_it_is_made() {
    let document = run(&["openapi"], &[]);
    let elsewhere = run(
        &["openapi"],
        &[("API_PATH_PREFIX", "/v2"), ("PORT", "nonsense")],
    );
    assert_eq!(document.stdout, elsewhere.stdout);
    let document: Value = serde_json::from_slice(&document.stdout).unwrap();
    assert!(document["paths"]["/api/v1/auth/check"]["get"].is_object());
}

#[test]
fn completions_know_the_commands_and_load_in_bash() {
    for shell in ["bash", "zsh", "fish"] {
        let script = text(&run(&["completions", shell], &[]).stdout);
        assert!(script.contains("cogward"), "{shell}");
        assert!(script.contains("pool-port"), "{shell}");
    }
    let script = text(&run(&["completions", "bash"], &[]).stdout);
    for (command, expected) in [
        ("config", "check show schema"),
        ("policy", "check test explain"),
        ("token", "inspect verify"),
    ] {
        let asked = format!(
            "COMP_WORDS=(cogward {command} ''); COMP_CWORD=2; _cogward cogward '' {command}; echo ${{COMPREPLY[@]}}"
        );
        let answer = Command::new("bash")
            .args(["-c", &format!("{script}\n{asked}")])
            .output()
            .unwrap();
        assert!(text(&answer.stdout).contains(expected), "{answer:?}");
    }
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let in_terminal = |env: &str| {
        let binary = env!("CARGO_BIN_EXE_cogward");
        let command = format!("env -i TERM=xterm {env} {binary} config check");
        let output = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .output()
            .unwrap();
        text(&output.stdout)
    };
    let coloured = in_terminal("");
    assert!(coloured.contains("\u{1b}["), "{coloured}");
    let plain = in_terminal("NO_COLOR=1");
    assert!(plain.contains("error:"), "{plain}");
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let piped = text(&run(&["config", "check"], &[]).stderr);
    assert!(!piped.contains('\u{1b}'), "{piped}");
}
