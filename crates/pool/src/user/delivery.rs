use rusqlite::Connection;

use crate::db::messages;
use crate::db::users::User;
use crate::settings::Address;

/// Where a code goes.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) address: Address,
    /// In clear: for the inbox, never for an answer.
    recipient: String,
}

impl Delivery {
    pub(crate) fn new(address: Address, recipient: String) -> Self {
        Self { address, recipient }
    }

    pub(crate) fn to(user: &User, address: Address) -> Option<Self> {
        user.address(address).map(|recipient| Self {
            address,
            recipient: recipient.to_owned(),
        })
    }

    /// To somebody who is not there: the answer looks the same, and nothing is sent.
    pub(crate) fn pretended(name: &str) -> Self {
        let address = if name.starts_with('+') {
            Address::PhoneNumber
        } else {
            Address::Email
        };
        Self::at(address, name)
    }

    /// To an address that is not, or not yet, a user's.
    pub(crate) fn at(address: Address, recipient: &str) -> Self {
        Self {
            address,
            recipient: recipient.to_owned(),
        }
    }

    pub(crate) fn recipient(&self) -> &str {
        &self.recipient
    }

    /// Puts the code into the inbox; `kind` in the words of Cognito's `CustomMessage` triggers.
    pub(crate) fn send(
        &self,
        db: &Connection,
        kind: &str,
        code: &str,
        now: i64,
    ) -> rusqlite::Result<()> {
        messages::send(db, &self.recipient.to_lowercase(), kind, code, now)
    }

    /// `a***@e***` or `+*******1234`: enough to know the address by.
    pub(crate) fn masked(&self) -> String {
        match self.address {
            Address::Email => {
                let (local, domain) = self
                    .recipient
                    .split_once('@')
                    .unwrap_or((&self.recipient, "email"));
                let first = |part: &str| part.chars().next().map(String::from).unwrap_or_default();
                format!("{}***@{}***", first(local), first(domain))
            }
            Address::PhoneNumber => {
                let count = self.recipient.chars().count();
                let last: String = self
                    .recipient
                    .chars()
                    .skip(count.saturating_sub(4))
                    .collect();
                format!("+*******{last}")
            }
        }
    }
}
