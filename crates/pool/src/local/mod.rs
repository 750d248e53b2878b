//! The surface for people and tests, under `/_local`.
//!
//! Every POST needs the header `X-Cogward-Local: 1` and `application/json`, and is refused
//! to other origins; nothing here is readable by them. A refused one answers
//! `{"error","message"}` and names what is valid.
//!
//! | call | |
//! |---|---|
//! | `GET /_local/` | the inbox and the last calls as a page that updates by itself, `?recipient=` filters |
//! | `GET /_local/health` | `{"status":"ok","issuer"}`, as soon as there are keys to sign with |
//! | `GET /_local/messages?recipient=ADDR` | `[{recipient,kind,code,sent_at}]`, newest first, the last 1000 kept; `kind` is `sign_up`, `resend_code` or `forgot_password`, `sent_at` RFC 3339 |
//! | `GET /_local/calls` | `[{name,status,error,milliseconds,at}]`, newest first, the last 200: operations of the API by name, else method and path; nothing of what was in them |
//! | `GET /_local/stats` | calls of each operation since the start: `{"InitiateAuth":n,"oauth2/token":n,"jwks":n,…}` |
//! | `POST /_local/faults` | `{op, status?, type?, times?, delay_ms?, body?, drop?}`, see below |
//! | `POST /_local/users` | `{username, password, groups?, attributes?, enabled?, status?}` makes a confirmed user whose `email` is verified, or changes one: members left out stay. `status` is `CONFIRMED`, `UNCONFIRMED`, `RESET_REQUIRED` or `FORCE_CHANGE_PASSWORD`. Answers the user |
//! | `POST /_local/settings` | any settings; answers all of them, so `{}` reads |
//! | `POST /_local/keys/rotate` | two new signing keys; the JWKS shows only them unless `{"keep_previous":true}` |
//! | `POST /_local/clock` | `{"advance_seconds":N}` moves the pool's clock until it stops; `{"fixed_at":SECONDS}` makes it stand still, `{"fixed_at":null}` run again; answers `{"now"}` |
//! | `POST /_local/reset` | back to the beginning: users, groups, sign-ins, messages, settings and clients as the seed has them, no fault, counters at 0, the clock running; keys stay |
//! | `GET /_local/export` | the pool as a seed file (TOML), with devices and passkeys, and secrets: it says at its top which; without signing keys, sign-ins, codes and messages |
//!
//! A **fault** makes the next `times` (default 1; 0 lifts it) calls of `op` fail: with
//! `status` and `type` (the exception's name; the `error` member for OAuth operations),
//! with the raw `body`, or with `drop` by closing the connection; `delay_ms` waits first.
//! With `delay_ms` alone the normal answer is late. `op` is one of the operations of
//! `GET /_local/stats`. The answer's `declared` lists the exceptions that the service model
//! declares for it: any of them, and any other, can be the `type`; the two internal ones
//! answer 500 and the rest 400 unless `status` says otherwise.
//!
//! **Settings**: `access_token_seconds`, `id_token_seconds` (1 to 86400),
//! `refresh_token_seconds` (1 to 10 years), `refresh_rotation`, `refresh_grace_seconds` (0
//! to 60), `refresh_reuse_revokes`, `hosted_session_seconds` (0 to 90 days),
//! `prevent_user_existence_errors`, `mfa` (`OFF`, `OPTIONAL`, `ON`: with `ON` every
//! sign-in but a user's first asks for a second factor) and `password_policy`
//! (`minimum_length` 6 to 99, `require_lowercase`, `require_uppercase`, `require_numbers`,
//! `require_symbols`). The two switches also take Cognito's `ENABLED`, `DISABLED` and
//! `LEGACY`. `fixed_code` (six digits) is every code that is sent; an eight-digit one goes on
//! with its first two. With `deterministic` new users, sign-ins, events, tokens and devices have ids
//! that are the same in every run. Settings are kept with the data; faults, counters and the clock are not.

mod guard;
mod state;
mod users;

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::calls::Call;
use crate::core::Core;
use crate::db::messages::{self, Message};
use crate::definition::Definition;
use crate::error::{ApiError, Result};
use crate::fault::Fault;
use crate::oauth::params::Params;
use crate::pages;
use guard::Body;

pub(crate) use guard::wrong_method;
pub(crate) use users::{PutUser, check_words, put as put_user};

pub(crate) fn router(core: &Arc<Core>) -> Router<Arc<Core>> {
    Router::new()
        .route("/health", get(health))
        .route("/messages", get(list_messages))
        .route("/stats", get(stats))
        .route("/calls", get(list_calls))
        .route("/assets/inbox.js", get(pages::inbox_script))
        .route("/assets/passkeys.js", get(pages::passkey_script))
        .route("/assets/pool.css", get(pages::stylesheet))
        .route("/faults", post(set_fault))
        .route("/users", post(save_user))
        .route("/settings", post(patch_settings))
        .route("/reset", post(state::reset))
        .route("/export", get(state::export))
        .route("/keys/rotate", post(rotate_keys))
        .route("/clock", post(state::set_clock))
        .fallback(guard::nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(
            Arc::clone(core),
            guard::own_origin,
        ))
}

/// `GET /_local/`: the inbox for people.
pub(crate) async fn inbox(State(core): State<Arc<Core>>, RawQuery(query): RawQuery) -> Response {
    let filter = recipient(query);
    let wanted = filter.clone();
    let read = core.blocking(move |core| {
        core.db
            .run(|tx| messages::list(tx, wanted.as_deref()).map_err(ApiError::from))
    });
    let messages = match read.await {
        Ok(messages) => messages,
        Err(error) => return guard::fail(&error),
    };
    let messages: Vec<_> = messages.iter().map(Message::for_page).collect();
    let calls: Vec<_> = core.calls.all().iter().map(Call::for_page).collect();
    let page = context! { messages => messages, filter => filter, calls => calls };
    let mut response = core.pages.render(StatusCode::OK, "inbox.html", page);
    pages::protect(&mut response);
    pages::allow_own_scripts(&mut response);
    response
}

async fn health(State(core): State<Arc<Core>>) -> Response {
    match core.ready().await {
        Ok(()) => Json(json!({ "status": "ok", "issuer": core.issuer })).into_response(),
        Err(error) => guard::fail(&error),
    }
}

async fn list_messages(State(core): State<Arc<Core>>, RawQuery(query): RawQuery) -> Response {
    let wanted = recipient(query);
    let read = core.blocking(move |core| {
        core.db
            .run(|tx| messages::list(tx, wanted.as_deref()).map_err(ApiError::from))
    });
    match read.await {
        Ok(messages) => Json(messages).into_response(),
        Err(error) => guard::fail(&error),
    }
}

async fn stats(State(core): State<Arc<Core>>) -> Response {
    Json(core.stats.all()).into_response()
}

async fn list_calls(State(core): State<Arc<Core>>) -> Response {
    Json(core.calls.all()).into_response()
}

async fn set_fault(State(core): State<Arc<Core>>, Body(fault): Body<Fault>) -> Response {
    match core.faults.set(fault) {
        Ok(declared) => Json(json!({ "declared": declared })).into_response(),
        Err(message) => guard::bad_request(&message),
    }
}

async fn save_user(State(core): State<Arc<Core>>, Body(user): Body<PutUser>) -> Response {
    match core.blocking(move |core| users::put(core, user)).await {
        Ok(user) => Json(users::shown(&user)).into_response(),
        Err(error) => guard::fail(&error),
    }
}

async fn patch_settings(
    State(core): State<Arc<Core>>,
    Body(members): Body<Map<String, Value>>,
) -> Response {
    match core
        .blocking(move |core| change_settings(core, &members))
        .await
    {
        Ok(definition) => Json(&definition.settings).into_response(),
        Err(error) => guard::fail(&error),
    }
}

/// Sets the members given.
///
/// # Errors
/// `InvalidParameterException` with the first bad member, and nothing is changed.
pub(crate) fn change_settings(
    core: &Core,
    members: &Map<String, Value>,
) -> Result<Arc<Definition>> {
    let before = core.definition().settings.deterministic;
    let changed = core
        .definition
        .change(&core.db, core.clock.now(), |current| {
            let settings = current
                .settings
                .patched(members)
                .map_err(ApiError::invalid_parameter)?;
            Ok::<_, ApiError>(Definition {
                settings,
                ..current.clone()
            })
        })?;
    if changed.settings.deterministic && !before {
        tracing::warn!(
            "ids of new users and sign-ins are predictable from now on: `deterministic`"
        );
    }
    Ok(changed)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Rotate {
    keep_previous: bool,
}

async fn rotate_keys(State(core): State<Arc<Core>>, Body(body): Body<Rotate>) -> Response {
    let rotate = core.blocking(move |core| rotate(core, body.keep_previous));
    match rotate.await {
        Ok(()) => Json(json!({})).into_response(),
        Err(error) => guard::fail(&error),
    }
}

/// Makes new signing keys.
///
/// # Errors
/// They could not be made.
pub(crate) fn rotate(core: &Core, keep_previous: bool) -> Result<()> {
    core.keys
        .rotate(&core.db, &core.random, keep_previous)
        .ok_or_else(ApiError::internal)
}

fn recipient(query: Option<String>) -> Option<String> {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    Some(params.first("recipient").trim().to_owned()).filter(|wanted| !wanted.is_empty())
}
