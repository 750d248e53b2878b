use serde_json::{Map, Value};

/// Who asks. It comes from a verified token and from nowhere else.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Principal<'a> {
    /// The person's name at Cognito, for ever.
    pub sub: &'a str,
    /// The address, only if it is verified.
    pub email: Option<&'a str>,
    /// `cognito:groups`, as the token has them.
    pub groups: &'a [String],
}

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    /// Its name among all resources of the application.
    pub id: &'a str,
    /// `document`; `resourceType` in policies.
    pub kind: &'a str,
    /// `sub` of the person whose it is.
    pub owner: Option<&'a str>,
    /// Further attributes, as an entity provider told them. The schema says which count.
    pub attributes: Option<&'a Map<String, Value>>,
}

impl Resource<'_> {
    /// The application as a whole: what is meant where nothing is named.
    pub const APPLICATION: Self = Self {
        id: "_application",
        kind: "application",
        owner: None,
        attributes: None,
    };
}

/// Whether an action is permitted because of whose the resource is: by its name, which ends in
/// `:own`.
pub fn is_on_ones_own(action: &str) -> bool {
    action.ends_with(":own")
}

/// May he?
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// `write:content`
    pub action: &'a str,
    /// To what.
    pub resource: Resource<'a>,
    /// What the caller adds. Members that the schema does not know for the action do not
    /// reach the policies.
    pub context: Option<&'a Map<String, Value>>,
}

impl<'a> Question<'a> {
    /// Without context.
    pub fn about(resource: Resource<'a>, action: &'a str) -> Self {
        Self {
            action,
            resource,
            context: None,
        }
    }
}

/// The answer of the policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// He may. Never when a policy failed.
    pub allowed: bool,
    /// Names of the policies that decided: permits, or forbids. None where nothing permits it.
    pub determining: Vec<String>,
    /// Names of the policies that failed while they were evaluated.
    pub failed: Vec<String>,
}

impl Decision {
    /// A no that no policy said.
    pub fn no() -> Self {
        Self {
            allowed: false,
            determining: Vec::new(),
            failed: Vec::new(),
        }
    }
}

/// Why a decision is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A policy permits it and none forbids it.
    #[error("Permitted by policy")]
    Permitted,
    /// A policy forbids it.
    #[error("Forbidden by policy")]
    Forbidden,
    /// No policy permits it.
    #[error("No matching permit policy")]
    NotPermitted,
    /// A policy failed, so that nobody knows what it would have said.
    #[error("A policy could not be evaluated")]
    Failed,
    /// It is about one's own, and whose it is is not known.
    #[error("The owner of the resource is not known")]
    NoOwner,
    /// The entity provider did not tell.
    #[error("The resource could not be looked up")]
    Unknown,
    /// The schema has no such question.
    #[error("The question does not fit the schema")]
    Unfit,
}

impl Reason {
    /// As far as it is the policies'.
    pub fn of(decision: &Decision) -> Self {
        match decision {
            decision if !decision.failed.is_empty() => Self::Failed,
            Decision { allowed: true, .. } => Self::Permitted,
            Decision { determining, .. } if determining.is_empty() => Self::NotPermitted,
            _ => Self::Forbidden,
        }
    }
}

/// A question that the schema does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The schema has no such action of a user on a resource.
    #[error("the action is not in the schema")]
    Action,
    /// The resource's name or type is too long.
    #[error("resource.{0} is too long")]
    Resource(&'static str),
    /// The context is too large or deep, or is not what the schema has for the action.
    #[error("context {0}")]
    Context(String),
    /// What an entity provider told is not what the schema says of a resource: nobody's fault
    /// who asks.
    #[error("attributes of the resource: {0}")]
    Facts(String),
}
