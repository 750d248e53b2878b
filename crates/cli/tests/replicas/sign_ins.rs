//! Many people at once, each of them himself.

use std::collections::HashSet;

use cogward_testkit::Browser;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use reqwest::Method;

use crate::process::to_callback;
use crate::site::{ALICE, Site, me, session_id};
use crate::stores::{Kind, Store};

on_every_store!(
    t65_many_sign_ins_at_once_each_end_in_their_own_session,
    a_sign_in_begun_at_one_server_ends_at_the_other,
    a_device_has_the_address_that_nginx_saw,
);

async fn t65_many_sign_ins_at_once_each_end_in_their_own_session(kind: Kind) {
    let store = Store::start(kind);
    let site = Site::start(&store.env(), &[]).await;
    let people: Vec<_> = (0..20).map(|n| format!("person{n}@example.com")).collect();
    for email in &people {
        site.add_user(email).await;
    }
    let sign_ins = (0..50).map(async |n| {
        let email = &people[n % people.len()];
        (email, site.signed_in(email).await)
    });
    let jars: Vec<(&String, Browser)> = join_all(sign_ins).await;
    let ids: HashSet<_> = jars
        .iter()
        .map(|(_, jar)| *session_id(jar).lookup_key().as_bytes())
        .collect();
    assert_eq!(ids.len(), 50);
    let asked = (0..500).map(async |n| {
        let (email, jar) = &jars[n % jars.len()];
        (email, me(jar.copy()).await)
    });
    let asked = stream::iter(asked).buffer_unordered(kind.at_once(500));
    for (email, answer) in asked.collect::<Vec<_>>().await {
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["email"], **email);
    }
    for port in site.ports {
        for path in ["/api/v1/auth/login", "/api/v1/auth/callback", "/auth/me"] {
            assert!(site.nginx.answered_by(port, path) > 0, "{port} {path}");
        }
    }
}

async fn a_sign_in_begun_at_one_server_ends_at_the_other(kind: Kind) {
    let store = Store::start(kind);
    let site = Site::start(&store.env(), &[]).await;
    for (begun, ended) in [(0, 1), (1, 0)] {
        let mut browser = site.servers[begun].browser();
        let mut callback = to_callback(&mut browser, ALICE).await;
        callback.set_port(Some(site.ports[ended])).unwrap();
        let mut browser = site.at(ended, &browser);
        let answer = browser.get(callback.as_str()).await;
        assert_eq!(answer.location().path(), "/dashboard", "{}", answer.body);
        // Nobody can do so again, at neither.
        for n in [0, 1] {
            callback.set_port(Some(site.ports[n])).unwrap();
            let again = site.at(n, &browser).get(callback.as_str()).await;
            assert_eq!(again.location().path(), "/auth/error");
            assert_eq!(me(site.at(n, &browser)).await.json()["email"], ALICE);
        }
    }
}

async fn a_device_has_the_address_that_nginx_saw(kind: Kind) {
    let store = Store::start(kind);
    let site = Site::start(&store.env(), &[]).await;
    let mut browser = site.browser();
    let callback = to_callback(&mut browser, ALICE).await;
    let request = browser.request(Method::GET, callback.as_str());
    // nginx adds whom it talks to, which here is a trusted proxy too.
    let request = request.header("x-forwarded-for", "198.51.100.1, 203.0.113.7");
    assert_eq!(browser.send(request).await.status, 302);
    let devices = browser.get("/api/v1/auth/sessions").await.json();
    assert_eq!(devices["sessions"][0]["address"], "203.0.113.7");
}
