//! The demo in a real Chromium; the steps are in `tests/browser`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::Dev;

#[tokio::test]
async fn a_person_does_the_main_job() {
    in_chromium("main_job.mjs").await;
}

#[tokio::test]
async fn a_person_calls_the_api_and_an_administrator_deletes_a_user() {
    in_chromium("your_api.mjs").await;
}

#[tokio::test]
async fn a_person_errs_and_goes_on() {
    in_chromium("mistakes.mjs").await;
}

#[tokio::test]
async fn every_page_is_usable_by_keyboard_on_a_phone_and_in_the_dark() {
    in_chromium("looks.mjs").await;
}

#[tokio::test]
async fn a_person_goes_the_way_of_the_applications_own_pages() {
    in_chromium("own_pages.mjs").await;
}

async fn in_chromium(script: &str) {
    let dev = Dev::new();
    let server = dev.start(&[]).await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tools = root.join(".test-tools");
    installed(tools.join("browser/node_modules/playwright-core"));
    let output = Command::new(installed(tools.join("node/bin/node")))
        .arg(root.join("tests/browser").join(script))
        .env("APP_URL", server.base.as_str().trim_end_matches('/'))
        .env("POOL_URL", dev.pool().as_str().trim_end_matches('/'))
        .env("CHROMIUM", installed("/usr/bin/chromium".into()))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{script}\n{}\n{}\nserver: {}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        server.log()
    );
}

fn installed(path: PathBuf) -> PathBuf {
    assert!(
        path.exists(),
        "{} is missing: run ./test, which installs it",
        path.display()
    );
    path
}
