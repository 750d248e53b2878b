//! What an administrator of the user pool may do, signed with AWS credentials.

use std::fmt;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_cognitoidentityprovider as sdk;
use sdk::operation::admin_get_user::AdminGetUserOutput;
use sdk::types::UserStatusType;

use super::{AccountError, Refusal, patience, trust};
use crate::Settings;

/// Calls on the users of one pool. The role or key needs `cognito-idp:AdminGetUser`,
/// `AdminSetUserPassword` and `AdminUserGlobalSignOut` on it.
pub struct Admin {
    api: sdk::Client,
    pool_id: String,
}

/// A fixed access key for AWS, which does not print.
pub struct AdminCredentials(Credentials);

impl AdminCredentials {
    /// The id of the key, the secret, and the session token that belongs to a temporary key.
    pub fn new(
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
        session_token: Option<String>,
    ) -> Self {
        let from = "Cogward's configuration";
        let (id, key) = (access_key_id, secret_access_key);
        Self(Credentials::new(id, key, session_token, None, from))
    }
}

impl fmt::Debug for AdminCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminCredentials(..)")
    }
}

/// A user as the pool has him.
#[derive(Debug)]
pub struct User {
    /// His name for ever.
    pub sub: String,
    /// What other calls take, whatever he was found by.
    pub username: String,
    email: Option<String>,
    email_verified: bool,
    enabled: bool,
    status: Option<UserStatusType>,
    factors: Vec<String>,
}

impl User {
    /// The address for a code to choose another password with.
    ///
    /// # Errors
    /// As Cognito's `ForgotPassword` has it: he is disabled, not confirmed, has no password of
    /// the pool's to forget, or no verified address; or his mailbox is his second factor and
    /// must not be both.
    pub fn may_reset(&self) -> Result<&str, Refusal> {
        match &self.status {
            _ if !self.enabled => Err(Refusal::Disabled),
            Some(UserStatusType::Unconfirmed) => Err(Refusal::NotConfirmed),
            Some(UserStatusType::Confirmed | UserStatusType::ResetRequired) => {
                let mailed = self.factors.iter().any(|factor| factor == "EMAIL_OTP");
                let verified = self.email.as_deref();
                let verified = verified.filter(|_| self.email_verified && !mailed);
                verified.ok_or(Refusal::InvalidParameter)
            }
            _ => Err(Refusal::InvalidParameter),
        }
    }
}

impl Admin {
    /// Prepares calls; none is made. Credentials that are not given are looked for where every
    /// AWS SDK does (environment, profile, ECS or EKS, EC2), when they are first needed.
    pub async fn new(
        settings: &Settings,
        pool_id: &str,
        region: &str,
        credentials: Option<AdminCredentials>,
    ) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(Region::new(region.to_owned()))
            .endpoint_url(settings.api.as_str())
            .timeout_config(patience::timeouts())
            .stalled_stream_protection(patience::stalls())
            .retry_config(patience::retries());
        if let Some(credentials) = credentials {
            loader = loader.credentials_provider(credentials.0);
        }
        let shared = loader.load().await;
        let config = sdk::config::Builder::from(&shared);
        let mut config = config.retry_classifier(patience::OnlyTooBusy);
        trust::certificate(&mut config, settings);
        Self {
            api: sdk::Client::from_conf(config.build()),
            pool_id: pool_id.to_owned(),
        }
    }

    /// `AdminGetUser`, by what he signs in with or by his `sub`.
    ///
    /// # Errors
    /// [`Refusal::UserNotFound`], or any other.
    pub async fn user(&self, username: &str) -> Result<User, AccountError> {
        let call = self.api.admin_get_user().user_pool_id(&self.pool_id);
        user(call.username(username).send().await?)
    }

    /// `AdminSetUserPassword`: his password from now on.
    ///
    /// # Errors
    /// A password that is not good enough, or any other.
    pub async fn set_password(&self, username: &str, password: &str) -> Result<(), AccountError> {
        let call = self.api.admin_set_user_password();
        call.user_pool_id(&self.pool_id)
            .username(username)
            .password(password)
            .permanent(true)
            .send()
            .await?;
        Ok(())
    }

    /// `AdminUserGlobalSignOut`: his refresh tokens are no more.
    ///
    /// # Errors
    /// Any.
    pub async fn global_sign_out(&self, username: &str) -> Result<(), AccountError> {
        let call = self.api.admin_user_global_sign_out();
        call.user_pool_id(&self.pool_id)
            .username(username)
            .send()
            .await?;
        Ok(())
    }
}

fn user(answer: AdminGetUserOutput) -> Result<User, AccountError> {
    let attributes = answer.user_attributes.unwrap_or_default();
    let of = |name: &str| {
        let found = attributes.iter().find(|attribute| attribute.name == name);
        found.and_then(|attribute| attribute.value.clone())
    };
    let unknown = AccountError::Unavailable {
        what: "the answer has no sub",
    };
    Ok(User {
        sub: of("sub").ok_or(unknown)?,
        username: answer.username,
        email: of("email"),
        email_verified: of("email_verified").as_deref() == Some("true"),
        enabled: answer.enabled,
        status: answer.user_status,
        factors: answer.user_mfa_setting_list.unwrap_or_default(),
    })
}
