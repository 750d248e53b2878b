//! Many sessions, as sign-ins leave them: sealed, with tokens of a real size
//! that do not compress.

use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cogward_session::{
    Clock as _, Device, Identity, KeyRing, LookupKey, Purpose, Record, Secret, SessionId,
    SessionStore, SystemClock, Timestamp, Token, TokenSet, cookie_value, seal,
};
use tokio::task::JoinSet;

use crate::server::COOKIE_NAME;

pub(crate) const POOL_ID: &str = "us-east-1_Cogward01";
pub(crate) const CLIENT_ID: &str = "cogwardlocalpublicclient01";
/// Writes under way at once: SQLite commits what has queued up.
const AT_ONCE: usize = 500;
/// Decoded bytes of head, payload and RSA-2048 signature: a JWT of 1024 characters.
const JWT: [usize; 3] = [84, 426, 256];
/// Cognito's refresh token: a JWE, here of 1024 characters.
const JWE: [usize; 5] = [78, 256, 12, 402, 16];

/// The key ring of every server here.
pub(crate) fn ring() -> Result<KeyRing> {
    let secret = Secret::from("a secret of the benchmark's, long enough".to_owned());
    Ok(KeyRing::new(&[secret], &[])?)
}

/// Puts `count` sessions into the store and headers with their cookies, one a line, into a file.
pub(crate) async fn make(
    store: &Arc<dyn SessionStore>,
    count: usize,
    cookies: &Path,
) -> Result<()> {
    let (ring, rng, now) = (ring()?, SystemRandom::new(), SystemClock.now());
    let mut cookies = BufWriter::new(std::fs::File::create(cookies)?);
    let mut writes = JoinSet::new();
    for number in 0..count {
        let id = SessionId::generate(&rng)?;
        let value = cookie_value::issue(&ring, Purpose::Session, &id);
        writeln!(cookies, "Cookie: {COOKIE_NAME}={}", value.expose())?;
        let (key, record) = record(&ring, &rng, &id, number, now)?;
        let store = Arc::clone(store);
        writes.spawn(async move { store.insert(&key, record).await });
        if writes.len() >= AT_ONCE {
            while let Some(written) = writes.join_next().await {
                written??;
            }
        }
    }
    while let Some(written) = writes.join_next().await {
        written??;
    }
    Ok(cookies.flush()?)
}

/// One more, of somebody whose cookie nobody has.
pub(crate) fn one(now: Timestamp) -> Result<(LookupKey, Record)> {
    let rng = SystemRandom::new();
    record(&ring()?, &rng, &SessionId::generate(&rng)?, 0, now)
}

fn record(
    ring: &KeyRing,
    rng: &SystemRandom,
    id: &SessionId,
    number: usize,
    now: Timestamp,
) -> Result<(LookupKey, Record)> {
    let key = id.lookup_key();
    let identity = identity(number, now);
    let tokens = TokenSet {
        access_token: token(rng, &JWT)?,
        id_token: token(rng, &JWT)?,
        refresh_token: Some(token(rng, &JWE)?),
    };
    let device = Device {
        created_at: now,
        user_agent: Some(
            "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0".into(),
        ),
        address: Some("203.0.113.9".into()),
    };
    let record = Record {
        version: 1,
        user: ring.user_index(&identity.pool, &identity.sub),
        last_seen_at: now,
        expires_at: identity.ends_at,
        identity: seal::seal_identity(ring, id, 1, &identity, rng)?,
        tokens: seal::seal_tokens(ring, id, 1, &tokens, rng)?,
        device: seal::seal_device(ring, &key, &device, rng)?,
    };
    Ok((key, record))
}

/// Every field of the same length for every person, so that all answers are of one length.
fn identity(number: usize, now: Timestamp) -> Identity {
    let sub = format!("7d3f2a10-90a1-70c2-4b1e-{number:012}");
    Identity {
        pool: POOL_ID.into(),
        client_id: CLIENT_ID.into(),
        username: sub.clone(),
        sub,
        email: Some(format!("person.{number:08}@example.com")),
        email_verified: true,
        given_name: Some("Alexandra".into()),
        family_name: Some("Example".into()),
        groups: ["admin", "editors", "eu-central"].map(str::to_owned).into(),
        auth_method: "hosted".into(),
        created_at: now,
        ends_at: now.plus(30 * 24 * 3600),
        access_expires_at: now.plus(24 * 3600),
        refreshed_at: Timestamp::from_secs(0),
        refreshable: true,
        origin_jti: Some("01234567-89ab-cdef-0123-456789abcdef".to_owned()),
    }
}

fn token(rng: &SystemRandom, parts: &[usize]) -> Result<Token> {
    let mut text = String::new();
    for (number, &len) in parts.iter().enumerate() {
        if number > 0 {
            text.push('.');
        }
        let mut bytes = vec![0; len];
        rng.fill(&mut bytes).ok().context("no randomness")?;
        URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
    }
    Ok(Token::from(text))
}
