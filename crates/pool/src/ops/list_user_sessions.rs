use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::db::families;
use crate::error::{ApiError, Result};
use crate::token;

/// Sessions a page.
const PAGE: usize = 20;

/// The user's living sign-ins through every client, newest first. `NextToken` is the id of the
/// last session of the page before.
pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let bearer = token::authorize(core, input.text("AccessToken"), now)?;
    list(core, &bearer.user.sub, Some(&bearer.origin_jti), input, now)
}

/// For AdminListUserSessions too, which comes from no session: `current` is `None`.
pub(super) fn list(
    core: &Core,
    sub: &str,
    current: Option<&str>,
    input: &Input<'_>,
    now: i64,
) -> Result<Value> {
    let sessions = core
        .db
        .run(|tx| families::of_user(tx, sub, now).map_err(ApiError::from))?;
    let start = match input.get("NextToken") {
        None => 0,
        Some(last) => sessions
            .iter()
            .position(|session| session.session_id == last)
            .map(|place| place + 1)
            .ok_or_else(|| {
                ApiError::invalid_parameter("Invalid NextToken: begin with the first page again.")
            })?,
    };
    let page: Vec<_> = sessions.iter().skip(start).take(PAGE).collect();
    let described: Vec<_> = page
        .iter()
        .map(|family| {
            let mut session = json!({
                "SessionId": family.session_id,
                "SessionType": "TOKEN",
                "ClientId": family.client_id,
                "CreateDate": family.auth_time,
                "LastActiveDate": family.last_active_at,
            });
            if let (Some(current), Some(members)) = (current, session.as_object_mut()) {
                let is_current = family.origin_jti == current;
                members.insert("IsCurrentSession".to_owned(), is_current.into());
            }
            session
        })
        .collect();
    let more = sessions.len() > start + page.len();
    let next = page.last().filter(|_| more);
    Ok(match next {
        Some(last) => json!({ "Sessions": described, "NextToken": last.session_id }),
        None => json!({ "Sessions": described }),
    })
}
