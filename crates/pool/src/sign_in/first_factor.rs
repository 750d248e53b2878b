//! The first factor: the one the flow names, or with `USER_AUTH` one to be chosen.

use std::collections::BTreeMap;

use super::decoy::Decoy;
use super::next::{after_first_factor, challenge};
use super::{Awaits, Outcome, SignIn, custom, one_time_code, password, required, srp, web_authn};
use crate::client::AuthFlow;
use crate::core::Core;
use crate::db::{self, users::User};
use crate::error::{ApiError, Result};
use crate::settings::{Address, FirstFactor, Mfa, Settings};
use crate::user::mfa::usable_factors;

type Given<'a> = BTreeMap<&'a str, &'a str>;

/// Takes what the first call brought along, or asks for it.
pub(super) fn begin(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<User>,
    given: &Given<'_>,
    now: i64,
) -> Result<Outcome> {
    match sign_in.flow {
        AuthFlow::UserPassword | AuthFlow::AdminUserPassword => {
            by_password(core, sign_in, user, given, now)
        }
        AuthFlow::User => match given.get("PREFERRED_CHALLENGE").copied() {
            Some(choice) if available(core, sign_in, user.as_ref())?.contains(&choice) => {
                chosen(core, sign_in, user, choice, given, now)
            }
            // What cannot be preferred is no error: there is the choice again.
            _ => select(core, sign_in, user.as_ref(), now),
        },
        AuthFlow::UserSrp => by_srp(core, sign_in, user.as_ref(), given, now),
        AuthFlow::Custom if begins_with_srp(given) => {
            let a = required(given, "SRP_A")?;
            custom::note(sign_in, "SRP_A", true, None);
            custom::next(core, sign_in, user, Some(a), now)
        }
        AuthFlow::Custom => custom::next(core, sign_in, user, None, now),
        // Answered where refresh tokens are.
        AuthFlow::RefreshToken => Err(ApiError::internal()),
    }
}

/// Takes the answer to a challenge for a first factor.
pub(super) fn answer(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<User>,
    given: &Given<'_>,
    now: i64,
) -> Result<Outcome> {
    match sign_in.awaits {
        Awaits::SelectChallenge => {
            let choice = required(given, "ANSWER")?;
            if !available(core, sign_in, user.as_ref())?.contains(&choice) {
                return Err(ApiError::invalid_parameter(format!(
                    "Selected challenge is not available: {choice}"
                )));
            }
            chosen(core, sign_in, user, choice, given, now)
        }
        Awaits::PasswordSrp => by_srp(core, sign_in, user.as_ref(), given, now),
        _ => by_password(core, sign_in, user, given, now),
    }
}

/// Goes on with the factor that was chosen, of which the input may be there already.
fn chosen(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<User>,
    choice: &str,
    given: &Given<'_>,
    now: i64,
) -> Result<Outcome> {
    match choice {
        "PASSWORD" if given.contains_key("PASSWORD") => {
            by_password(core, sign_in, user, given, now)
        }
        "PASSWORD" => challenge(core, sign_in, Awaits::Password, BTreeMap::new(), now),
        "PASSWORD_SRP" if given.contains_key("SRP_A") => {
            by_srp(core, sign_in, user.as_ref(), given, now)
        }
        "PASSWORD_SRP" => challenge(core, sign_in, Awaits::PasswordSrp, BTreeMap::new(), now),
        "WEB_AUTHN" => web_authn::chosen(core, sign_in, user, given, now),
        "EMAIL_OTP" => {
            one_time_code::first_factor(core, sign_in, user.as_ref(), Address::Email, now)
        }
        "SMS_OTP" => {
            one_time_code::first_factor(core, sign_in, user.as_ref(), Address::PhoneNumber, now)
        }
        _ => Err(ApiError::invalid_parameter(format!(
            "Selected challenge is not available: {choice}"
        ))),
    }
}

fn by_password(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<User>,
    given: &Given<'_>,
    now: i64,
) -> Result<Outcome> {
    let password = required(given, "PASSWORD")?;
    let user = password::check(core, sign_in, user, password, now)?;
    after_first_factor(core, sign_in, user, now)
}

fn by_srp(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<&User>,
    given: &Given<'_>,
    now: i64,
) -> Result<Outcome> {
    srp::challenge(core, sign_in, user, required(given, "SRP_A")?, now)
}

/// Whether `CUSTOM_AUTH` asks for the proof of the password before anything else. The documents
/// spell the parameter both ways.
fn begins_with_srp(given: &Given<'_>) -> bool {
    ["CHALLENGE_NAME", "ChallengeName"]
        .iter()
        .any(|name| given.get(name).copied() == Some("SRP_A"))
}

fn select(core: &Core, sign_in: &mut SignIn, user: Option<&User>, now: i64) -> Result<Outcome> {
    let available = available(core, sign_in, user)?;
    let parameters = web_authn::ask(core, sign_in, user, now)?;
    let mut outcome = challenge(core, sign_in, Awaits::SelectChallenge, parameters, now)?;
    if let Outcome::Challenge(challenge) = &mut outcome {
        challenge.available = available;
    }
    Ok(outcome)
}

/// What this user can choose from. A name nobody has is offered what somebody could have.
fn available(core: &Core, sign_in: &SignIn, user: Option<&User>) -> Result<Vec<&'static str>> {
    let definition = core.definition();
    let settings = &definition.settings;
    let allowed = &settings.first_factors;
    let decoy = Decoy::of(core, &sign_in.name);
    let passwordless = match user {
        Some(user) => passwordless(settings, user),
        None => settings.mfa != Mfa::On,
    };
    let codes = CODES
        .into_iter()
        .filter(|(factor, _, address)| {
            let reads = user.map_or_else(
                || decoy.reads(*address),
                |user| user.verified(*address).is_some(),
            );
            allowed.contains(factor) && passwordless && reads
        })
        .map(|(_, name, _)| name)
        .collect::<Vec<_>>();
    let has_password = user.map_or_else(
        // Nobody is without any way in.
        || decoy.password || codes.is_empty(),
        |user| !user.password_hash.is_empty(),
    );
    let mut available = Vec::new();
    if allowed.contains(&FirstFactor::Password) && has_password {
        available.extend(["PASSWORD", "PASSWORD_SRP"]);
    }
    available.extend(codes);
    if web_authn::is_offered(core, sign_in, user)? {
        available.push("WEB_AUTHN");
    }
    Ok(available)
}

const CODES: [(FirstFactor, &str, Address); 2] = [
    (FirstFactor::EmailOtp, "EMAIL_OTP", Address::Email),
    (FirstFactor::SmsOtp, "SMS_OTP", Address::PhoneNumber),
];

/// Whether the user may do without a password: whoever is asked for a second factor may not.
pub(super) fn passwordless(settings: &Settings, user: &User) -> bool {
    settings.mfa != Mfa::On && usable_factors(user, settings).is_empty()
}

/// `ConfiguredUserAuthFactors`.
///
/// # Errors
/// The database's.
pub(crate) fn configured_factors(core: &Core, user: &User) -> Result<Vec<&'static str>> {
    let definition = core.definition();
    let allowed = &definition.settings.first_factors;
    let password = (
        FirstFactor::Password,
        "PASSWORD",
        !user.password_hash.is_empty(),
    );
    let codes =
        CODES.map(|(factor, name, address)| (factor, name, user.verified(address).is_some()));
    let passkeys = core
        .db
        .run(|tx| db::web_authn::of_user(tx, &user.sub).map_err(ApiError::from))?;
    let passkey = (FirstFactor::WebAuthn, "WEB_AUTHN", !passkeys.is_empty());
    let mut configured: Vec<_> = [password]
        .into_iter()
        .chain(codes)
        .chain([passkey])
        .filter(|(factor, _, has)| *has && allowed.contains(factor))
        .map(|(_, name, _)| name)
        .collect();
    if user.mfa.software_token.is_some() {
        configured.push("SOFTWARE_TOKEN");
    }
    Ok(configured)
}
