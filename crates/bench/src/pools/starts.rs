//! Start to first answer, start to first tokens, and memory.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::PEOPLE;
use super::peer::{Cores, Peer, Peers, Running};
use super::people::People;
use crate::generator::{ask, body_of};
use crate::table::{Spread, head, row, say};

/// What was measured of each, in the order of [`Peer::ALL`].
pub(super) struct Starts(Vec<Start>);

#[derive(Default)]
struct Start {
    /// Milliseconds to the first answer, with nothing there yet.
    first: Vec<f64>,
    /// The same, with the data of an earlier start.
    later: Vec<f64>,
    /// Milliseconds to the first tokens, with nothing there yet.
    tokens: Vec<f64>,
    /// Megabytes once it had answered.
    resident: Vec<f64>,
    /// Megabytes after many sign-ins.
    used: f64,
    /// Whether those who could sign in can after another start.
    keeps: bool,
}

pub(super) fn measure(peers: &Peers, times: usize, sign_ins: usize) -> Result<Starts> {
    let mut starts: Vec<Start> = Peer::ALL.iter().map(|_| Start::default()).collect();
    // In turns, so that whatever else the machine does falls on all alike.
    for time in 0..times {
        for (peer, start) in Peer::ALL.into_iter().zip(&mut starts) {
            let last = time + 1 == times;
            once(peers, peer, start, if last { sign_ins } else { 0 })?;
        }
    }
    say(&format!(
        "\nEach started {times} times, in turns, on any core; then {sign_ins} sign-ins of ten people, one after another."
    ));
    head(&[
        "pool",
        "start ms (range)",
        "with data there",
        "nothing there to first tokens ms (range)",
        "resident MB after the start",
        "after the sign-ins",
        "users there at the next start",
    ]);
    for (peer, start) in Peer::ALL.into_iter().zip(&starts) {
        row(&[
            peer.name().to_owned(),
            spread(&start.first),
            spread(&start.later),
            spread(&start.tokens),
            format!("{:.1}", median(&start.resident)),
            format!("**{:.1}**", start.used),
            if start.keeps { "yes" } else { "no" }.to_owned(),
        ]);
    }
    Ok(Starts(starts))
}

/// Starts it with nothing there, makes people, signs in, and starts it again.
fn once(peers: &Peers, peer: Peer, start: &mut Start, sign_ins: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let begun = Instant::now();
    let (pool, seconds) = run(peers, peer, folder.path())?;
    start.first.push(seconds * 1000.0);
    start.resident.push(pool.process.resident_mb()?);
    let people = People::make(&pool, PEOPLE)?.sign_ins();
    sign_in(&pool, people.first().context("nobody")?)?;
    start.tokens.push(begun.elapsed().as_secs_f64() * 1000.0);
    for person in people.iter().cycle().take(sign_ins) {
        sign_in(&pool, person)?;
    }
    start.used = pool.process.resident_mb()?;
    drop(pool);
    let (pool, seconds) = run(peers, peer, folder.path())?;
    start.later.push(seconds * 1000.0);
    start.keeps = sign_in(&pool, people.first().context("nobody")?).is_ok();
    Ok(())
}

fn run(peers: &Peers, peer: Peer, folder: &Path) -> Result<(Running, f64)> {
    peers.start(peer, folder, Cores::Any, None)
}

fn sign_in(pool: &Running, request: &[u8]) -> Result<()> {
    let answer = ask(pool.address, request)?;
    let body = String::from_utf8_lossy(body_of(&answer)?);
    ensure!(body.contains("\"RefreshToken\""), "no tokens: {body}");
    Ok(())
}

impl Starts {
    /// The aims: a quarter of the better of the others.
    pub(super) fn verdict(&self) {
        let start = compare(&self.0, |it| median(&it.first));
        let after = compare(&self.0, |it| median(&it.resident));
        let used = compare(&self.0, |it| it.used);
        say(&format!(
            "\nOf the better one's (aim: at most 25 %): start **{start:.1} %**, memory after the start \
             **{after:.1} %**, after the sign-ins **{used:.1} %**."
        ));
    }
}

/// Percent that the first one takes of the least of the others.
fn compare(starts: &[Start], of: impl Fn(&Start) -> f64) -> f64 {
    let mut all = starts.iter().map(of);
    let own = all.next().unwrap_or(f64::NAN);
    own * 100.0 / Spread::of(all).min
}

fn median(values: &[f64]) -> f64 {
    Spread::of(values.iter().copied()).median
}

fn spread(values: &[f64]) -> String {
    let spread = Spread::of(values.iter().copied());
    format!(
        "**{:.0}** ({:.0}–{:.0})",
        spread.median, spread.min, spread.max
    )
}
