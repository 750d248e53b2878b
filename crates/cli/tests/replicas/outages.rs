//! The store goes away and comes back: nobody is signed in by that, and nobody signed out.

use cogward_testkit::Browser;
use futures_util::future::join_all;

use crate::site::{ALICE, Site, assert_kept, me, until, until_served};
use crate::stores::{Kind, Store};

on_every_store_with_copies_and_without!(
    t67_a_store_that_is_away_for_a_while_costs_nobody_the_session
);

/// So that its absence is noticed soon.
const LIMIT: (&str, &str) = ("COGWARD_SESSION_STORE_TIMEOUT_MS", "1000");

async fn t67_a_store_that_is_away_for_a_while_costs_nobody_the_session(kind: Kind) {
    let mut store = Store::start(kind);
    let site = Site::start(&store.env(), &[LIMIT]).await;
    let jars = signed_in(&site).await;
    let leaver = site.signed_in(ALICE).await;
    store.pause();
    assert_away(&site, &jars).await;
    store.resume();
    assert_back(&site, &jars).await;
    store.kill();
    assert_away(&site, &jars).await;
    store.restart();
    assert_back(&site, &jars).await;
    store.pause();
    sign_out(&site, &leaver).await;
    store.resume();
    assert_made_good(&site, &leaver).await;
    // As if nothing had been.
    assert_back(&site, &jars).await;
    assert_eq!(me(site.signed_in(ALICE).await).await.status, 200);
}

async fn sign_out(site: &Site, browser: &Browser) {
    let mut leaving = site.at(0, browser);
    let answer = leaving.post("/api/v1/auth/logout").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(leaving.cookie("cogward_session"), None, "cleared");
    assert_eq!(me(site.at(0, browser)).await.status, 401, "and refused");
}

async fn assert_made_good(site: &Site, browser: &Browser) {
    until("the other server knows", async || {
        me(site.at(1, browser)).await.status == 401
    })
    .await;
    assert_eq!(me(site.at(0, browser)).await.status, 401);
}

async fn signed_in(site: &Site) -> Vec<Browser> {
    let mut jars = Vec::new();
    for _ in 0..3 {
        let jar = site.signed_in(ALICE).await;
        for n in [0, 1] {
            assert_eq!(me(site.at(n, &jar)).await.status, 200);
        }
        jars.push(jar);
    }
    jars
}

/// Soon every answer is 503 with the session kept; until then some are from a server's memory.
async fn assert_away(site: &Site, jars: &[Browser]) {
    let unavailable = async |jar: &Browser| {
        until("its absence is noticed", async || {
            let answer = me(jar.copy()).await;
            if answer.status != 200 {
                assert_kept(&answer);
            }
            answer.status == 503
        })
        .await;
    };
    let everywhere = everywhere(site, jars);
    join_all(everywhere.iter().map(unavailable)).await;
    for server in &site.servers {
        let mut anybody = server.browser();
        let ready = anybody.get("/api/v1/health").await;
        assert_eq!(ready.status, 503, "{}", ready.body);
        assert_eq!(anybody.get("/health").await.status, 200, "it lives");
        // And whoever was nobody is nobody.
        assert_eq!(anybody.get("/auth/me").await.status, 401);
    }
    let asked = everywhere.iter().map(|jar| me(jar.copy()));
    for answer in join_all(asked).await {
        assert_kept(&answer);
    }
}

async fn assert_back(site: &Site, jars: &[Browser]) {
    let everywhere = everywhere(site, jars);
    for answer in join_all(everywhere.iter().map(until_served)).await {
        assert_eq!(answer.json()["email"], ALICE);
    }
}

/// Each of them as both servers see him, and nginx.
fn everywhere(site: &Site, jars: &[Browser]) -> Vec<Browser> {
    let each = |jar: &Browser| [site.at(0, jar), site.at(1, jar), jar.copy()];
    jars.iter().flat_map(each).collect()
}
