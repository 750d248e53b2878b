//! The browser's session with the pages: cookie `session`, one hour unless the
//! settings say otherwise.

use axum::response::Response;

use super::Visit;
use super::form::{cookie, set_cookie};
use crate::core::Core;
use crate::db::hosted::{self, HostedSession};
use crate::db::users::{self, Status, User};
use crate::error::{ApiError, Result};

pub(super) const COOKIE: &str = "session";

/// The session of a browser whose user may sign in without asking again.
pub(crate) fn signed_in(core: &Core, visit: &Visit) -> Result<Option<(HostedSession, User)>> {
    let found = current(core, visit)?;
    Ok(found.filter(|(session, user)| {
        session.confirmed && user.enabled && user.status == Status::Confirmed
    }))
}

/// The user who gave the right password here but has not confirmed the account.
pub(super) fn waiting(core: &Core, visit: &Visit) -> Result<Option<User>> {
    let found = current(core, visit)?;
    Ok(found
        .filter(|(session, user)| !session.confirmed && user.enabled && session.epoch == user.epoch)
        .map(|(_, user)| user))
}

/// Begins a session in place of the one the browser had.
pub(super) fn begin(
    core: &Core,
    visit: &Visit,
    user: &User,
    confirmed: bool,
    response: &mut Response,
) -> Result<()> {
    let seconds = core.definition().settings.hosted_session_seconds;
    let token = core.random.token();
    let session = HostedSession {
        sub: user.sub.clone(),
        confirmed,
        auth_time: visit.now,
        expires_at: visit.now + seconds,
        epoch: user.epoch,
    };
    let begun = core.db.run(|tx| {
        hosted::purge(tx, visit.now)?;
        if let Some(old) = cookie(core, &visit.headers, COOKIE) {
            hosted::delete(tx, old)?;
        }
        // An administrator may have come between.
        let voided = users::epoch(tx, &user.sub)? != Some(user.epoch);
        if !voided {
            hosted::insert(tx, &token, &session)?;
        }
        Ok::<_, ApiError>(!voided)
    })?;
    if begun {
        set_cookie(core, response, COOKIE, &token, seconds);
    }
    Ok(())
}

pub(crate) fn end(core: &Core, visit: &Visit, response: &mut Response) -> Result<()> {
    if let Some(token) = cookie(core, &visit.headers, COOKIE) {
        core.db.run(|tx| hosted::delete(tx, token))?;
    }
    set_cookie(core, response, COOKIE, "", 0);
    Ok(())
}

fn current(core: &Core, visit: &Visit) -> Result<Option<(HostedSession, User)>> {
    let Some(token) = cookie(core, &visit.headers, COOKIE) else {
        return Ok(None);
    };
    core.db.run(|tx| {
        let Some(session) = hosted::get(tx, token, visit.now)? else {
            return Ok(None);
        };
        let user = users::find(tx, &session.sub)?;
        Ok(user.map(|user| (session, user)))
    })
}
