//! What is ended at one server is over at the other.

use std::time::Duration;

use cogward_testkit::{Answer, Browser};
use reqwest::Method;
use serde_json::{Value, json};

use crate::process::cogward;
use crate::site::{ALICE, Site, me, until};
use crate::stores::{Kind, Store};

on_every_store_with_copies_and_without!(what_is_ended_at_one_server_is_over_at_the_other);

async fn what_is_ended_at_one_server_is_over_at_the_other(kind: Kind) {
    let store = Store::start(kind);
    let site = Site::start(&store.env(), &[]).await;
    by_signing_out(kind, &site).await;
    from_another_device(kind, &site).await;
    everywhere_and_tokens_too(kind, &site).await;
    by_the_operator(kind, &site).await;
}

const ADMIN: &str = "admin@example.com";
/// Servers with copies in memory are told of every change, which takes a moment.
const TOLD_WITHIN: Duration = Duration::from_secs(5);

async fn by_signing_out(kind: Kind, site: &Site) {
    for (here, there) in [(0, 1), (1, 0)].repeat(3) {
        let browser = site.signed_in(ALICE).await;
        assert_known(site, &browser).await;
        let answer = site.at(here, &browser).post("/api/v1/auth/logout").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        // Who answered knows at once, whatever the store.
        assert_eq!(me(site.at(here, &browser)).await.status, 401);
        assert_out(kind, &site.at(there, &browser)).await;
    }
}

async fn from_another_device(kind: Kind, site: &Site) {
    let (mine, lost) = (site.signed_in(ALICE).await, site.signed_in(ALICE).await);
    assert_known(site, &lost).await;
    let handle = own_handle(site, &lost).await;
    let mut here = site.at(0, &mine);
    let path = format!("/api/v1/auth/sessions/{handle}");
    let request = here.request(Method::DELETE, &path);
    assert_eq!(here.send(request).await.status, 200);
    assert_out(kind, &site.at(1, &lost)).await;
    assert_out(kind, &site.at(0, &lost)).await;
    assert_known(site, &mine).await;
}

async fn everywhere_and_tokens_too(kind: Kind, site: &Site) {
    let (mut one, two) = (site.signed_in(ALICE).await, site.signed_in(ALICE).await);
    let token = one.get("/auth/token").await.json()["access_token"].clone();
    let token = token.as_str().unwrap();
    for n in [0, 1] {
        assert_known(site, &two).await;
        // Asked twice, so that also "no mark" is what a server may have in memory.
        assert_eq!(bearer(site, n, token).await.status, 200);
        assert_eq!(bearer(site, n, token).await.status, 200);
    }
    let all = site
        .at(0, &one)
        .post_json("/api/v1/auth/logout/all", &json!({}))
        .await;
    assert_eq!(all.status, 200, "{}", all.body);
    for n in [1, 0] {
        let started = until("the token is refused", async || {
            bearer(site, n, token).await.status == 401
        })
        .await;
        assert!(started < TOLD_WITHIN, "{started:?}");
        assert_out(kind, &site.at(n, &one)).await;
        assert_out(kind, &site.at(n, &two)).await;
    }
    // Another sign-in is not meant.
    let again = site.signed_in(ALICE).await;
    assert_known(site, &again).await;
}

async fn by_the_operator(kind: Kind, site: &Site) {
    let (mut mine, lost) = (site.signed_in(ADMIN).await, site.signed_in(ADMIN).await);
    let sub = mine.get("/auth/me").await.json()["sub"].clone();
    let sub = sub.as_str().unwrap();
    let token = mine.get("/auth/token").await.json()["access_token"].clone();
    let token = token.as_str().unwrap();
    assert_known(site, &lost).await;

    let listed = operate(site, &["list", "--user", sub, "--json"]);
    let handle = own_handle(site, &lost).await;
    assert!(listed.contains(&handle), "{listed}");
    let arguments = ["revoke", "--user", sub, "--handle", &handle];
    operate(site, &arguments);
    for n in [0, 1] {
        assert_out(kind, &site.at(n, &lost)).await;
        assert_eq!(bearer(site, n, token).await.status, 200);
    }
    assert_known(site, &mine).await;

    operate(site, &["revoke", "--user", sub, "--all"]);
    for n in [0, 1] {
        assert_out(kind, &site.at(n, &mine)).await;
        let started = until("the token is refused", async || {
            bearer(site, n, token).await.status == 401
        })
        .await;
        assert!(started < TOLD_WITHIN, "{started:?}");
    }
}

/// `cogward sessions …` with the configuration of the servers; what it prints.
fn operate(site: &Site, arguments: &[&str]) -> String {
    let arguments = [&["sessions"], arguments].concat();
    let mut command = cogward(site.deployment.folder.path(), &arguments);
    let output = command.envs(site.env()).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{printed}{said}");
    printed
}

/// Signed in, as both servers see it, which have seen it before.
async fn assert_known(site: &Site, browser: &Browser) {
    for n in [0, 1, 0, 1] {
        let answer = me(site.at(n, browser)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

/// Out at once, or, where copies are kept, as soon as the server is told.
async fn assert_out(kind: Kind, browser: &Browser) {
    let out = async || me(browser.copy()).await.status == 401;
    match kind {
        Kind::Redis => {
            let after = until("it is out", out).await;
            eprintln!("out after {after:?}");
            assert!(after < TOLD_WITHIN, "{after:?}");
        }
        _ => assert!(out().await),
    }
}

async fn bearer(site: &Site, n: usize, token: &str) -> Answer {
    let mut nobody = site.servers[n].browser();
    let request = nobody.request(Method::GET, "/auth/me").bearer_auth(token);
    nobody.send(request).await
}

async fn own_handle(site: &Site, browser: &Browser) -> String {
    let devices: Value = site
        .at(0, browser)
        .get("/api/v1/auth/sessions")
        .await
        .json();
    let mut devices = devices["sessions"].as_array().unwrap().iter();
    let own = devices.find(|device| device["current"] == true).unwrap();
    own["handle"].as_str().unwrap().to_owned()
}
