//! Whoever has another password begins afresh: all that was signed in with the old one ends.

use std::sync::Arc;
use std::time::Duration;

use cogward_cognito::accounts::{Admin, SignIn, User};
use cogward_session::Token;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::{Email, enabled, subject};
use crate::audit::{self, Refused};
use crate::{Auth, Client, Operator, chain, logout};

/// How long the answer waits for it; it goes on behind it.
const WAIT: Duration = Duration::from_secs(5);
/// Between two tries at a store that is down, in the end.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Tries at Cognito.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(15),
    Duration::from_secs(40),
];

/// Ends the sessions of this account in our store, has the tokens refused that were issued by
/// now, and ends its refresh tokens at Cognito. Whose it is says, if nobody has told: an
/// administrator's call; a sign-in with the new password; the records of people.
pub(super) async fn begin(
    auth: &Arc<Auth>,
    email: Email,
    password: Zeroizing<String>,
    client: Client,
    user: Option<User>,
) {
    let worker = Arc::clone(auth);
    let work = auth.spawn(async move {
        match &worker.pool.admin {
            Some(admin) => by_administrator(&worker, admin, &email, user).await,
            None => by_the_account(&worker, &email, &password, &client).await,
        }
    });
    // Late is not lost: the task goes on when this wait is over.
    let _late = timeout(WAIT, work).await;
}

async fn by_administrator(auth: &Arc<Auth>, admin: &Admin, email: &Email, user: Option<User>) {
    let mut pauses = PAUSES.into_iter();
    let user = match user {
        Some(user) => user,
        None => loop {
            match (admin.user(email.as_str()).await, pauses.next()) {
                (Ok(user), _) => break user,
                (Err(_), Some(pause)) => sleep(pause).await,
                (Err(error), None) => {
                    tracing::warn!(
                        error = chain(&error),
                        "whose password was reset is not known"
                    );
                    return end_of(auth, recorded(auth, email).await).await;
                }
            }
        },
    };
    end_of(auth, Some(user.sub)).await;
    let mut pauses = PAUSES.into_iter();
    while let Err(error) = admin.global_sign_out(&user.username).await {
        tracing::warn!(error = chain(&error), "refresh tokens not ended at Cognito");
        let Some(pause) = pauses.next() else { return };
        sleep(pause).await;
    }
}

/// A challenge is as far as this gets where there are second factors: Cognito then ends none of
/// the refresh tokens.
async fn by_the_account(auth: &Arc<Auth>, email: &Email, password: &str, client: &Client) {
    let Ok(cognito) = enabled(auth) else { return };
    match cognito.sign_in(subject(email, client), password).await {
        Ok(SignIn::Done(tokens)) => {
            let token = &tokens.access_token;
            let now = auth.now().as_secs();
            let access = auth.pool.verifiers.access.verify_at(token.expose(), now);
            let sub = access.await.ok().map(|access| access.sub.clone());
            let over = auth.pool.cognito.global_sign_out(token.expose()).await;
            if let Err(error) = over {
                tracing::warn!(error = chain(&error), "refresh tokens not ended at Cognito");
                if let Some(token) = &tokens.refresh_token {
                    // This one nobody has.
                    logout::revoke(auth, Token::from(token.expose().to_owned())).await;
                }
            }
            end_of(auth, sub).await;
        }
        Ok(SignIn::Challenge(challenge)) => {
            let recorded = recorded(auth, email).await;
            let name = challenge.parameters.get("USER_ID_FOR_SRP");
            let name = name.filter(|name| is_sub(name));
            end_of(auth, recorded.or_else(|| name.cloned())).await;
        }
        Err(error) => {
            tracing::warn!(error = chain(&error), "no sign-in with the new password");
            end_of(auth, recorded(auth, email).await).await;
        }
    }
}

async fn recorded(auth: &Auth, email: &Email) -> Option<String> {
    let people = auth.pool.people.as_ref()?;
    match people.by_email(email.as_str()).await {
        Ok(person) => person.map(|person| person.sub),
        Err(error) => {
            tracing::warn!(error = chain(&error), "no record of a person");
            None
        }
    }
}

/// A user name is a UUID, and the `sub`, in pools that sign in by address.
fn is_sub(name: &str) -> bool {
    let parts = name.split('-').map(|part| {
        let hex = part.bytes().all(|byte| byte.is_ascii_hexdigit());
        if hex { part.len() } else { 0 }
    });
    parts.eq([8, 4, 4, 4, 12])
}

async fn end_of(auth: &Arc<Auth>, sub: Option<String>) {
    let Some(sub) = sub else {
        audit::refused(
            Refused::SignOutAfterReset,
            &"nobody says whose account it is",
        );
        tracing::warn!("sessions begun with an old password live on");
        return;
    };
    let mut pause = logout::RETRY;
    while let Err(error) = Operator::after_reset(auth).revoke_all(&sub).await {
        tracing::warn!(
            error = chain(&error),
            sub,
            "sessions not ended yet: it goes on"
        );
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_that_is_no_sub_is_none() {
        assert!(is_sub("0a1b2c3d-0000-4000-8000-0123456789ab"));
        for name in [
            "",
            "ada@example.com",
            "0a1b2c3d-0000-4000-8000-0123456789a",
            "0a1b2c3d-0000-4000-8000-0123456789ag",
            "0a1b2c3d000040008000-0123456789ab",
        ] {
            assert!(!is_sub(name), "{name}");
        }
    }
}
