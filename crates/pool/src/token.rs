use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::client::Client;
use crate::core::Core;
use crate::db::families::{self, Family};
use crate::db::users::{self, Status, User};
use crate::error::{ApiError, Result};
use crate::group;
use crate::ids::IdOf;
use crate::scope;

/// The scope of tokens from the user-pool API, and the one its operations ask for.
pub(crate) const ADMIN_SCOPE: &str = "aws.cognito.signin.user.admin";

/// The ID and access token of one sign-in or refresh.
pub(crate) struct TokenPair {
    pub(crate) access: String,
    pub(crate) id: String,
    /// Of the access token.
    pub(crate) expires_in: i64,
}

/// The claims of an access token this pool accepts.
#[derive(Deserialize)]
pub(crate) struct AccessClaims {
    pub(crate) sub: String,
    pub(crate) origin_jti: String,
    pub(crate) client_id: String,
    pub(crate) scope: String,
    token_use: String,
    iss: String,
    exp: i64,
}

/// Signs both tokens. Blocks while the pool's keys are being made.
pub(crate) fn issue(
    core: &Core,
    user: &User,
    family: &Family,
    client: &Client,
    nonce: Option<&str>,
    now: i64,
) -> Result<TokenPair> {
    let lifetimes = client.lifetimes(&core.definition().settings);
    let access = access_claims(core, user, family, now + lifetimes.access, now);
    let mut id = common_claims(core, user, family, now + lifetimes.id, now);
    add_identity(&mut id, user, family, client);
    add_roles(core, &mut id, user)?;
    let signed = core.keys.with(|ring| {
        let access = ring.access.sign(&Value::Object(access))?;
        let mut id = id;
        if let Some(nonce) = nonce {
            id.insert("nonce".into(), nonce.into());
        }
        if family.hosted {
            id.insert("at_hash".into(), at_hash(&access).into());
        }
        Some(TokenPair {
            id: ring.id.sign(&Value::Object(id))?,
            access,
            expires_in: lifetimes.access,
        })
    });
    signed.flatten().ok_or_else(ApiError::internal)
}

/// An access token of a client itself: no user, no sign-in behind it.
pub(crate) fn issue_to_client(
    core: &Core,
    client: &Client,
    scope: &str,
    now: i64,
) -> Result<(String, i64)> {
    let expires_in = client.lifetimes(&core.definition().settings).access;
    let claims = json!({
        "sub": client.id,
        "token_use": "access",
        "scope": scope,
        "auth_time": now,
        "iss": core.issuer,
        "iat": now,
        "exp": now + expires_in,
        "version": 2,
        "jti": core.new_id(IdOf::Token),
        "client_id": client.id,
    });
    let signed = core.keys.with(|ring| ring.access.sign(&claims));
    let token = signed.flatten().ok_or_else(ApiError::internal)?;
    Ok((token, expires_in))
}

/// Who calls with an access token.
pub(crate) struct Bearer {
    pub(crate) user: User,
    /// The client it was issued to: what the user may read and write goes by it.
    pub(crate) client: Arc<Client>,
    /// The sign-in it comes from.
    pub(crate) origin_jti: String,
}

/// The bearer of a live access token that has scope `aws.cognito.signin.user.admin`.
///
/// # Errors
/// `NotAuthorizedException` for anything else. `UserNotFoundException`,
/// `UserNotConfirmedException` and `PasswordResetRequiredException` for what an administrator
/// did to the user since, `ResourceNotFoundException` when the client is gone: an operation that
/// does not declare one answers `NotAuthorizedException` instead (see [`crate::ops`]).
pub(crate) fn authorize(core: &Core, token: &str, now: i64) -> Result<Bearer> {
    let (claims, user) = authenticate(core, token, now)?;
    if !claims.scope.split(' ').any(|scope| scope == ADMIN_SCOPE) {
        return Err(ApiError::not_authorized(
            "Access Token does not have required scopes",
        ));
    }
    match user.status {
        Status::Unconfirmed => return Err(ApiError::not_confirmed()),
        Status::ResetRequired => return Err(ApiError::reset_required()),
        Status::Confirmed | Status::ForceChangePassword => {}
    }
    Ok(Bearer {
        user,
        client: core.client(&claims.client_id)?,
        origin_jti: claims.origin_jti,
    })
}

/// The user alone, as [`authorize`] finds him.
pub(crate) fn authorized_user(core: &Core, token: &str, now: i64) -> Result<User> {
    authorize(core, token, now).map(|bearer| bearer.user)
}

/// A live access token's claims and user, whatever its scope.
pub(crate) fn authenticate(core: &Core, token: &str, now: i64) -> Result<(AccessClaims, User)> {
    let claims = verify(core, token)?;
    if claims.exp <= now {
        return Err(ApiError::not_authorized("Access Token has expired"));
    }
    let user = live_user(core, &claims)?;
    Ok((claims, user))
}

/// Whose access token this is, alive or not.
pub(crate) fn signed_sub(core: &Core, token: &str) -> Option<String> {
    verify(core, token).ok().map(|claims| claims.sub)
}

/// Whether this is a token the pool signed, alive or not.
pub(crate) fn is_signed_here(core: &Core, token: &str) -> bool {
    decode::<Value>(core, token).is_some()
}

fn access_claims(
    core: &Core,
    user: &User,
    family: &Family,
    exp: i64,
    now: i64,
) -> Map<String, Value> {
    let mut claims = common_claims(core, user, family, exp, now);
    claims.insert("token_use".into(), "access".into());
    claims.insert("client_id".into(), family.client_id.as_str().into());
    claims.insert("username".into(), user.username.as_str().into());
    claims.insert("scope".into(), family.scope.as_str().into());
    if let Some(device_key) = &family.device_key {
        claims.insert("device_key".into(), device_key.as_str().into());
    }
    if let Some(resource) = &family.resource {
        claims.insert("aud".into(), resource.as_str().into());
    }
    if family.hosted {
        claims.insert("version".into(), 2.into());
    }
    claims
}

/// What makes it an ID token: the attributes that the scopes open and the client may read.
fn add_identity(claims: &mut Map<String, Value>, user: &User, family: &Family, client: &Client) {
    claims.insert("token_use".into(), "id".into());
    claims.insert("aud".into(), family.client_id.as_str().into());
    claims.insert("cognito:username".into(), user.username.as_str().into());
    let open = |name: &str| client.may_read(name) && scope::opens(&family.scope, name);
    for (name, value) in user.attributes.iter().filter(|(name, _)| open(name)) {
        let value = match name.as_str() {
            "email_verified" | "phone_number_verified" => Value::Bool(value == "true"),
            _ => value.as_str().into(),
        };
        claims.insert(name.clone(), value);
    }
}

/// The roles that the user's groups bring.
fn add_roles(core: &Core, claims: &mut Map<String, Value>, user: &User) -> Result<()> {
    if user.groups.is_empty() {
        return Ok(());
    }
    let (roles, preferred) = group::roles(core, &user.sub)?;
    if !roles.is_empty() {
        claims.insert("cognito:roles".into(), json!(roles));
    }
    if let Some(role) = preferred {
        claims.insert("cognito:preferred_role".into(), role.into());
    }
    Ok(())
}

fn common_claims(
    core: &Core,
    user: &User,
    family: &Family,
    exp: i64,
    now: i64,
) -> Map<String, Value> {
    let claims = json!({
        "sub": user.sub,
        "iss": core.issuer,
        "origin_jti": family.origin_jti,
        "event_id": family.event_id,
        "auth_time": family.auth_time,
        "iat": now,
        "exp": exp,
        "jti": core.new_id(IdOf::Token),
    });
    let Value::Object(mut claims) = claims else {
        return Map::new();
    };
    if !user.groups.is_empty() {
        claims.insert("cognito:groups".into(), json!(user.groups));
    }
    claims
}

/// OIDC Core 3.1.3.6: the left half of the access token's hash.
fn at_hash(access: &str) -> String {
    let hash = digest::digest(&digest::SHA256, access.as_bytes());
    URL_SAFE_NO_PAD.encode(hash.as_ref().iter().copied().take(16).collect::<Vec<_>>())
}

fn verify(core: &Core, token: &str) -> Result<AccessClaims> {
    decode::<AccessClaims>(core, token)
        .filter(|claims| claims.token_use == "access" && claims.iss == core.issuer)
        .ok_or_else(|| ApiError::not_authorized("Invalid Access Token"))
}

fn live_user(core: &Core, claims: &AccessClaims) -> Result<User> {
    let (family, user) = core.db.run(|tx| {
        Ok::<_, ApiError>((
            families::get(tx, &claims.origin_jti)?,
            users::find(tx, &claims.sub)?,
        ))
    })?;
    let user = user.ok_or_else(ApiError::user_gone)?;
    if family.is_none_or(|family| family.revoked) {
        return Err(ApiError::not_authorized("Access Token has been revoked"));
    }
    if user.enabled {
        Ok(user)
    } else {
        Err(ApiError::disabled())
    }
}

/// Signature only: times go by the pool's own clock.
fn decode<T: serde::de::DeserializeOwned>(core: &Core, token: &str) -> Option<T> {
    let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    core.keys
        .with(|ring| {
            let key = ring.verifying(&kid)?;
            jsonwebtoken::decode::<T>(token, key, &validation)
                .ok()
                .map(|data| data.claims)
        })
        .flatten()
}
