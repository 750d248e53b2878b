//! Proof of the person himself, lately: who finds a browser signed in shall not change how its
//! owner signs in (OWASP ASVS 7.5.1).

use cogward_cognito::TokenText;

use super::AccountRefusal;
use crate::Auth;
use crate::audit::Refused;
use crate::session::{self, AdoptError, Current};

/// The session's access token, good for changing the account, if its person signed in lately.
/// Signing in again, in whatever way he does, makes it so.
pub(super) async fn access_token(
    auth: &Auth,
    current: &Current,
) -> Result<TokenText, AccountRefusal> {
    let tokens = session::tokens(auth, current)?;
    let (id, access) = (tokens.id_token.expose(), tokens.access_token.expose());
    let pair = session::verify_pair(auth, id, access).await;
    let pair = pair.map_err(|error| match error {
        AdoptError::Unavailable(error) => AccountRefusal::Session(error),
        _ => AccountRefusal::Tokens,
    })?;
    // Cognito's own word: a session may be younger than what it was begun with.
    let signed_in = pair.id.auth_time.unwrap_or(i64::MIN);
    let age = auth.now().as_secs().saturating_sub(signed_in);
    if age > auth.settings.accounts.recent_seconds {
        current.refused(Refused::Account, &"the sign-in is too old");
        return Err(AccountRefusal::NotRecent);
    }
    Ok(TokenText::from(access.to_owned()))
}
