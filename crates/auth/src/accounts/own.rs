//! What a person who is signed in does to the account itself. It is carried out in a task of its
//! own: a page that is left in the middle has done it all the same, with all that follows.

use std::sync::Arc;

use cogward_cognito::accounts::{SignIn, Subject};
use cogward_cognito::{AccountError, Accounts, Refusal};
use cogward_mail::Letter;
use cogward_session::Token;
use zeroize::Zeroizing;

use super::login::{LoggedIn, end};
use super::{AccountRefusal, Email, challenge, enabled, limits, recent};
use crate::audit::{Event, Refused};
use crate::devices::{self, Scope};
use crate::session::{self, Current};
use crate::{Auth, Client, chain, people};

/// Another password for the one there is.
pub struct Change {
    /// As it was until now.
    pub current: Zeroizing<String>,
    /// As it shall be.
    pub new: Zeroizing<String>,
    /// The login cookie of another sign-in under way in this browser.
    pub login_cookie: Option<String>,
}

/// Changes the password. Whoever knows the old one may have used it: all sessions end, all
/// tokens count no longer, at Cognito too, and the person is signed in anew with the new one, as
/// far as that goes without him. `None`: he has to sign in again.
///
/// # Errors
/// A wrong old password, a new one that is not good enough, or what Cognito refuses: nothing is
/// changed or ended then.
pub async fn change_password(
    auth: &Arc<Auth>,
    session: Current,
    change: Change,
    client: Client,
) -> Result<Option<LoggedIn>, AccountRefusal> {
    limits::attempt(auth, &Email::of(&session), &client).await?;
    let token = session::tokens(auth, &session)?.access_token;
    let worker = Arc::clone(auth);
    let changed = auth.spawn(async move {
        let cognito = enabled(&worker)?;
        set(cognito, &session, &token, &change).await?;
        session.tell(Event::PasswordChanged, "");
        if let Some(Ok(email)) = session.identity().email.as_deref().map(Email::parse) {
            worker.mail(&email, &Letter::PasswordChanged);
        }
        if !devices::surely_revoke_all(&worker, session.clone(), Scope::All).await {
            // What goes on ending sessions would end a new one.
            return Ok(None);
        }
        anew(&worker, cognito, &session, change, client).await
    });
    changed.await.map_err(|_| AccountRefusal::Internal)?
}

async fn set(
    cognito: &Accounts,
    session: &Current,
    token: &Token,
    change: &Change,
) -> Result<(), AccountRefusal> {
    let changed = cognito.change_password(token.expose(), &change.current, &change.new);
    let changed = changed.await;
    let changed = changed.inspect_err(|error| session.refused(Refused::Password, error));
    changed.map_err(|error| match error {
        AccountError::Refused(Refusal::InvalidCredentials) => AccountRefusal::Password,
        error => error.into(),
    })
}

async fn anew(
    auth: &Arc<Auth>,
    cognito: &Accounts,
    session: &Current,
    change: Change,
    client: Client,
) -> Result<Option<LoggedIn>, AccountRefusal> {
    let subject = Subject {
        username: &session.identity().username,
        address: client.address.as_deref(),
    };
    match cognito.sign_in(subject, &change.new).await {
        Ok(SignIn::Done(tokens)) => {
            let signed_in = end(auth, tokens, true, "password", client, &[]).await;
            signed_in.map(Some)
        }
        Ok(SignIn::Challenge(next)) => {
            let (email, cookie) = (Email::of(session), change.login_cookie.as_deref());
            let step = challenge::keep(auth, &email, next, true, "password", cookie).await;
            step.map(|step| Some(LoggedIn::Step(step)))
        }
        Err(error) => {
            tracing::warn!(error = chain(&error), "not signed in with the new password");
            Ok(None)
        }
    }
}

/// Deletes the account at Cognito and its record, and ends all its sessions.
///
/// # Errors
/// A sign-in that is too old, or what Cognito refuses: nothing is deleted or ended then.
pub async fn delete_account(auth: &Arc<Auth>, session: Current) -> Result<(), AccountRefusal> {
    let token = recent::access_token(auth, &session).await?;
    let worker = Arc::clone(auth);
    let deleted = auth.spawn(async move {
        match enabled(&worker)?.delete_user(token.expose()).await {
            // Deleted before, and the answer was lost: what is left of it goes now.
            Ok(()) | Err(AccountError::Refused(Refusal::UserNotFound)) => {}
            Err(error) => return Err(error.into()),
        }
        session.tell(Event::AccountDeleted, "");
        people::forget(&worker, &session.identity().sub);
        devices::surely_revoke_all(&worker, session, Scope::All).await;
        Ok(())
    });
    deleted.await.map_err(|_| AccountRefusal::Internal)?
}
