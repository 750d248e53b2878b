//! What a person who is signed in does to the account itself.

use std::sync::Arc;

use cogward_cognito::{AccountError, Refusal};
use cogward_mail::Letter;

use super::{AccountRefusal, Email, enabled, limits, recent};
use crate::audit::{self, Event};
use crate::devices::{self, Scope};
use crate::session::{self, Current};
use crate::{Auth, Client, people};

/// Changes the password, and ends all other sessions: whoever knows the old one may be in them.
///
/// # Errors
/// A wrong old password, a new one that is not good enough, or what Cognito refuses.
pub async fn change_password(
    auth: &Arc<Auth>,
    current: Current,
    previous: &str,
    proposed: &str,
    client: &Client,
) -> Result<(), AccountRefusal> {
    let cognito = enabled(auth)?;
    limits::attempt(auth, &Email::of(&current), client).await?;
    let tokens = session::tokens(auth, &current)?;
    let changed = cognito.change_password(tokens.access_token.expose(), previous, proposed);
    changed.await.map_err(|error| match error {
        AccountError::Refused(Refusal::InvalidCredentials) => {
            audit::refused("change of password", &error);
            AccountRefusal::Password
        }
        error => error.into(),
    })?;
    current.tell(Event::PasswordChanged, "");
    let email = current.identity().email.as_deref().map(Email::parse);
    if let Some(Ok(email)) = email {
        auth.mail(&email, &Letter::PasswordChanged);
    }
    devices::surely_revoke_all(auth, current, Scope::Others).await;
    Ok(())
}

/// Deletes the account at Cognito and its record, and ends all its sessions.
///
/// # Errors
/// A sign-in that is too old, or what Cognito refuses: nothing is deleted or ended then.
pub async fn delete_account(auth: &Arc<Auth>, current: Current) -> Result<(), AccountRefusal> {
    let cognito = enabled(auth)?;
    let token = recent::access_token(auth, &current).await?;
    cognito.delete_user(token.expose()).await?;
    current.tell(Event::AccountDeleted, "");
    people::forget(auth, &current.identity().sub);
    devices::surely_revoke_all(auth, current, Scope::All).await;
    Ok(())
}
