//! What the pool says of itself.

use serde_json::{Map, Value, json};

use super::page::Page;
use super::schema;
use crate::core::Core;
use crate::db::users;
use crate::definition;
use crate::error::{ApiError, Result};
use crate::ops::input::Input;
use crate::options::{POOL_ID, pool_name};
use crate::settings::{Devices, FirstFactor, Mfa, SecondFactor, Settings};

pub(in crate::ops) fn run(core: &Core, _input: &Input<'_>, _now: i64) -> Result<Value> {
    let definition = core.definition();
    let settings = &definition.settings;
    let (times, users) = core
        .db
        .run(|tx| Ok::<_, ApiError>((definition::times(tx)?, users::count(tx)?)))?;
    let mut pool = sign_in_rules(settings);
    pool.extend(members(json!({
        "Id": POOL_ID,
        "Name": pool_name(),
        "Arn": format!("arn:aws:cognito-idp:us-east-1:000000000000:userpool/{POOL_ID}"),
        "CreationDate": times.created_at,
        "LastModifiedDate": times.modified_at,
        "EstimatedNumberOfUsers": users,
        "DeletionProtection": "INACTIVE",
        "UserPoolTier": "ESSENTIALS",
        "LambdaConfig": functions(settings),
        "UserPoolTags": {},
        "EmailConfiguration": { "EmailSendingAccount": "COGNITO_DEFAULT" },
        "VerificationMessageTemplate": { "DefaultEmailOption": "CONFIRM_WITH_CODE" },
        "SchemaAttributes": schema::attributes(settings),
        "UsernameConfiguration": { "CaseSensitive": false },
    })));
    Ok(json!({ "UserPool": pool }))
}

pub(in crate::ops) fn mfa_config(core: &Core, _input: &Input<'_>, _now: i64) -> Result<Value> {
    let definition = core.definition();
    let settings = &definition.settings;
    let mut config = members(json!({ "MfaConfiguration": settings.mfa }));
    let offered = |factor| settings.mfa != Mfa::Off && settings.mfa_factors.contains(&factor);
    if offered(SecondFactor::SmsMfa) {
        let message = "Your authentication code is {####}.";
        config.insert(
            "SmsMfaConfiguration".to_owned(),
            json!({ "SmsAuthenticationMessage": message }),
        );
    }
    if offered(SecondFactor::EmailOtp) {
        config.insert("EmailMfaConfiguration".to_owned(), json!({}));
    }
    config.insert(
        "SoftwareTokenMfaConfiguration".to_owned(),
        json!({ "Enabled": offered(SecondFactor::SoftwareTokenMfa) }),
    );
    let passkeys = &settings.passkeys;
    if passkeys.enabled {
        let factors = if passkeys.multi_factor {
            "MULTI_FACTOR_WITH_USER_VERIFICATION"
        } else {
            "SINGLE_FACTOR"
        };
        config.insert(
            "WebAuthnConfiguration".to_owned(),
            json!({
                "RelyingPartyId": passkeys.relying_party_id,
                "UserVerification": passkeys.user_verification,
                "FactorConfiguration": factors,
            }),
        );
    }
    Ok(config.into())
}

pub(in crate::ops) fn list_pools(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    let page = Page::of(input, "ListUserPools", "NextToken")?;
    let definition = core.definition();
    let settings = &definition.settings;
    let times = core
        .db
        .run(|tx| definition::times(tx).map_err(ApiError::from))?;
    let pool = json!({
        "Id": POOL_ID,
        "Name": pool_name(),
        "LambdaConfig": functions(settings),
        "CreationDate": times.created_at,
        "LastModifiedDate": times.modified_at,
    });
    Ok(page.answer("UserPools", vec![pool], |_| String::new(), Value::clone))
}

/// How people sign up and in, and what for.
fn sign_in_rules(settings: &Settings) -> Map<String, Value> {
    let policy = &settings.password_policy;
    let mut first_factors: Vec<_> = settings.first_factors.iter().collect();
    // Cognito's order: passwords first.
    first_factors.sort_by_key(|factor| **factor != FirstFactor::Password);
    let mut rules = members(json!({
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": policy.minimum_length,
                "RequireUppercase": policy.require_uppercase,
                "RequireLowercase": policy.require_lowercase,
                "RequireNumbers": policy.require_numbers,
                "RequireSymbols": policy.require_symbols,
                "PasswordHistorySize": policy.history_size,
                "TemporaryPasswordValidityDays": policy.temporary_password_days,
            },
            "SignInPolicy": { "AllowedFirstAuthFactors": first_factors },
        },
        "MfaConfiguration": settings.mfa,
        "AutoVerifiedAttributes": settings.auto_verified_attributes,
        "UserAttributeUpdateSettings": {
            "AttributesRequireVerificationBeforeUpdate": settings.verify_before_update,
        },
        "AccountRecoverySetting": { "RecoveryMechanisms": recovery(settings) },
        "AdminCreateUserConfig": {
            "AllowAdminCreateUserOnly": !settings.self_sign_up,
            "UnusedAccountValidityDays": policy.temporary_password_days,
        },
    }));
    if !settings.username_attributes.is_empty() {
        let names = json!(settings.username_attributes);
        rules.insert("UsernameAttributes".to_owned(), names);
    }
    if !settings.alias_attributes.is_empty() {
        let names = json!(settings.alias_attributes);
        rules.insert("AliasAttributes".to_owned(), names);
    }
    if settings.devices != Devices::Off {
        rules.insert(
            "DeviceConfiguration".to_owned(),
            json!({
                "ChallengeRequiredOnNewDevice": true,
                "DeviceOnlyRememberedOnUserPrompt": settings.devices == Devices::UserOptIn,
            }),
        );
    }
    rules
}

/// The triggers there are. What has no ARN is given one, with the name that its URL has.
fn functions(settings: &Settings) -> Value {
    let triggers = &settings.triggers;
    let named = [
        ("DefineAuthChallenge", &triggers.define_auth_challenge),
        ("CreateAuthChallenge", &triggers.create_auth_challenge),
        (
            "VerifyAuthChallengeResponse",
            &triggers.verify_auth_challenge_response,
        ),
    ];
    named
        .into_iter()
        .filter_map(|(trigger, url)| {
            let mut path = url.as_ref()?.path_segments().into_iter().flatten();
            let name = path
                .find(|part| *part == "functions")
                .and_then(|_| path.next())
                .filter(|name| !name.is_empty())
                .unwrap_or(trigger);
            let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
            Some((trigger.to_owned(), arn.into()))
        })
        .collect::<Map<_, _>>()
        .into()
}

fn recovery(settings: &Settings) -> Value {
    settings
        .account_recovery
        .iter()
        .zip(1..)
        .map(|(name, priority)| json!({ "Priority": priority, "Name": name }))
        .collect()
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
