//! `cogward config`, and what a server says to a configuration it cannot use.

use serde_json::Value;

use crate::process::{run, text};

const SECRET: &str = "kept-from-everyone-0123456789-abcdef";
const GOOD: [(&str, &str); 6] = [
    ("COGNITO_USER_POOL_ID", "eu-west-1_AbCdEfGhI"),
    ("COGNITO_CLIENT_ID", "1a2b3c4d5e6f7g8h9i0j1k2l3m"),
    ("COGNITO_CLIENT_SECRET", SECRET),
    ("COGNITO_DOMAIN", "myapp.auth.eu-west-1.amazoncognito.com"),
    ("SESSION_SECRET", SECRET),
    ("SESSION_ENCRYPTION_KEY", SECRET),
];

#[test]
fn check_tells_every_fault_with_name_reason_and_example() {
    let output = run(
        &["config", "check"],
        &[
            ("COGNITO_USER_POOL_ID", "nonsense"),
            ("COGNITO_CLIENT_ID", "two words"),
            ("COGNITO_CLIENT_SECRET", "\u{7}a-client-secret"),
            ("FRONTEND_URL", "ftp://app.example.com"),
            ("SESSION_SECRET", "hunter2"),
            ("PORT", "99999"),
            ("COGWARD_SESION_BACKEND", "memory"),
        ],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let faults = text(&output.stderr);
    for name in [
        "COGNITO_USER_POOL_ID",
        "COGNITO_CLIENT_ID",
        "COGNITO_DOMAIN",
        "FRONTEND_URL",
        "SESSION_SECRET",
        "PORT",
    ] {
        let line = line_of(&faults, name);
        assert!(line.contains(": must ") || line.contains(": is "), "{line}");
        assert!(line.contains(&format!("for example {name}=")), "{line}");
    }
    let unknown = line_of(&faults, "COGWARD_SESION_BACKEND");
    assert!(unknown.contains("did you mean"), "{unknown}");
    for secret in ["hunter2", "a-client-secret"] {
        assert!(!faults.contains(secret), "{faults}");
    }
}

fn line_of<'a>(faults: &'a str, name: &str) -> &'a str {
    let start = format!("  - {name}");
    faults
        .lines()
        .find(|line| line.starts_with(&start))
        .unwrap_or_else(|| panic!("nothing of {name}:\n{faults}"))
}

#[test]
fn serve_with_nothing_configured_names_everything_missing() {
    let output = run(&["serve"], &[]);
    assert_eq!(output.status.code(), Some(1));
    let faults = text(&output.stderr);
    for (name, _) in GOOD {
        if !["COGNITO_CLIENT_SECRET", "SESSION_ENCRYPTION_KEY"].contains(&name) {
            assert!(line_of(&faults, name).contains("is required and not set"));
        }
    }
    assert!(faults.contains("hint: "), "{faults}");
}

#[test]
fn production_wants_https_addresses() {
    let mut env = GOOD.to_vec();
    env.push(("ENVIRONMENT", "production"));
    let output = run(&["serve"], &env);
    assert_eq!(output.status.code(), Some(1));
    let faults = text(&output.stderr);
    assert!(line_of(&faults, "FRONTEND_URL").contains("https"));
    assert!(line_of(&faults, "COGWARD_SERVER_PUBLIC_URL").contains("https"));
    assert!(!faults.contains(SECRET), "{faults}");
}

#[test]
fn show_tells_values_and_sources_and_no_secret() {
    assert!(run(&["config", "check"], &GOOD).status.success());
    let output = run(&["config", "show", "--port", "4004"], &GOOD);
    assert!(output.status.success());
    let shown = text(&output.stdout);
    assert!(shown.contains("eu-west-1_AbCdEfGhI"), "{shown}");
    assert!(shown.contains("4004"), "{shown}");
    assert!(shown.contains("environment"), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");
    let schema: Value = serde_json::from_slice(&run(&["config", "schema"], &[]).stdout).unwrap();
    let sections = schema["properties"].as_object().unwrap();
    assert!(sections.contains_key("cognito"), "{schema:#}");
}

/// Each secret setting that is declared, by its name in the environment.
fn secret_settings() -> Vec<String> {
    let schema = run(&["config", "schema"], &[]);
    let schema: Value = serde_json::from_slice(&schema.stdout).unwrap();
    let sections = schema["properties"].as_object().unwrap();
    let settings = sections.iter().flat_map(|(section, about)| {
        let settings = about["properties"].as_object().into_iter().flatten();
        settings
            .filter(|(_, about)| about["writeOnly"] == true)
            .map(move |(name, _)| format!("COGWARD_{section}_{name}").to_uppercase())
    });
    settings.collect()
}

#[test]
fn t178_no_command_repeats_a_secret_that_it_cannot_use() {
    const MARKER: &str = "s3cr3tMARKER";
    let settings = secret_settings();
    assert!(settings.len() >= 12, "{settings:?}");
    for name in &settings {
        for value in [
            format!("redis://u:{MARKER}@h:x"),
            format!("postgres://u:p@{MARKER}@h:-1/{MARKER}"),
            format!("\u{7}{MARKER}"),
        ] {
            for command in [&["serve"][..], &["config", "check"], &["config", "show"]] {
                // Something else is wrong as well, so that no server starts.
                let output = run(command, &[(name, &value), ("PORT", "99999")]);
                let said = text(&output.stderr) + &text(&output.stdout);
                assert_eq!(output.status.code(), Some(1), "{name} {command:?}: {said}");
                assert!(!said.contains(MARKER), "{name} {command:?}: {said}");
                assert!(!said.contains(&format!("{name} is not")), "{said}");
            }
        }
    }
}
