//! From a cookie to a session, and from verified tokens to a new one.

use std::fmt;
use std::sync::Arc;

use cogward_cognito::{TokenText, Tokens};
use cogward_jwt::{AccessClaims, IdClaims, Verified, VerifyError};
use cogward_session::{
    CookieValue, Device, Handle, Identity, LookupKey, Purpose, Record, SessionId, Timestamp, Token,
    TokenSet, cookie_value, seal,
};

use crate::audit::{self, Event, Refused};
use crate::error::chain;
use crate::{
    Auth, Client, Limited, SessionError, devices, limits, logout, people, refresh, revocation,
    upkeep,
};

/// How long a session without refresh token is remembered after its tokens
/// ran out, so that its browser is told "expired" and not "unknown".
const EXPIRED_MEMORY_SECONDS: i64 = 3600;

/// A session that was found, opened and is within its deadlines.
#[derive(Clone)]
pub struct Current {
    pub(crate) id: SessionId,
    pub(crate) key: LookupKey,
    pub(crate) record: Arc<Record>,
    pub(crate) identity: Arc<Identity>,
}

impl Current {
    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The public name of this session.
    pub fn handle(&self) -> Handle {
        self.key.handle()
    }

    /// Tells what was done in it.
    pub(crate) fn tell(&self, event: Event, what: &str) {
        audit::session(event, &self.identity.sub, &self.key, what);
    }

    /// Tells what was refused in it.
    pub(crate) fn refused(&self, what: Refused, reason: &dyn fmt::Display) {
        audit::refused_to(what, Some(&self.identity.sub), Some(self.handle()), reason);
    }
}

/// The session behind a cookie, its tokens renewed when that is due.
///
/// # Errors
/// See [`SessionError`]; on a transient one the session is as it was.
pub async fn current(auth: &Arc<Auth>, cookie: Option<&str>) -> Result<Current, SessionError> {
    let now = auth.now();
    let current = load(auth, cookie, now).await?;
    refresh::if_due(auth, current, now).await
}

/// The access and ID token of a session. Never the refresh token.
///
/// # Errors
/// A record that does not open is no session.
pub fn tokens(auth: &Auth, current: &Current) -> Result<TokenSet, SessionError> {
    let set = open_tokens(auth, current)?;
    Ok(TokenSet {
        refresh_token: None,
        ..set
    })
}

pub(crate) fn open_tokens(auth: &Auth, current: &Current) -> Result<TokenSet, SessionError> {
    let record = &current.record;
    seal::open_tokens(&auth.ring(), &current.id, record.version, &record.tokens).map_err(|_| {
        audit::session(
            Event::Unreadable,
            &current.identity.sub,
            &current.key,
            "tokens",
        );
        SessionError::Ended
    })
}

/// Finds and opens the session without renewing anything.
pub(crate) async fn load(
    auth: &Arc<Auth>,
    cookie: Option<&str>,
    now: Timestamp,
) -> Result<Current, SessionError> {
    let id = cookie
        .and_then(|value| cookie_value::verify(&auth.ring(), Purpose::Session, value))
        .ok_or(SessionError::Anonymous)?;
    let mut current = match load_by_id(auth, id.clone(), now).await {
        Err(SessionError::Ended) => {
            logout::mourn(auth, id, now);
            return Err(SessionError::Ended);
        }
        other => other?,
    };
    let seen = current.record.last_seen_at.seconds_until(now);
    if seen >= upkeep::SECONDS && auth.touched.note(current.key, now) {
        upkeep::touch(auth, &mut current, now).await?;
    }
    Ok(current)
}

pub(crate) async fn load_by_id(
    auth: &Auth,
    id: SessionId,
    now: Timestamp,
) -> Result<Current, SessionError> {
    let key = id.lookup_key();
    if auth.condemned.contains(&key) {
        return Err(SessionError::Ended);
    }
    // Some stores clean up days late; the deadline is not theirs alone to keep.
    let record = auth.store.load(&key, now).await?;
    let record = record
        .filter(|record| record.is_live(now))
        .ok_or(SessionError::Ended)?;
    let current = open(auth, id, record)?;
    if current.identity.ends_at <= now || current.identity.pool != auth.pool.id {
        return Err(SessionError::Ended);
    }
    Ok(current)
}

/// Opens a record with the id that names it; what does not open is no session.
pub(crate) fn open(
    auth: &Auth,
    id: SessionId,
    record: Arc<Record>,
) -> Result<Current, SessionError> {
    let key = id.lookup_key();
    let ring = auth.ring();
    let opened = auth.opened.get_or(&ring, &key, &record, || {
        seal::open_identity(&ring, &id, record.version, &record.identity)
    });
    let identity = opened.map_err(|_| {
        audit::session(Event::Unreadable, "", &key, "identity");
        SessionError::Ended
    })?;
    Ok(Current {
        id,
        key,
        record,
        identity,
    })
}

pub(crate) fn expiry(auth: &Auth, now: Timestamp, ends_at: Timestamp) -> Timestamp {
    now.plus(auth.settings.idle_seconds).min(ends_at)
}

/// Tokens that a browser got by itself and hands over (`POST /auth/session`).
pub struct Handed<'a> {
    /// Verified here, with its pair.
    pub access_token: &'a str,
    /// Verified here, with its pair.
    pub id_token: &'a str,
    /// Opaque; what comes of it at the first refresh is checked then.
    pub refresh_token: Option<&'a str>,
    /// `direct`, `password` or `passkey`: a label, proof of nothing.
    pub auth_method: &'a str,
}

/// A session as its browser gets it.
pub struct Started {
    /// The new session cookie.
    pub cookie: CookieValue,
    /// Seconds until the session's absolute end.
    pub seconds: i64,
}

/// Why handed-over tokens were not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// Too many sessions begun.
    #[error("the limit is met")]
    Limited(#[from] Limited),
    /// A token did not verify.
    #[error("token verification failed")]
    Refused(#[source] VerifyError),
    /// Two good tokens that do not belong together, or to no person.
    #[error("tokens do not belong together")]
    Mismatch,
    /// Keys or the store could not be reached.
    #[error("session could not be kept")]
    Unavailable(#[source] SessionError),
}

/// Makes a session of tokens obtained elsewhere, in place of those that the
/// browser's `previous` cookies name.
///
/// # Errors
/// Nothing is kept, and what was there lives on, unless a session was made.
pub async fn adopt(
    auth: &Arc<Auth>,
    handed: Handed<'_>,
    client: Client,
    previous: &[&str],
) -> Result<Started, AdoptError> {
    limits::sign_in(auth, &client).await?;
    let pair = verify_pair(auth, handed.id_token, handed.access_token).await?;
    let issued = revocation::Issued::of(&pair);
    issued.check(auth).await?;
    let tokens = TokenSet {
        access_token: Token::from(handed.access_token.to_owned()),
        id_token: Token::from(handed.id_token.to_owned()),
        refresh_token: handed
            .refresh_token
            .map(|token| Token::from(token.to_owned())),
    };
    let origin_jti = pair.id.origin_jti.clone();
    let started = start(auth, pair, &tokens, handed.auth_method, client, &[])
        .await
        .map_err(AdoptError::Unavailable)?;
    // A sign-out everywhere that came meanwhile may not have seen this session.
    if let Err(error) = issued.check(auth).await {
        let cookie = started.cookie.expose();
        match error {
            AdoptError::Unavailable(_) => logout::take_back(auth, cookie).await,
            _ => logout::logout(auth, &[cookie]).await,
        }
        return Err(error);
    }
    logout::replace(auth, previous, origin_jti).await;
    Ok(started)
}

/// An ID and an access token of one person, one client and one sign-in.
pub(crate) struct Pair {
    pub(crate) id: Verified<IdClaims>,
    pub(crate) access: Verified<AccessClaims>,
}

/// # Errors
/// Also two good tokens of two sign-ins are refused.
pub(crate) async fn verify_pair(
    auth: &Auth,
    id_token: &str,
    access_token: &str,
) -> Result<Pair, AdoptError> {
    let now = auth.now().as_secs();
    let verifiers = &auth.pool.verifiers;
    let id = verifiers.id.verify_at(id_token, now).await;
    let id = id.map_err(refusal)?;
    let access = verifiers.access.verify_at(access_token, now).await;
    let access = access.map_err(refusal)?;
    let same_sign_in = match (&id.origin_jti, &access.origin_jti) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    };
    // A machine's access token names a client and no user.
    let of_a_person = access.username.is_some();
    if id.sub == access.sub && id.aud == access.client_id && same_sign_in && of_a_person {
        Ok(Pair { id, access })
    } else {
        Err(AdoptError::Mismatch)
    }
}

fn refusal(error: VerifyError) -> AdoptError {
    if error.is_transient() {
        tracing::warn!(error = chain(&error), "signing keys unavailable");
        AdoptError::Unavailable(SessionError::Upstream)
    } else {
        AdoptError::Refused(error)
    }
}

/// A token of Cognito's as a session keeps it.
pub(crate) fn kept(token: &TokenText) -> Token {
    Token::from(token.expose().to_owned())
}

/// All of them; the ID token by itself, since a session cannot do without.
pub(crate) fn token_set(tokens: &Tokens, id_token: &TokenText) -> TokenSet {
    TokenSet {
        access_token: kept(&tokens.access_token),
        id_token: kept(id_token),
        refresh_token: tokens.refresh_token.as_ref().map(kept),
    }
}

/// Writes a new session under a new id, then ends the browser's old one.
pub(crate) async fn start(
    auth: &Arc<Auth>,
    pair: Pair,
    tokens: &TokenSet,
    auth_method: &str,
    client: Client,
    previous: &[&str],
) -> Result<Started, SessionError> {
    let now = auth.now();
    let seen = people::seen(auth, &pair.id);
    let identity = identity_of(auth, pair, tokens, auth_method, now);
    let id = SessionId::generate(&auth.rng).map_err(|_| SessionError::Internal)?;
    let key = id.lookup_key();
    let device = Device {
        created_at: now,
        user_agent: client.user_agent,
        address: client.address,
    };
    let record = Record {
        expires_at: expiry(auth, now, identity.ends_at),
        device: seal::seal_device(&auth.ring(), &key, &device, &auth.rng)
            .map_err(|_| SessionError::Internal)?,
        ..sealed(auth, &id, 1, &identity, tokens)?
    };
    auth.store.insert(&key, record).await?;
    audit::signed_in(
        &identity.sub,
        &key,
        auth_method,
        device.user_agent.as_deref(),
    );
    people::signed_in(auth, seen);
    devices::keep_to_limit(auth, &identity, key);
    logout::replace(auth, previous, identity.origin_jti).await;
    Ok(Started {
        cookie: cookie_value::issue(&auth.ring(), Purpose::Session, &id),
        seconds: now.seconds_until(identity.ends_at),
    })
}

/// The part of a record that is sealed anew with every version.
pub(crate) fn sealed(
    auth: &Auth,
    id: &SessionId,
    version: u64,
    identity: &Identity,
    tokens: &TokenSet,
) -> Result<Record, SessionError> {
    let identity_blob = seal::seal_identity(&auth.ring(), id, version, identity, &auth.rng);
    let tokens_blob = seal::seal_tokens(&auth.ring(), id, version, tokens, &auth.rng);
    Ok(Record {
        version,
        user: auth.ring().user_index(&identity.pool, &identity.sub),
        last_seen_at: identity.created_at,
        expires_at: identity.ends_at,
        identity: identity_blob.map_err(|_| SessionError::Internal)?,
        tokens: tokens_blob.map_err(|_| SessionError::Internal)?,
        device: Box::default(),
    })
}

fn identity_of(
    auth: &Auth,
    pair: Pair,
    tokens: &TokenSet,
    auth_method: &str,
    now: Timestamp,
) -> Identity {
    // Whoever asks for both tokens gets both alive.
    let access_expires_at = Timestamp::from_secs(pair.access.exp.min(pair.id.exp));
    // Another client's refresh token cannot be used by this one.
    let refreshable = tokens.refresh_token.is_some() && *pair.id.aud == *auth.pool.client_id;
    let absolute = now.plus(auth.settings.absolute_seconds);
    let ends_at = match refreshable {
        true => absolute,
        false => absolute.min(access_expires_at.plus(EXPIRED_MEMORY_SECONDS)),
    };
    let id = pair.id.into_inner();
    Identity {
        pool: auth.pool.id.clone(),
        client_id: id.aud.to_string(),
        sub: id.sub,
        username: id.username,
        email: id.email,
        email_verified: id.email_verified,
        given_name: id.given_name,
        family_name: id.family_name,
        groups: id.groups,
        auth_method: auth_method.to_owned(),
        created_at: now,
        ends_at,
        access_expires_at,
        refreshed_at: Timestamp::from_secs(0),
        refreshable,
        origin_jti: id.origin_jti,
    }
}
