//! The trail by itself: from the events of many requests to lines in one place.
//!
//! A request writes its line into memory; a thread takes all there are and writes them out.
//! What comes while there is no more room is counted, and the trail says how many were lost.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SecureRandom;
use cogward_session::Clock;
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use super::cause::By;
use super::kinds::Itself;
use super::ocsf::{self, More, Origin, Place, Told};

/// So much waits to be written at most, in bytes: some ten thousand events.
const ROOM: usize = 8 << 20;
/// Lines are gathered for so long, so that many are written at once.
const GATHER: Duration = Duration::from_millis(5);
/// Between two tries to write what could not be written.
const AGAIN: Duration = Duration::from_secs(1);
/// The same once the trail has ended, and how many there are.
const LAST_AGAIN: Duration = Duration::from_millis(50);
const LAST_TRIES: u32 = 20;
/// A fault is told in the log this often.
const TELL_EVERY: Duration = Duration::from_secs(60);
/// A buffer that one long line made larger is not kept.
const LARGE: usize = 64 << 10;

thread_local! { static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) }; }

/// Where events are told. All clones are one.
#[derive(Clone)]
pub struct Trail(Arc<Shared>);

struct Shared {
    origin: Origin,
    clock: Arc<dyn Clock>,
    sequence: AtomicU64,
    waiting: Mutex<Waiting>,
    news: Condvar,
    ended: Mutex<Option<oneshot::Receiver<u64>>>,
}

/// What the thread has yet to do.
#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    lost: u64,
    reopen: bool,
    closed: bool,
    /// The thread sleeps until it is told.
    asleep: bool,
}

/// Whose trail it is.
pub struct Whose<'a> {
    /// The user pool's id.
    pub pool: &'a str,
    /// The app client's id.
    pub client: &'a str,
}

/// Where lines go: called at start, and again whenever the place is to be opened anew.
pub type Open = Box<dyn FnMut() -> io::Result<Box<dyn Write + Send>> + Send>;

impl Trail {
    /// Begins it.
    ///
    /// # Errors
    /// It could not be opened, or there is no thread for it.
    pub fn begin(
        mut open: Open,
        whose: &Whose<'_>,
        clock: Arc<dyn Clock>,
        rng: &dyn SecureRandom,
    ) -> io::Result<Self> {
        let out = open()?;
        let mut run = [0; 8];
        // Without randomness two runs may be taken for one, which costs nobody anything.
        let _unfilled = rng.fill(&mut run);
        let (end, ended) = oneshot::channel();
        let trail = Self(Arc::new(Shared {
            origin: Origin {
                pool: whose.pool.to_owned(),
                client: whose.client.to_owned(),
                run: u64::from_be_bytes(run),
            },
            clock,
            sequence: AtomicU64::new(0),
            waiting: Mutex::default(),
            news: Condvar::new(),
            ended: Mutex::new(Some(ended)),
        }));
        trail.tell_itself(Itself::Begun, 0);
        let writer = Writer {
            trail: Arc::clone(&trail.0),
            open,
            out,
            lines: Vec::new(),
            at: 0,
            told_at: None,
        };
        std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || {
                // Nobody waits for it who has gone.
                let _unheard = end.send(writer.run());
            })?;
        Ok(trail)
    }

    /// Takes the place of the trail anew: what is there under its name now.
    pub fn reopen(&self) {
        self.0.waiting.lock().reopen = true;
        self.0.news.notify_one();
    }

    /// Writes what waits, and takes nothing more. How many events could not be written by then;
    /// `None` when that is not known.
    pub async fn end(&self, patience: Duration) -> Option<u64> {
        let mut last = Vec::new();
        self.0.line(&own(Itself::Ended, 0), &By::Server, &mut last);
        self.0.take(&last, true);
        let ended = self.0.ended.lock().take()?;
        tokio::time::timeout(patience, ended).await.ok()?.ok()
    }

    /// Whether it took the event: not after its end.
    pub(super) fn tell(&self, told: &Told<'_>, by: &By) -> bool {
        LINE.with(|line| match line.try_borrow_mut() {
            Ok(mut line) => self.put(told, by, &mut line),
            Err(_) => self.put(told, by, &mut Vec::new()),
        })
    }

    fn put(&self, told: &Told<'_>, by: &By, line: &mut Vec<u8>) -> bool {
        line.clear();
        self.0.line(told, by, line);
        let taken = self.0.take(line, false);
        if line.capacity() > LARGE {
            *line = Vec::new();
        }
        taken
    }

    fn tell_itself(&self, what: Itself, count: u64) {
        self.tell(&own(what, count), &By::Server);
    }
}

fn own(what: Itself, count: u64) -> Told<'static> {
    Told {
        kind: what.kind(),
        sub: None,
        session: None,
        detail: None,
        more: match count {
            0 => More::Nothing,
            count => More::Count(count),
        },
    }
}

impl Shared {
    fn line(&self, told: &Told<'_>, by: &By, line: &mut Vec<u8>) {
        let place = Place {
            millis: self.clock.millis(),
            sequence: self.sequence.fetch_add(1, Ordering::Relaxed),
        };
        ocsf::write(line, told, by, &self.origin, &place);
    }

    /// `last`: no other comes after it.
    fn take(&self, line: &[u8], last: bool) -> bool {
        let mut waiting = self.waiting.lock();
        if waiting.closed {
            return false;
        }
        match waiting.lines.len() + line.len() > ROOM {
            true => waiting.lost += 1,
            false => waiting.lines.extend_from_slice(line),
        }
        waiting.closed = last;
        let tell = std::mem::take(&mut waiting.asleep) || last;
        drop(waiting);
        if tell {
            self.news.notify_one();
        }
        true
    }
}

impl Waiting {
    fn is_idle(&self) -> bool {
        self.lines.is_empty() && self.lost == 0 && !self.closed && !self.reopen
    }

    fn is_over(&self) -> bool {
        self.closed && self.lines.is_empty() && self.lost == 0
    }
}

fn events(lines: &[u8]) -> u64 {
    lines.iter().filter(|byte| **byte == b'\n').map(|_| 1).sum()
}

/// The thread's side.
struct Writer {
    trail: Arc<Shared>,
    open: Open,
    out: Box<dyn Write + Send>,
    /// Being written.
    lines: Vec<u8>,
    /// So much of it is.
    at: usize,
    told_at: Option<Instant>,
}

impl Writer {
    /// Until the trail has ended; how many events were not written then.
    fn run(mut self) -> u64 {
        let mut tries = LAST_TRIES;
        loop {
            if self.gather() {
                self.reopen();
            }
            if let Err(error) = self.write() {
                self.tell("the audit trail is not written", &error);
                let mut waiting = self.trail.waiting.lock();
                if waiting.closed {
                    tries -= 1;
                    if tries == 0 {
                        return events(&waiting.lines) + events(self.left());
                    }
                }
                let pause = if waiting.closed { LAST_AGAIN } else { AGAIN };
                self.trail.news.wait_for(&mut waiting, pause);
            } else if self.trail.waiting.lock().is_over() {
                return 0;
            }
        }
    }

    /// Waits for lines, unless there are some that have yet to be written; whether to open the
    /// place anew.
    fn gather(&mut self) -> bool {
        let mut waiting = self.trail.waiting.lock();
        if !self.lines.is_empty() {
            return std::mem::take(&mut waiting.reopen);
        }
        while waiting.is_idle() {
            waiting.asleep = true;
            self.trail.news.wait(&mut waiting);
        }
        waiting.asleep = false;
        if !waiting.closed {
            self.trail.news.wait_for(&mut waiting, GATHER);
        }
        std::mem::swap(&mut self.lines, &mut waiting.lines);
        let (lost, reopen) = (
            std::mem::take(&mut waiting.lost),
            std::mem::take(&mut waiting.reopen),
        );
        drop(waiting);
        if lost > 0 {
            self.tell_lost(lost);
        }
        reopen
    }

    /// Where they would have stood.
    fn tell_lost(&mut self, lost: u64) {
        tracing::error!(
            lost,
            "events of the audit trail were lost: they came faster than they could be written"
        );
        let event = own(Itself::Lost, lost);
        self.trail.line(&event, &By::Server, &mut self.lines);
    }

    fn left(&self) -> &[u8] {
        self.lines.get(self.at..).unwrap_or_default()
    }

    fn write(&mut self) -> io::Result<()> {
        while self.at < self.lines.len() {
            let left = self.lines.get(self.at..).unwrap_or_default();
            match self.out.write(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.at += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.lines.clear();
        self.at = 0;
        Ok(())
    }

    /// What was there stays in use where nothing else can be had.
    fn reopen(&mut self) {
        match (self.open)() {
            Ok(out) => {
                self.out = out;
                // No line is in two places by halves.
                let done = self.lines.get(..self.at).unwrap_or_default();
                let end = done.iter().rposition(|byte| *byte == b'\n');
                self.at = end.map_or(0, |end| end + 1);
                let event = own(Itself::Reopened, 0);
                self.trail.line(&event, &By::Server, &mut self.lines);
                tracing::info!("the audit trail was opened again");
            }
            Err(error) => self.tell("the audit trail was not opened again", &error),
        }
    }

    fn tell(&mut self, what: &str, error: &io::Error) {
        let now = Instant::now();
        let lately = |at: Instant| now.duration_since(at) < TELL_EVERY;
        if !self.told_at.is_some_and(lately) {
            self.told_at = Some(now);
            tracing::error!(%error, "{what}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;

    use aws_lc_rs::rand::SystemRandom;
    use cogward_session::SystemClock;
    use serde_json::Value;

    use super::super::kinds::Event;
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    /// A place that takes so many bytes at once, and so many in all.
    #[derive(Clone)]
    struct Disk {
        written: Arc<Mutex<Vec<u8>>>,
        at_once: usize,
        free: Arc<AtomicUsize>,
    }

    impl Disk {
        fn new(free: usize, at_once: usize) -> Self {
            Self {
                written: Arc::default(),
                at_once,
                free: Arc::new(AtomicUsize::new(free)),
            }
        }

        fn events(&self) -> Vec<Value> {
            let text = String::from_utf8(self.written.lock().clone()).unwrap();
            assert!(text.is_empty() || text.ends_with('\n'), "half a line");
            let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
            lines.collect()
        }

        fn codes(&self) -> Vec<String> {
            let events = self.events();
            let code = |it: &Value| it["metadata"]["event_code"].as_str().unwrap().to_owned();
            events.iter().map(code).collect()
        }

        fn trail(&self) -> Trail {
            let disk = self.clone();
            begin(Box::new(move || Ok(Box::new(disk.clone()))))
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let free = self.free.load(Ordering::SeqCst);
            let taken = bytes.len().min(self.at_once).min(free);
            if taken == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.free.fetch_sub(taken, Ordering::SeqCst);
            self.written.lock().extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn begin(open: Open) -> Trail {
        let whose = Whose {
            pool: "pool",
            client: "client",
        };
        Trail::begin(open, &whose, Arc::new(SystemClock), &SystemRandom::new()).unwrap()
    }

    fn tell(trail: &Trail, detail: &str) -> bool {
        let told = Told {
            detail: Some(&detail),
            ..own(Itself::Begun, 0)
        };
        let told = Told {
            kind: Event::SignedOut.kind(),
            ..told
        };
        trail.tell(&told, &By::Server)
    }

    #[tokio::test]
    async fn every_event_is_there_at_the_end_whoever_told_it() {
        let disk = Disk::new(usize::MAX, usize::MAX);
        let trail = disk.trail();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for number in 0..500 {
                        assert!(tell(&trail, &number.to_string()));
                    }
                });
            }
        });
        assert_eq!(trail.end(PATIENCE).await, Some(0));
        let events = disk.events();
        let sequence = |it: &Value| it["metadata"]["sequence"].as_u64().unwrap();
        let sequences: BTreeSet<u64> = events.iter().map(sequence).collect();
        assert_eq!(sequences, (0..4002).collect());
        let codes = disk.codes();
        assert_eq!(codes[0], "trail_begun");
        assert_eq!(codes[4001], "trail_ended");
        assert!(!tell(&trail, "late"), "it ended");
        assert_eq!(disk.events().len(), 4002);
    }

    #[tokio::test]
    async fn a_disk_that_is_full_for_a_while_tears_no_line_and_loses_none() {
        let disk = Disk::new(1000, 7);
        let trail = disk.trail();
        for _ in 0..50 {
            assert!(tell(&trail, "told"));
        }
        while disk.free.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        disk.free.store(usize::MAX, Ordering::SeqCst);
        assert_eq!(trail.end(PATIENCE).await, Some(0));
        assert_eq!(disk.codes().len(), 52);
    }

    #[tokio::test]
    async fn what_there_is_no_room_for_is_counted_and_told_in_the_trail() {
        let disk = Disk::new(0, usize::MAX);
        let trail = disk.trail();
        let detail = "x".repeat(1000);
        let told = 2 * ROOM / 1000;
        for _ in 0..told {
            assert!(tell(&trail, &detail));
        }
        disk.free.store(usize::MAX, Ordering::SeqCst);
        while !disk.codes().contains(&"events_lost".to_owned()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(trail.end(PATIENCE).await, Some(0));
        let events = disk.events();
        let lost = events
            .iter()
            .find(|it| it["class_uid"] == 1008 && it["activity_id"] == 99);
        let lost = usize::try_from(lost.unwrap()["count"].as_u64().unwrap()).unwrap();
        assert!(lost > told / 4, "{lost} of {told}");
        assert_eq!(events.len(), told - lost + 3);
    }

    #[tokio::test]
    async fn the_end_waits_for_no_broken_disk_and_says_what_was_not_written() {
        let disk = Disk::new(0, usize::MAX);
        let trail = disk.trail();
        assert!(tell(&trail, "told"));
        assert_eq!(trail.end(PATIENCE).await, Some(3));
    }

    /// Nobody reads the pipe.
    struct Stuck(mpsc::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _never = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_place_that_takes_nothing_holds_up_neither_events_nor_the_end() {
        let (hold, held) = mpsc::channel();
        let mut held = Some(held);
        let trail = begin(Box::new(move || Ok(Box::new(Stuck(held.take().unwrap())))));
        for _ in 0..20_000 {
            assert!(tell(&trail, "told"));
        }
        assert_eq!(trail.end(Duration::from_millis(50)).await, None);
        drop(hold);
    }

    #[tokio::test]
    async fn a_place_that_is_opened_anew_begins_with_a_whole_line() {
        let (old, new) = (
            Disk::new(700, usize::MAX),
            Disk::new(usize::MAX, usize::MAX),
        );
        let mut places = vec![new.clone(), old.clone()];
        let trail = begin(Box::new(move || Ok(Box::new(places.pop().unwrap()))));
        assert!(tell(&trail, "told"));
        while old.free.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        trail.reopen();
        assert_eq!(trail.end(PATIENCE).await, Some(0));
        // The old one ended within the second line.
        let first = String::from_utf8(old.written.lock().clone()).unwrap();
        assert_eq!(first.lines().count(), 2);
        assert_eq!(new.codes(), ["signed_out", "trail_reopened", "trail_ended"]);
    }

    #[tokio::test]
    async fn what_cannot_be_opened_anew_stays_in_use() {
        let disk = Disk::new(usize::MAX, usize::MAX);
        let mut places = vec![disk.clone()];
        let open = move || -> io::Result<Box<dyn Write + Send>> {
            let place = places.pop().ok_or(io::ErrorKind::PermissionDenied)?;
            Ok(Box::new(place))
        };
        let trail = begin(Box::new(open));
        trail.reopen();
        assert!(tell(&trail, "told"));
        assert_eq!(trail.end(PATIENCE).await, Some(0));
        assert_eq!(disk.codes(), ["trail_begun", "signed_out", "trail_ended"]);
    }

    #[test]
    fn what_cannot_be_opened_at_start_is_no_trail() {
        let open: Open = Box::new(|| Err(io::ErrorKind::PermissionDenied.into()));
        let whose = Whose {
            pool: "",
            client: "",
        };
        let begun = Trail::begin(open, &whose, Arc::new(SystemClock), &SystemRandom::new());
        assert!(begun.is_err());
    }
}
