//! `CUSTOM_AUTH`: functions beside the pool say what is asked and whether the answer is right.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::next::{admit, after_second_factor, challenge};
use super::{Answer, Awaits, Outcome, SignIn, new_password, required, srp};
use crate::core::Core;
use crate::db::users::{Status, User};
use crate::error::{ApiError, Result};
use crate::trigger::{self, Trigger};

/// A challenge that was answered (Cognito's `ChallengeResult`).
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Round {
    challenge_name: String,
    challenge_result: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge_metadata: Option<String>,
}

/// How many challenges one sign-in can have: a function that never ends is at fault.
const MOST_ROUNDS: usize = 100;

/// Remembers how a challenge ended.
pub(super) fn note(sign_in: &mut SignIn, name: &str, result: bool, metadata: Option<String>) {
    sign_in.rounds.push(Round {
        challenge_name: name.to_owned(),
        challenge_result: result,
        challenge_metadata: metadata,
    });
}

/// Asks what comes next: another challenge, tokens, or the end. With `srp_a` the client began
/// by proving the password.
pub(super) fn next(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<User>,
    srp_a: Option<&str>,
    now: i64,
) -> Result<Outcome> {
    const NAME: &str = "DefineAuthChallenge";
    if sign_in.rounds.len() > MOST_ROUNDS {
        return Err(trigger::unrecognized(NAME));
    }
    let request = request(core, sign_in, user.as_ref(), [])?;
    let blank = json!({ "challengeName": null, "issueTokens": null, "failAuthentication": null });
    let trigger = Trigger::DefineAuthChallenge;
    let response = run(core, trigger, sign_in, user.as_ref(), &request, &blank)?;
    let says = |name: &str| response.get(name).and_then(Value::as_bool) == Some(true);
    if says("failAuthentication") {
        return Err(ApiError::wrong_password());
    }
    if says("issueTokens") {
        // Whatever a function says, a name nobody has gets no tokens.
        let user = user.ok_or_else(ApiError::wrong_password)?;
        admit(core, sign_in, &user)?;
        // They know nothing of passwords, and an administrator's is to be replaced all the same.
        if user.status == Status::ForceChangePassword {
            return new_password::challenge(core, sign_in, &user, now);
        }
        return after_second_factor(core, sign_in, user, now);
    }
    match (response.get("challengeName").and_then(Value::as_str), srp_a) {
        (Some("CUSTOM_CHALLENGE"), _) => create(core, sign_in, user.as_ref(), now),
        (Some("PASSWORD_VERIFIER"), Some(a)) => {
            srp::challenge(core, sign_in, user.as_ref(), a, now)
        }
        (Some(other), _) => {
            let other: String = other.chars().take(64).collect();
            Err(ApiError::new(
                "InvalidLambdaResponseException",
                format!(
                    "{NAME} answered with challengeName {other}: what may follow is \
                     CUSTOM_CHALLENGE, or PASSWORD_VERIFIER right after SRP_A"
                ),
            ))
        }
        (None, _) => Err(trigger::unrecognized(NAME)),
    }
}

/// Whether the proof of the password was the last that the functions were told of: a second
/// factor that comes then is their business, too.
pub(super) fn follows_proof(sign_in: &SignIn) -> bool {
    let last = sign_in.rounds.last();
    last.is_some_and(|round| round.challenge_name == "PASSWORD_VERIFIER")
}

/// Judges the answer, which may be wrong: the functions decide what that means.
pub(super) fn answer(
    core: &Core,
    sign_in: &mut SignIn,
    private: &BTreeMap<String, String>,
    metadata: Option<String>,
    user: Option<User>,
    answer: &Answer<'_>,
    now: i64,
) -> Result<Outcome> {
    let given = required(answer.responses, "ANSWER")?;
    let members = [
        ("privateChallengeParameters", json!(private)),
        ("challengeAnswer", given.into()),
    ];
    let request = request(core, sign_in, user.as_ref(), members)?;
    let blank = json!({ "answerCorrect": null });
    let trigger = Trigger::VerifyAuthChallengeResponse;
    let response = run(core, trigger, sign_in, user.as_ref(), &request, &blank)?;
    let right = response
        .get("answerCorrect")
        .and_then(Value::as_bool)
        .ok_or_else(|| trigger::unrecognized("VerifyAuthChallengeResponse"))?;
    note(sign_in, "CUSTOM_CHALLENGE", right, metadata);
    next(core, sign_in, user, None, now)
}

fn create(core: &Core, sign_in: &mut SignIn, user: Option<&User>, now: i64) -> Result<Outcome> {
    const NAME: &str = "CreateAuthChallenge";
    let members = [("challengeName", "CUSTOM_CHALLENGE".into())];
    let request = request(core, sign_in, user, members)?;
    let blank = json!({
        "publicChallengeParameters": null,
        "privateChallengeParameters": null,
        "challengeMetadata": null,
    });
    let trigger = Trigger::CreateAuthChallenge;
    let response = run(core, trigger, sign_in, user, &request, &blank)?;
    let parameters = |name: &str| match response.get(name) {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(map) => serde_json::from_value::<BTreeMap<String, String>>(map.clone())
            .map_err(|_| trigger::unrecognized(NAME)),
    };
    let awaits = Awaits::CustomChallenge {
        private: parameters("privateChallengeParameters")?,
        metadata: response
            .get("challengeMetadata")
            .and_then(Value::as_str)
            .map(str::to_owned),
    };
    let mut public = parameters("publicChallengeParameters")?;
    public.insert("USERNAME".to_owned(), user_name(core, sign_in, user));
    challenge(core, sign_in, awaits, public, now)
}

/// What every function is told, and what this one is told besides.
fn request<const N: usize>(
    core: &Core,
    sign_in: &SignIn,
    user: Option<&User>,
    members: [(&str, Value); N],
) -> Result<Value> {
    let mut attributes: Map<String, Value> = Map::new();
    if let Some(user) = user {
        attributes.extend(
            user.attributes
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().into())),
        );
        attributes.insert("sub".to_owned(), user.sub.as_str().into());
        attributes.insert("cognito:user_status".to_owned(), user.status.name().into());
    }
    let mut request = Map::new();
    request.insert("userAttributes".to_owned(), attributes.into());
    let rounds = serde_json::to_value(&sign_in.rounds).map_err(|_| ApiError::internal())?;
    request.insert("session".to_owned(), rounds);
    if !sign_in.metadata.is_empty() {
        request.insert("clientMetadata".to_owned(), json!(sign_in.metadata));
    }
    let client = core.client(&sign_in.client_id)?;
    if client.hides_names(&core.definition().settings) {
        request.insert("userNotFound".to_owned(), user.is_none().into());
    }
    request.extend(members.map(|(name, value)| (name.to_owned(), value)));
    Ok(request.into())
}

fn run(
    core: &Core,
    trigger: Trigger,
    sign_in: &SignIn,
    user: Option<&User>,
    request: &Value,
    blank: &Value,
) -> Result<Value> {
    let name = user_name(core, sign_in, user);
    trigger::run(core, trigger, &sign_in.client_id, &name, request, blank)
}

fn user_name(core: &Core, sign_in: &SignIn, user: Option<&User>) -> String {
    user.map_or_else(|| sign_in.decoy_id(core), |user| user.username.clone())
}
