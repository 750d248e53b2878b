//! The keys of the sessions are taken anew, from where they stand, while the server runs.

use std::sync::Arc;
use std::time::Duration;

use cogward_auth::Auth;
use cogward_auth::audit::Changed;
use cogward_config::{Config, Secret, SessionKeys, Source, Sources, session_keys};
use tokio::signal::unix::Signal;

use crate::looks::{Look, Looks};
use crate::printable::printable;
use crate::wire::ring::ring;

/// What is read the same again after this long is not half written.
const SETTLED_AFTER: Duration = Duration::from_millis(200);

/// A server's keys, and what they are read from.
pub(crate) struct Rotation {
    auth: Arc<Auth>,
    sources: Arc<Sources>,
    production: bool,
    in_use: SessionKeys,
    /// What was wrong with them the last time, if anything.
    wrong: Option<String>,
}

/// Keys, or in one line what is wrong with them.
type Read = Result<SessionKeys, String>;

impl Rotation {
    /// For a server that runs with the keys of `config`.
    pub(crate) fn new(auth: Arc<Auth>, sources: Sources, config: &Config) -> Self {
        Self {
            auth,
            sources: Arc::new(sources),
            production: config.server.is_production(),
            in_use: SessionKeys {
                secrets: config.session.secrets.clone(),
                encryption_keys: config.session.encryption_keys.clone(),
                in_files: ["session.secret", "session.encryption_key"]
                    .iter()
                    .any(|key| config.source(key).is_some_and(Source::is_file)),
            },
            wrong: None,
        }
    }

    /// Looks at the files again and again, and at once for every `hangup`.
    pub(crate) async fn watch(mut self, hangup: Option<Signal>) {
        let mut looks = Looks::new(hangup);
        loop {
            match looks.next(self.in_use.in_files).await {
                Look::Routine => self.look().await,
                Look::Asked => self.take(self.read().await, true),
            }
        }
    }

    async fn look(&mut self) {
        let first = self.read().await;
        if !self.is_news(&first) {
            return;
        }
        tokio::time::sleep(SETTLED_AFTER).await;
        let second = self.read().await;
        if is_same(&first, &second) {
            self.take(second, false);
        }
    }

    async fn read(&self) -> Read {
        let (sources, production) = (Arc::clone(&self.sources), self.production);
        let read = move || session_keys(&sources.read_again()?, production);
        let read = tokio::task::spawn_blocking(read).await;
        read.map_err(|error| error.to_string())?
            .map_err(|faults| printable(&faults.to_string()))
    }

    fn is_news(&self, read: &Read) -> bool {
        match read {
            Ok(keys) => self.wrong.is_some() || !are_same(keys, &self.in_use),
            Err(wrong) => self.wrong.as_ref() != Some(wrong),
        }
    }

    fn take(&mut self, read: Read, asked: bool) {
        let ring = read.and_then(|keys| {
            let ring = ring(&keys.secrets, &keys.encryption_keys);
            Ok((ring.map_err(|error| error.to_string())?, keys))
        });
        let (ring, keys) = match ring {
            Ok(both) => both,
            Err(wrong) => {
                tracing::error!(wrong, "the session keys stay as they were");
                self.wrong = Some(wrong);
                return;
            }
        };
        let same = are_same(&keys, &self.in_use);
        let names = format!("{ring:?}");
        if !same {
            self.auth.set_ring(ring);
            self.auth.tell_changed(Changed::Keys, &names);
            tracing::info!(keys = names, "session keys changed");
        } else if asked && !keys.in_files {
            tracing::info!(
                "session keys are not in files: only a restart changes what is in the environment"
            );
        } else {
            tracing::info!(keys = names, "session keys read again: the same as before");
        }
        self.in_use = keys;
        self.wrong = None;
    }
}

fn is_same(one: &Read, other: &Read) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => are_same(one, other),
        (Err(one), Err(other)) => one == other,
        _ => false,
    }
}

fn are_same(one: &SessionKeys, other: &SessionKeys) -> bool {
    let same = |one: &[Secret], other: &[Secret]| {
        let exposed = other.iter().map(Secret::expose);
        one.iter().map(Secret::expose).eq(exposed)
    };
    same(&one.secrets, &other.secrets) && same(&one.encryption_keys, &other.encryption_keys)
}
