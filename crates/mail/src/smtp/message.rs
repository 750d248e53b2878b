use aws_lc_rs::rand::SecureRandom;
use lettre::Message;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use crate::{Mail, Sender};

/// RFC 3834 §5: no holiday answers this.
#[derive(Clone)]
struct AutoSubmitted;

/// The mail as it is sent. Values of headers are encoded by lettre, which lets no line end in them.
pub(super) fn of(mail: &Mail, from: &Sender, rng: &dyn SecureRandom) -> Option<Message> {
    let mut id = [0; 16];
    rng.fill(&mut id).ok()?;
    let id = format!("<{:032x}@{}>", u128::from_be_bytes(id), from.domain());
    let built = Message::builder()
        .from(from.0.clone())
        .to(Mailbox::new(None, mail.to.to_lettre()))
        .subject(mail.subject.as_str())
        .header(AutoSubmitted)
        .message_id(Some(id))
        .date_now()
        .multipart(MultiPart::alternative_plain_html(
            mail.text.clone(),
            mail.html.clone(),
        ));
    built.ok()
}

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
