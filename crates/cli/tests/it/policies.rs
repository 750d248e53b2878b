//! Policies change while a server runs.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cogward_testkit::{Browser, audit_events};
use serde_json::{Value, json};

use crate::deployment::Deployment;
use crate::process::{Server, sign_in};

const IN_FORCE: &str = "policies in force";
const REFUSED: &str = "policies refused";

/// Everybody may read, by a policy of this name.
fn reading(name: &str) -> String {
    format!(
        "@id(\"{name}\")\npermit (principal, action == App::Action::\"read:content\", resource);\n"
    )
}

async fn decided_by(browser: &mut Browser) -> Value {
    let question = json!({ "action": "read:content" });
    let answer = browser.post_json("/auth/authorize", &question).await;
    answer.json()["diagnostics"]["reason"][0].clone()
}

async fn signed_in(server: &Server) -> Browser {
    let mut browser = server.browser();
    sign_in(&mut browser, "user@example.com").await;
    browser
}

fn write(folder: &Path, text: &str) {
    fs::create_dir_all(folder).unwrap();
    // A rename: nobody reads half a file.
    let new = folder.join(".new");
    fs::write(&new, text).unwrap();
    fs::rename(new, folder.join("own.cedar")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_and_a_signal_change_them_and_bad_ones_change_nothing() {
    let deployment = Deployment::new().await;
    let folder = deployment.folder.path().join("policies");
    write(&folder, &reading("first"));
    let env = [
        ("POLICY_FOLDER", folder.to_str().unwrap()),
        ("AUDIT_PATH", "audit.jsonl"),
    ];
    let server = deployment.serve(&env).await;
    server.logged("actions on one's own are advisory").await;
    let mut browser = signed_in(&server).await;
    assert_eq!(decided_by(&mut browser).await, "first");

    write(&folder, &reading("second"));
    server.logged_times(IN_FORCE, 2).await;
    assert_eq!(decided_by(&mut browser).await, "second");

    // Nothing changed: only the signal has them taken again.
    server.signal("HUP");
    server.logged_times(IN_FORCE, 3).await;
    assert_eq!(decided_by(&mut browser).await, "second");

    write(&folder, &reading("third"));
    server.signal("HUP");
    server.logged_times(IN_FORCE, 4).await;
    assert_eq!(decided_by(&mut browser).await, "third");

    write(
        &folder,
        "permit (principal, action == App::Action::\"raed\", resource);",
    );
    server.logged("own.cedar:1:30: ").await;
    server.logged("those in force stay").await;
    assert_eq!(decided_by(&mut browser).await, "third");
    server.stop().await;
    assert_told(&deployment.folder.path().join("audit.jsonl"));
}

/// Which sets came into force, which did not, and nothing of what they say.
fn assert_told(trail: &Path) {
    let text = fs::read_to_string(trail).unwrap();
    let events = audit_events(&text);
    let of = |code: &'static str| {
        let events = events
            .iter()
            .filter(move |it| it["metadata"]["event_code"] == code);
        events
            .map(|it| it["status_detail"].as_str().unwrap())
            .collect::<Vec<_>>()
    };
    let taken = of("policies_taken");
    let sums = taken
        .iter()
        .map(|it| it.strip_prefix("1 policies, SHA-256 ").unwrap());
    let sums: HashSet<_> = sums.collect();
    assert_eq!(sums.len(), 2, "each set has its own: {taken:?}");
    assert!(sums.iter().all(|it| it.len() == 64), "{sums:?}");
    let [refused] = of("policies_refused")[..] else {
        panic!("one set is no good");
    };
    assert!(refused.contains("own.cedar:1:30, SHA-256 "), "{refused}");
    assert!(!text.contains("raed") && !text.contains("principal"));
    let by = events
        .iter()
        .find(|it| it["metadata"]["event_code"] == "policies_taken");
    assert_eq!(by.unwrap()["actor"]["user"]["name"], "Cogward");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_is_broken_at_start_leaves_the_server_up_until_it_is_mended() {
    let deployment = Deployment::new().await;
    let folder = deployment.folder.path().join("policies");
    write(&folder, "permit (principal");
    let env = [("POLICY_FOLDER", folder.to_str().unwrap())];
    let server = deployment.serve(&env).await;
    server.logged(REFUSED).await;
    let mut browser = signed_in(&server).await;
    assert_eq!(browser.get("/health").await.json()["cedar"], "unavailable");
    let question = json!({ "action": "read:content" });
    assert_eq!(
        browser.post_json("/auth/authorize", &question).await.status,
        503
    );

    write(&folder, &reading("mended"));
    server.logged(IN_FORCE).await;
    assert_eq!(decided_by(&mut browser).await, "mended");
    assert_eq!(browser.get("/health").await.json()["cedar"], "ready");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_while_they_change_is_answered_by_one_set_or_the_other() {
    let deployment = Deployment::new().await;
    let folder = deployment.folder.path().join("policies");
    write(&folder, &reading("set-0"));
    let env = [("POLICY_FOLDER", folder.to_str().unwrap())];
    let server = deployment.serve(&env).await;
    let browser = signed_in(&server).await;
    let stop = Arc::new(AtomicBool::new(false));
    let askers: Vec<_> = (0..2)
        .map(|_| {
            let (mut browser, stop) = (browser.copy(), Arc::clone(&stop));
            tokio::spawn(async move {
                let question = json!({ "action": "read:content" });
                let batch = json!({ "questions": vec![question.clone(); 10] });
                let mut seen = HashSet::new();
                while !stop.load(Ordering::Relaxed) {
                    let answer = browser.post_json("/auth/authorize", &question).await;
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    let name = answer.json()["diagnostics"]["reason"][0].clone();
                    seen.insert(name.as_str().unwrap().to_owned());
                    let answers = browser
                        .post_json("/auth/authorize/batch", &batch)
                        .await
                        .json();
                    let answers = answers["answers"].as_array().unwrap();
                    assert!(answers.iter().all(|it| *it == answers[0]), "{answers:?}");
                    assert_eq!(answers[0]["authorized"], true);
                }
                seen
            })
        })
        .collect();
    for set in 1..=3 {
        write(&folder, &reading(&format!("set-{set}")));
        server.logged_times(IN_FORCE, set + 1).await;
        // One that is no good in between changes nothing.
        write(&folder, "permit (principal");
        server.logged_times(REFUSED, set).await;
    }
    stop.store(true, Ordering::Relaxed);
    for asker in askers {
        let seen = asker.await.unwrap();
        assert!(seen.len() > 1, "{seen:?}");
        assert!(seen.iter().all(|name| name.starts_with("set-")), "{seen:?}");
    }
    server.stop().await;
}
