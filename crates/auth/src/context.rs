//! Who the caller is in the application's own terms.
//!
//! What the IAM service said of somebody is forgotten when the person signs out, is signed out or
//! shows a token that was revoked, here and, where servers share a store, in all of them.

mod notices;

use std::sync::Arc;

use cogward_context::{ContextError, Pattern, UserContext, Whose};
use cogward_jwt::{AnyClaims, Claims as _, Verified};
use cogward_session::LookupKey;

use crate::session::{self, Current};
use crate::{Auth, SessionError, chain};

pub use notices::follow;
pub(crate) use notices::{Board, Pending};

/// Whose context it is.
#[derive(Clone, Copy)]
pub enum Caller<'a> {
    /// By a session.
    Session(&'a Current),
    /// By a bearer token, with its text.
    Bearer(&'a Verified<AnyClaims>, &'a str),
}

/// Why there is no user context.
#[derive(Debug, thiserror::Error)]
pub enum NoContext {
    /// No such context is configured.
    #[error("there is no such context")]
    Unknown,
    /// It cannot be told now.
    #[error("the user context cannot be told now")]
    Unavailable(#[source] ContextError),
    /// The session's tokens, which the IAM service is to be shown, do not open.
    #[error("the session's tokens cannot be had")]
    Session(#[source] SessionError),
}

/// Who the caller is in the context of this name.
///
/// # Errors
/// [`NoContext`]; never a guess.
pub async fn of(auth: &Auth, caller: Caller<'_>, name: &str) -> Result<UserContext, NoContext> {
    let contexts = auth.pool.contexts.as_ref().filter(|it| it.has(name));
    let contexts = contexts.ok_or(NoContext::Unknown)?;
    let set = match caller {
        Caller::Session(current) if contexts.wants_token() => {
            Some(session::tokens(auth, current).map_err(NoContext::Session)?)
        }
        _ => None,
    };
    let mut whose = whose(auth, caller);
    if let Some(set) = &set {
        whose.token = Some(set.access_token.expose());
    }
    let told = contexts.of(whose, name, auth.now()).await;
    told.map_err(|error| match error {
        ContextError::Unknown => NoContext::Unknown,
        error => {
            // When a service fails that is told once, where it is left alone.
            tracing::debug!(error = chain(&error), context = name, "no user context");
            NoContext::Unavailable(error)
        }
    })
}

fn whose<'a>(auth: &'a Auth, caller: Caller<'a>) -> Whose<'a> {
    let issuer = &auth.pool.id;
    match caller {
        Caller::Session(current) => {
            let identity = &current.identity;
            Whose {
                issuer,
                sub: &identity.sub,
                username: Some(&identity.username),
                email: identity.verified_email(),
                groups: &identity.groups,
                token: None,
            }
        }
        Caller::Bearer(claims, token) => Whose {
            issuer,
            sub: claims.sub(),
            username: claims.username(),
            email: claims.verified_email(),
            groups: claims.groups(),
            token: Some(token),
        },
    }
}

/// Has the IAM service asked anew for this person, here at once and by the other servers in a
/// moment.
pub(crate) fn forget(auth: &Auth, sub: &str) {
    if auth.pool.contexts.is_none() {
        return;
    }
    forget_here(auth, sub);
    if auth.settings.replicas
        && let Some(pattern) = Pattern::of_user(sub)
        && auth.notices.put(pattern)
    {
        let (board, pending) = (Board::of(auth), Arc::clone(&auth.notices));
        auth.spawn(async move { pending.tell(&board).await });
    }
}

/// For a token that was revoked: here alone, and once in a while, since whoever holds it may show
/// it again and again.
pub(crate) fn disown(auth: &Auth, sub: &str) {
    if auth.pool.contexts.is_none() {
        return;
    }
    let user = auth.ring().user_index(&auth.pool.id, sub);
    let key = LookupKey::from_bytes(*user.as_bytes());
    if auth.disowned.note(key, auth.now()) {
        forget_here(auth, sub);
    }
}

fn forget_here(auth: &Auth, sub: &str) {
    if let Some(contexts) = &auth.pool.contexts {
        contexts.forget_user(&auth.pool.id, sub);
    }
}
