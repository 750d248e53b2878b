use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::{Address, Letter, Mail, Mailer, Templates};

/// What waits, how long, and how much is done at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Mails that are not handed over yet; the next one is dropped.
    pub waiting: usize,
    /// Mails that are handed over at once.
    pub at_once: usize,
    /// Before the second try; twice as long before each that follows.
    pub first_pause: Duration,
    /// No pause is longer.
    pub longest_pause: Duration,
    /// No try is begun later than this after the mail was given.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            waiting: 500,
            at_once: 4,
            first_pause: Duration::from_secs(2),
            longest_pause: Duration::from_secs(60),
            patience: Duration::from_secs(300),
        }
    }
}

/// Mails on their way, of one process: they do not survive its end.
pub struct Outbox {
    mailer: Arc<dyn Mailer>,
    templates: Templates,
    limits: Limits,
    places: Arc<Semaphore>,
    hands: Arc<Semaphore>,
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl Outbox {
    /// An outbox that hands over through this mailer.
    pub fn new(mailer: Arc<dyn Mailer>, templates: Templates, limits: Limits) -> Self {
        Self {
            mailer,
            templates,
            limits,
            places: Arc::new(Semaphore::new(limits.waiting)),
            hands: Arc::new(Semaphore::new(limits.at_once)),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Sends a letter to one address, behind the caller's back and in its span. Nothing tells the
    /// caller whether it arrives: what is dropped stands in the log.
    pub fn send(&self, to: &str, letter: &Letter<'_>) {
        let name = letter.name();
        let Ok(to) = Address::parse(to) else {
            tracing::warn!(
                letter = name,
                "mail dropped: the address is none to send to"
            );
            return;
        };
        let mail = match self.templates.render(to, letter) {
            Ok(mail) => mail,
            Err(error) => {
                tracing::error!(letter = name, %error, "mail dropped");
                return;
            }
        };
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::warn!(letter = name, recipient = %mail.to, "mail dropped: too many wait");
            return;
        };
        let delivery = Delivery {
            mailer: Arc::clone(&self.mailer),
            hands: Arc::clone(&self.hands),
            closing: self.closing.clone(),
            limits: self.limits,
            name,
            mail,
            _place: place,
        };
        self.tasks.spawn(delivery.run().in_current_span());
    }

    /// Waits for what is on its way; a mail that waits for another try gets it now, and no more.
    pub async fn drain(&self) {
        self.closing.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// How many mails are on their way.
    pub fn unfinished(&self) -> usize {
        self.tasks.len()
    }
}

/// One mail on its way.
struct Delivery {
    mailer: Arc<dyn Mailer>,
    hands: Arc<Semaphore>,
    closing: CancellationToken,
    limits: Limits,
    name: &'static str,
    mail: Mail,
    _place: OwnedSemaphorePermit,
}

impl Delivery {
    async fn run(self) {
        let (letter, recipient) = (self.name, &self.mail.to);
        let end = Instant::now() + self.limits.patience;
        let mut pause = self.limits.first_pause;
        let mut tries = 0_u32;
        loop {
            // Asked before the try, so that whoever is woken by the closing has one left.
            let last = self.closing.is_cancelled() || Instant::now() + pause > end;
            tries += 1;
            match self.hand_over().await {
                Ok(()) => return tracing::info!(letter, %recipient, tries, "mail sent"),
                Err(error) if last || !error.is_transient() => {
                    return tracing::warn!(letter, %recipient, tries, %error, "mail dropped");
                }
                Err(error) => {
                    tracing::debug!(letter, %recipient, tries, %error, "mail not sent yet");
                }
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = self.closing.cancelled() => {}
            }
            pause = (pause * 2).min(self.limits.longest_pause);
        }
    }

    async fn hand_over(&self) -> Result<(), crate::SendError> {
        // Never closed, so there is always one in the end.
        let _hand = self.hands.acquire().await;
        self.mailer.send(&self.mail).await
    }
}
