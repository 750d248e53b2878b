use std::fmt;

use lettre::message::Mailbox;

/// Who gets a mail: one address, in ASCII, without a name, quotes or comments.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(lettre::Address);

/// Who mails come from: an address, and perhaps the name that is shown with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender(pub(crate) Mailbox);

/// Not one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one address in ASCII, such as no-reply@example.com")]
pub struct AddressError;

impl Address {
    /// Reads an address; nothing around it is forgiven.
    ///
    /// # Errors
    /// It is not one address, or one that only some servers understand.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        // lettre takes quoted names, brackets and letters of every script too.
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"(),:;<>[\\]".contains(&byte);
        let address = text.bytes().all(plain).then(|| text.parse().ok());
        address.flatten().map(Self).ok_or(AddressError)
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    pub(crate) fn to_lettre(&self) -> lettre::Address {
        self.0.clone()
    }
}

/// As much of it as a log may know: `a***@e***`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = |text: &str| text.chars().next().unwrap_or('*');
        let (user, domain) = (first(self.0.user()), first(self.0.domain()));
        write!(f, "{user}***@{domain}***")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl Sender {
    /// Reads `no-reply@example.com` or `Name <no-reply@example.com>`.
    ///
    /// # Errors
    /// See [`AddressError`]; or the name is more than one line of text.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let mailbox: Mailbox = text.parse().map_err(|_| AddressError)?;
        Address::parse(mailbox.email.as_ref())?;
        match text.chars().any(char::is_control) {
            true => Err(AddressError),
            false => Ok(Self(mailbox)),
        }
    }

    /// With this name, unless it has one.
    #[must_use]
    pub fn or_named(mut self, name: &str) -> Self {
        self.0
            .name
            .get_or_insert_with(|| crate::mail::one_line(name));
        self
    }

    pub(crate) fn domain(&self) -> &str {
        self.0.email.domain()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_one_plain_address_is_refused() {
        for bad in [
            "",
            "ada",
            "@x.com",
            "ada@",
            " ada@x.com",
            "ada@x.com ",
            "ada@x.com,eve@x.com",
            "ada@x.com;eve@x.com",
            "ada@x.com eve@x.com",
            "ada@x.com\r\nBcc: eve@x.com",
            "ada@x.com\nRCPT TO:<eve@x.com>",
            "ada@x.com>\r\nRCPT TO:<eve@x.com",
            "Ada <ada@x.com>",
            "<ada@x.com>",
            "\"ada eve\"@x.com",
            "ada@[127.0.0.1]",
            "ada(eve)@x.com",
            "ada@x.com\0",
            "аda@x.com",
            "ada@bücher.example",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["ada@x.com", "o'brien.x_y-z+tag@a-b.xn--bcher-kva.example"] {
            assert_eq!(Address::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn an_address_does_not_print() {
        let address = Address::parse("ada@example.com").unwrap();
        assert_eq!(
            format!("{address} {address:?}"),
            "a***@e*** Address(a***@e***)"
        );
    }

    #[test]
    fn a_sender_has_one_address_and_perhaps_a_name() {
        for good in ["a@x.com", "Cogward <a@x.com>", "\"C, Inc.\" <a@x.com>"] {
            Sender::parse(good).unwrap();
        }
        for bad in [
            "",
            "Cogward",
            "a@x.com, b@x.com",
            "C\r\nBcc: b@x.com <a@x.com>",
            "<ä@x.com>",
        ] {
            assert!(Sender::parse(bad).is_err(), "{bad:?}");
        }
        let named = Sender::parse("a@x.com")
            .unwrap()
            .or_named("C\r\nBcc: b@x.com");
        assert_eq!(named.0.name.as_deref(), Some("C Bcc: b@x.com"));
        let kept = Sender::parse("Own <a@x.com>").unwrap().or_named("C");
        assert_eq!(kept.0.name.as_deref(), Some("Own"));
    }
}
