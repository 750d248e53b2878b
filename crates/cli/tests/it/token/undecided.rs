//! Exit status 2: nothing is said about the token.

use serde_json::json;

use super::{Bench, CLIENT, POOL};
use crate::process::{Server, free_ports, local, text};

fn assert_undecided(bench: &Bench, args: &[&str], parts: &[&str]) {
    let args = [&["token", "verify"], args].concat();
    let output = bench.run(&args, &bench.token(&json!({})));
    assert_eq!(output.status.code(), Some(2), "{args:?} {output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let said = text(&output.stderr);
    for part in parts {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn keys_that_cannot_be_had() {
    let bench = Bench::new();
    let [port] = free_ports::<1>();
    let nobody = format!("http://localhost:{port}/jwks.json");
    std::fs::write(bench.folder.path().join("empty.json"), "{\"keys\":[]}").unwrap();
    for (jwks, parts) in [
        (
            nobody.as_str(),
            [
                "error: signing keys are unavailable\n  caused by: key server cannot be reached",
                "Connection refused",
                &format!("hint: asked: {nobody}; --jwks FILE"),
            ],
        ),
        (
            "nowhere.json",
            ["cannot be read", "No such file", "this was nowhere.json"],
        ),
        (
            "empty.json",
            [
                "not usable",
                "holds no RSA signing key",
                "this was empty.json",
            ],
        ),
        (
            "http://example.com/k",
            ["could be anybody's", "https only", "hint: --jwks FILE"],
        ),
        (
            "file:///etc/passwd",
            ["could be anybody's", "https only", "hint: --jwks FILE"],
        ),
        (
            "http://localhost:x/",
            ["is not a URL", "`http://localhost:x/`", "port"],
        ),
    ] {
        let args = ["--pool", POOL, "--client", CLIENT, "--jwks", jwks];
        assert_undecided(&bench, &args, &parts);
    }
}

#[tokio::test]
async fn a_key_server_that_fails() {
    let bench = Bench::new();
    let [port] = free_ports();
    let args = ["pool", "--port", &port.to_string(), "--data-dir", "pool"];
    let pool = Server::start(bench.folder.path(), &args, &[], port, "/_local/health").await;
    let fault = json!({ "op": "jwks", "status": 500 });
    local(&pool.base, "faults", &fault).await;
    let issuer = format!("http://localhost:{port}/us-east-1_Cogward01");
    assert_undecided(
        &bench,
        &["--issuer", &issuer, "--client", CLIENT],
        &[
            "unavailable\n  caused by: key server answered 500\n",
            &format!("asked: {issuer}/.well-known/jwks.json"),
        ],
    );
}

#[test]
fn demands_that_are_not_complete_or_contradict_each_other() {
    let bench = Bench::new();
    let pool = ["--pool", POOL, "--client", CLIENT];
    let with = |more: &[&'static str]| [&pool, more].concat();
    for (args, part) in [
        (vec![], "hint: it needs none with --pool"),
        (vec!["--config", "nowhere.toml"], "nowhere.toml"),
        (vec!["--pool", POOL], "--client"),
        (vec!["--client", CLIENT], "--pool"),
        (vec!["--jwks", "jwks.json"], "--pool"),
        (
            vec!["--pool", "nonsense", "--client", CLIENT],
            "`nonsense` is not a user pool id",
        ),
        (with(&["--issuer", "https://a.example"]), "--issuer"),
        (with(&["--config", "cogward.toml"]), "--config"),
        (
            with(&["--use", "id", "--scope", "a"]),
            "an ID token has no scopes",
        ),
        (with(&["--leeway", "301"]), "--leeway"),
        (with(&["--at=-1"]), "--at"),
        (with(&["--group", ""]), "--group"),
    ] {
        assert_undecided(&bench, &args, &[part]);
    }
}
