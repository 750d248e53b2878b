//! Authenticator apps (TOTP, RFC 6238), and which second factors a user has.

use aws_sdk_cognitoidentityprovider as sdk;
use sdk::types::{SoftwareTokenMfaSettingsType, VerifySoftwareTokenResponseType};

use super::{AccountError, Accounts, Refusal};
use crate::{TokenText, TotpSecret};

/// Who sets up an app.
#[derive(Clone, Copy)]
pub enum Enrolling<'a> {
    /// Somebody signed in, by his access token.
    User(&'a str),
    /// A sign-in that waits for it (`MFA_SETUP`), by its session.
    SignIn(&'a str),
}

/// What an app is told.
pub struct Association {
    /// The key.
    pub secret: TotpSecret,
    /// Goes on with a sign-in.
    pub session: Option<TokenText>,
}

/// A user's second factors, by Cognito's names.
pub struct Factors {
    /// Such as `SOFTWARE_TOKEN_MFA`.
    pub enabled: Vec<String>,
    /// The one that is asked for.
    pub preferred: Option<String>,
}

impl<'a> Enrolling<'a> {
    fn token(self) -> Option<&'a str> {
        match self {
            Self::User(token) => Some(token),
            Self::SignIn(_) => None,
        }
    }

    fn session(self) -> Option<&'a str> {
        match self {
            Self::User(_) => None,
            Self::SignIn(session) => Some(session),
        }
    }
}

impl Accounts {
    /// `AssociateSoftwareToken`: a new key, which counts once a code of it was verified.
    ///
    /// # Errors
    /// [`Refusal::NotOffered`], a token or session that is over, or any other.
    pub async fn associate_software_token(
        &self,
        who: Enrolling<'_>,
    ) -> Result<Association, AccountError> {
        let call = self.api.associate_software_token();
        let made = call
            .set_access_token(who.token().map(str::to_owned))
            .set_session(who.session().map(str::to_owned))
            .send()
            .await?;
        let secret = made.secret_code.ok_or(AccountError::Unavailable {
            what: "the answer has no key",
        })?;
        Ok(Association {
            secret: secret.into(),
            session: made.session.map(TokenText::from),
        })
    }

    /// `VerifySoftwareToken` with a first code; of a sign-in, what goes on with it.
    ///
    /// # Errors
    /// [`Refusal::CodeMismatch`], or any other.
    pub async fn verify_software_token(
        &self,
        who: Enrolling<'_>,
        code: &str,
        device_name: Option<&str>,
    ) -> Result<Option<TokenText>, AccountError> {
        let call = self.api.verify_software_token();
        let verified = call
            .set_access_token(who.token().map(str::to_owned))
            .set_session(who.session().map(str::to_owned))
            .user_code(code)
            .set_friendly_device_name(device_name.map(str::to_owned))
            .send()
            .await?;
        match verified.status {
            Some(VerifySoftwareTokenResponseType::Success) => {
                Ok(verified.session.map(TokenText::from))
            }
            _ => Err(AccountError::Refused(Refusal::CodeMismatch)),
        }
    }

    /// `SetUserMFAPreference`: the app is asked for at sign-in, before other factors; or not.
    ///
    /// # Errors
    /// A token that is over, or any other.
    pub async fn use_software_token(
        &self,
        access_token: &str,
        wanted: bool,
    ) -> Result<(), AccountError> {
        let settings = SoftwareTokenMfaSettingsType::builder()
            .enabled(wanted)
            .preferred_mfa(wanted)
            .build();
        let call = self.api.set_user_mfa_preference();
        call.access_token(access_token)
            .software_token_mfa_settings(settings)
            .send()
            .await?;
        Ok(())
    }

    /// `GetUser`, for what it says of second factors.
    ///
    /// # Errors
    /// A token that is over, or any other.
    pub async fn factors(&self, access_token: &str) -> Result<Factors, AccountError> {
        let user = self.api.get_user().access_token(access_token);
        let user = user.send().await?;
        Ok(Factors {
            enabled: user.user_mfa_setting_list.unwrap_or_default(),
            preferred: user.preferred_mfa_setting,
        })
    }
}
