//! What a sign-in grants: a family of tokens, its refresh and its end.

use crate::client::Client;
use crate::core::Core;
use crate::db::families::{self, Family};
use crate::db::users::{self, User};
use crate::error::{ApiError, Result};
use crate::ids::IdOf;
use crate::scope;
use crate::token::{self, TokenPair};

pub(crate) struct Granted {
    pub(crate) tokens: TokenPair,
    /// The ID token is for the client too: from the API always, from the pages with `openid`.
    pub(crate) identifies: bool,
    /// Absent from a refresh without rotation, and from the implicit flow.
    pub(crate) refresh_token: Option<String>,
}

/// What a sign-in asks tokens for.
pub(crate) struct Request<'a> {
    pub(crate) client: &'a Client,
    pub(crate) scope: &'a str,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) auth_time: i64,
    /// The device it comes from, when devices are remembered.
    pub(crate) device_key: Option<&'a str>,
    /// From the hosted pages, not the API.
    pub(crate) hosted: bool,
    /// What the access token is for (RFC 8707): its `aud`.
    pub(crate) resource: Option<&'a str>,
}

pub(crate) fn begin(core: &Core, user: &User, request: &Request<'_>, now: i64) -> Result<Granted> {
    let lifetimes = request.client.lifetimes(&core.definition().settings);
    let refresh_token = core.random.refresh_token();
    let until = now + lifetimes.refresh;
    start(core, user, request, Some(refresh_token), until, now)
}

/// Tokens of the implicit flow: without one to refresh them.
pub(crate) fn begin_implicit(
    core: &Core,
    user: &User,
    request: &Request<'_>,
    now: i64,
) -> Result<Granted> {
    let lifetimes = request.client.lifetimes(&core.definition().settings);
    let until = now + lifetimes.access.max(lifetimes.id);
    start(core, user, request, None, until, now)
}

fn start(
    core: &Core,
    user: &User,
    request: &Request<'_>,
    refresh_token: Option<String>,
    expires_at: i64,
    now: i64,
) -> Result<Granted> {
    let family = Family {
        origin_jti: core.random.uuid(),
        session_id: core.new_session_id(),
        sub: user.sub.clone(),
        client_id: request.client.id.clone(),
        scope: request.scope.to_owned(),
        event_id: core.new_id(IdOf::Event),
        auth_time: request.auth_time,
        expires_at,
        revoked: false,
        device_key: request.device_key.map(str::to_owned),
        last_active_at: now,
        hosted: request.hosted,
        resource: request.resource.map(str::to_owned),
    };
    let tokens = token::issue(core, user, &family, request.client, request.nonce, now)?;
    core.db.run(|tx| {
        // Whoever was signed out everywhere meanwhile has to sign in again.
        if users::epoch(tx, &user.sub)? != Some(user.epoch) {
            return Err(ApiError::not_authorized("Invalid session for the user."));
        }
        // An access token of an expired family may live for a day more.
        families::purge(tx, now - 2 * 86400)?;
        families::insert(tx, &family)?;
        if let Some(token) = &refresh_token {
            families::add_refresh_token(tx, token, &family.origin_jti)?;
        }
        users::signed_in(tx, &user.sub, now).map_err(ApiError::from)
    })?;
    Ok(Granted {
        tokens,
        identifies: identifies(&family),
        refresh_token,
    })
}

/// New tokens for a refresh token of `client`; with rotation on, a new refresh token too.
///
/// # Errors
/// `NotAuthorizedException` for a token that is unknown, another client's, revoked or
/// expired; `RefreshTokenReuseException` for one replaced longer ago than the grace period.
pub(crate) fn refresh(
    core: &Core,
    client: &Client,
    token: &str,
    device_key: Option<&str>,
    now: i64,
) -> Result<Granted> {
    match exchange(core, client, token, device_key, now) {
        Err(error) if error.kind == "RefreshTokenReuseException" => {
            reused(core, token)?;
            Err(error)
        }
        other => other,
    }
}

fn exchange(
    core: &Core,
    client: &Client,
    token: &str,
    device_key: Option<&str>,
    now: i64,
) -> Result<Granted> {
    let lifetimes = client.lifetimes(&core.definition().settings);
    let (family, user) = core.db.run(|tx| {
        let (family, replaced_at) = find(tx, client, token)?;
        check(&family, replaced_at, lifetimes.grace, now)?;
        let user = users::find(tx, &family.sub)?.ok_or_else(invalid)?;
        if family.last_active_at != now {
            families::mark_active(tx, &family.origin_jti, now)?;
        }
        Ok::<_, ApiError>((family, user))
    })?;
    if !user.enabled {
        return Err(ApiError::disabled());
    }
    // A remembered device refreshes its own tokens only.
    if family.device_key.is_some() && family.device_key.as_deref() != device_key {
        return Err(invalid());
    }
    let tokens = token::issue(core, &user, &family, client, None, now)?;
    let refresh_token = lifetimes.rotation.then(|| core.random.refresh_token());
    if let Some(successor) = &refresh_token {
        core.db.run(|tx| {
            // Again, since another refresh may have come between.
            let (family, replaced_at) = find(tx, client, token)?;
            check(&family, replaced_at, lifetimes.grace, now)?;
            families::mark_replaced(tx, token, now)?;
            families::add_refresh_token(tx, successor, &family.origin_jti).map_err(ApiError::from)
        })?;
    }
    Ok(Granted {
        tokens,
        identifies: identifies(&family),
        refresh_token,
    })
}

/// A token that was replaced turns up again, so two have it, and one of them should not: where
/// the pool's settings say so, the whole sign-in ends (RFC 9700 section 4.14.2).
fn reused(core: &Core, token: &str) -> Result<()> {
    if !core.definition().settings.refresh_reuse_revokes {
        return Ok(());
    }
    core.db.run(|tx| {
        if let Some((family, _)) = families::of_refresh_token(tx, token)? {
            families::revoke(tx, &family.origin_jti)?;
        }
        Ok(())
    })
}

fn identifies(family: &Family) -> bool {
    !family.hosted || scope::has(&family.scope, "openid")
}

/// How an attempt to revoke a refresh token ended.
pub(crate) enum Revoked {
    /// Gone now, already, or never known.
    Done,
    OtherClient,
    NotRefreshToken,
}

pub(crate) fn revoke(core: &Core, client: &Client, token: &str) -> Result<Revoked> {
    let found = core.db.run(|tx| {
        let Some((family, _)) = families::of_refresh_token(tx, token)? else {
            return Ok(None);
        };
        if family.client_id != client.id {
            return Ok(Some(Revoked::OtherClient));
        }
        families::revoke(tx, &family.origin_jti)?;
        Ok::<_, ApiError>(Some(Revoked::Done))
    })?;
    Ok(match found {
        Some(outcome) => outcome,
        None if token::is_signed_here(core, token) => Revoked::NotRefreshToken,
        None => Revoked::Done,
    })
}

fn find(db: &rusqlite::Connection, client: &Client, token: &str) -> Result<(Family, Option<i64>)> {
    families::of_refresh_token(db, token)?
        .filter(|(family, _)| family.client_id == client.id)
        .ok_or_else(invalid)
}

fn check(family: &Family, replaced_at: Option<i64>, grace: i64, now: i64) -> Result<()> {
    if family.revoked {
        return Err(ApiError::not_authorized("Refresh Token has been revoked"));
    }
    if family.expires_at <= now {
        return Err(ApiError::not_authorized("Refresh Token has expired"));
    }
    if replaced_at.is_some_and(|at| now >= at + grace) {
        return Err(ApiError::new(
            "RefreshTokenReuseException",
            "Refresh token has been rotated and can no longer be used.",
        ));
    }
    Ok(())
}

fn invalid() -> ApiError {
    ApiError::not_authorized("Invalid Refresh Token.")
}
