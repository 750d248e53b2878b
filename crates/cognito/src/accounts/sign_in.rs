//! Sign-in by password, and the challenges on the way.

use std::collections::HashMap;

use aws_sdk_cognitoidentityprovider as sdk;
use sdk::types::{AuthFlowType, AuthenticationResultType, ChallengeNameType};

use super::{AccountError, Accounts, Subject, context};
use crate::{TokenText, Tokens};

/// Where a sign-in stands.
#[derive(Debug)]
pub enum SignIn {
    /// It is done.
    Done(Tokens),
    /// Cognito asks for more.
    Challenge(Challenge),
}

/// What Cognito asks for.
#[derive(Debug)]
pub struct Challenge {
    /// Such as `SOFTWARE_TOKEN_MFA`.
    pub name: String,
    /// Goes with the answer, once; Cognito takes it for some minutes.
    pub session: Option<TokenText>,
    /// What the person has to know to answer.
    pub parameters: HashMap<String, String>,
    /// What `SELECT_CHALLENGE` lets him choose from.
    pub available: Vec<String>,
}

impl Accounts {
    /// `InitiateAuth` with `USER_PASSWORD_AUTH`.
    ///
    /// # Errors
    /// Wrong password, an account that may not sign in, or any other.
    pub async fn sign_in(
        &self,
        subject: Subject<'_>,
        password: &str,
    ) -> Result<SignIn, AccountError> {
        let parameters = [("PASSWORD", password)];
        self.initiate(subject, AuthFlowType::UserPasswordAuth, parameters)
            .await
    }

    /// `InitiateAuth` with `USER_AUTH`: what to sign in by is asked for, or `preferred`, such as
    /// `WEB_AUTHN`. `CUSTOM_CHALLENGE` is a flow of its own, `CUSTOM_AUTH`.
    ///
    /// # Errors
    /// An account that may not sign in, an app client without this flow, or any other.
    pub async fn begin(
        &self,
        subject: Subject<'_>,
        preferred: Option<&str>,
    ) -> Result<SignIn, AccountError> {
        let (flow, preferred) = match preferred {
            Some("CUSTOM_CHALLENGE") => (AuthFlowType::CustomAuth, None),
            preferred => (AuthFlowType::UserAuth, preferred),
        };
        let parameters = preferred.map(|name| ("PREFERRED_CHALLENGE", name));
        self.initiate(subject, flow, parameters).await
    }

    async fn initiate<'p>(
        &self,
        subject: Subject<'p>,
        flow: AuthFlowType,
        parameters: impl IntoIterator<Item = (&'p str, &'p str)>,
    ) -> Result<SignIn, AccountError> {
        let parameters = self.with_hash(subject, parameters);
        let call = self.api.initiate_auth().client_id(&self.client_id);
        let answer = call
            .auth_flow(flow)
            .set_auth_parameters(Some(parameters))
            .set_user_context_data(context(subject))
            .send()
            .await?;
        let challenge = Answer {
            name: answer.challenge_name,
            session: answer.session,
            parameters: answer.challenge_parameters,
            available: answer.available_challenges,
        };
        challenge.or(answer.authentication_result)
    }

    /// `RespondToAuthChallenge` with what the person gave, by Cognito's names for it.
    ///
    /// # Errors
    /// A wrong code, a session that is over, or any other.
    pub async fn answer(
        &self,
        subject: Subject<'_>,
        challenge: &str,
        session: Option<&str>,
        responses: &[(&str, &str)],
    ) -> Result<SignIn, AccountError> {
        let responses = self.with_hash(subject, responses.iter().copied());
        let call = self.api.respond_to_auth_challenge();
        let answer = call
            .client_id(&self.client_id)
            .challenge_name(ChallengeNameType::from(challenge))
            .set_session(session.map(str::to_owned))
            .set_challenge_responses(Some(responses))
            .set_user_context_data(context(subject))
            .send()
            .await?;
        let challenge = Answer {
            name: answer.challenge_name,
            session: answer.session,
            parameters: answer.challenge_parameters,
            available: answer.available_challenges,
        };
        challenge.or(answer.authentication_result)
    }

    /// With `USERNAME`, and `SECRET_HASH` where the client has a secret.
    fn with_hash<'p>(
        &self,
        subject: Subject<'p>,
        parameters: impl IntoIterator<Item = (&'p str, &'p str)>,
    ) -> HashMap<String, String> {
        let hash = self.secret_hash(subject.username);
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        [("USERNAME", subject.username)]
            .into_iter()
            .chain(parameters)
            .map(owned)
            .chain(hash.map(|hash| ("SECRET_HASH".to_owned(), hash)))
            .collect()
    }
}

/// The part that both operations answer alike, in types of their own.
struct Answer {
    name: Option<ChallengeNameType>,
    session: Option<String>,
    parameters: Option<HashMap<String, String>>,
    available: Option<Vec<ChallengeNameType>>,
}

impl Answer {
    fn or(self, result: Option<AuthenticationResultType>) -> Result<SignIn, AccountError> {
        if let Some(name) = self.name {
            let available = self.available.unwrap_or_default();
            return Ok(SignIn::Challenge(Challenge {
                name: name.as_str().to_owned(),
                session: self.session.map(TokenText::from),
                parameters: self.parameters.unwrap_or_default(),
                available: available.iter().map(|it| it.as_str().to_owned()).collect(),
            }));
        }
        let tokens = result.and_then(tokens).ok_or(AccountError::Unavailable {
            what: "the answer has neither tokens nor a challenge",
        })?;
        Ok(SignIn::Done(tokens))
    }
}

fn tokens(mut result: AuthenticationResultType) -> Option<Tokens> {
    let bearer = result
        .token_type
        .as_deref()
        .is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    let take = |text: &mut Option<String>| {
        text.take()
            .filter(|text| !text.is_empty())
            .map(TokenText::from)
    };
    Some(Tokens {
        access_token: take(&mut result.access_token).filter(|_| bearer)?,
        id_token: take(&mut result.id_token),
        refresh_token: take(&mut result.refresh_token),
        expires_in: Some(i64::from(result.expires_in)).filter(|seconds| *seconds > 0),
    })
}
