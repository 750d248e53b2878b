//! Who may do what to which resource, by [Cedar](https://www.cedarpolicy.com/) policies.
//!
//! Knows no tokens and no HTTP: it is told who asks, and what is known of the resource.
//!
//! ```
//! # #[cfg(feature = "cedar")] {
//! use cogward_policy::{Engine, Groups, Principal, Question, Resource, Source};
//!
//! let texts = Source::Embedded.read().unwrap();
//! let engine = Engine::new(&texts, Groups::default()).unwrap();
//! let editor = Principal { sub: "4f1c", email: None, groups: &["editors".to_owned()] };
//! let publish = Question::about(Resource::APPLICATION, "publish:content");
//! assert!(engine.decide(&engine.caller(&editor).unwrap(), &publish).unwrap().allowed);
//! # }
//! ```

#[cfg(not(feature = "cedar"))]
mod absent;
mod asked;
#[cfg(feature = "cedar")]
mod engine;
pub mod entities;
mod explanation;
mod fault;
mod groups;
mod live;
mod question;
mod source;

#[cfg(not(feature = "cedar"))]
pub use absent::{Caller, Engine};
pub use asked::{Asked, AskedResource};
#[cfg(feature = "cedar")]
pub use engine::{Caller, Engine};
pub use entities::{Cached, EntityError, EntityProvider, Facts};
pub use explanation::{Considered, Effect, Explanation, Verdict};
pub use fault::{Excerpt, Fault, Faults, Place};
pub use groups::{Groups, GroupsError};
pub use live::Live;
pub use question::{Decision, Invalid, Principal, Question, Reason, Resource, is_on_ones_own};
pub use source::{Source, Text, Texts};
