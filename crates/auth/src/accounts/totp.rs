//! An authenticator app as second factor of a person who is signed in.

use cogward_cognito::TotpSecret;
use cogward_cognito::accounts::{Enrolling, Factors};

use super::{AccountRefusal, Email, code_of, enabled, limits, recent};
use crate::audit::{Event, Refused};
use crate::session::{self, Current};
use crate::{Auth, Client};

/// What an app has to know.
pub struct Enrolment {
    /// The key.
    pub secret: TotpSecret,
    /// Whose it is: shown in the app.
    pub account: String,
}

/// The second factors the person has.
///
/// # Errors
/// What Cognito refuses.
pub async fn factors(auth: &Auth, current: &Current) -> Result<Factors, AccountRefusal> {
    let tokens = session::tokens(auth, current)?;
    let factors = enabled(auth)?.factors(tokens.access_token.expose());
    Ok(factors.await?)
}

/// Makes a key for an app. It counts once [`finish_totp`] had a code of it; an app that was set
/// up before is asked for till then.
///
/// # Errors
/// A sign-in that is too old, or what Cognito refuses.
pub async fn begin_totp(auth: &Auth, current: &Current) -> Result<Enrolment, AccountRefusal> {
    let cognito = enabled(auth)?;
    let token = recent::access_token(auth, current).await?;
    let made = cognito.associate_software_token(Enrolling::User(token.expose()));
    let identity = current.identity();
    let account = identity.email.as_ref().unwrap_or(&identity.username);
    Ok(Enrolment {
        secret: made.await?.secret,
        account: account.clone(),
    })
}

/// Takes the app into use: from here on its code is asked for at every sign-in.
///
/// # Errors
/// A wrong code, a sign-in that is too old, or what Cognito refuses.
pub async fn finish_totp(
    auth: &Auth,
    current: &Current,
    code: &str,
    device_name: Option<&str>,
    client: &Client,
) -> Result<(), AccountRefusal> {
    let cognito = enabled(auth)?;
    limits::attempt(auth, &Email::of(current), client).await?;
    let token = recent::access_token(auth, current).await?;
    let code = code_of(code).inspect_err(|it| current.refused(Refused::Code, it))?;
    let verified =
        cognito.verify_software_token(Enrolling::User(token.expose()), code, device_name);
    let verified = verified.await;
    verified.inspect_err(|error| current.refused(Refused::Code, error))?;
    cognito.use_software_token(token.expose(), true).await?;
    current.tell(Event::FactorAdded, "authenticator app");
    Ok(())
}

/// Takes the app out of use.
///
/// # Errors
/// A sign-in that is too old, or what Cognito refuses.
pub async fn remove_totp(auth: &Auth, current: &Current) -> Result<(), AccountRefusal> {
    let cognito = enabled(auth)?;
    let token = recent::access_token(auth, current).await?;
    cognito.use_software_token(token.expose(), false).await?;
    current.tell(Event::FactorRemoved, "authenticator app");
    Ok(())
}
