//! `EMAIL_OTP`, `SMS_OTP` and `SMS_MFA`: a code that is sent, as a first factor or a second. It
//! lives as long as the session it was sent for, and is good for no other.

use std::collections::BTreeMap;

use rusqlite::Connection;
use subtle::ConstantTimeEq as _;

use super::next::{after_first_factor, after_second_step, challenge as issue};
use super::state::{CodeRole, SentCode};
use super::{Awaits, Outcome, SignIn, decoy, mfa_setup, required, second_factor};
use crate::codes;
use crate::core::Core;
use crate::db::users::{self, User};
use crate::error::{ApiError, Result};
use crate::settings::{Address, FirstFactor, SecondFactor, Settings};
use crate::user::{Delivery, refuse_locked, settle};

/// The kind of these messages in the inbox.
const KIND: &str = "authentication";

/// Sends eight digits. A name nobody has gets an answer that looks the same, and no message.
///
/// # Errors
/// `NotAuthorizedException` after too many wrong codes or passwords.
pub(super) fn first_factor(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<&User>,
    address: Address,
    now: i64,
) -> Result<Outcome> {
    refuse_locked(core, &sign_in.subject(), now)?;
    let delivery = match user {
        Some(user) => Some(Delivery::to(user, address).ok_or_else(|| {
            ApiError::invalid_parameter(format!("User has no {}.", address.attribute()))
        })?),
        None => None,
    };
    let shown = delivery
        .clone()
        .unwrap_or_else(|| decoy::delivery(core, &sign_in.name, address));
    let sent = SentCode {
        code: codes::eight_digits(core),
        address,
        recipient: delivery.map(|to| to.recipient().to_owned()),
        role: CodeRole::FirstFactor,
    };
    send(core, sign_in, sent, &shown, BTreeMap::new(), now)
}

/// Sends six digits to an address the user has.
pub(super) fn second_factor(
    core: &Core,
    sign_in: &mut SignIn,
    user: &User,
    address: Address,
    now: i64,
) -> Result<Outcome> {
    let delivery = Delivery::to(user, address).ok_or_else(|| {
        ApiError::new(
            "MFAMethodNotFoundException",
            format!("User has no {} to send codes to.", address.attribute()),
        )
    })?;
    let role = CodeRole::SecondFactor;
    by_second_factor(core, sign_in, user, (delivery, role), now)
}

/// Sends six digits to an address the user has given just now; it is kept when they come back.
pub(super) fn setting_up(
    core: &Core,
    sign_in: &mut SignIn,
    user: &User,
    email: &str,
    now: i64,
) -> Result<Outcome> {
    let delivery = Delivery::at(Address::Email, email);
    let role = CodeRole::SettingUp;
    by_second_factor(core, sign_in, user, (delivery, role), now)
}

/// Takes a code and goes on. The address it was sent to is verified by it.
///
/// # Errors
/// `CodeMismatchException`, or `NotAuthorizedException` while wrong codes lock the user.
pub(super) fn answer(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<User>,
    given: &BTreeMap<&str, &str>,
    now: i64,
) -> Result<Outcome> {
    let Awaits::Code(sent) = &sign_in.awaits else {
        return Err(ApiError::internal());
    };
    let sent = sent.clone();
    let code = required(given, &format!("{}_CODE", sign_in.awaits.name()))?;
    let subject = match sent.role {
        CodeRole::FirstFactor => sign_in.subject(),
        CodeRole::SecondFactor | CodeRole::SettingUp => second_factor::subject(&sign_in.subject()),
    };
    refuse_locked(core, &subject, now)?;
    let right = bool::from(sent.code.as_bytes().ct_eq(code.as_bytes()));
    // The address may have been changed since.
    let reached = |user: &User| {
        sent.role == CodeRole::SettingUp || user.address(sent.address) == sent.recipient.as_deref()
    };
    let taken = user
        .filter(|user| right && reached(user))
        .zip(sent.recipient.as_ref());
    settle(core, &subject, taken.is_some(), now)?;
    let (user, recipient) = taken.ok_or_else(|| {
        ApiError::new(
            "CodeMismatchException",
            "Invalid code or auth state for the user.",
        )
    })?;
    let definition = core.definition();
    let user = core.db.run(|tx| {
        if sent.role == CodeRole::SettingUp {
            mfa_setup::waiting_user(tx, core, sign_in)?;
        }
        verify(tx, &definition.settings, &user, &sent, recipient)
    })?;
    if sent.role == CodeRole::FirstFactor {
        sign_in.first_factor = Some(match sent.address {
            Address::Email => FirstFactor::EmailOtp,
            Address::PhoneNumber => FirstFactor::SmsOtp,
        });
        after_first_factor(core, sign_in, user, now)
    } else {
        sign_in.second_factor = true;
        after_second_step(core, sign_in, user, now)
    }
}

fn by_second_factor(
    core: &Core,
    sign_in: &mut SignIn,
    user: &User,
    (delivery, role): (Delivery, CodeRole),
    now: i64,
) -> Result<Outcome> {
    let sent = SentCode {
        code: codes::six_digits(core),
        address: delivery.address,
        recipient: Some(delivery.recipient().to_owned()),
        role,
    };
    let parameters = second_factor::parameters(user, []);
    send(core, sign_in, sent, &delivery, parameters, now)
}

/// Puts the code into the inbox and issues the challenge.
fn send(
    core: &Core,
    sign_in: &mut SignIn,
    sent: SentCode,
    delivery: &Delivery,
    mut parameters: BTreeMap<String, String>,
    now: i64,
) -> Result<Outcome> {
    for (name, value) in [
        (
            "CODE_DELIVERY_DELIVERY_MEDIUM",
            delivery.address.medium().to_owned(),
        ),
        ("CODE_DELIVERY_DESTINATION", delivery.masked()),
    ] {
        parameters.insert(name.to_owned(), value);
    }
    if sent.recipient.is_some() {
        core.db.run(|tx| delivery.send(tx, KIND, &sent.code, now))?;
    }
    issue(core, sign_in, Awaits::Code(sent), parameters, now)
}

/// What a right code shows: that the person reads what is sent to the address.
///
/// # Errors
/// `AliasExistsException` for an address that is to be set up and is somebody else's name.
fn verify(
    db: &Connection,
    settings: &Settings,
    user: &User,
    sent: &SentCode,
    recipient: &str,
) -> Result<User> {
    let mut user = users::find(db, &user.sub)?.ok_or_else(ApiError::wrong_password)?;
    let before = user.clone();
    if sent.role == CodeRole::SettingUp {
        user.attributes
            .insert(sent.address.attribute().to_owned(), recipient.to_owned());
        user.mfa.enabled.insert(SecondFactor::EmailOtp);
    }
    if user.verified(sent.address).is_some() && sent.role != CodeRole::SettingUp {
        return Ok(user);
    }
    user.set_verified(sent.address, true);
    match users::taken(db, &user, settings)? {
        None => users::save(db, &user, settings)?,
        Some(_) if sent.role == CodeRole::SettingUp => {
            return Err(ApiError::new(
                "AliasExistsException",
                "An account with the email already exists.",
            ));
        }
        // The verified address would be a name that somebody else has.
        Some(_) => user = before,
    }
    Ok(user)
}
