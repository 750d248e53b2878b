//! `cogward token verify`: is a token good, and if not, why.

use std::io::Write as _;

use cogward_jwt::{
    AccessClaims, AnyClaims, Claims, ClientIds, IdClaims, Unverified, UserPool, Verifier,
    VerifyError,
};
use serde_json::{Map, Value};

use super::kind::kind;
use super::refusal::Refusal;
use super::source::Source;
use super::{input, show};
use crate::args::{TokenUse, Verify};
use crate::commands::block_on;
use crate::failure::Failure;
use crate::printable::printable;

/// Fails with 1 for a token that is not good, with 2 when that cannot be told.
pub(super) fn run(args: &Verify, now: i64) -> Result<(), Failure> {
    let source = Source::of(args).map_err(Failure::undecided)?;
    let token_use = token_use(args).map_err(Failure::undecided)?;
    let token = input::read(&args.token)?;
    let mut refusal = Refusal {
        args,
        token_use,
        token: &token,
        issuer: "",
        clients: &source.clients,
        kids: &[],
        now,
    };
    // Nobody is asked for keys for what is no token.
    Unverified::parse(&token).map_err(|error| refusal.of(&error))?;
    let pool = block_on(source.pool()).map_err(Failure::undecided)?;
    let clients = source.clients.clone();
    let clients = ClientIds::try_from(clients).map_err(|error| Failure::from(error).undecided())?;
    let kids = pool.keys().kids();
    (refusal.issuer, refusal.kids) = (pool.issuer(), &kids);
    let claims = match token_use {
        None => judge(
            Verifier::<AnyClaims>::new(pool.clone(), clients),
            args,
            &token,
            now,
        ),
        Some(TokenUse::Id) => judge(
            Verifier::<IdClaims>::new(pool.clone(), clients),
            args,
            &token,
            now,
        ),
        Some(TokenUse::Access) => judge(access(&pool, clients, args), args, &token, now),
    };
    let claims = claims.map_err(|error| refusal.of(&error))?;
    print(&claims, args.json, now).map_err(|error| Failure::from(error).undecided())
}

/// The kind that is wanted, if one is.
fn token_use(args: &Verify) -> Result<Option<TokenUse>, Failure> {
    match (args.token_use, args.scope.is_empty()) {
        (Some(TokenUse::Id), false) => Err(Failure::new("an ID token has no scopes")
            .hint("--scope goes with --use access, or with no --use")),
        (None, false) => Ok(Some(TokenUse::Access)),
        (token_use, _) => Ok(token_use),
    }
}

fn access(pool: &UserPool, clients: ClientIds, args: &Verify) -> Verifier<AccessClaims> {
    let verifier = Verifier::new(pool.clone(), clients);
    let scopes = args.scope.iter();
    scopes.fold(verifier, |verifier, scope| verifier.require_scope(scope))
}

/// The payload of a token that is good.
fn judge<C: Claims>(
    verifier: Verifier<C>,
    args: &Verify,
    token: &str,
    now: i64,
) -> Result<String, VerifyError> {
    let verifier = verifier.leeway(args.leeway);
    let groups = args.group.iter();
    let verifier = groups.fold(verifier, |verifier, group| verifier.require_group(group));
    let claims = verifier.verify_held_at(token, now)?;
    Ok(claims.json().to_owned())
}

fn print(claims: &str, as_json: bool, now: i64) -> Result<(), std::io::Error> {
    let mut out = anstream::stdout();
    // Good claims may be nested deeper, or have larger numbers, than can be taken apart here.
    let object: Option<Map<String, Value>> = serde_json::from_str(claims).ok();
    match object.filter(|_| !as_json) {
        None => writeln!(out, "{}", printable(claims)),
        Some(object) => {
            let green = anstyle::AnsiColor::Green.on_default().bold();
            let kind = kind(&Map::new(), &object);
            let members = show::members(&object, now);
            write!(out, "{green}verified{green:#}: {kind}\n\n{members}")
        }
    }
}
