//! The user-pool API for people's accounts
//! (<https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/Welcome.html>),
//! through the AWS SDK: sign-up, codes, passwords and sign-in.

mod admin;
mod authenticator;
mod passkeys;
mod patience;
mod refusal;
mod secret_hash;
mod sign_in;
mod trust;

use aws_sdk_cognitoidentityprovider as sdk;
use sdk::types::{AttributeType, UserContextDataType};

pub use admin::{Admin, AdminCredentials, User};
pub use authenticator::{Association, Enrolling, Factors};
pub use passkeys::Passkey;
pub use refusal::{AccountError, PasswordRule, Refusal};
pub use sign_in::{Challenge, SignIn};

use crate::{ClientSecret, Settings};

/// One app client's view of people's accounts. Calls take 4 s at most with all their tries;
/// what Cognito was too busy for is asked again, up to twice, with growing random pauses, as
/// long as a budget shared by all calls lasts.
pub struct Accounts {
    api: sdk::Client,
    client_id: String,
    client_secret: Option<ClientSecret>,
}

/// Whose account a call is about, and where it comes from.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// What he signs in with.
    pub username: &'a str,
    /// The browser's address, for Cognito's threat protection (`UserContextData`).
    pub address: Option<&'a str>,
}

/// A new account.
pub struct SignedUp {
    /// The user's `sub`.
    pub sub: String,
    /// Nothing is to be confirmed.
    pub confirmed: bool,
}

impl Accounts {
    /// Prepares calls; none is made, and no credentials are looked for: the operations are
    /// unsigned.
    pub fn new(settings: &Settings, region: &str) -> Self {
        let mut config = sdk::Config::builder()
            .behavior_version(sdk::config::BehaviorVersion::v2026_01_12())
            .region(sdk::config::Region::new(region.to_owned()))
            .endpoint_url(settings.api.as_str())
            .allow_no_auth()
            .timeout_config(patience::timeouts())
            .stalled_stream_protection(patience::stalls())
            .retry_config(patience::retries())
            .retry_classifier(patience::OnlyTooBusy);
        trust::certificate(&mut config, settings);
        Self {
            api: sdk::Client::from_conf(config.build()),
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
        }
    }

    /// `SignUp` with the user's attributes; Cognito sends a code.
    ///
    /// # Errors
    /// [`Refusal::UserExists`], a password that is not good enough, or any other.
    pub async fn sign_up(
        &self,
        subject: Subject<'_>,
        password: &str,
        attributes: &[(&str, &str)],
    ) -> Result<SignedUp, AccountError> {
        let call = self.api.sign_up().client_id(&self.client_id);
        let made = call
            .username(subject.username)
            .password(password)
            .set_secret_hash(self.secret_hash(subject.username))
            .set_user_attributes(Some(listed(attributes)))
            .set_user_context_data(context(subject))
            .send()
            .await?;
        Ok(SignedUp {
            sub: made.user_sub,
            confirmed: made.user_confirmed,
        })
    }

    /// `ConfirmSignUp` with the code that was sent.
    ///
    /// # Errors
    /// A wrong or late code, or any other.
    pub async fn confirm_sign_up(
        &self,
        subject: Subject<'_>,
        code: &str,
    ) -> Result<(), AccountError> {
        let call = self.api.confirm_sign_up().client_id(&self.client_id);
        call.username(subject.username)
            .confirmation_code(code)
            .set_secret_hash(self.secret_hash(subject.username))
            .set_user_context_data(context(subject))
            .send()
            .await?;
        Ok(())
    }

    /// `ResendConfirmationCode`: another code for a new account.
    ///
    /// # Errors
    /// Too many of them, or any other.
    pub async fn resend_confirmation_code(&self, subject: Subject<'_>) -> Result<(), AccountError> {
        let call = self.api.resend_confirmation_code();
        call.client_id(&self.client_id)
            .username(subject.username)
            .set_secret_hash(self.secret_hash(subject.username))
            .set_user_context_data(context(subject))
            .send()
            .await?;
        Ok(())
    }

    /// `ForgotPassword`: a code to choose another password with.
    ///
    /// # Errors
    /// Too many of them, or any other.
    pub async fn forgot_password(&self, subject: Subject<'_>) -> Result<(), AccountError> {
        let call = self.api.forgot_password().client_id(&self.client_id);
        call.username(subject.username)
            .set_secret_hash(self.secret_hash(subject.username))
            .set_user_context_data(context(subject))
            .send()
            .await?;
        Ok(())
    }

    /// `ConfirmForgotPassword`: the code, and the password from now on.
    ///
    /// # Errors
    /// A wrong or late code, a password that is not good enough, or any other.
    pub async fn confirm_forgot_password(
        &self,
        subject: Subject<'_>,
        code: &str,
        password: &str,
    ) -> Result<(), AccountError> {
        let call = self.api.confirm_forgot_password();
        call.client_id(&self.client_id)
            .username(subject.username)
            .confirmation_code(code)
            .password(password)
            .set_secret_hash(self.secret_hash(subject.username))
            .set_user_context_data(context(subject))
            .send()
            .await?;
        Ok(())
    }

    /// `ChangePassword` of who holds the access token.
    ///
    /// # Errors
    /// [`Refusal::InvalidCredentials`] for a wrong old password, a new one that is not good
    /// enough, or any other.
    pub async fn change_password(
        &self,
        access_token: &str,
        previous: &str,
        proposed: &str,
    ) -> Result<(), AccountError> {
        let call = self.api.change_password().access_token(access_token);
        call.previous_password(previous)
            .proposed_password(proposed)
            .send()
            .await?;
        Ok(())
    }

    /// `DeleteUser`: the account of who holds the access token, for good.
    ///
    /// # Errors
    /// The token is not taken, or any other.
    pub async fn delete_user(&self, access_token: &str) -> Result<(), AccountError> {
        let call = self.api.delete_user().access_token(access_token);
        call.send().await?;
        Ok(())
    }

    fn secret_hash(&self, username: &str) -> Option<String> {
        let secret = self.client_secret.as_ref()?;
        Some(secret_hash::of(secret, username, &self.client_id))
    }
}

/// Nothing when the address is not known: Cognito would take an empty one for the user's.
fn context(subject: Subject<'_>) -> Option<UserContextDataType> {
    let address = subject.address?;
    Some(UserContextDataType::builder().ip_address(address).build())
}

fn listed(attributes: &[(&str, &str)]) -> Vec<AttributeType> {
    let attribute =
        |(name, value): &(&str, &str)| AttributeType::builder().name(*name).value(*value).build();
    // Only one without a name cannot be built.
    attributes.iter().flat_map(attribute).collect()
}
