use std::path::PathBuf;
use std::process::Command;

use cogward_pool::{Pool, PoolOptions, Seed};

use crate::driven::{Driven, Seen};

/// A pool whose users have names of their own and are found by e-mail address too.
const ALIASES: &str = r#"
[pool]
username_attributes = []
alias_attributes = ["email"]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sdks_drive_is_what_is_recorded() {
    let mut boto3 = Command::new(tool("clients/python/bin/python"));
    boto3
        .arg(script("python/run.py"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let mut javascript = Command::new(tool("node/bin/node"));
    javascript
        .arg(script("javascript/run.mjs"))
        .env("SDK_DIR", tool("node/node_modules").parent().unwrap());
    let (boto3, javascript) = tokio::join!(drive(boto3), drive(javascript));
    let driven = Driven { boto3, javascript };
    if is_rewritten() {
        std::fs::write(script("driven.json"), driven.to_json()).unwrap();
    }
    let differences = recorded().differences(&driven);
    assert!(
        differences.is_empty(),
        "tests/sdk/driven.json is not what the SDKs saw (- no more, + new):\n{}\n\
         If that is meant: REWRITE_DRIVEN=1 cargo nextest run -p cogward-pool --test sdk, \
         then cargo run -p xtask -- generate",
        differences.join("\n")
    );
}

#[test]
fn both_sdks_drive_every_operation_to_its_end_and_into_every_error_it_declares() {
    let problems = recorded().problems();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_model_is_what_botocore_says() {
    let mut check = Command::new(tool("venv/bin/python"));
    let output = check
        .arg(script("model.py"))
        .arg("--check")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the test says so")]
fn is_rewritten() -> bool {
    std::env::var_os("REWRITE_DRIVEN").is_some()
}

fn recorded() -> Driven {
    Driven::from_json(&std::fs::read_to_string(script("driven.json")).unwrap())
}

/// Runs an SDK's script against pools of its own: what it saw.
async fn drive(mut script: Command) -> Seen {
    let pool = Pool::start(PoolOptions::default()).await.unwrap();
    let aliases = Pool::start(PoolOptions {
        seed: Some(Seed::from_toml(ALIASES).unwrap()),
        ..PoolOptions::default()
    });
    let aliases = aliases.await.unwrap();
    let address = |pool: &Pool| pool.base_url().as_str().trim_end_matches('/').to_owned();
    script
        .env("POOL_URL", address(&pool))
        .env("ALIAS_POOL_URL", address(&aliases))
        .env("NO_PROXY", "localhost,127.0.0.1")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let run = tokio::task::spawn_blocking(move || script.output());
    let output = run.await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Something that `tests/install-sdks.sh` installs.
fn tool(path: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../.test-tools")
        .join(path);
    assert!(
        path.exists(),
        "{} is missing: run ./test, which installs it",
        path.display()
    );
    path
}

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/sdk")
        .join(name)
}
