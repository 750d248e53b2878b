//! May a person do this to that, by the policies in force.

mod evaluation;
mod permissions;
mod undecided;

use std::sync::Arc;
use std::time::Duration;

use cogward_policy::entities::Cached;
pub use cogward_policy::{Asked, AskedResource, Reason};
use cogward_policy::{
    Caller, Decision, Engine, EntityError, Facts, Groups, Invalid, Live, Principal, Question,
    Resource, Source, is_on_ones_own,
};
use cogward_session::Handle;
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value};

use self::evaluation::Evaluation;
use crate::Auth;
use crate::audit::{self, Judged, Refused};
use crate::error::chain;

pub use permissions::{cost_of_permissions, permissions};
pub(crate) use undecided::Undecided;

/// So many questions may be asked at once.
pub const MAX_QUESTIONS: usize = 100;
/// The provider is asked for so many resources of one call at a time.
const LOOKUPS: usize = 16;
/// So long may the policies be busy with one call.
pub const EVALUATION: Duration = Duration::from_secs(1);

/// The policies, and what is asked beside them.
pub struct Authorization {
    /// The policies.
    pub policies: Live,
    /// Whose resources are; without it what callers say counts.
    pub entities: Option<Cached>,
    /// Actions on what is one's own want an owner that a provider tells.
    pub require_owner: bool,
    /// What a call asks after the policies were busy with it for so long is not answered. The
    /// first question always is: policies and questions are bounded.
    pub evaluation: Duration,
}

impl Authorization {
    /// No policies in force, those that Cogward brings along ready to be loaded.
    pub fn none() -> Self {
        Self {
            policies: Live::new(Source::Embedded, Groups::default()),
            entities: None,
            require_owner: false,
            evaluation: EVALUATION,
        }
    }
}

/// Who asks: all of it from a session or a verified token.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The person.
    pub principal: Principal<'a>,
    /// The session, unless it is by a bearer token.
    pub session: Option<Handle>,
}

/// A decision, with what it is because of.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What the policies say; a no where they were not asked.
    pub decision: Decision,
    /// Why, in a word.
    pub reason: Reason,
}

impl Answer {
    /// What the policies say.
    pub fn of(decision: Decision) -> Self {
        Self {
            reason: Reason::of(&decision),
            decision,
        }
    }

    /// A no, whatever the policies say.
    pub fn no(reason: Reason) -> Self {
        Self {
            decision: Decision::no(),
            reason,
        }
    }
}

/// There is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuthorizeError {
    /// There are no good policies to ask.
    #[error("no policies are in force")]
    Unavailable,
    /// The question is not one.
    #[error("the question is not one that the schema allows")]
    Invalid(#[source] Invalid),
    /// What is known of the resource does not fit the schema.
    #[error("the question could not be put to the policies")]
    Evaluation(#[source] Invalid),
    /// The questions before it took all the time that a call has.
    #[error("the policies took too long for all that is asked at once")]
    TooLong,
}

/// Decides, and tells the audit log.
///
/// # Errors
/// See [`AuthorizeError`]: none of them is a yes.
pub async fn authorize(
    auth: &Auth,
    asking: &Asking<'_>,
    asked: &Asked,
) -> Result<Answer, AuthorizeError> {
    let desk = Desk::open(auth, asking)?;
    let facts = desk.look_up(&asked.resource).await;
    desk.answer(asked, &facts)
}

/// Decides all, by the same policies; one answer for each question, in their order.
///
/// # Errors
/// There are no policies, or the caller's token cannot be put to them.
pub async fn authorize_all(
    auth: &Auth,
    asking: &Asking<'_>,
    asked: &[Asked],
) -> Result<Vec<Result<Answer, AuthorizeError>>, AuthorizeError> {
    let desk = Desk::open(auth, asking)?;
    let lookups: Vec<_> = asked.iter().map(|it| desk.look_up(&it.resource)).collect();
    let facts: Vec<_> = stream::iter(lookups).buffered(LOOKUPS).collect().await;
    let mut answers = Vec::with_capacity(asked.len());
    let mut evaluation = Evaluation::new(auth.authorization.evaluation);
    for (asked, facts) in asked.iter().zip(facts) {
        answers.push(match evaluation.is_over() && !answers.is_empty() {
            true => Err(too_long(asking)),
            false => evaluation.of(|| desk.answer(asked, &facts)).await,
        });
    }
    Ok(answers)
}

/// A call: one person, one set of policies.
struct Desk<'a> {
    auth: &'a Auth,
    asking: &'a Asking<'a>,
    engine: Arc<Engine>,
    caller: Arc<Caller>,
}

/// What is known of a resource.
enum Known {
    /// There is nobody but the caller to ask.
    Said,
    /// There is, but the caller names no resource.
    Unnamed,
    /// The provider knows it.
    Told(Arc<Facts>),
    /// The provider does not have it.
    Missing,
    /// The provider did not answer.
    Unknown,
}

impl<'a> Desk<'a> {
    fn open(auth: &'a Auth, asking: &'a Asking<'a>) -> Result<Self, AuthorizeError> {
        let engine = auth.authorization.policies.engine();
        let engine = engine.ok_or_else(|| {
            auth.undecided.tell(asking, auth.now());
            AuthorizeError::Unavailable
        })?;
        let caller = engine.caller(&asking.principal);
        let caller = caller.inspect_err(|invalid| tell_refusal(asking, invalid));
        Ok(Self {
            auth,
            asking,
            caller: caller.map_err(AuthorizeError::Evaluation)?,
            engine,
        })
    }

    async fn look_up(&self, resource: &AskedResource) -> Known {
        let Some(entities) = &self.auth.authorization.entities else {
            return Known::Said;
        };
        let Some(id) = &resource.id else {
            return Known::Unnamed;
        };
        match entities.find(resource.kind(), id, self.auth.now()).await {
            Ok(Some(facts)) => Known::Told(facts),
            Ok(None) => Known::Missing,
            Err(error) => {
                tell_failure(&error);
                Known::Unknown
            }
        }
    }

    fn answer(&self, asked: &Asked, known: &Known) -> Result<Answer, AuthorizeError> {
        let context = asked.context.as_ref();
        let answer = self.decide(&asked.action, &asked.resource, context, known);
        let answer = answer.inspect_err(|invalid| tell_refusal(self.asking, invalid))?;
        let resource = named(&asked.resource, known);
        audit::decision(&Judged {
            sub: self.asking.principal.sub,
            session: self.asking.session,
            action: &asked.action,
            kind: resource.kind,
            resource: resource.id,
            answer: &answer,
        });
        Ok(answer)
    }

    fn decide(
        &self,
        action: &str,
        resource: &AskedResource,
        context: Option<&Map<String, Value>>,
        known: &Known,
    ) -> Result<Answer, Invalid> {
        // "In general?", as a page asks.
        let in_general = resource.says_nothing();
        let resource = named(resource, known);
        let question = Question {
            action,
            resource,
            context,
        };
        let told = matches!(known, Known::Told(_) if resource.owner.is_some());
        let only_told = match known {
            Known::Unnamed if in_general => self.auth.authorization.require_owner,
            Known::Said => self.auth.authorization.require_owner,
            _ => true,
        };
        let refused = match known {
            Known::Unknown => Some(Reason::Unknown),
            _ if is_on_ones_own(action) && only_told && !told => Some(Reason::NoOwner),
            _ => None,
        };
        let decision = self.engine.decide(&self.caller, &question)?;
        Ok(refused.map_or_else(|| Answer::of(decision), Answer::no))
    }
}

/// Where there is a provider, what it tells counts, and nobody else's word for the owner.
fn named<'a>(asked: &'a AskedResource, known: &'a Known) -> Resource<'a> {
    let said = asked.as_said();
    match known {
        Known::Said => said,
        Known::Unnamed | Known::Missing | Known::Unknown => Resource {
            owner: None,
            ..said
        },
        Known::Told(facts) => Resource {
            kind: facts.kind.as_deref().unwrap_or(said.kind),
            owner: facts.owner.as_deref().filter(|owner| !owner.is_empty()),
            attributes: Some(&facts.attributes),
            ..said
        },
    }
}

impl From<Invalid> for AuthorizeError {
    fn from(invalid: Invalid) -> Self {
        match invalid {
            Invalid::Facts(_) => Self::Evaluation(invalid),
            _ => Self::Invalid(invalid),
        }
    }
}

/// What the caller sent stays out of the log.
fn unsaid(invalid: &Invalid) -> &'static str {
    match invalid {
        Invalid::Action => "the action is not in the schema",
        Invalid::Resource(_) => "the resource's id or type is too long",
        Invalid::Context(_) => "the context is not as it should be",
        Invalid::Facts(_) => "what is told of the resource does not fit the schema",
    }
}

fn tell_refusal(asking: &Asking<'_>, invalid: &Invalid) {
    let (sub, session) = (asking.principal.sub, asking.session);
    audit::refused_to(Refused::Authorization, Some(sub), session, &unsaid(invalid));
}

/// Tells it to the audit log too.
fn too_long(asking: &Asking<'_>) -> AuthorizeError {
    let (sub, session) = (asking.principal.sub, asking.session);
    let error = AuthorizeError::TooLong;
    audit::refused_to(Refused::Authorization, Some(sub), session, &error);
    error
}

fn tell_failure(error: &EntityError) {
    tracing::warn!(
        error = chain(error),
        "a resource could not be looked up: refused"
    );
}
