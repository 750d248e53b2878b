//! The page about bearer tokens tells the truth.

use std::process::Command;

use crate::i_bearer::{
    EXPIRED, INVALID, MALFORMED, NOT_ADMIN, REVOKED, SEVERAL, UNKNOWN_KEY, builder,
};

const PAGE: &str = include_str!("../../../../docs/bearer.md");

/// The fenced block of a language.
fn block(language: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("```{language}\n")).unwrap();
    rest.split("```").next().unwrap()
}

#[tokio::test]
async fn the_pages_commands_do_what_it_says() {
    let app = builder().start().await;
    let port = |url: url::Url| format!(":{}", url.port().unwrap());
    let script = block("sh")
        .replace(":9229", &port(app.upstream.base()))
        .replace(":3001", &port(app.base.clone()));
    let run = move || Command::new("bash").args(["-euc", &script]).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{error}");
    assert!(said.contains(r#""groups":["admin"]"#), "{said}");
    assert!(
        said.contains(&format!("401 {}\n", INVALID.challenge)),
        "{said}"
    );
}

#[test]
fn the_page_has_every_answer_in_its_words() {
    for refusal in [EXPIRED, INVALID, MALFORMED, NOT_ADMIN, REVOKED, UNKNOWN_KEY] {
        let body = format!(
            "| {} `{{\"detail\":\"{}\"}}`",
            refusal.status, refusal.detail
        );
        let said = format!("| `{}`", refusal.challenge);
        let row = PAGE.lines().find(|line| line.contains(&said));
        assert!(row.unwrap().contains(&body), "{refusal:?}");
    }
    let (_, description) = SEVERAL.challenge.rsplit_once('=').unwrap();
    assert!(PAGE.contains(description));
}

#[test]
fn the_pages_routes_are_those_that_are_tested() {
    let tested = include_str!("i_bearer.rs");
    for part in block("rust").split("\n\n") {
        assert!(tested.contains(part.trim_end()), "{part}");
    }
}
