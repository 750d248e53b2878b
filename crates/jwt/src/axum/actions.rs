use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum_core::extract::{FromRef, FromRequestParts};
use cogward_policy::{
    Caller, Decision, Engine, Live, Principal, Question, Reason, Resource, is_on_ones_own,
};
use http::HeaderMap;
use http::request::Parts;

use crate::bearer::{self, Refusal};
use crate::claims::{AccessClaims, Claims};
use crate::verify::{Verified, Verifier};

/// No name of a request is longer, in bytes.
const LONGEST_ID: usize = 64;

/// An action of the policies' schema, as a type for [`RequireAction`].
pub trait Action {
    /// `write:content`, as the schema has it.
    const NAME: &'static str;
    /// What it is done to: the application as a whole, unless a policy looks at resources.
    const RESOURCE: Resource<'static> = Resource::APPLICATION;
    /// What others are told, with 403.
    const DETAIL: &'static str = "Not permitted";
}

/// The claims of a bearer token whose user the policies permit the action `A`.
///
/// Refused as [`Bearer`](super::Bearer) is, with 403 when the policies do not permit it, or one
/// of them fails, and with 503 while there are none in force. The router's state holds the
/// policies beside the verifier, as `Arc<Live>`.
///
/// ```
/// use std::sync::Arc;
///
/// use axum::extract::Path;
/// use cogward_jwt::axum::{Action, RequireAction};
/// use cogward_jwt::bearer::Refusal;
/// use cogward_policy::Resource;
///
/// struct EditNote;
///
/// impl Action for EditNote {
///     const NAME: &'static str = "write:own";
/// }
///
/// async fn edit(editor: RequireAction<EditNote>, Path(id): Path<String>) -> Result<String, Refusal> {
///     let owner = "whose it is, from the database";
///     editor.on(&Resource { id: &id, kind: "note", owner: Some(owner), attributes: None })?;
///     Ok(format!("{} edits", editor.sub))
/// }
/// ```
///
/// Every decision is an event of the target `cogward::audit`, with the request's `X-Request-Id`
/// where that is up to 64 letters, digits, `-`, `_` and `.`.
pub struct RequireAction<A, C = AccessClaims> {
    claims: Verified<C>,
    engine: Arc<Engine>,
    caller: Arc<Caller>,
    request_id: Option<String>,
    action: PhantomData<fn() -> A>,
}

impl<A: Action, C: Claims> RequireAction<A, C> {
    /// The same action on one resource, whose owner and attributes the service knows.
    ///
    /// # Errors
    /// 403 when the policies do not permit it, the resource does not fit the schema, or the
    /// action ends in `:own` and the resource is nobody's.
    pub fn on(&self, resource: &Resource<'_>) -> Result<(), Refusal> {
        match is_on_ones_own(A::NAME) && resource.owner.is_none() {
            true => {
                self.tell(resource, &Decision::no(), Reason::NoOwner);
                Err(not_permitted::<A>())
            }
            false => self.ask(resource),
        }
    }

    fn ask(&self, resource: &Resource<'_>) -> Result<(), Refusal> {
        let question = Question::about(*resource, A::NAME);
        let (decision, reason) = match self.engine.decide(&self.caller, &question) {
            Ok(decision) => {
                let reason = Reason::of(&decision);
                (decision, reason)
            }
            Err(_) => {
                let action = A::NAME;
                tracing::error!(action, "the policies cannot be asked this: refused");
                (Decision::no(), Reason::Unfit)
            }
        };
        self.tell(resource, &decision, reason);
        match decision.allowed {
            true => Ok(()),
            false => Err(not_permitted::<A>()),
        }
    }

    fn tell(&self, resource: &Resource<'_>, decision: &Decision, reason: Reason) {
        tracing::info!(
            target: "cogward::audit",
            event = "decision",
            request_id = self.request_id,
            sub = self.claims.sub(),
            action = A::NAME,
            resource_type = resource.kind,
            resource = resource.id,
            allowed = decision.allowed,
            policies = decision.determining.join(","),
            failed = decision.failed.join(","),
            %reason,
            "decision"
        );
    }
}

/// What a stranger may have chosen is no name unless it is one, and plain.
fn request_id(headers: &HeaderMap) -> Option<String> {
    let mut all = headers.get_all("x-request-id").iter();
    let (id, None) = (all.next()?.as_bytes(), all.next()) else {
        return None;
    };
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let fits = (1..=LONGEST_ID).contains(&id.len()) && id.iter().all(is_plain);
    let id = str::from_utf8(id).ok().filter(|_| fits);
    id.map(str::to_owned)
}

fn not_permitted<A: Action>() -> Refusal {
    Refusal::from(bearer::Reason::NotPermitted).with_detail(A::DETAIL)
}

impl<A: Action, C, S> FromRequestParts<S> for RequireAction<A, C>
where
    C: Claims,
    S: Send + Sync,
    Arc<Verifier<C>>: FromRef<S>,
    Arc<Live>: FromRef<S>,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let claims: Verified<C> = super::claims(parts, state).await?;
        let engine = Arc::<Live>::from_ref(state).engine();
        let engine = engine.ok_or(bearer::Reason::NoPolicies)?;
        let caller = engine.caller(&Principal {
            sub: claims.sub(),
            email: claims.verified_email(),
            groups: claims.groups(),
        });
        let caller = caller.map_err(|_| not_permitted::<A>())?;
        let guard = Self {
            claims,
            engine,
            caller,
            request_id: request_id(&parts.headers),
            action: PhantomData,
        };
        guard.ask(&A::RESOURCE)?;
        Ok(guard)
    }
}

impl<A, C> RequireAction<A, C> {
    /// The claims by themselves.
    pub fn into_claims(self) -> Verified<C> {
        self.claims
    }
}

impl<A, C> Deref for RequireAction<A, C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.claims
    }
}

impl<A, C: fmt::Debug> fmt::Debug for RequireAction<A, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequireAction").field(&self.claims).finish()
    }
}
