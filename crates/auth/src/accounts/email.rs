//! An address as an account's key: brought into one form, then checked.

use super::AccountRefusal;
use crate::session::Current;

/// RFC 5321 §4.5.3.1: of the whole, and of what stands before the `@`.
const LONGEST: usize = 254;
const LONGEST_LOCAL: usize = 64;
const LONGEST_LABEL: usize = 63;

/// An address of e-mail in lower case, in ASCII and without quotes or comments: one account has
/// one. Addresses beyond ASCII are not taken, because letters that look alike would make two
/// accounts of what a person reads as one; a domain may be in its `xn--` form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Reads what a person typed; spaces around it are dropped.
    ///
    /// # Errors
    /// It is not one address (RFC 5321's `Dot-string @ Domain`).
    pub fn parse(text: &str) -> Result<Self, AccountRefusal> {
        let email = text.trim_matches(' ').to_ascii_lowercase();
        let (local, domain) = email.rsplit_once('@').ok_or(AccountRefusal::Email)?;
        let sound = email.len() <= LONGEST && is_local(local) && is_domain(domain);
        sound.then_some(Self(email)).ok_or(AccountRefusal::Email)
    }

    /// By what a person who is signed in is counted: his address, or for want of one his `sub`.
    pub(super) fn of(current: &Current) -> Self {
        let identity = current.identity();
        let email = identity
            .email
            .as_deref()
            .and_then(|email| Self::parse(email).ok());
        email.unwrap_or_else(|| Self(identity.sub.clone()))
    }

    /// One that was kept, as it was.
    pub(super) fn kept(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// RFC 5322 §3.2.3 `dot-atom-text`.
fn is_local(text: &str) -> bool {
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
    };
    text.len() <= LONGEST_LOCAL && text.split('.').all(is_atom)
}

/// Names of hosts with a dot; no address in brackets.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.contains('.') && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_key() {
        let key = Email::parse("alice@x.com").unwrap();
        for same in ["Alice@X.com", " alice@x.com ", "ALICE@x.COM"] {
            assert_eq!(Email::parse(same).unwrap(), key);
        }
        assert_ne!(Email::parse("alice+tag@x.com").unwrap(), key);
        Email::parse("o'brien.x_y-z@a-b.xn--bcher-kva.example").unwrap();
    }

    #[test]
    fn what_is_not_one_address_is_refused() {
        let long = format!("{}@x.com", "a".repeat(65));
        let longer = format!("a@{}.com", "a.".repeat(130));
        for bad in [
            "",
            "alice",
            "@x.com",
            "alice@",
            "alice@x",
            "v@x.com,a@y.com",
            "v@x.com a@y.com",
            "v@x.com;a@y.com",
            "v\u{ff20}x.com",
            "v@x\u{3002}com",
            "\"v@x.com\"@y.com",
            "\"v\"@y.com",
            "v@x.com\r\nBcc: a@y.com",
            "v@x.com\n",
            "v@x.com\0",
            "a..b@x.com",
            ".a@x.com",
            "a.@x.com",
            "a@-x.com",
            "a@x-.com",
            "a@x..com",
            "a@x.com.",
            "a@[127.0.0.1]",
            "аlice@x.com",
            "alice@раураl.com",
            "<alice@x.com>",
            "alice(comment)@x.com",
            &long,
            &longer,
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }
}
