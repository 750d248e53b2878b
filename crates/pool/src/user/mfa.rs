//! Which second factors a user has, and which comes first.

use crate::core::Core;
use crate::db::users::{self, User, UserMfa};
use crate::error::{ApiError, Result};
use crate::settings::{Address, Mfa, Recovery, SecondFactor, Settings};

/// One part of SetUserMFAPreference; what is `None` stays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Preference {
    pub(crate) factor: SecondFactor,
    pub(crate) enabled: Option<bool>,
    pub(crate) preferred: Option<bool>,
}

/// For AdminSetUserMFAPreference too.
///
/// # Errors
/// `InvalidParameterException` for a factor the pool does not offer or the user does not have,
/// and for a preferred one that is not enabled or not the only one.
pub(crate) fn set_mfa_preference(core: &Core, user: &User, wanted: &[Preference]) -> Result<()> {
    let preferred = wanted.iter().filter(|one| one.preferred == Some(true));
    if preferred.count() > 1 {
        return Err(ApiError::invalid_parameter(
            "Only one MFA method can be preferred.",
        ));
    }
    change(core, user, |user, settings| {
        for one in wanted {
            apply(user, settings, *one)?;
        }
        Ok(())
    })
}

/// The older SetUserSettings: whether codes come by SMS. For AdminSetUserSettings too.
///
/// # Errors
/// `InvalidParameterException`, as [`set_mfa_preference`].
pub(crate) fn set_sms_mfa(core: &Core, user: &User, enabled: bool) -> Result<()> {
    let sms = Preference {
        factor: SecondFactor::SmsMfa,
        enabled: Some(enabled),
        preferred: None,
    };
    set_mfa_preference(core, user, &[sms])
}

/// For AdminDeleteSoftwareToken: what the user's app shows is good for nothing from now on.
///
/// # Errors
/// The database's.
pub(crate) fn delete_software_token(core: &Core, user: &User) -> Result<()> {
    change(core, user, |user, _| {
        user.mfa.software_token = None;
        user.mfa.pending_software_token = None;
        disable(&mut user.mfa, SecondFactor::SoftwareTokenMfa);
        Ok(())
    })
}

/// What the user can be asked for now. Where a second factor is required, an address counts
/// without the user's doing, unless passwords are recovered by it: one mailbox would be both.
pub(crate) fn usable_factors(user: &User, settings: &Settings) -> Vec<SecondFactor> {
    let usable = |factor: &SecondFactor| {
        let enabled = user.mfa.enabled.contains(factor);
        match (settings.mfa, address_of(*factor)) {
            (Mfa::Off, _) => false,
            (Mfa::Optional, None) => enabled && user.mfa.software_token.is_some(),
            (Mfa::On, None) => user.mfa.software_token.is_some(),
            (mfa, Some(address)) => {
                let required = mfa == Mfa::On && recovery(settings) != Some(address);
                let offered = settings.mfa_factors.contains(factor);
                offered && user.address(address).is_some() && (enabled || required)
            }
        }
    };
    ALL.into_iter().filter(usable).collect()
}

/// What somebody without any can set up on the way in: an app, or an e-mail address where there
/// is neither that nor a telephone number. A number has to be there already.
pub(crate) fn factors_to_set_up(user: &User, settings: &Settings) -> Vec<SecondFactor> {
    let reachable = [Address::Email, Address::PhoneNumber]
        .into_iter()
        .any(|address| user.address(address).is_some());
    let possible = |factor: &SecondFactor| {
        settings.mfa_factors.contains(factor)
            && match address_of(*factor) {
                None => true,
                Some(address) => !reachable && recovery(settings) != Some(address),
            }
    };
    ALL.into_iter().filter(possible).collect()
}

/// The address a factor's codes go to; `None` for an app, which needs none.
pub(crate) fn address_of(factor: SecondFactor) -> Option<Address> {
    match factor {
        SecondFactor::SmsMfa => Some(Address::PhoneNumber),
        SecondFactor::EmailOtp => Some(Address::Email),
        SecondFactor::SoftwareTokenMfa => None,
    }
}

const ALL: [SecondFactor; 3] = [
    SecondFactor::SmsMfa,
    SecondFactor::SoftwareTokenMfa,
    SecondFactor::EmailOtp,
];

impl SecondFactor {
    /// The name of its challenge.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SmsMfa => "SMS_MFA",
            Self::SoftwareTokenMfa => "SOFTWARE_TOKEN_MFA",
            Self::EmailOtp => "EMAIL_OTP",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        // The guide says EMAIL_MFA in places.
        let name = if name == "EMAIL_MFA" {
            "EMAIL_OTP"
        } else {
            name
        };
        ALL.into_iter().find(|factor| factor.name() == name)
    }
}

fn apply(user: &mut User, settings: &Settings, wanted: Preference) -> Result<()> {
    let factor = wanted.factor;
    if wanted.enabled == Some(false) {
        disable(&mut user.mfa, factor);
    }
    if wanted.enabled == Some(true) {
        can_enable(user, settings, factor)?;
        user.mfa.enabled.insert(factor);
    }
    match wanted.preferred {
        Some(true) if !user.mfa.enabled.contains(&factor) => Err(ApiError::invalid_parameter(
            format!("{} must be enabled to be preferred.", factor.name()),
        )),
        Some(true) => {
            user.mfa.preferred = Some(factor);
            Ok(())
        }
        Some(false) => {
            user.mfa.preferred = user.mfa.preferred.filter(|other| *other != factor);
            Ok(())
        }
        None => Ok(()),
    }
}

fn can_enable(user: &User, settings: &Settings, factor: SecondFactor) -> Result<()> {
    if settings.mfa == Mfa::Off || !settings.mfa_factors.contains(&factor) {
        return Err(ApiError::invalid_parameter(format!(
            "{} is not enabled for the user pool.",
            factor.name()
        )));
    }
    match address_of(factor) {
        None if user.mfa.software_token.is_none() => Err(ApiError::invalid_parameter(
            "User has not verified software token mfa",
        )),
        Some(address) if user.address(address).is_none() => Err(ApiError::invalid_parameter(
            format!("User has no {} to send codes to.", address.attribute()),
        )),
        _ => Ok(()),
    }
}

fn disable(mfa: &mut UserMfa, factor: SecondFactor) {
    mfa.enabled.remove(&factor);
    mfa.preferred = mfa.preferred.filter(|other| *other != factor);
}

/// The address a forgotten password is recovered by, if it can be.
fn recovery(settings: &Settings) -> Option<Address> {
    match settings.account_recovery.first() {
        Some(Recovery::VerifiedEmail) => Some(Address::Email),
        Some(Recovery::VerifiedPhoneNumber) => Some(Address::PhoneNumber),
        Some(Recovery::AdminOnly) | None => None,
    }
}

/// Changes the user as it is in the database now.
fn change(
    core: &Core,
    user: &User,
    change: impl FnOnce(&mut User, &Settings) -> Result<()>,
) -> Result<()> {
    let definition = core.definition();
    core.db.run(|tx| {
        let mut user = users::find(tx, &user.sub)?
            .ok_or_else(|| ApiError::user_not_found("User does not exist."))?;
        change(&mut user, &definition.settings)?;
        users::change_mfa(tx, &user.sub, |mfa| *mfa = user.mfa.clone()).map_err(ApiError::from)
    })
}
