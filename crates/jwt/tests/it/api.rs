//! What code that uses the library counts on without saying so.

use std::error::Error;
use std::fmt::Debug;

use cogward_jwt::alb::{
    AlbConfigError, AlbError, AlbFetchError, AlbKey, AlbKeyError, AlbKeys, AlbVerifier,
    HttpAlbKeys, VerifiedAlb,
};
use cogward_jwt::axum::{Bearer, Group, InGroup, Scope, WithScope};
use cogward_jwt::bearer::Refusal;
use cogward_jwt::tower::{BearerLayer, BearerService};
use cogward_jwt::{
    AccessClaims, AnyClaims, ClientIds, FetchError, HttpKeys, IdClaims, InspectError, KeySet,
    KeySetError, KeySetFileError, Keys, NoClientId, Revocations, TokenCache, UnverifiedToken,
    UserPool, UserPoolError, Verified, Verifier, VerifyError,
};

use crate::axum::verifier;
use crate::issuer::Signer;

/// Goes between threads, into a state, and into a log.
fn value<T: Debug + Send + Sync + 'static>() {}

fn cloneable<T: Clone + Debug + Send + Sync + 'static>() {}

fn error<E: Error + Send + Sync + 'static>() {}

/// A marker is never made, so it may be anything.
struct Marker(#[expect(dead_code, reason = "neither `Send` nor `Sync`")] *const ());

impl Group for Marker {
    const ANY_OF: &'static [&'static str] = &[];
}

impl Scope for Marker {
    const ANY_OF: &'static [&'static str] = &[];
}

#[test]
fn values_go_between_threads_and_errors_are_errors() {
    cloneable::<(UserPool, ClientIds, KeySet, UnverifiedToken)>();
    cloneable::<(AccessClaims, IdClaims, AnyClaims, Verified<AccessClaims>)>();
    cloneable::<(Bearer, BearerLayer<IdClaims>, Refusal)>();
    cloneable::<(BearerService<(), IdClaims>, AlbVerifier, VerifiedAlb)>();
    value::<(
        Verifier<AccessClaims>,
        Verifier<IdClaims>,
        Verifier<AnyClaims>,
    )>();
    value::<(Keys, HttpKeys, AlbKeys, AlbKey, HttpAlbKeys)>();
    value::<(TokenCache<IdClaims>, Revocations)>();
    value::<(InGroup<Marker>, WithScope<Marker, AnyClaims>)>();
    error::<VerifyError>();
    error::<FetchError>();
    error::<KeySetError>();
    error::<KeySetFileError>();
    error::<InspectError>();
    error::<NoClientId>();
    error::<UserPoolError>();
    error::<Refusal>();
    error::<AlbError>();
    error::<AlbConfigError>();
    error::<AlbFetchError>();
    error::<AlbKeyError>();
}

#[tokio::test]
async fn a_verification_may_move_between_threads() {
    let verifier = verifier::<AccessClaims>(&Signer::new("k"));
    let verified = tokio::spawn(async move { verifier.verify("x").await.is_ok() });
    assert!(!verified.await.unwrap());
}
