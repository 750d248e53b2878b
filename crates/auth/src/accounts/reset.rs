//! Another password for who forgot his, by a code: Cognito's, or one of our own.

use std::sync::Arc;

use cogward_cognito::accounts::{Admin, User};
use cogward_cognito::{AccountError, Refusal};
use cogward_mail::Letter;
use cogward_people::{CodeKey, UserDirectory};
use zeroize::Zeroizing;

use super::{
    AccountRefusal, Email, about_code, about_message, afresh, code_of, codes, enabled, evenly,
    hides, limits, subject,
};
use crate::audit::{self, Event, Refused};
use crate::{Auth, Client};

/// Whose codes another password is chosen with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reset {
    /// Cognito's (`ForgotPassword`).
    #[default]
    Cognito,
    /// Our own, kept in the directory of people, mailed through the outbox, applied by an
    /// administrator's call: [`Pool`](crate::Pool) must have all three.
    Database,
}

/// Sends a code to choose another password with.
///
/// # Errors
/// Too many codes; a missing account only where that is no secret.
pub async fn forgot_password(
    auth: &Arc<Auth>,
    email: &str,
    client: &Client,
) -> Result<(), AccountRefusal> {
    let email = Email::parse(email)?;
    limits::message(auth, &email, client).await?;
    evenly::answered(auth, async {
        let sent = match auth.settings.accounts.reset {
            Reset::Cognito => {
                let cognito = enabled(auth)?;
                cognito.forgot_password(subject(&email, client)).await
            }
            Reset::Database => send_own(auth, &email).await?,
        };
        if sent.is_ok() {
            audit::account(Event::ResetAsked, None, "");
        }
        about_message(auth, sent)
    })
    .await
}

/// Sets another password with the code that was sent for it; whoever was signed in is so no
/// longer. What was begun is finished, also when the caller goes away.
///
/// # Errors
/// A wrong or late code; a password that is not good enough.
pub async fn reset_password(
    auth: &Arc<Auth>,
    email: &str,
    code: &str,
    password: &str,
    client: &Client,
) -> Result<(), AccountRefusal> {
    let email = Email::parse(email)?;
    limits::attempt(auth, &email, client).await?;
    evenly::answered(auth, async {
        let code = code_of(code).inspect_err(|it| audit::refused(Refused::Code, it))?;
        let work = Resetting {
            auth: Arc::clone(auth),
            email,
            code: Zeroizing::new(code.to_owned()),
            password: Zeroizing::new(password.to_owned()),
            client: client.clone(),
        };
        let done = auth.spawn(work.run()).await;
        done.map_err(|_| AccountRefusal::Internal)?
    })
    .await
}

struct Resetting {
    auth: Arc<Auth>,
    email: Email,
    code: Zeroizing<String>,
    password: Zeroizing<String>,
    client: Client,
}

impl Resetting {
    async fn run(self) -> Result<(), AccountRefusal> {
        let auth = &self.auth;
        let user = match auth.settings.accounts.reset {
            Reset::Cognito => {
                let subject = subject(&self.email, &self.client);
                let set =
                    enabled(auth)?.confirm_forgot_password(subject, &self.code, &self.password);
                set.await.map_err(|error| about_code(auth, error))?;
                None
            }
            Reset::Database => Some(self.by_own_code().await?),
        };
        let sub = user.as_ref().map(|user| user.sub.as_str());
        audit::account(Event::PasswordReset, sub, "");
        auth.mail(&self.email, &Letter::PasswordChanged);
        afresh::begin(auth, self.email, self.password, self.client, user).await;
        Ok(())
    }

    async fn by_own_code(&self) -> Result<User, AccountRefusal> {
        let auth = &self.auth;
        let (admin, people) = own(auth)?;
        let found = match admin.user(self.email.as_str()).await {
            Ok(user) => match user.may_reset() {
                Ok(_) => Ok(user),
                Err(refusal) => Err(AccountError::Refused(refusal)),
            },
            Err(error @ AccountError::Refused(_)) => Err(error),
            Err(error) => return Err(error.into()),
        };
        let key = found.as_ref().ok().map(key);
        // Nobody's code is as much work as somebody's.
        let checked = codes::check(auth, people, key.as_ref(), &self.code, &self.client);
        let checked = match checked.await {
            // Nor is it told by who has to wait.
            Err(busy @ AccountRefusal::Busy { .. }) => return Err(busy),
            checked => checked,
        };
        let user = found.map_err(|error| match error.tells_of_a_user() && hides(auth) {
            true => AccountRefusal::Code,
            false => error.into(),
        })?;
        let (code, key) = (checked?, self::key(&user));
        let set = admin.set_password(&user.username, &self.password).await;
        if let Err(error) = set {
            if let Err(error) = people.return_code(&key, &code).await {
                tracing::warn!(error = crate::chain(&error), "a good code is spent");
            }
            return Err(about_code(auth, error));
        }
        Ok(user)
    }
}

/// To the account's own address, whatever it was found by.
async fn send_own(
    auth: &Arc<Auth>,
    email: &Email,
) -> Result<Result<(), AccountError>, AccountRefusal> {
    let (admin, people) = own(auth)?;
    // Told to everybody alike, for the rest goes on behind the answer.
    people.ping().await?;
    let user = match admin.user(email.as_str()).await {
        Ok(user) => user,
        Err(error) => return Ok(Err(error)),
    };
    let to = user.may_reset().and_then(|to| {
        let to = Email::parse(to);
        to.map_err(|_| Refusal::InvalidParameter)
    });
    Ok(to
        .map(|to| codes::send(auth, Arc::clone(people), key(&user), to))
        .map_err(AccountError::Refused))
}

fn key(user: &User) -> CodeKey {
    CodeKey {
        sub: user.sub.clone(),
        purpose: "password_reset",
    }
}

fn own(auth: &Auth) -> Result<(&Admin, &Arc<dyn UserDirectory>), AccountRefusal> {
    let parts = auth.pool.admin.as_ref().zip(auth.pool.people.as_ref());
    parts.ok_or(AccountRefusal::Off)
}
