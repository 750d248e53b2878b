//! Many people at once, each of them himself.

use std::collections::HashSet;

use cogward_testkit::Browser;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use reqwest::Method;
use serde_json::Value;

use crate::process::to_callback;
use crate::site::{ALICE, Site, me, session_id};
use crate::stores::{Kind, Store};

on_every_store!(t65_people_sign_in_at_any_server_each_as_himself);

async fn t65_people_sign_in_at_any_server_each_as_himself(kind: Kind) {
    let store = Store::start(kind);
    let site = Site::start(&store.env(), &[]).await;
    begun_at_one_server_and_ended_at_the_other(&site).await;
    from_the_address_that_nginx_saw(&site).await;
    many_at_once(kind, &site).await;
}

async fn many_at_once(kind: Kind, site: &Site) {
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

async fn begun_at_one_server_and_ended_at_the_other(site: &Site) {
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

async fn from_the_address_that_nginx_saw(site: &Site) {
    let mut browser = site.browser();
    let callback = to_callback(&mut browser, ALICE).await;
    let request = browser.request(Method::GET, callback.as_str());
    // nginx adds whom it talks to, which here is a trusted proxy too.
    let request = request.header("x-forwarded-for", "198.51.100.1, 203.0.113.7");
    assert_eq!(browser.send(request).await.status, 302);
    let devices = browser.get("/api/v1/auth/sessions").await.json();
    assert_eq!(current(&devices)["address"], "203.0.113.7");
}

/// The one that asks.
fn current(devices: &Value) -> &Value {
    let mut devices = devices["sessions"].as_array().unwrap().iter();
    devices.find(|device| device["current"] == true).unwrap()
}
