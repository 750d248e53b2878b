//! Tokens are renewed once, however many ask, and whatever becomes of the server that does it.

use std::time::{Duration, Instant};

use cogward_testkit::Browser;
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;

use crate::site::{ALICE, Site, me, token_set, until, until_served};
use crate::stores::{Kind, Store};

on_every_store_with_copies_and_without!(
    t71_two_hundred_requests_are_one_refresh,
    t71_two_hundred_requests_are_one_refresh_with_rotation,
    t73_a_server_killed_in_mid_refresh_holds_up_the_other_for_seconds,
    t73_a_server_killed_in_mid_refresh_with_rotation_signs_nobody_out,
);

/// With rotation off, and on.
const TOKEN_OPS: [&str; 2] = ["oauth2/token", "GetTokensFromRefreshToken"];

async fn t71_two_hundred_requests_are_one_refresh(kind: Kind) {
    are_one_refresh(kind, Rotation::Off).await;
}

async fn t71_two_hundred_requests_are_one_refresh_with_rotation(kind: Kind) {
    are_one_refresh(kind, Rotation::WithoutGrace).await;
}

async fn are_one_refresh(kind: Kind, rotation: Rotation) {
    let store = Store::start(kind);
    let site = start(&store, rotation).await;
    let browser = site.signed_in_long_ago(ALICE).await;
    let calls = site.token_calls().await;
    let before = site
        .ports
        .map(|port| site.nginx.answered_by(port, "/auth/me"));
    // Long enough for all of them to come while it is under way.
    for op in TOKEN_OPS {
        let slow = json!({ "op": op, "delay_ms": 500 });
        site.pool("faults", slow).await;
    }
    let start = Instant::now();
    let tabs = std::iter::repeat_with(|| me(browser.copy())).take(200);
    let tabs = stream::iter(tabs).buffer_unordered(kind.at_once(200));
    for answer in tabs.collect::<Vec<_>>().await {
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["email"], ALICE);
    }
    eprintln!("{kind:?}: all are answered after {:?}", start.elapsed());
    assert_eq!(site.token_calls().await, calls + 1);
    lift_faults(&site).await;
    for (port, before) in site.ports.into_iter().zip(before) {
        let answered = site.nginx.answered_by(port, "/auth/me") - before;
        assert!(answered >= 50, "both had their share: {answered}");
    }
    assert_renewable(&site, &store, &browser).await;
}

async fn t73_a_server_killed_in_mid_refresh_holds_up_the_other_for_seconds(kind: Kind) {
    is_replaced_in_mid_refresh(kind, Rotation::Off).await;
}

/// Cognito may have spent the token when the server dies; here it has not.
async fn t73_a_server_killed_in_mid_refresh_with_rotation_signs_nobody_out(kind: Kind) {
    is_replaced_in_mid_refresh(kind, Rotation::WithoutGrace).await;
}

async fn is_replaced_in_mid_refresh(kind: Kind, rotation: Rotation) {
    let store = Store::start(kind);
    let mut site = start(&store, rotation).await;
    let browser = site.signed_in_long_ago(ALICE).await;
    for op in TOKEN_OPS {
        let slow = json!({ "op": op, "delay_ms": 30_000 });
        site.pool("faults", slow).await;
    }
    let calls = site.token_calls().await;
    let asked = site.at(0, &browser);
    let asked = asked.request(reqwest::Method::GET, "/auth/me");
    let asking = tokio::spawn(asked.send());
    until("the first server asks for tokens", async || {
        site.token_calls().await == calls + 1
    })
    .await;
    lift_faults(&site).await;
    site.servers[0].kill();
    asking.await.unwrap().unwrap_err();
    let start = Instant::now();
    let answer = until_served(&browser).await;
    eprintln!("{kind:?}: served after {:?}", start.elapsed());
    assert_eq!(answer.json()["email"], ALICE);
    assert_eq!(site.token_calls().await, calls + 2, "the other one's own");
    site.start_again(0).await;
    for n in [0, 1] {
        assert_eq!(me(site.at(n, &browser)).await.status, 200);
    }
    assert_renewable(&site, &store, &browser).await;
}

/// The one case in which rotation may cost a session, and what is done against it.
#[tokio::test(flavor = "multi_thread")]
async fn t73_a_token_spent_by_a_server_that_died_is_good_once_more_in_its_grace_period() {
    let store = Store::start(Kind::Redis);
    let mut site = start(&store, Rotation::WithGrace).await;
    let browser = site.signed_in_long_ago(ALICE).await;
    let calls = site.token_calls().await;
    let slow = json!({ "op": "GetTokensFromRefreshToken", "delay_ms": 500 });
    site.pool("faults", slow).await;
    let asked = site.at(0, &browser);
    let asked = asked.request(reqwest::Method::GET, "/auth/me");
    let asking = tokio::spawn(asked.send());
    until("the first server asks for tokens", async || {
        site.token_calls().await == calls + 1
    })
    .await;
    // It stands still, so that it hears no answer; then it is gone.
    site.servers[0].signal("STOP");
    tokio::time::sleep(Duration::from_secs(2)).await;
    site.servers[0].kill();
    asking.await.unwrap().unwrap_err();
    assert_eq!(until_served(&browser).await.json()["email"], ALICE);
    assert_eq!(site.token_calls().await, calls + 2);
    assert_renewable(&site, &store, &browser).await;
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rotation {
    Off,
    WithoutGrace,
    WithGrace,
}

async fn start(store: &Store, rotation: Rotation) -> Site {
    let on = rotation != Rotation::Off;
    let grace = match rotation {
        Rotation::WithGrace => 60,
        _ => 0,
    };
    let env = [(
        "COGWARD_COGNITO_REFRESH_ROTATION",
        if on { "true" } else { "false" },
    )];
    let site = Site::start(&store.env(), &env).await;
    let settings = json!({ "refresh_rotation": on, "refresh_grace_seconds": grace });
    site.pool("settings", settings).await;
    site
}

async fn lift_faults(site: &Site) {
    for op in TOKEN_OPS {
        site.pool("faults", json!({ "op": op, "times": 0 })).await;
    }
}

/// What is stored is what Cognito takes.
async fn assert_renewable(site: &Site, store: &Store, browser: &Browser) {
    let tokens = token_set(store.open().await.as_ref(), browser).await;
    let token = tokens.refresh_token.unwrap();
    assert_eq!(site.refresh_at_pool(token.expose()).await, 200);
}
