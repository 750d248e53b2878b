//! What each gets right: `peers/behaviours.py` asks, this puts the answers side by side.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde::Deserialize;

use super::peer::{Cores, Peer, Peers, Running};
use crate::table::{head_of_words, row, say};

/// One line of what the script prints.
#[derive(Deserialize)]
struct Answer {
    behaviour: String,
    right: bool,
    /// What came instead.
    instead: String,
}

/// Asks all three at the same time: some checks wait for minutes.
pub(super) fn measure(peers: &Peers) -> Result<()> {
    let answers: Result<Vec<Vec<Answer>>> = std::thread::scope(|scope| {
        let asked = Peer::ALL.map(|peer| scope.spawn(move || ask(peers, peer)));
        let answer = |thread: std::thread::ScopedJoinHandle<'_, Result<_>>| {
            thread.join().map_err(|_| anyhow!("a thread failed"))?
        };
        asked.into_iter().map(answer).collect()
    });
    let answers = answers?;
    let mut columns = vec!["behaviour"];
    columns.extend(Peer::ALL.map(Peer::name));
    head_of_words(&columns);
    let first = answers.first().context("no answers")?;
    for (number, asked) in first.iter().enumerate() {
        let mut cells = vec![asked.behaviour.clone()];
        for of_peer in &answers {
            let answer = of_peer.get(number).context("an answer is missing")?;
            ensure!(answer.behaviour == asked.behaviour, "answers out of order");
            cells.push(answer.cell());
        }
        row(&cells);
    }
    let right = answers
        .iter()
        .map(|answers| answers.iter().filter(|answer| answer.right).count());
    let right = Peer::ALL.into_iter().zip(right);
    let right: Vec<_> = right
        .map(|(peer, count)| format!("{} {count}", peer.name()))
        .collect();
    let all = first.len();
    say(&format!("\nRight, of {all}: {}.", right.join(", ")));
    Ok(())
}

impl Answer {
    fn cell(&self) -> String {
        match self.right {
            true => "yes".to_owned(),
            false => format!("**no**: {}", self.instead.replace('|', "/")),
        }
    }
}

/// Two installations, since some checks compare them.
fn ask(peers: &Peers, peer: Peer) -> Result<Vec<Answer>> {
    let folders = [tempfile::tempdir()?, tempfile::tempdir()?];
    let [first, second] = folders.each_ref().map(|folder| {
        let log = folder.path().join("output");
        let (pool, _) = peers.start(peer, folder.path(), Cores::Any, Some(File::create(&log)?))?;
        anyhow::Ok((pool, log))
    });
    let ((first, log), (second, _)) = (first?, second?);
    let url = |pool: &Running| format!("http://{}:{}", peer.host(), pool.address.port());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/behaviours.py");
    let output = Command::new(&peers.python)
        .arg(script)
        .args(["--peer", peer.name(), "--url", &url(&first)])
        .args(["--second-url", &url(&second), "--output"])
        .arg(log)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "behaviours of {}", peer.name());
    let lines = String::from_utf8(output.stdout)?;
    lines
        .lines()
        .map(|line| serde_json::from_str(line).with_context(|| line.to_owned()))
        .collect()
}
