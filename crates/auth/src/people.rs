//! Records of people in a directory of the application's own, kept in step with Cognito's word.
//!
//! They decide nothing here: a directory that is down signs nobody in or out and fails no call.
//! Writing goes on behind the answer. What a sign-in could not write, the next one does; what
//! would be lost is tried again for a minute.

use std::sync::Arc;
use std::time::Duration;

use cogward_cognito::Tokens;
use cogward_jwt::IdClaims;
use cogward_people::{DirectoryError, Seen, UserDirectory};
use cogward_session::Timestamp;

use crate::accounts::Email;
use crate::audit::{self, Event};
use crate::{Auth, chain};

/// Between tries to write what no sign-in makes good.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(15),
    Duration::from_secs(40),
];

/// A person signed up, and accepted the terms.
pub(crate) fn signed_up(auth: &Auth, sub: String, email: &Email, given: &str, family: &str) {
    let seen = Seen {
        sub,
        email: Some(email.as_str().to_owned()),
        email_verified: false,
        given_name: Some(given.to_owned()),
        family_name: Some(family.to_owned()),
        // His own word, before any of Cognito's.
        told_at: Timestamp::from_secs(0),
        at: auth.now(),
        signed_up: true,
    };
    write(auth, Change::Keep(seen));
}

/// Cognito took the address for verified.
pub(crate) fn verified(auth: &Auth, email: &Email) {
    write(auth, Change::Verified(email.as_str().to_owned()));
}

/// What a verified ID token tells; nothing where nobody is kept.
pub(crate) fn seen(auth: &Auth, id: &IdClaims) -> Option<Seen> {
    auth.pool.people.as_ref()?;
    let email = id.email.as_deref();
    let email = email.and_then(|email| Email::parse(email).ok());
    Some(Seen {
        sub: id.sub.clone(),
        email: email.map(|email| email.as_str().to_owned()),
        email_verified: id.email_verified,
        given_name: id.given_name.clone(),
        family_name: id.family_name.clone(),
        told_at: Timestamp::from_secs(id.iat),
        at: auth.now(),
        signed_up: false,
    })
}

/// A person signed in.
pub(crate) fn signed_in(auth: &Auth, seen: Option<Seen>) {
    if let Some(seen) = seen {
        write(auth, Change::Keep(seen));
    }
}

/// A person signed in with tokens that nobody here has looked into.
pub(crate) fn tokens_given(auth: &Arc<Auth>, tokens: &Tokens, method: &str) {
    let Some(id_token) = &tokens.id_token else {
        return audit::account(Event::TokensGiven, None, method);
    };
    let (worker, id_token) = (Arc::clone(auth), id_token.expose().to_owned());
    let method = method.to_owned();
    auth.spawn(async move {
        let now = worker.now().as_secs();
        let id = worker.pool.verifiers.id.verify_at(&id_token, now).await;
        let sub = id.as_ref().ok().map(|id| id.sub.as_str());
        audit::account(Event::TokensGiven, sub, &method);
        match &id {
            Ok(id) => signed_in(&worker, seen(&worker, id)),
            Err(error) if worker.pool.people.is_some() => {
                audit::not_written("sign-in", None, &chain(error));
            }
            Err(_) => {}
        }
    });
}

/// Removes the record of an account that is no more, and its codes.
pub fn forget(auth: &Auth, sub: &str) {
    write(auth, Change::Forget(sub.to_owned()));
}

enum Change {
    Keep(Seen),
    Verified(String),
    Forget(String),
}

impl Change {
    fn name(&self) -> &'static str {
        match self {
            Self::Keep(seen) if seen.signed_up => "sign-up",
            Self::Keep(_) => "sign-in",
            Self::Verified(_) => "verification",
            Self::Forget(_) => "deletion",
        }
    }

    fn sub(&self) -> Option<&str> {
        match self {
            Self::Keep(Seen { sub, .. }) | Self::Forget(sub) => Some(sub),
            Self::Verified(_) => None,
        }
    }

    /// The next sign-in tells of it anyway.
    fn is_told_again(&self) -> bool {
        matches!(self.name(), "sign-in" | "verification")
    }

    async fn write(&self, people: &dyn UserDirectory) -> Result<(), DirectoryError> {
        match self {
            Self::Keep(seen) => people.keep(seen.clone()).await,
            Self::Verified(email) => people.verified(email).await.map(drop),
            Self::Forget(sub) => people.delete(sub).await.map(drop),
        }
    }
}

fn write(auth: &Auth, change: Change) {
    let Some(people) = auth.pool.people.clone() else {
        return;
    };
    auth.spawn(async move {
        let pauses = if change.is_told_again() {
            0
        } else {
            PAUSES.len()
        };
        let mut pauses = PAUSES.into_iter().take(pauses);
        while let Err(error) = change.write(people.as_ref()).await {
            let (error, what) = (chain(&error), change.name());
            tracing::warn!(error, what, "a person's record is not written");
            let Some(pause) = pauses.next() else {
                audit::not_written(what, change.sub(), &error);
                return;
            };
            tokio::time::sleep(pause).await;
        }
    });
}
