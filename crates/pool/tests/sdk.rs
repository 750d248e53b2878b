//! Unmodified AWS SDKs for Python and JavaScript against the pool.

use std::path::PathBuf;
use std::process::Command;

use cogward_pool::{Pool, PoolOptions};

#[tokio::test(flavor = "multi_thread")]
async fn boto3_lives_a_whole_account() {
    let pool = Pool::start(PoolOptions::default()).await.unwrap();
    let mut flow = Command::new(tool("venv/bin/python"));
    flow.arg(script("boto3_flow.py"));
    run(flow, &pool).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_javascript_sdk_lives_a_whole_account() {
    let pool = Pool::start(PoolOptions::default()).await.unwrap();
    let mut flow = Command::new(tool("node/bin/node"));
    flow.arg(script("js_flow.mjs"))
        .env("SDK_DIR", tool("node/node_modules").parent().unwrap());
    run(flow, &pool).unwrap();
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

fn run(mut flow: Command, pool: &Pool) -> std::io::Result<()> {
    let url = pool.base_url();
    let output = flow
        .env("POOL_URL", url.as_str().trim_end_matches('/'))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{flow:?}\n{text}");
    Ok(())
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
