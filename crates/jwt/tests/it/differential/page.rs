//! The table of disagreements in `docs/verification.md`: it and the findings are the same, row by row.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::judges::{Verdict, Verdicts};

/// By the case's name: what ours, aws-jwt-verify and PyJWT say to it.
pub(crate) type Rows = BTreeMap<String, [String; 3]>;

pub(crate) fn words(verdicts: &Verdicts) -> [String; 3] {
    let [ours, ..] = verdicts;
    let word = |verdict: &Verdict| match verdict {
        Verdict::Refuses(_) => "refuses",
        Verdict::Accepts(_) if ours.accepts() && !ours.same_claims(verdict) => "other claims",
        Verdict::Accepts(_) => "accepts",
    };
    verdicts.each_ref().map(|verdict| word(verdict).to_owned())
}

pub(crate) fn assert_explains(found: &Rows, compared: usize) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/verification.md");
    let page = std::fs::read_to_string(path).unwrap();
    let explained = read(&page);
    let beyond = |these: &Rows, those: &Rows| {
        let missing = these
            .iter()
            .filter(|(name, words)| those.get(*name) != Some(words));
        let lines = missing.map(|(name, words)| format!("| `{name}` | {} |", words.join(" | ")));
        lines.collect::<Vec<_>>().join("\n")
    };
    let [unexplained, gone] = [beyond(found, &explained), beyond(&explained, found)];
    assert!(
        unexplained.is_empty(),
        "not explained in docs/verification.md:\n{unexplained}"
    );
    assert!(
        gone.is_empty(),
        "explained in docs/verification.md, and not found:\n{gone}"
    );
    for fact in [
        format!("{compared} tokens"),
        pinned_aws_jwt_verify(),
        pinned_pyjwt(),
    ] {
        assert!(
            page.contains(&fact),
            "docs/verification.md does not speak of {fact}"
        );
    }
}

/// Rows begin with names of cases, `| `a/b`, `a/c` | ours | aws-jwt-verify | PyJWT | why |`.
fn read(page: &str) -> Rows {
    let mut rows = Rows::new();
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [names, ours, aws_jwt_verify, pyjwt, why] = cells[..] else {
            panic!("five cells in each row, not {line}");
        };
        assert!(!why.is_empty(), "{names} has no reason");
        for name in names.split(", ") {
            let words = [ours, aws_jwt_verify, pyjwt].map(str::to_owned);
            let earlier = rows.insert(name.trim_matches('`').to_owned(), words);
            assert!(earlier.is_none(), "{name} is explained twice");
        }
    }
    rows
}

fn pinned_aws_jwt_verify() -> String {
    let package = include_str!("../../differential/package.json");
    let package: Value = serde_json::from_str(package).unwrap();
    format!(
        "aws-jwt-verify {}",
        package["dependencies"]["aws-jwt-verify"].as_str().unwrap()
    )
}

fn pinned_pyjwt() -> String {
    let mut pins = include_str!("../../differential/requirements.txt").lines();
    pins.find(|pin| pin.starts_with("PyJWT="))
        .unwrap()
        .replace("==", " ")
}
