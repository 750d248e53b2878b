//! The servers are started anew one after the other, while they are in use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use cogward_testkit::Browser;
use futures_util::future::join_all;
use tokio::task::JoinHandle;

use crate::process::sign_in;
use crate::site::{ALICE, Site, me, until};
use crate::stores::{Kind, Store};

on_every_store!(a_rolling_restart_fails_no_request);

async fn a_rolling_restart_fails_no_request(kind: Kind) {
    let store = Store::start(kind);
    let mut site = Site::start(&store.env(), &[]).await;
    let jars = join_all((0..4).map(|_| site.signed_in(ALICE))).await;
    let traffic = Traffic::start(&site, &jars);
    for n in [0, 1] {
        traffic.goes_on().await;
        site.servers[n].terminate();
        let status = site.servers[n].ended().await;
        assert!(status.success(), "{status}: {}", site.servers[n].log());
        traffic.goes_on().await;
        site.start_again(n).await;
        // The other one may stop when nginx asks this one again.
        let before = site.nginx.answered_by(site.ports[n], "/");
        until("nginx asks it again", async || {
            site.nginx.answered_by(site.ports[n], "/") >= before + 20
        })
        .await;
    }
    traffic.stop().await;
    for jar in &jars {
        for n in [0, 1] {
            assert_eq!(me(site.at(n, jar)).await.status, 200);
        }
    }
}

/// Requests through nginx, and sign-ins, one after another on several connections.
struct Traffic {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    signed_in: Arc<AtomicUsize>,
    workers: Vec<JoinHandle<()>>,
}

impl Traffic {
    fn start(site: &Site, jars: &[Browser]) -> Self {
        let (stop, answered, signed_in) = <(Arc<AtomicBool>, Arc<_>, Arc<_>)>::default();
        let mut workers: Vec<_> = jars
            .iter()
            .map(|jar| {
                let work = ask(jar.copy(), Arc::clone(&stop), Arc::clone(&answered));
                tokio::spawn(work)
            })
            .collect();
        let work = sign_ins(site.browser(), Arc::clone(&stop), Arc::clone(&signed_in));
        workers.push(tokio::spawn(work));
        Self {
            stop,
            answered,
            signed_in,
            workers,
        }
    }

    /// More requests are answered, all of them well.
    async fn goes_on(&self) {
        let counts = || {
            (
                self.answered.load(Ordering::SeqCst),
                self.signed_in.load(Ordering::SeqCst),
            )
        };
        let before = counts();
        until("requests are answered", async || {
            assert!(!self.workers.iter().any(JoinHandle::is_finished));
            let now = counts();
            now.0 >= before.0 + 50 && now.1 > before.1
        })
        .await;
    }

    async fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        for worker in self.workers {
            worker.await.unwrap();
        }
    }
}

async fn ask(browser: Browser, stop: Arc<AtomicBool>, answered: Arc<AtomicUsize>) {
    while !stop.load(Ordering::SeqCst) {
        let answer = me(browser.copy()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answered.fetch_add(1, Ordering::SeqCst);
    }
}

async fn sign_ins(browser: Browser, stop: Arc<AtomicBool>, done: Arc<AtomicUsize>) {
    while !stop.load(Ordering::SeqCst) {
        let mut somebody = browser.copy();
        sign_in(&mut somebody, ALICE).await;
        assert_eq!(me(somebody).await.json()["email"], ALICE);
        done.fetch_add(1, Ordering::SeqCst);
    }
}
