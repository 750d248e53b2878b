//! Passkeys of a person who is signed in. Cognito is the relying party; which authenticators the
//! deployment allows is checked here, since Cognito does not.

use cogward_cognito::accounts::Passkey;
use serde_json::Value;

use super::{AccountRefusal, enabled, recent};
use crate::Auth;
use crate::audit::{Event, Refused};
use crate::passkey::PasskeyRefusal;
use crate::session::{self, Current};

/// The person's passkeys.
///
/// # Errors
/// What Cognito refuses.
pub async fn list_passkeys(auth: &Auth, current: &Current) -> Result<Vec<Passkey>, AccountRefusal> {
    let tokens = session::tokens(auth, current)?;
    let passkeys = enabled(auth)?.passkeys(tokens.access_token.expose());
    Ok(passkeys.await?)
}

/// What the browser is to be asked for a new passkey: `PublicKeyCredentialCreationOptionsJSON`.
///
/// # Errors
/// A sign-in that is too old, or what Cognito refuses.
pub async fn begin_passkey(auth: &Auth, current: &Current) -> Result<Value, AccountRefusal> {
    let cognito = enabled(auth)?;
    let token = recent::access_token(auth, current).await?;
    Ok(cognito.start_passkey(token.expose()).await?)
}

/// Registers the passkey that the browser made: its `RegistrationResponseJSON`.
///
/// # Errors
/// A passkey that is not allowed here, a sign-in that is too old, or what Cognito refuses.
pub async fn finish_passkey(
    auth: &Auth,
    current: &Current,
    credential: &Value,
) -> Result<(), AccountRefusal> {
    let cognito = enabled(auth)?;
    let token = recent::access_token(auth, current).await?;
    let rules = &auth.settings.passkeys;
    if !rules.allow_all() {
        let response = &credential["response"];
        let member = |name: &str| response[name].as_str().ok_or(PasskeyRefusal::Malformed);
        let judged = rules.judge(member("attestationObject")?, member("clientDataJSON")?);
        judged.inspect_err(|refusal| current.refused(Refused::Passkey, refusal))?;
    }
    cognito.complete_passkey(token.expose(), credential).await?;
    current.tell(Event::FactorAdded, "passkey");
    Ok(())
}

/// Takes a passkey away.
///
/// # Errors
/// The person has no such passkey, a sign-in that is too old, or what Cognito refuses.
pub async fn remove_passkey(
    auth: &Auth,
    current: &Current,
    id: &str,
) -> Result<(), AccountRefusal> {
    let cognito = enabled(auth)?;
    let token = recent::access_token(auth, current).await?;
    cognito.delete_passkey(token.expose(), id).await?;
    current.tell(Event::FactorRemoved, "passkey");
    Ok(())
}
