//! What a step says and how it is answered, by Cognito's names (API reference,
//! "RespondToAuthChallenge").

use std::collections::{BTreeMap, HashMap};

use super::AccountRefusal;

/// What a person answers; each step takes its own part.
#[derive(Default)]
pub struct Answer<'a> {
    /// A one-time code; for `MFA_SETUP` the first one of the app.
    pub code: Option<&'a str>,
    /// For `NEW_PASSWORD_REQUIRED`.
    pub new_password: Option<&'a str>,
    /// For `NEW_PASSWORD_REQUIRED`: attributes that are asked for, by name.
    pub attributes: BTreeMap<&'a str, &'a str>,
    /// For `SELECT_CHALLENGE`, `SELECT_MFA_TYPE`, `CUSTOM_CHALLENGE`.
    pub answer: Option<&'a str>,
    /// For the choice `PASSWORD`, and for the challenge of that name.
    pub password: Option<&'a str>,
    /// For `MFA_SETUP`, in place of an app: where codes are to go.
    pub email: Option<&'a str>,
    /// For `MFA_SETUP`: what the app is called.
    pub device_name: Option<&'a str>,
    /// For `WEB_AUTHN`: the browser's credential, as JSON text.
    pub credential: Option<&'a str>,
}

/// What `NEW_PASSWORD_REQUIRED` asks for: names, as JSON text, each after `userAttributes.`.
pub(super) fn required(parameters: &HashMap<String, String>) -> Vec<String> {
    let names = parameters
        .get("requiredAttributes")
        .map_or("", String::as_str);
    let names = names.split(['[', ']', '"', ',', ' ']);
    let bare = names.map(|name| name.strip_prefix("userAttributes.").unwrap_or(name));
    bare.filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The steps that [`responses`] can answer.
pub(super) fn is_served(challenge: &str) -> bool {
    matches!(
        challenge,
        "NEW_PASSWORD_REQUIRED"
            | "SOFTWARE_TOKEN_MFA"
            | "SMS_MFA"
            | "EMAIL_OTP"
            | "SMS_OTP"
            | "SELECT_CHALLENGE"
            | "SELECT_MFA_TYPE"
            | "CUSTOM_CHALLENGE"
            | "PASSWORD"
            | "WEB_AUTHN"
            | "MFA_SETUP"
    )
}

/// Whether `MFA_SETUP` lets this factor be set up: names, as JSON text.
pub(super) fn can_set_up(parameters: &HashMap<String, String>, factor: &str) -> bool {
    let names = parameters.get("MFAS_CAN_SETUP").map_or("", String::as_str);
    names
        .split(['[', ']', '"', ',', ' '])
        .any(|name| name == factor)
}

/// All but the name Cognito knows him by, which he need not send back.
pub(super) fn shown(
    parameters: impl IntoIterator<Item = (String, String)>,
) -> BTreeMap<String, String> {
    let hidden = |name: &str| matches!(name, "USER_ID_FOR_SRP" | "USERNAME");
    let parameters = parameters.into_iter();
    parameters.filter(|(name, _)| !hidden(name)).collect()
}

/// By Cognito's names (API reference, "RespondToAuthChallenge").
pub(super) fn responses<'a>(
    challenge: &str,
    attributes: &[String],
    answer: &Answer<'a>,
) -> Result<Vec<(String, &'a str)>, AccountRefusal> {
    let given = |value: Option<&'a str>, name: &str, missing: &'static str| {
        let value = value.filter(|value| !value.is_empty());
        let value = value.ok_or(AccountRefusal::Answer(missing))?;
        Ok(vec![(name.to_owned(), value)])
    };
    let code = |name| given(answer.code.map(str::trim), name, "code is missing");
    match challenge {
        "SOFTWARE_TOKEN_MFA" => code("SOFTWARE_TOKEN_MFA_CODE"),
        "SMS_MFA" => code("SMS_MFA_CODE"),
        "EMAIL_OTP" => code("EMAIL_OTP_CODE"),
        "SMS_OTP" => code("SMS_OTP_CODE"),
        "PASSWORD" => given(answer.password, "PASSWORD", "password is missing"),
        "WEB_AUTHN" => given(answer.credential, "CREDENTIAL", "credential is missing"),
        // An app's first code is verified by itself.
        "MFA_SETUP" if answer.email.is_none() => code("").map(|_| Vec::new()),
        "MFA_SETUP" => given(answer.email.map(str::trim), "EMAIL", "email is missing"),
        "NEW_PASSWORD_REQUIRED" => {
            let mut all = given(
                answer.new_password,
                "NEW_PASSWORD",
                "new_password is missing",
            )?;
            let is_asked = |name: &&str| attributes.iter().any(|asked| asked == *name);
            if !answer.attributes.keys().all(is_asked) {
                return Err(AccountRefusal::Answer(
                    "attributes has one that is not asked for",
                ));
            }
            let given = answer.attributes.iter();
            all.extend(given.map(|(name, value)| (format!("userAttributes.{name}"), *value)));
            Ok(all)
        }
        _ => {
            let mut all = given(answer.answer, "ANSWER", "answer is missing")?;
            let password = answer
                .password
                .map(|password| ("PASSWORD".to_owned(), password));
            all.extend(password);
            Ok(all)
        }
    }
}

/// Whether Cognito sends a code to somebody for this answer.
pub(super) fn sends_code(given: &[(String, &str)]) -> bool {
    given.iter().any(|(name, value)| match name.as_str() {
        "ANSWER" => matches!(*value, "EMAIL_OTP" | "EMAIL_MFA" | "SMS_OTP" | "SMS_MFA"),
        name => name == "EMAIL",
    })
}
