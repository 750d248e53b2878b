//! What a session needs from time to time: its last-seen time, and the current key.

use std::sync::Arc;

use cogward_session::{Identity, Record, Replaced, Timestamp, TokenSet, seal};

use crate::error::chain;
use crate::session::{self, Current};
use crate::{Auth, SessionError};

/// `last_seen` is written at most this often, in seconds.
pub(crate) const SECONDS: i64 = 60;

/// Moves the idle deadline, once a minute; what an older key sealed is sealed anew on this
/// occasion. A store that cannot be written costs the person nothing: the session was read
/// and is good.
pub(crate) async fn touch(
    auth: &Auth,
    current: &mut Current,
    now: Timestamp,
) -> Result<(), SessionError> {
    let expires_at = session::expiry(auth, now, current.identity.ends_at);
    let (seen, written) = match is_sealed_currently(auth, &current.record) {
        true => {
            let seen = Record {
                last_seen_at: now,
                expires_at,
                ..Record::clone(&current.record)
            };
            let touched = auth
                .store
                .touch(&current.key, seen.version, now, expires_at);
            (seen, touched.await)
        }
        false => {
            let tokens = session::open_tokens(auth, current)?;
            let seen = next(auth, current, &current.identity, &tokens, expires_at)?;
            let expected = current.record.version;
            let replaced = auth.store.replace(&current.key, expected, seen.clone());
            (seen, replaced.await)
        }
    };
    match written {
        Ok(Replaced::Missing) => return Err(SessionError::Ended),
        Ok(Replaced::Done) => current.record = Arc::new(seen),
        // Written by another meanwhile, who has moved the deadline too.
        Ok(Replaced::Conflict) => {}
        Err(error) => tracing::warn!(error = chain(&error), "last-seen time not written"),
    }
    Ok(())
}

fn is_sealed_currently(auth: &Auth, record: &Record) -> bool {
    let ring = auth.ring();
    [&record.identity, &record.tokens, &record.device]
        .into_iter()
        .all(|sealed| seal::is_current(&ring, sealed))
}

/// The record that follows upon that of `current`, all of it sealed with the current key.
pub(crate) fn next(
    auth: &Auth,
    current: &Current,
    identity: &Identity,
    tokens: &TokenSet,
    expires_at: Timestamp,
) -> Result<Record, SessionError> {
    let (ring, old) = (auth.ring(), &current.record);
    let device = match seal::open_device(&ring, &current.key, &old.device) {
        Ok(device) if !seal::is_current(&ring, &old.device) => {
            seal::seal_device(&ring, &current.key, &device, &auth.rng)
                .map_err(|_| SessionError::Internal)?
        }
        // What does not open is told of when the devices are listed.
        _ => old.device.clone(),
    };
    let version = old.version.saturating_add(1);
    Ok(Record {
        last_seen_at: auth.now(),
        expires_at,
        device,
        ..session::sealed(auth, &current.id, version, identity, tokens)?
    })
}
