//! From a sign-up straight to the first sign-in: SignUp gives a session, ConfirmSignUp takes it
//! for another, and with that InitiateAuth asks for nothing more.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::next::after_first_factor;
use super::{Awaits, Begin, Channel, Outcome, SignIn, session};
use crate::client::{AuthFlow, Client};
use crate::core::Core;
use crate::db::users::{self, Status, User};
use crate::error::{ApiError, Result};
use crate::user::Named;

/// The session of somebody who has just signed up, where the client may use it.
///
/// # Errors
/// The database's.
pub(crate) fn signed_up(
    core: &Core,
    client: &Arc<Client>,
    user: &User,
    now: i64,
) -> Result<Option<String>> {
    session_of(core, client, user, Awaits::Confirmation, now)
}

/// The session of somebody who has confirmed without one, as Amplify does: the code was shown
/// all the same.
///
/// # Errors
/// The database's.
pub(crate) fn confirmed_alone(
    core: &Core,
    client: &Arc<Client>,
    user: &User,
    now: i64,
) -> Result<Option<String>> {
    session_of(core, client, user, Awaits::StraightIn, now)
}

fn session_of(
    core: &Core,
    client: &Arc<Client>,
    user: &User,
    awaits: Awaits,
    now: i64,
) -> Result<Option<String>> {
    if !client.flows.contains(&AuthFlow::User) {
        return Ok(None);
    }
    let begin = Begin {
        client,
        channel: Channel::Api,
        flow: AuthFlow::User,
        name: &user.username,
        parameters: &BTreeMap::new(),
        metadata: BTreeMap::new(),
        peer: None,
    };
    let named = Named {
        subject: user.sub.clone(),
        user: Some(user.clone()),
        hide: true,
    };
    let mut sign_in = SignIn::new(&begin, &named);
    sign_in.awaits = awaits;
    session::keep(core, &sign_in, now).map(Some)
}

/// The next session, for who has confirmed with the one of the sign-up. Too late, or with another
/// one, there is none: the person is confirmed all the same, and signs in as usual.
///
/// # Errors
/// The database's.
pub(crate) fn confirmed(
    core: &Core,
    client: &Client,
    user: &User,
    session: &str,
    now: i64,
) -> Result<Option<String>> {
    let taken = session::take_when(core, session, now, |sign_in| {
        matches!(sign_in.awaits, Awaits::Confirmation)
            && sign_in.client_id == client.id
            && sign_in.sub.as_ref() == Some(&user.sub)
    });
    match taken {
        Ok(mut sign_in) => {
            sign_in.awaits = Awaits::StraightIn;
            session::keep(core, &sign_in, now).map(Some)
        }
        Err(error) if error.is_fault() => Err(error),
        Err(_) => Ok(None),
    }
}

/// The first sign-in, with the session of the confirmation. `name`: what the client says besides,
/// which nobody needs.
///
/// # Errors
/// `NotAuthorizedException` for another session, another user's name or a later sign-in.
pub(crate) fn straight_in(
    core: &Core,
    client: &Client,
    channel: Channel,
    session: &str,
    name: Option<&str>,
    now: i64,
) -> Result<Outcome> {
    let named = match name {
        Some(name) => Some(
            core.db
                .run(|tx| users::find(tx, name))?
                .map(|user| user.sub),
        ),
        None => None,
    };
    let mut sign_in = session::take_when(core, session, now, |sign_in| {
        matches!(sign_in.awaits, Awaits::StraightIn)
            && sign_in.client_id == client.id
            && sign_in.channel == channel
            && named.as_ref().is_none_or(|named| *named == sign_in.sub)
    })?;
    let sub = sign_in.sub.clone().unwrap_or_default();
    let user = core.db.run(|tx| users::find(tx, &sub))?;
    let user = user
        .filter(|user| user.signed_in_at.is_none() && user.status == Status::Confirmed)
        .ok_or_else(|| ApiError::not_authorized("Invalid session for the user."))?;
    after_first_factor(core, &mut sign_in, user, now)
}
