use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::db::families;
use crate::error::{ApiError, Result};
use crate::token;

/// Sessions a page.
const PAGE: u8 = 20;

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
    let mut page = core.db.run(|tx| {
        let before = match input.get("NextToken") {
            None => None,
            Some(last) => Some(families::place(tx, sub, last)?.ok_or_else(|| {
                ApiError::invalid_parameter("Invalid NextToken: begin with the first page again.")
            })?),
        };
        families::page(tx, sub, before, i64::from(PAGE) + 1, now).map_err(ApiError::from)
    })?;
    let more = page.len() > usize::from(PAGE);
    page.truncate(PAGE.into());
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
    let next = page.last().filter(|_| more);
    Ok(match next {
        Some(last) => json!({ "Sessions": described, "NextToken": last.session_id }),
        None => json!({ "Sessions": described }),
    })
}
