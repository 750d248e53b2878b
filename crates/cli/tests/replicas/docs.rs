//! The page about replicas.

use std::path::Path;
use std::process::Command;

use cogward_services::{Nginx, Redis, free_ports};

const PAGE: &str = include_str!("../../../../docs/replicas.md");

#[test]
fn the_page_shows_the_site_that_is_tested() {
    let site = include_str!("../../../services/src/nginx/cogward.conf");
    assert!(PAGE.contains(&format!("```nginx\n{site}```\n")));
}

#[test]
fn the_commands_of_the_page_do_what_it_says() {
    let redis = Redis::start();
    let ports @ [one, two] = free_ports();
    let [pool] = free_ports();
    let nginx = Nginx::start(ports);
    let folder = tempfile::tempdir().unwrap();
    let port = |text: String, from: u16, to: u16| text.replace(&from.to_string(), &to.to_string());
    let script = port(blocks("sh"), 3001, one);
    let script = port(port(script, 3002, two), 6379, redis.port());
    let script = script
        .replace("cogward pool", &format!("cogward pool --port {pool}"))
        .replace(":9229", &format!(":{pool}"))
        .replace("http://localhost:8080", &nginx.url());
    let binary = Path::new(env!("CARGO_BIN_EXE_cogward")).parent().unwrap();
    let start = format!(
        "set -euo pipefail\nPATH={}:$PATH\ntrap 'kill -KILL $(jobs -p)' EXIT\n",
        binary.display()
    );
    // Nothing is left behind, also when it hangs.
    let output = Command::new("timeout")
        .args(["--kill-after=5", "60", "bash", "-c"])
        .arg(start + &script)
        .current_dir(folder.path())
        .env_remove("SESSION_SECRET")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let wrong = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}{wrong}");
    let healthy = said.matches("{\"status\":\"healthy\"}").count();
    assert_eq!(healthy, 5, "{said}");
    let authorize = format!("http://localhost:{pool}/oauth2/authorize?");
    assert!(said.contains(&authorize), "{said}");
}

/// All fenced blocks of a language, in order, as one text.
fn blocks(language: &str) -> String {
    let fence = format!("```{language}\n");
    let rests = PAGE.split(&fence).skip(1);
    let found: Vec<&str> = rests
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(!found.is_empty(), "no {language} on the page");
    found.join("\n")
}
