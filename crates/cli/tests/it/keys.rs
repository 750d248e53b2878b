//! Keys change while servers run, and nobody notices.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use cogward_services::Redis;
use cogward_testkit::{Browser, audit_events};
use tokio::task::JoinHandle;
use url::Url;

use crate::deployment::Deployment;
use crate::process::{Dev, Server, http, sign_in, who};

const OLD: &str = "n3Jp7Vq0XkT5wZrB9sLdHf2GmYc8UaEi6oQxRtWvC1M";
const NEW: &str = "Zk4TqW8vB2nR6yXc1LmHs9PdJf3GaUeV7oQtKi5EwNA";
const CHANGED: &str = "session keys changed";

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_changes_them_under_traffic() {
    let deployment = Deployment::new().await;
    let file = deployment.folder.path().join("secret");
    fs::write(&file, OLD).unwrap();
    let trail = deployment.folder.path().join("audit.jsonl");
    let env = [
        ("SESSION_SECRET_FILE", file.to_str().unwrap()),
        ("AUDIT_PATH", "audit.jsonl"),
    ];
    let server = deployment.serve(&env).await;
    let mut old = signed_in(&server).await;
    let traffic = Traffic::start(&server, &cookie(&old));

    fs::write(&file, format!("{NEW}\n{OLD}\n")).unwrap();
    server.signal("HUP");
    server.logged(CHANGED).await;
    let mut new = signed_in(&server).await;
    assert_eq!(who(&mut old).await.unwrap(), "user@example.com");
    traffic.stop_unharmed().await;
    assert_ne!(kid(&cookie(&old)), kid(&cookie(&new)));
    for secret in [OLD, NEW] {
        assert!(!server.log().contains(secret));
    }
    server.stop().await;
    let told = fs::read_to_string(&trail).unwrap();
    let changed = audit_events(&told);
    let changed = changed
        .iter()
        .filter(|it| it["metadata"]["event_code"] == "keys_changed");
    let names: Vec<_> = changed
        .map(|it| it["status_detail"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 1);
    for browser in [&old, &new] {
        assert!(names[0].contains(kid(&cookie(browser))), "{names:?}");
    }
    assert!(![OLD, NEW].iter().any(|secret| told.contains(secret)));

    // The old one alone knows nothing of what the new one signed, and the new one of the old.
    let server = deployment.serve(&[("SESSION_SECRET", OLD)]).await;
    assert_eq!(at(&server, &mut new).await, 401);
    assert_eq!(at(&server, &mut old).await, 200);
    server.stop().await;
    let server = deployment.serve(&[("SESSION_SECRET", NEW)]).await;
    assert_eq!(at(&server, &mut new).await, 200);
    assert_eq!(at(&server, &mut old).await, 401);
}

/// The way of docs/keys.md: the new one is known everywhere before anybody signs with it.
#[tokio::test(flavor = "multi_thread")]
async fn replicas_change_them_one_after_the_other() {
    let redis = Redis::start();
    let deployment = Deployment::new().await;
    let folder = deployment.folder.path();
    let files = [folder.join("secret-a"), folder.join("secret-b")];
    files.iter().for_each(|file| fs::write(file, OLD).unwrap());
    let store = [("SESSION_BACKEND", "redis"), ("REDIS_URL", &*redis.url())];
    let [a, b] = files.each_ref().map(|file| {
        let own = ("SESSION_SECRET_FILE", file.to_str().unwrap());
        [store.as_slice(), &[own]].concat()
    });
    let (a, b) = (deployment.serve(&a).await, deployment.serve(&b).await);
    let mut old = signed_in(&a).await;
    let traffic = [&a, &b].map(|server| Traffic::start(server, &cookie(&old)));

    let mut every = vec![old.copy()];
    for keys in [format!("{OLD},{NEW}"), format!("{NEW},{OLD}")] {
        for (server, file) in [&a, &b].into_iter().zip(&files) {
            let before = server.log().matches(CHANGED).count();
            fs::write(file, &keys).unwrap();
            server.signal("HUP");
            server.logged_times(CHANGED, before + 1).await;
            // With one of them ahead of the other, whoever comes is welcome at both.
            every.push(signed_in(&a).await);
            every.push(signed_in(&b).await);
            for browser in &mut every {
                assert_eq!(at(&a, browser).await, 200);
                assert_eq!(at(&b, browser).await, 200);
            }
        }
    }
    for traffic in traffic {
        traffic.stop_unharmed().await;
    }
    // What was signed last is the new one's alone.
    let mut new = every.pop().unwrap();
    let late = [store.as_slice(), &[("SESSION_SECRET", OLD)]].concat();
    let late = deployment.serve(&late).await;
    assert_eq!(at(&late, &mut new).await, 401);
    assert_eq!(at(&late, &mut old).await, 200);
    assert_eq!(at(&a, &mut new).await, 200, "a refusal ends nothing");
    let own = [store.as_slice(), &[("SESSION_SECRET", NEW)]].concat();
    let own = deployment.serve(&own).await;
    assert_eq!(at(&own, &mut new).await, 200);
    assert_eq!(at(&own, &mut old).await, 401);
}

/// As Kubernetes mounts a secret: the file is a link into a folder that is itself a link,
/// and an update swaps that.
#[tokio::test(flavor = "multi_thread")]
async fn a_swapped_link_changes_them_under_traffic() {
    let deployment = Deployment::new().await;
    let mount = deployment.folder.path().join("mount");
    fs::create_dir(&mount).unwrap();
    publish(&mount, "first", OLD);
    symlink("..data/secret", mount.join("secret")).unwrap();
    let file = mount.join("secret");
    let env = [("SESSION_SECRET_FILE", file.to_str().unwrap())];
    let server = deployment.serve(&env).await;
    let mut old = signed_in(&server).await;
    let traffic = Traffic::start(&server, &cookie(&old));

    publish(&mount, "second", &format!("{NEW},{OLD}"));
    server.logged(CHANGED).await;
    let new = signed_in(&server).await;
    assert_eq!(who(&mut old).await.unwrap(), "user@example.com");
    traffic.stop_unharmed().await;
    assert_ne!(kid(&cookie(&old)), kid(&cookie(&new)));
    assert_eq!(server.log().matches(CHANGED).count(), 1);
}

#[tokio::test]
async fn a_broken_file_leaves_them_as_they_are() {
    let deployment = Deployment::new().await;
    let file = deployment.folder.path().join("secret");
    fs::write(&file, OLD).unwrap();
    let env = [("SESSION_SECRET_FILE", file.to_str().unwrap())];
    let server = deployment.serve(&env).await;
    let mut browser = signed_in(&server).await;
    let stay = "the session keys stay as they were";
    for (broken, says) in [
        (Some("too-short"), "must have at least 16 characters"),
        (Some(""), "the file is empty"),
        (None, "cannot be read"),
        (Some(&*format!("{OLD},{OLD}")), "the same secret twice"),
    ] {
        match broken {
            Some(text) => fs::write(&file, text).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        server.logged(says).await;
        assert_eq!(who(&mut browser).await.unwrap(), "user@example.com");
        signed_in(&server).await;
    }
    let log = server.log();
    let lines: Vec<_> = log.lines().filter(|line| line.contains(stay)).collect();
    assert_eq!(lines.len(), 4, "one line each: {log}");
    assert!(
        lines
            .iter()
            .all(|line| line.contains("SESSION_SECRET_FILE")),
        "{log}"
    );
    assert!(!log.contains(OLD) && !log.contains("too-short"), "{log}");
    // And it goes on from there.
    fs::write(&file, format!("{NEW}\n{OLD}")).unwrap();
    server.logged(CHANGED).await;
    assert_eq!(who(&mut browser).await.unwrap(), "user@example.com");
    let new = signed_in(&server).await;
    assert_ne!(kid(&cookie(&browser)), kid(&cookie(&new)));
}

/// What is stored is sealed anew when it is written, so that the old key can go.
#[tokio::test]
async fn a_refresh_seals_with_the_new_key() {
    let deployment = Deployment::new().await;
    let config = deployment.folder.path().join("cogward.toml");
    let keys = |keys: &str| fs::write(&config, format!("[session]\nencryption_key = {keys}\n"));
    keys(&format!("['{OLD}']")).unwrap();
    let server = deployment.serve(&[]).await;
    let mut refreshed = signed_in(&server).await;
    let mut untouched = signed_in(&server).await;
    keys(&format!("['{NEW}', '{OLD}']")).unwrap();
    server.logged(CHANGED).await;
    let answer = refreshed.post("/api/v1/auth/refresh").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    server.stop().await;

    keys(&format!("['{NEW}']")).unwrap();
    let server = deployment.serve(&[]).await;
    assert_eq!(at(&server, &mut refreshed).await, 200);
    assert_eq!(at(&server, &mut untouched).await, 401);
}

#[tokio::test]
async fn keys_of_the_environment_are_said_to_need_a_restart() {
    let deployment = Deployment::new().await;
    let server = deployment.serve(&[]).await;
    let mut browser = signed_in(&server).await;
    server.signal("HUP");
    server
        .logged("only a restart changes what is in the environment")
        .await;
    assert_eq!(who(&mut browser).await.unwrap(), "user@example.com");
    server.stop().await;
}

#[tokio::test]
async fn the_development_server_reads_them_again_too() {
    let dev = Dev::new();
    let file = dev.folder.path().join("secret");
    fs::write(&file, OLD).unwrap();
    let server = dev
        .start(&[("SESSION_SECRET_FILE", file.to_str().unwrap())])
        .await;
    let mut browser = signed_in(&server).await;
    fs::write(&file, format!("{NEW}\n{OLD}")).unwrap();
    server.logged(CHANGED).await;
    assert_eq!(who(&mut browser).await.unwrap(), "user@example.com");
    let new = signed_in(&server).await;
    assert_ne!(kid(&cookie(&browser)), kid(&cookie(&new)));
}

async fn signed_in(server: &Server) -> Browser {
    let mut browser = server.browser();
    sign_in(&mut browser, "user@example.com").await;
    browser
}

fn cookie(browser: &Browser) -> String {
    browser.cookie("cogward_session").unwrap().to_owned()
}

/// The part of a cookie that names the key.
fn kid(cookie: &str) -> &str {
    &cookie[..6]
}

async fn at(server: &Server, browser: &mut Browser) -> u16 {
    let url = server.base.join("/api/v1/auth/check").unwrap();
    browser.get(url.as_str()).await.status.as_u16()
}

/// One version of a mounted secret, swapped in at once.
fn publish(mount: &Path, version: &str, text: &str) {
    fs::create_dir(mount.join(version)).unwrap();
    fs::write(mount.join(version).join("secret"), text).unwrap();
    symlink(version, mount.join("..new")).unwrap();
    fs::rename(mount.join("..new"), mount.join("..data")).unwrap();
}

/// Requests with one session, one after another on several connections.
struct Traffic {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    workers: Vec<JoinHandle<()>>,
}

impl Traffic {
    fn start(server: &Server, cookie: &str) -> Self {
        let (stop, answered) = (Arc::default(), Arc::default());
        let url = server.base.join("/api/v1/auth/check").unwrap();
        let header = format!("cogward_session={cookie}");
        let worker = || {
            let work = ask(
                url.clone(),
                header.clone(),
                Arc::clone(&stop),
                Arc::clone(&answered),
            );
            tokio::spawn(work)
        };
        let workers = (0..4).map(|_| worker()).collect();
        Self {
            stop,
            answered,
            workers,
        }
    }

    /// Every request so far was answered with 200, and more are after now.
    async fn stop_unharmed(self) {
        let answered = self.answered.load(Ordering::SeqCst);
        while self.answered.load(Ordering::SeqCst) < answered + 50 {
            assert!(!self.workers.iter().any(JoinHandle::is_finished));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.stop.store(true, Ordering::SeqCst);
        for worker in self.workers {
            worker.await.unwrap();
        }
    }
}

async fn ask(url: Url, cookie: String, stop: Arc<AtomicBool>, answered: Arc<AtomicUsize>) {
    let http = http();
    while !stop.load(Ordering::SeqCst) {
        let answer = http.get(url.clone()).header("cookie", &cookie).send().await;
        assert_eq!(answer.unwrap().status(), 200);
        answered.fetch_add(1, Ordering::SeqCst);
    }
}
