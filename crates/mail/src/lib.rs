//! Mail to people: letters from templates, by SMTP or Amazon SES.
//!
//! [`Outbox::send`] takes a [`Letter`] for one address, puts it into words by the [`Templates`]
//! and hands it to a [`Mailer`] behind its caller's back, again while the server is busy.

mod address;
mod letter;
mod mail;
mod mailer;
mod outbox;
#[cfg(feature = "ses")]
pub mod ses;
pub mod smtp;
mod templates;

pub use address::{Address, AddressError, Sender};
pub use letter::Letter;
pub use mail::{Mail, MailError};
pub use mailer::{Mailer, SendError};
pub use outbox::{Limits, Outbox};
#[cfg(feature = "ses")]
pub use ses::SesMailer;
pub use smtp::SmtpMailer;
pub use templates::{TemplateError, Templates};
