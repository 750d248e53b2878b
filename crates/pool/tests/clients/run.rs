//! Runs a script against a pool that is started for it.

use std::path::PathBuf;
use std::process::Command;

use cogward_pool::{Pool, PoolOptions, Seed};

pub(crate) async fn node(script: &str) {
    run(node_command(script), &start(PoolOptions::default()).await);
}

/// With what a seed file's text says.
pub(crate) async fn seeded(script: &str, seed: &str) {
    let options = PoolOptions {
        seed: Some(Seed::from_toml(seed).unwrap()),
        ..PoolOptions::default()
    };
    run(node_command(script), &start(options).await);
}

pub(crate) async fn python(script: &str) {
    let mut command = Command::new(tool("clients/python/bin/python"));
    command
        .arg(own("tests/clients").join(script))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run(command, &start(PoolOptions::default()).await);
}

/// With a Chromium to drive.
pub(crate) async fn browser(script: &str) {
    let pool = start(PoolOptions::default()).await;
    let library = tool("browser/node_modules/playwright-core");
    let mut script = node_command(script);
    script
        .env("BROWSER_DIR", library.ancestors().nth(2).unwrap())
        .env("CHROMIUM", installed("/usr/bin/chromium".into()));
    run(script, &pool);
}

/// Against a pool over TLS, whose certificate is trusted.
pub(crate) async fn tls(script: &str, issuer: Option<String>) {
    let options = PoolOptions {
        issuer,
        tls: true,
        ..PoolOptions::default()
    };
    let pool = start(options).await;
    let directory = tempfile::tempdir().unwrap();
    let certificate = directory.path().join("certificate.pem");
    std::fs::write(&certificate, pool.certificate_pem().unwrap()).unwrap();
    let mut script = node_command(script);
    script
        .env("NODE_EXTRA_CA_CERTS", certificate)
        .env("ISSUER", pool.issuer());
    run(script, &pool);
}

async fn start(options: PoolOptions) -> Pool {
    Pool::start(options).await.unwrap()
}

fn node_command(script: &str) -> Command {
    let mut command = Command::new(tool("node/bin/node"));
    let libraries = tool("clients/node/node_modules");
    command
        .arg(own("tests/clients").join(script))
        .env("CLIENTS_DIR", libraries.parent().unwrap());
    command
}

/// What the library says when it fails is what the test says.
fn run(mut script: Command, pool: &Pool) {
    let url = pool.base_url();
    let output = script
        .env("POOL_URL", url.as_str().trim_end_matches('/'))
        .env("NO_PROXY", "localhost,127.0.0.1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{script:?}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Something that `tests/install-sdks.sh` and `tests/install-browser.sh` install.
fn tool(path: &str) -> PathBuf {
    installed(own("../../.test-tools").join(path))
}

fn installed(path: PathBuf) -> PathBuf {
    assert!(
        path.exists(),
        "{} is missing: run ./test, which installs it",
        path.display()
    );
    path
}

fn own(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}
