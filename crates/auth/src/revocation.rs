//! What "sign out everywhere" means for tokens that a page or an app holds itself.
//!
//! A session is over once its record is gone. An access token is good until it expires,
//! wherever it is, so a mark is left: tokens issued up to it are refused. Only bearer tokens
//! and tokens handed over are held against marks. A sign-in through the hosted page proves
//! the person anew and makes a session whatever marks there are.

use aws_lc_rs::digest::{Context, SHA256};
use cogward_jwt::VerifyError;
use cogward_session::{
    Clock, Identity, RevocationMark, SessionStore, StoreError, Timestamp, UserIndex,
};

use crate::devices::Scope;
use crate::session::{AdoptError, Pair};
use crate::{Auth, SessionError};

/// No access or ID token of Cognito's lives longer than a day; five minutes are for
/// clocks that differ.
const KEPT_SECONDS: i64 = 24 * 3600 + 300;

/// Whether a verified token counts no longer. Costs one read of the store.
///
/// `pool` is the id of the user pool, the others are the token's claims; `iat` in seconds
/// since the Unix epoch.
///
/// # Errors
/// The store did not answer. The token must not be taken for good.
pub async fn refuses(
    auth: &Auth,
    pool: &str,
    sub: &str,
    iat: i64,
    origin_jti: Option<&str>,
) -> Result<bool, SessionError> {
    let users = auth.ring().user_indexes(pool, sub);
    let mark = auth.store.mark(&users, auth.now()).await?;
    Ok(mark.is_some_and(|mark| {
        let sign_in = origin_jti.map(sign_in);
        mark.refuses(Timestamp::from_secs(iat), sign_in.as_ref())
    }))
}

/// What counts of a pair of tokens: it is as old as the older of the two, and of the spared
/// sign-in only if both are.
pub(crate) struct Issued {
    sub: String,
    iat: i64,
    origin_jti: Option<String>,
}

impl Issued {
    pub(crate) fn of(Pair { id, access }: &Pair) -> Self {
        let named = access.origin_jti.is_some();
        Self {
            sub: id.sub.clone(),
            iat: id.iat.min(access.iat),
            origin_jti: id.origin_jti.clone().filter(|_| named),
        }
    }

    pub(crate) async fn check(&self, auth: &Auth) -> Result<(), AdoptError> {
        let origin_jti = self.origin_jti.as_deref();
        match refuses(auth, &auth.pool.id, &self.sub, self.iat, origin_jti).await {
            Ok(false) => Ok(()),
            Ok(true) => Err(AdoptError::Refused(VerifyError::Revoked)),
            Err(error) => Err(AdoptError::Unavailable(error)),
        }
    }
}

/// Has this person's tokens refused that were issued up to now; answers with the second that
/// counts. For [`Scope::Others`] the tokens of the sign-in that asks are spared, if it has a
/// name.
pub(crate) async fn mark(
    auth: &Auth,
    asking: &Identity,
    scope: Scope,
) -> Result<Timestamp, StoreError> {
    let now = auth.now();
    let spared = match scope {
        Scope::Others => asking.origin_jti.as_deref().map(sign_in),
        Scope::All => None,
    };
    let user = auth.ring().user_index(&asking.pool, &asking.sub);
    put(auth.store.as_ref(), &user, now, spared).await?;
    Ok(now)
}

/// Refuses what was issued to this user up to `now`, but for the `spared` sign-in's.
pub(crate) async fn put(
    store: &dyn SessionStore,
    user: &UserIndex,
    now: Timestamp,
    spared: Option<[u8; 32]>,
) -> Result<(), StoreError> {
    let mark = RevocationMark::new(now, spared);
    store.put_mark(user, mark, now.plus(KEPT_SECONDS)).await
}

/// To be called when the sessions are gone, with what [`mark`] answered. Whatever is issued
/// after this returns, has an `iat` that no mark set here refuses.
pub(crate) async fn conclude(
    auth: &Auth,
    asking: &Identity,
    scope: Scope,
    mut marked: Timestamp,
) -> Result<(), StoreError> {
    // Until the last of them was gone, they could renew their tokens.
    if marked < auth.now() {
        marked = mark(auth, asking, scope).await?;
    }
    outlast(auth.clock.as_ref(), marked).await;
    Ok(())
}

/// Waits until the second that was marked is over.
pub(crate) async fn outlast(clock: &dyn Clock, marked: Timestamp) {
    if clock.now() <= marked {
        tokio::time::sleep(clock.until_next_second()).await;
    }
}

/// How a mark names a sign-in: SHA-256 over a word of ours and its `origin_jti`.
fn sign_in(origin_jti: &str) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(b"cogward sign-in");
    context.update(origin_jti.as_bytes());
    let mut name = [0; 32];
    name.copy_from_slice(context.finish().as_ref());
    name
}
