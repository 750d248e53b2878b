//! Tokens are renewed once, however many ask, and whatever becomes of the server that does it.

use std::time::{Duration, Instant};

use cogward_testkit::Browser;
use futures_util::stream::{self, StreamExt as _};
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::site::{ALICE, Site, me, token_set, until, until_served};
use crate::stores::{Kind, Store};

on_every_store_with_copies_and_without!(
    t71_t73_tokens_are_renewed_once_whoever_asks_and_whoever_dies,
    t71_t73_tokens_that_rotate_are_renewed_once_whoever_asks_and_whoever_dies,
);

/// With rotation off, and on.
const TOKEN_OPS: [&str; 2] = ["oauth2/token", "GetTokensFromRefreshToken"];

async fn t71_t73_tokens_are_renewed_once_whoever_asks_and_whoever_dies(kind: Kind) {
    are_renewed_once(kind, Rotation::Off).await;
}

async fn t71_t73_tokens_that_rotate_are_renewed_once_whoever_asks_and_whoever_dies(kind: Kind) {
    are_renewed_once(kind, Rotation::WithoutGrace).await;
}

async fn are_renewed_once(kind: Kind, rotation: Rotation) {
    let store = Store::start(kind);
    let mut site = start(&store, rotation).await;
    let browsers @ [first, second, third] = &site.signed_in_long_ago(ALICE).await;
    by_two_hundred_requests(kind, &site, first).await;
    by_a_server_told_to_stop(&mut site, second).await;
    by_another_when_one_is_killed(kind, &mut site, third).await;
    for browser in browsers {
        for n in [0, 1] {
            assert_eq!(me(site.at(n, browser)).await.status, 200);
        }
        assert_renewable(&site, &store, browser).await;
    }
}

async fn by_two_hundred_requests(kind: Kind, site: &Site, browser: &Browser) {
    let calls = site.token_calls().await;
    let answered = || {
        site.ports
            .map(|port| site.nginx.answered_by(port, "/auth/me"))
    };
    let before = answered();
    // Long enough for all of them to come while it is under way.
    delay_tokens(site, 500).await;
    let start = Instant::now();
    let tabs = std::iter::repeat_with(|| me(browser.copy())).take(200);
    let tabs = stream::iter(tabs).buffer_unordered(kind.at_once(200));
    for answer in tabs.collect::<Vec<_>>().await {
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["email"], ALICE);
    }
    eprintln!("{kind:?}: all are answered after {:?}", start.elapsed());
    assert_eq!(site.token_calls().await, calls + 1);
    for (after, before) in answered().into_iter().zip(before) {
        assert!(after >= before + 50, "both had their share: {after}");
    }
}

/// It finishes what it has begun.
async fn by_a_server_told_to_stop(site: &mut Site, browser: &Browser) {
    let calls = site.token_calls().await;
    delay_tokens(site, 1000).await;
    let asking = tokio::spawn(me(site.at(0, browser)));
    until_called(site, calls + 1).await;
    site.servers[0].terminate();
    let (ended, other) = tokio::join!(site.servers[0].ended(), me(browser.copy()));
    assert!(ended.success(), "{ended}: {}", site.servers[0].log());
    for answer in [asking.await.unwrap(), other] {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!(site.token_calls().await, calls + 1);
    site.start_again(0).await;
}

/// Cognito may have spent a token that rotates when the server dies; here it has not.
async fn by_another_when_one_is_killed(kind: Kind, site: &mut Site, browser: &Browser) {
    let calls = site.token_calls().await;
    delay_tokens(site, 30_000).await;
    let asking = ask_alone(site, browser);
    until_called(site, calls + 1).await;
    delay_tokens(site, 0).await;
    site.servers[0].kill();
    asking.await.unwrap().unwrap_err();
    let start = Instant::now();
    let answer = until_served(browser).await;
    eprintln!("{kind:?}: served after {:?}", start.elapsed());
    assert_eq!(answer.json()["email"], ALICE);
    assert_eq!(site.token_calls().await, calls + 2, "the other one's own");
    site.start_again(0).await;
}

/// The one case in which rotation may cost a session, and what is done against it.
#[tokio::test(flavor = "multi_thread")]
async fn t73_a_token_spent_by_a_server_that_died_is_good_once_more_in_its_grace_period() {
    let store = Store::start(Kind::Redis);
    let mut site = start(&store, Rotation::WithGrace).await;
    let [browser] = site.signed_in_long_ago(ALICE).await;
    let calls = site.token_calls().await;
    delay_tokens(&site, 500).await;
    let asking = ask_alone(&site, &browser);
    until_called(&site, calls + 1).await;
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

/// The next call for tokens comes so much later; with 0 none does.
async fn delay_tokens(site: &Site, milliseconds: u64) {
    for op in TOKEN_OPS {
        let times = u64::from(milliseconds > 0);
        let slow = json!({ "op": op, "delay_ms": milliseconds, "times": times });
        site.pool("faults", slow).await;
    }
}

async fn until_called(site: &Site, calls: u64) {
    until("a server asks for tokens", async || {
        site.token_calls().await == calls
    })
    .await;
}

/// Asks the first server, which may die.
fn ask_alone(site: &Site, browser: &Browser) -> JoinHandle<reqwest::Result<reqwest::Response>> {
    let first = site.at(0, browser);
    tokio::spawn(first.request(Method::GET, "/auth/me").send())
}

/// What is stored is what Cognito takes.
async fn assert_renewable(site: &Site, store: &Store, browser: &Browser) {
    let tokens = token_set(store.open().await.as_ref(), browser).await;
    let token = tokens.refresh_token.unwrap();
    assert_eq!(site.refresh_at_pool(token.expose()).await, 200);
}
