use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cogward_session::{BudgetKey, LoginKey, LookupKey, Record, Timestamp, UserIndex};

use crate::calls::CallError;

/// What DynamoDB keeps under a key, by the names of its attributes.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The table's key.
pub(crate) const KEY: &str = "session_id";

/// Of every item; another one is of another release.
const FORMAT: i64 = 1;

/// Where an item stands: what it is, and the hash that names it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Session(LookupKey),
    User(UserIndex),
    Login(LoginKey),
    Lease(LookupKey),
    Mark(UserIndex),
    Budget(BudgetKey),
}

impl Place {
    /// The value of the table's key.
    pub(crate) fn name(&self) -> String {
        let (kind, hash) = match self {
            Self::Session(key) => ("session:", key.as_bytes()),
            Self::User(user) => ("user:", user.as_bytes()),
            Self::Login(key) => ("oauth_state:", key.as_bytes()),
            Self::Lease(key) => ("lease:", key.as_bytes()),
            Self::Mark(user) => ("revoked:", user.as_bytes()),
            Self::Budget(key) => ("budget:", key.as_bytes()),
        };
        let mut name = kind.to_owned();
        URL_SAFE_NO_PAD.encode_string(hash, &mut name);
        name
    }

    /// The table's key as requests have it.
    pub(crate) fn key(&self) -> Item {
        HashMap::from([(KEY.to_owned(), AttributeValue::S(self.name()))])
    }

    /// An item that ends then, with these attributes besides.
    pub(crate) fn item<const N: usize>(
        &self,
        ends_at: Timestamp,
        attributes: [(&str, AttributeValue); N],
    ) -> Item {
        let mut item = self.key();
        item.insert("format".to_owned(), number(FORMAT));
        item.insert("ttl".to_owned(), seconds(ends_at));
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
        item.extend(attributes);
        item
    }
}

pub(crate) fn format() -> AttributeValue {
    number(FORMAT)
}

pub(crate) fn number(number: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

pub(crate) fn seconds(time: Timestamp) -> AttributeValue {
    number(time.as_secs())
}

pub(crate) fn bytes(bytes: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

pub(crate) fn set_of(keys: impl IntoIterator<Item = LookupKey>) -> AttributeValue {
    let keys = keys.into_iter().map(|key| Blob::new(*key.as_bytes()));
    AttributeValue::Bs(keys.collect())
}

/// The item of a session.
pub(crate) fn of_record(key: &LookupKey, record: Record) -> Item {
    Place::Session(*key).item(
        record.expires_at,
        [
            ("version", number(record.version)),
            ("owner", bytes(*record.user.as_bytes())),
            ("last_seen", seconds(record.last_seen_at)),
            ("identity", bytes(record.identity)),
            ("tokens", bytes(record.tokens)),
            ("device", bytes(record.device)),
        ],
    )
}

/// The session of an item.
pub(crate) fn to_record(mut item: Item) -> Result<Record, CallError> {
    Ok(Record {
        expires_at: end(&item)?,
        version: take_number(&item, "version")?,
        user: UserIndex::from_bytes(take_hash(&mut item, "owner")?),
        last_seen_at: Timestamp::from_secs(take_number(&item, "last_seen")?),
        identity: take_bytes(&mut item, "identity")?.into(),
        tokens: take_bytes(&mut item, "tokens")?.into(),
        device: take_bytes(&mut item, "device")?.into(),
    })
}

/// When an item of a format that is known ends.
pub(crate) fn end(item: &Item) -> Result<Timestamp, CallError> {
    if take_number::<i64>(item, "format")? != FORMAT {
        return Err(CallError::Garbage("format"));
    }
    take_number(item, "ttl").map(Timestamp::from_secs)
}

/// A whole number that fits.
pub(crate) fn take_number<T: FromStr>(item: &Item, name: &'static str) -> Result<T, CallError> {
    match item.get(name) {
        Some(AttributeValue::N(digits)) => digits.parse().ok(),
        _ => None,
    }
    .ok_or(CallError::Garbage(name))
}

pub(crate) fn take_bytes(item: &mut Item, name: &'static str) -> Result<Vec<u8>, CallError> {
    match item.remove(name) {
        Some(AttributeValue::B(bytes)) => Ok(bytes.into_inner()),
        _ => Err(CallError::Garbage(name)),
    }
}

pub(crate) fn take_hash<const N: usize>(
    item: &mut Item,
    name: &'static str,
) -> Result<[u8; N], CallError> {
    let bytes = take_bytes(item, name)?;
    bytes.try_into().map_err(|_| CallError::Garbage(name))
}

/// The sessions in an item of a user. DynamoDB has no empty sets, but none instead.
pub(crate) fn to_keys(item: &Item) -> Result<Vec<LookupKey>, CallError> {
    end(item)?;
    let keys = match item.get("sessions") {
        None => return Ok(Vec::new()),
        Some(AttributeValue::Bs(keys)) => keys.iter(),
        Some(_) => return Err(CallError::Garbage("sessions")),
    };
    keys.map(|key| key.as_ref().try_into().map(LookupKey::from_bytes))
        .collect::<Result<_, _>>()
        .map_err(|_| CallError::Garbage("sessions"))
}
