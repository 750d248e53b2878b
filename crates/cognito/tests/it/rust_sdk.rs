//! The unmodified AWS SDK for Rust against the local pool.

use std::collections::HashMap;

use aws_sdk_cognitoidentityprovider as sdk;
use cogward_pool::{PUBLIC_CLIENT_ID, Pool, PoolOptions};
use sdk::config::{BehaviorVersion, Region};
use sdk::operation::initiate_auth::InitiateAuthError;
use sdk::types::{AttributeType, AuthFlowType, AuthenticationResultType};

use crate::server::public;

const EMAIL: &str = "rust@example.com";
const PASSWORD: &str = "Passw0rd!";

struct Local {
    pool: Pool,
    cognito: sdk::Client,
}

impl Local {
    async fn start() -> Self {
        let pool = Pool::start(PoolOptions::default()).await.unwrap();
        let config = sdk::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(pool.base_url())
            .build();
        let cognito = sdk::Client::from_conf(config);
        Self { pool, cognito }
    }

    /// The newest code of the inbox.
    async fn code(&self) -> String {
        let mut url = self.pool.base_url().join("_local/messages").unwrap();
        url.query_pairs_mut().append_pair("recipient", EMAIL);
        let answer = public(&url).http().get(url).send().await.unwrap();
        let messages: serde_json::Value = answer.json().await.unwrap();
        messages[0]["code"].as_str().unwrap().to_owned()
    }

    async fn sign_up(&self) -> String {
        let call = self.cognito.sign_up().client_id(PUBLIC_CLIENT_ID);
        let name = AttributeType::builder().name("given_name").value("Ada");
        let made = call
            .username(EMAIL)
            .password(PASSWORD)
            .user_attributes(name.build().unwrap())
            .send()
            .await
            .unwrap();
        assert!(!made.user_confirmed());
        made.user_sub().to_owned()
    }

    async fn confirm(&self) {
        let call = self.cognito.confirm_sign_up().client_id(PUBLIC_CLIENT_ID);
        let call = call.username(EMAIL).confirmation_code(self.code().await);
        call.send().await.unwrap();
    }

    async fn initiate(
        &self,
        flow: AuthFlowType,
        parameters: &[(&str, &str)],
    ) -> Result<AuthenticationResultType, InitiateAuthError> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let call = self.cognito.initiate_auth().client_id(PUBLIC_CLIENT_ID);
        let answer = call
            .auth_flow(flow)
            .set_auth_parameters(Some(
                parameters.iter().map(owned).collect::<HashMap<_, _>>(),
            ))
            .send()
            .await
            .map_err(sdk::error::SdkError::into_service_error)?;
        Ok(answer.authentication_result.unwrap())
    }

    async fn sign_in(&self, password: &str) -> Result<AuthenticationResultType, InitiateAuthError> {
        let parameters = [("USERNAME", EMAIL), ("PASSWORD", password)];
        self.initiate(AuthFlowType::UserPasswordAuth, &parameters)
            .await
    }

    async fn refresh(&self, token: &str) -> Result<AuthenticationResultType, InitiateAuthError> {
        self.initiate(AuthFlowType::RefreshTokenAuth, &[("REFRESH_TOKEN", token)])
            .await
    }
}

#[tokio::test]
async fn a_person_signs_up_in_and_out() {
    let local = Local::start().await;
    let sub = local.sign_up().await;
    local.confirm().await;
    let tokens = local.sign_in(PASSWORD).await.unwrap();
    assert_eq!(
        (tokens.token_type(), tokens.expires_in()),
        (Some("Bearer"), 3600)
    );

    let access = tokens.access_token().unwrap();
    let get_user = || local.cognito.get_user().access_token(access).send();
    let user = get_user().await.unwrap();
    assert_eq!(user.username(), sub);
    let value = |name| {
        let attribute = user.user_attributes().iter().find(|a| a.name() == name);
        attribute.and_then(AttributeType::value)
    };
    assert_eq!(value("given_name"), Some("Ada"));
    assert_eq!(value("email_verified"), Some("true"));

    let refresh = tokens.refresh_token().unwrap();
    let again = local.refresh(refresh).await.unwrap();
    assert_ne!(again.access_token(), tokens.access_token());
    assert!(again.id_token().is_some() && again.refresh_token().is_none());

    let sign_out = local.cognito.global_sign_out().access_token(access);
    sign_out.send().await.unwrap();
    let refused = get_user().await.unwrap_err().into_service_error();
    assert!(refused.is_not_authorized_exception(), "{refused:?}");
    let refused = local.refresh(refresh).await.unwrap_err();
    assert!(refused.is_not_authorized_exception(), "{refused:?}");
}

#[tokio::test]
async fn errors_have_their_types_and_messages() {
    let local = Local::start().await;
    local.sign_up().await;
    let unconfirmed = local.sign_in(PASSWORD).await.unwrap_err();
    assert!(
        unconfirmed.is_user_not_confirmed_exception(),
        "{unconfirmed:?}"
    );

    let again = local.cognito.sign_up().client_id(PUBLIC_CLIENT_ID);
    let again = again.username(EMAIL).password(PASSWORD).send().await;
    let again = again.unwrap_err().into_service_error();
    assert!(again.is_username_exists_exception(), "{again:?}");

    let weak = local.cognito.sign_up().client_id(PUBLIC_CLIENT_ID);
    let weak = weak
        .username("weak@example.com")
        .password("weak")
        .send()
        .await;
    let weak = weak.unwrap_err().into_service_error();
    assert!(weak.is_invalid_password_exception(), "{weak:?}");

    let right = local.code().await;
    let wrong = if right == "000000" {
        "111111"
    } else {
        "000000"
    };
    let confirm = local.cognito.confirm_sign_up().client_id(PUBLIC_CLIENT_ID);
    let mismatch = confirm
        .username(EMAIL)
        .confirmation_code(wrong)
        .send()
        .await;
    let mismatch = mismatch.unwrap_err().into_service_error();
    assert!(mismatch.is_code_mismatch_exception(), "{mismatch:?}");

    local.confirm().await;
    let refused = local.sign_in("Wrong-Passw0rd").await.unwrap_err();
    assert!(refused.is_not_authorized_exception(), "{refused:?}");
    assert_eq!(
        refused.meta().message(),
        Some("Incorrect username or password.")
    );
}
