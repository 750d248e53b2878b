//! Configuration: one source for loading, checking, documentation and schema.
//!
//! Each setting is declared once, in `sections`. From the declaration come
//! [`load`] with all its faults, [`Config::show`], [`schema`] and
//! [`reference()`].

mod check;
mod example;
mod fault;
mod find;
mod load;
mod policies;
mod read;
mod reference;
mod schema;
mod secret;
mod sections;
mod session_keys;
mod setting;
mod show;
mod sources;
mod toml_file;
mod value;
mod warn;

pub use fault::{Fault, Faults};
pub use load::{Config, load};
pub use policies::{Policies, policies};
pub use reference::reference;
pub use schema::schema;
pub use secret::{RandomError, Secret, generate_secret};
pub use sections::account_limits::{AccountLimits, Budget};
pub use sections::accounts::{Accounts, Reset};
pub use sections::audit::{Audit, AuditOutput};
pub use sections::bearer::{Bearer, BearerTokens};
pub use sections::callback::Callback;
pub use sections::cognito::Cognito;
pub use sections::context::{Context, ContextCredentials};
pub use sections::cookie::Cookie;
pub use sections::entities::{Entities, EntitySource};
pub use sections::families::Families;
pub use sections::frontend::Frontend;
pub use sections::limits::Rate;
pub use sections::log::{Log, LogFormat};
pub use sections::login::Login;
pub use sections::mail::{Mail, MailBackend, Ses, Smtp, SmtpTls};
pub use sections::passkey::Passkey;
pub use sections::people::{Directory, People};
pub use sections::policy::Policy;
pub use sections::pool::Pool;
pub use sections::server::{Environment, Server};
pub use sections::session::{Backend, Session};
pub use sections::stores::{AwsCredentials, DynamoDb, Postgres, Redis};
pub use session_keys::{SessionKeys, session_keys};
pub use show::{Show, Shown};
pub use sources::{Mode, Source, Sources};
pub use value::{Origin, UrlPath};
