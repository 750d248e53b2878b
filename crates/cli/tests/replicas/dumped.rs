//! What lies in the store gives up no token: neither by itself nor to who has the servers' secret.

use std::collections::HashSet;

use aws_lc_rs::test::rand::FixedSliceRandom;
use cogward_session::{KeyRing, Record, SessionId, SessionStore, seal};
use cogward_testkit::{Browser, holds_a_token};
use reqwest::Method;

use crate::contents::{contents, holds};
use crate::process::to_callback;
use crate::site::{ALICE, Site, decoded, record, ring, session_id, token_set};
use crate::stores::{Kind, Store};

on_every_store!(a_dump_of_the_store_gives_up_no_token_even_with_the_secret);

const ADDRESS: &str = "203.0.113.7";
const USER_AGENT: &str = "Seldom/1.0 (known by nobody)";

async fn a_dump_of_the_store_gives_up_no_token_even_with_the_secret(kind: Kind) {
    let store = Store::start(kind);
    let site = Site::start(&store.env(), &[]).await;
    let reader = store.open().await;
    let browser = signed_in(&site).await;
    // Somebody else is just about to.
    let mut other = site.browser();
    let callback = to_callback(&mut other, ALICE).await;

    let dump = contents(&store);
    let record = record(reader.as_ref(), &browser).await;
    let key = session_id(&browser).lookup_key();
    for there in [key.as_bytes().as_slice(), &record.identity, &record.tokens] {
        assert!(holds(&dump, there), "the dump is one");
    }
    for secret in secrets(reader.as_ref(), &browser, &other, &callback).await {
        assert!(
            !holds(&dump, &secret),
            "{}",
            String::from_utf8_lossy(&secret)
        );
    }
    for bytes in &dump {
        assert!(!holds_a_token(&String::from_utf8_lossy(bytes)));
    }
    assert_opens_with_the_cookie_alone(&dump, &record, &browser);
}

/// Nothing of 32 bytes in it is an id that would open a session.
fn assert_opens_with_the_cookie_alone(dump: &[Vec<u8>], record: &Record, browser: &Browser) {
    let ring = ring();
    let id = session_id(browser);
    assert!(opens(&ring, &id, record));
    seal::open_device(&ring, &id.lookup_key(), &record.device).unwrap();
    let candidates: HashSet<&[u8]> = dump.iter().flat_map(|found| found.windows(32)).collect();
    assert!(candidates.len() > 1000);
    for bytes in candidates {
        let id = SessionId::generate(&FixedSliceRandom { bytes }).unwrap();
        assert_eq!(id.as_bytes(), bytes);
        assert!(!opens(&ring, &id, record));
    }
}

fn opens(ring: &KeyRing, id: &SessionId, record: &Record) -> bool {
    seal::open_identity(ring, id, record.version, &record.identity).is_ok()
        || seal::open_tokens(ring, id, record.version, &record.tokens).is_ok()
}

async fn signed_in(site: &Site) -> Browser {
    let mut browser = site.browser();
    let callback = to_callback(&mut browser, ALICE).await;
    let request = browser.request(Method::GET, callback.as_str());
    let request = request
        .header("x-forwarded-for", ADDRESS)
        .header("user-agent", USER_AGENT);
    let answer = browser.send(request).await;
    assert_eq!(answer.location().path(), "/dashboard", "{}", answer.body);
    let devices = browser.get("/api/v1/auth/sessions").await.json();
    let device = &devices["sessions"][0];
    assert_eq!(
        (&device["address"], &device["user_agent"]),
        (&ADDRESS.into(), &USER_AGENT.into())
    );
    browser
}

/// What nobody may find there.
async fn secrets(
    reader: &dyn SessionStore,
    browser: &Browser,
    under_way: &Browser,
    callback: &url::Url,
) -> Vec<Vec<u8>> {
    let me = browser.copy().get("/auth/me").await.json();
    let sub = me["sub"].as_str().unwrap();
    let mut texts: Vec<String> = [ALICE, sub, &sub.replace('-', ""), ADDRESS, USER_AGENT]
        .map(str::to_owned)
        .into();
    let set = token_set(reader, browser).await;
    let refresh = set.refresh_token.as_ref().unwrap();
    for token in [&set.access_token, &set.id_token, refresh] {
        texts.push(token.expose().to_owned());
        texts.extend(token.expose().split('.').map(str::to_owned));
    }
    for cookie in [
        browser.cookie("cogward_session"),
        under_way.cookie("cogward_login"),
    ] {
        texts.push(cookie.unwrap().to_owned());
        texts.extend(cookie.unwrap().split('.').skip(1).map(str::to_owned));
    }
    // State and code.
    texts.extend(callback.query_pairs().map(|(_, value)| value.into_owned()));
    let bytes: Vec<_> = texts.iter().filter_map(|text| decoded(text)).collect();
    // Of a long one any part is too much.
    let parts = bytes.iter().flat_map(|bytes| bytes.chunks_exact(16));
    let mut secrets: Vec<Vec<u8>> = parts.map(<[u8]>::to_vec).collect();
    secrets.extend(texts.into_iter().map(String::into_bytes));
    secrets.retain(|secret| secret.len() >= 8);
    assert!(secrets.len() > 50);
    secrets
}
