//! Renewing a session's tokens: once, however many ask, in however many processes.
//!
//! Within a process whoever asks joins the refresh under way; between processes
//! that share a store a lease says whose turn it is. The work runs in a task of its own. Requests wait for its result, bounded;
//! one that hangs up changes nothing for the others, and a token that Cognito
//! rotated is written even when nobody waits any more.

mod flights;
mod renewal;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use cogward_session::{Identity, Timestamp};

use crate::session::{self, Current};
use crate::{Auth, SessionError};

pub(crate) use flights::Flights;

/// A refresh asked for this soon after the last one reuses its result, seconds.
const REUSE_SECONDS: i64 = 10;
/// A token that lives this long yet is good for what a request does: it is renewed behind the
/// answer, seconds.
const GOOD_SECONDS: i64 = 5;
/// How long a request waits for a refresh under way.
const WAIT: Duration = Duration::from_millis(4500);

/// Renews the tokens when the access token is about to run out: behind the answer while it is
/// still good, before it when it is not.
pub(crate) async fn if_due(
    auth: &Arc<Auth>,
    current: Current,
    now: Timestamp,
) -> Result<Current, SessionError> {
    let left = now.seconds_until(current.identity.access_expires_at);
    let alive = left > 0;
    if left > auth.settings.refresh_ahead_seconds || is_fresh(&current.identity, now) {
        return Ok(current);
    }
    if !current.identity.refreshable {
        return if alive {
            Ok(current)
        } else {
            Err(SessionError::TokenExpired)
        };
    }
    if alive && auth.flights.postponed.contains(&current.key, now) {
        return Ok(current);
    }
    if left > GOOD_SECONDS {
        // Begins it, or finds it begun. Its outcome is for those who come later.
        drop(auth.flights.join(auth, &current));
        return Ok(current);
    }
    match join(auth, &current).await {
        Err(error) if error.is_transient() && alive => Ok(current),
        other => other,
    }
}

/// Renews the tokens now, as `POST …/refresh` asks for.
///
/// # Errors
/// [`SessionError::TokenExpired`] also stands for "there is no refresh token".
pub async fn refresh(auth: &Arc<Auth>, cookie: Option<&str>) -> Result<Current, SessionError> {
    let current = session::load(auth, cookie, auth.now()).await?;
    if !current.identity.refreshable {
        return Err(SessionError::TokenExpired);
    }
    join(auth, &current).await
}

/// Whether the tokens live and were renewed moments ago, by whichever process.
fn is_fresh(identity: &Identity, now: Timestamp) -> bool {
    now < identity.access_expires_at && identity.refreshed_at.seconds_until(now) < REUSE_SECONDS
}

/// Whether both hold the tokens of one and the same renewal, sealed anew or not.
fn is_same_renewal(one: &Identity, other: &Identity) -> bool {
    let renewal = |identity: &Identity| (identity.refreshed_at, identity.access_expires_at);
    renewal(one) == renewal(other)
}

/// Whether what is there needs no renewal by whoever `read` the session before: another was
/// quicker, or it was moments ago.
fn is_renewed(there: &Identity, read: &Identity, now: Timestamp) -> bool {
    let by_another = !is_same_renewal(there, read) && now < there.access_expires_at;
    by_another || is_fresh(there, now)
}

/// Takes part in the refresh of this session that is under way, or starts it.
async fn join(auth: &Arc<Auth>, current: &Current) -> Result<Current, SessionError> {
    let mut result = auth.flights.join(auth, current);
    let outcome = tokio::time::timeout(WAIT, result.wait_for(Option::is_some)).await;
    match outcome {
        Ok(Ok(outcome)) => match outcome.as_ref() {
            Some(outcome) => outcome.clone().into_result(),
            None => Err(SessionError::Upstream),
        },
        // The task died: the session is kept.
        Ok(Err(_)) => Err(SessionError::Upstream),
        // It goes on, and those whose token still lives need not wait for it.
        Err(_) => {
            auth.flights.postponed.note(current.key, auth.now());
            Err(SessionError::Upstream)
        }
    }
}
