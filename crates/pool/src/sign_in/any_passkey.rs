//! Signing in with a passkey that tells whose it is (a discoverable credential), on the pages.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::next::after_first_factor;
use super::{Answer, Awaits, Begin, Channel, Outcome, SignIn, session, web_authn};
use crate::client::{AuthFlow, Client};
use crate::core::Core;
use crate::db::users;
use crate::error::{ApiError, Result};
use crate::user::Named;
use crate::web_authn::{Assertion, Base64Url, Ceremony, RequestOptions};

/// Begins a sign-in of nobody yet: its session, and `PublicKeyCredentialRequestOptionsJSON`.
///
/// # Errors
/// `InvalidParameterException` where passkeys sign nobody in.
pub(crate) fn ask_for_any_passkey(
    core: &Core,
    client: &Arc<Client>,
    now: i64,
) -> Result<(String, serde_json::Value)> {
    let settings = &core.definition().settings;
    let rp_id = settings
        .passkeys
        .relying_party()
        .ok_or_else(|| ApiError::invalid_parameter("Passkeys are not enabled."))?;
    let begin = Begin {
        client,
        channel: Channel::Hosted,
        flow: AuthFlow::User,
        name: "",
        parameters: &BTreeMap::new(),
        metadata: BTreeMap::new(),
        peer: None,
    };
    let nobody = Named {
        user: None,
        subject: String::new(),
        hide: true,
    };
    let mut sign_in = SignIn::new(&begin, &nobody);
    sign_in.awaits = Awaits::WebAuthn;
    let ceremony = sign_in.ceremony.insert(Ceremony::begin(
        &core.random,
        &rp_id,
        "",
        &client.id,
        settings.passkeys.user_verification,
        now + settings.auth_session_seconds,
    ));
    let options = serde_json::to_value(RequestOptions::new(ceremony, &[]))
        .map_err(|_| ApiError::internal())?;
    Ok((session::keep(core, &sign_in, now)?, options))
}

/// Takes the passkey. With where it leads comes the name of its user, empty when it is nobody's.
pub(crate) fn by_any_passkey(
    core: &Core,
    client: &Arc<Client>,
    session: &str,
    credential: &str,
    now: i64,
) -> (String, Result<Outcome>) {
    let given: BTreeMap<_, _> = [("CREDENTIAL", credential)].into();
    let answer = Answer {
        client,
        channel: Channel::Hosted,
        challenge: Awaits::WebAuthn.name(),
        session: Some(session),
        responses: &given,
        metadata: BTreeMap::new(),
        peer: None,
    };
    let mut name = String::new();
    let outcome = take(core, &answer, session, &mut name, now);
    (name, outcome)
}

fn take(
    core: &Core,
    answer: &Answer<'_>,
    session: &str,
    name: &mut String,
    now: i64,
) -> Result<Outcome> {
    let credential = super::required(answer.responses, "CREDENTIAL")?;
    let handle = Assertion::parse(credential.as_bytes())
        .map_err(web_authn::refused)?
        .user_handle()
        .cloned();
    let sub = handle.and_then(|handle| String::from_utf8(handle.0).ok());
    let sub = sub.ok_or_else(web_authn::wrong_passkey)?;
    let user = core.db.run(|tx| users::find(tx, &sub))?;
    let user = user.filter(|user| user.sub == sub);
    let user = user.ok_or_else(web_authn::wrong_passkey)?;
    // One that was begun with a name is answered with that name.
    let mut sign_in = session::take_when(core, session, now, |sign_in| {
        sign_in.name.is_empty() && session::is_answered_by(sign_in, answer)
    })?;
    if let Some(ceremony) = &mut sign_in.ceremony {
        ceremony.user_handle = Base64Url(sub.clone().into_bytes());
    }
    sign_in.sub = Some(sub);
    sign_in.name.clone_from(&user.username);
    sign_in.epoch = user.epoch;
    let user = web_authn::answer(core, &mut sign_in, Some(user), answer.responses, now)?;
    name.push_str(user.sign_in_name(&core.definition().settings));
    after_first_factor(core, &mut sign_in, user, now)
}
