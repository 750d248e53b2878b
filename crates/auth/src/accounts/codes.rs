//! One-time codes of our own: how they are made, kept and compared.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::pbkdf2;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use cogward_mail::Letter;
use cogward_people::{CodeKey, OneTimeCode, UserDirectory};
use cogward_session::{BucketKey, Buckets, Drawn, Rate, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{AccountRefusal, Email};
use crate::audit::{self, Refused};
use crate::limits::bucket;
use crate::{Auth, Client, chain};

/// So long a code is good.
const MINUTES: u32 = 10;
/// OWASP's least for PBKDF2 with HMAC-SHA-256.
const ROUNDS: NonZeroU32 = NonZeroU32::new(600_000).unwrap();
/// Hashes under way at once: each is a tenth of a second of a core or more.
const AT_ONCE: usize = 2;
/// How long a caller waits for his turn, and when he may come again.
const TURN: Duration = Duration::from_secs(5);
const AGAIN_SECONDS: u32 = 5;

/// Of the turns of one place: whoever takes all of them is not in everybody's way for long.
const EACH: Rate = Rate::new(20, 1);
const PLACES: usize = 4096;

/// Turns in hashing.
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    each: Buckets,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(AT_ONCE)),
            each: Buckets::new(EACH, PLACES),
        }
    }
}

type Turn = OwnedSemaphorePermit;

impl Turns {
    /// Of what one place may have.
    fn draw(&self, place: BucketKey, now: Timestamp) -> Result<(), AccountRefusal> {
        match self.each.draw(place, 1, now) {
            Drawn::Granted { .. } => Ok(()),
            Drawn::Refused { seconds, .. } => Err(AccountRefusal::Busy { seconds }),
        }
    }

    async fn take(&self) -> Result<Turn, AccountRefusal> {
        match timeout(TURN, Arc::clone(&self.all).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(AccountRefusal::Busy {
                seconds: AGAIN_SECONDS,
            }),
        }
    }
}

/// Makes a code and mails it, behind the answer.
pub(super) fn send(auth: &Arc<Auth>, people: Arc<dyn UserDirectory>, key: CodeKey, to: Email) {
    let worker = Arc::clone(auth);
    auth.spawn(async move {
        match put(&worker, people.as_ref(), &key).await {
            Ok(Some(code)) => {
                let (code, minutes) = (code.as_str(), MINUTES);
                worker.mail(&to, &Letter::PasswordResetCode { code, minutes });
            }
            Ok(None) => audit::refused(Refused::Code, &"too many wrong codes of this account"),
            Err(error) => tracing::warn!(error = chain(&error), "a code was not sent"),
        }
    });
}

/// The code, unless it could not be tried.
async fn put(
    auth: &Auth,
    people: &dyn UserDirectory,
    key: &CodeKey,
) -> Result<Option<Zeroizing<String>>, AccountRefusal> {
    let text = digits(&auth.rng)?;
    let mut salt = [0; 16];
    auth.rng
        .fill(&mut salt)
        .map_err(|_| AccountRefusal::Internal)?;
    let turn = auth.code_turns.take().await?;
    let hash = hashes(auth, turn, &text, salt).await?;
    let hash = hash.into_iter().next().ok_or(AccountRefusal::Internal)?;
    let (code, now) = (OneTimeCode { salt, hash }, auth.now());
    let end = now.plus(i64::from(MINUTES) * 60);
    let put = people.put_code(key, &code, end, now).await?;
    Ok(put.then_some(text))
}

/// Counts a try and uses the code up if it is this one. Takes as long without an account.
///
/// # Errors
/// [`AccountRefusal::Code`]; or it could not be found out.
pub(super) async fn check(
    auth: &Auth,
    people: &Arc<dyn UserDirectory>,
    key: Option<&CodeKey>,
    text: &str,
    client: &Client,
) -> Result<OneTimeCode, AccountRefusal> {
    // Whoever is turned away for want of time has not used up a try.
    auth.code_turns.draw(bucket(auth, client), auth.now())?;
    let turn = auth.code_turns.take().await?;
    let kept = match key {
        Some(key) => people.try_code(key, auth.now()).await?,
        None => None,
    };
    let salt = kept.as_ref().map_or([0; 16], |kept| kept.salt);
    let hashes = hashes(auth, turn, text, salt).await?;
    let refused = || {
        audit::refused(Refused::Code, &"wrong, used, late or tried too often");
        AccountRefusal::Code
    };
    let (key, kept) = key.zip(kept).ok_or_else(refused)?;
    let is_this = hashes
        .iter()
        .any(|hash| verify_slices_are_equal(hash, &kept.hash).is_ok());
    match is_this && people.spend_code(key, &kept).await? {
        true => Ok(kept),
        false => Err(refused()),
    }
}

/// Slow, under each of the server's keys, the current one first.
async fn hashes(
    auth: &Auth,
    turn: Turn,
    text: &str,
    salt: [u8; 16],
) -> Result<Vec<[u8; 32]>, AccountRefusal> {
    let text = Zeroizing::new(text.to_owned());
    let slow = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let mut hash = Zeroizing::new([0_u8; 32]);
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::derive(
            algorithm,
            ROUNDS,
            &salt,
            text.as_bytes(),
            hash.as_mut_slice(),
        );
        hash
    });
    let slow = slow.await.map_err(|_| AccountRefusal::Internal)?;
    Ok(auth.ring().peppered(&slow))
}

/// Eight digits, all of the same chance.
fn digits(rng: &SystemRandom) -> Result<Zeroizing<String>, AccountRefusal> {
    const CODES: u32 = 100_000_000;
    const FAIR: u32 = u32::MAX - u32::MAX % CODES;
    loop {
        let mut bytes = [0; 4];
        rng.fill(&mut bytes).map_err(|_| AccountRefusal::Internal)?;
        let number = u32::from_le_bytes(bytes);
        if number < FAIR {
            return Ok(Zeroizing::new(format!("{:08}", number % CODES)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_eight_digits_that_differ() {
        let rng = SystemRandom::new();
        let codes: std::collections::HashSet<_> = (0..1000)
            .map(|_| digits(&rng).unwrap().to_string())
            .collect();
        assert!(codes.len() > 990);
        for code in codes {
            assert!(code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
}
