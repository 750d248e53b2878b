use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::client::Client;
use crate::core::Core;
use crate::error::{ApiError, Result};
use crate::settings::Address;

/// The members of one call, which the service model has accepted: types are right, and what it
/// requires is there.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    members: &'a Map<String, Value>,
    /// Where the call comes from.
    pub(crate) peer: IpAddr,
}

impl<'a> Input<'a> {
    pub(crate) fn new(checked: &'a Map<String, Value>, peer: IpAddr) -> Self {
        Self {
            members: checked,
            peer,
        }
    }

    fn within(&self, members: &'a Map<String, Value>) -> Self {
        Self { members, ..*self }
    }

    /// A string the model requires.
    pub(crate) fn text(&self, name: &str) -> &'a str {
        self.get(name).unwrap_or_default()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.members.get(name).and_then(Value::as_str)
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.members.get(name).and_then(Value::as_bool)
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.members.get(name).and_then(Value::as_i64)
    }

    /// A member of any JSON.
    pub(crate) fn document(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A structure in the input.
    pub(crate) fn structure(&self, name: &str) -> Option<Self> {
        self.members
            .get(name)
            .and_then(Value::as_object)
            .map(|members| self.within(members))
    }

    /// A list of structures.
    pub(crate) fn structures(&self, name: &str) -> Vec<Self> {
        self.list(name)
            .filter_map(Value::as_object)
            .map(|members| self.within(members))
            .collect()
    }

    /// A list of strings.
    pub(crate) fn texts(&self, name: &str) -> Vec<&'a str> {
        self.list(name).filter_map(Value::as_str).collect()
    }

    /// A map of strings, empty when absent.
    pub(crate) fn map(&self, name: &str) -> BTreeMap<&'a str, &'a str> {
        let entries = self.members.get(name).and_then(Value::as_object);
        entries
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
            .collect()
    }

    /// The same, to be kept.
    pub(crate) fn owned_map(&self, name: &str) -> BTreeMap<String, String> {
        self.map(name)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// A list of `{Name, Value}`; a missing value is a blank one.
    pub(crate) fn attributes(&self, name: &str) -> BTreeMap<String, String> {
        self.structures(name)
            .iter()
            .map(|item| (item.text("Name").to_owned(), item.text("Value").to_owned()))
            .collect()
    }

    /// The address a code can verify.
    ///
    /// # Errors
    /// `InvalidParameterException` for another attribute.
    pub(crate) fn address(&self, name: &str) -> Result<Address> {
        Address::of_attribute(self.text(name)).ok_or_else(|| {
            ApiError::invalid_parameter(format!(
                "{name} must be email or phone_number: no other attribute is verified."
            ))
        })
    }

    /// The client of `ClientId` and the name in `Username`, with `SecretHash` checked.
    pub(crate) fn client_and_username(&self, core: &Core) -> Result<(Arc<Client>, &'a str)> {
        let client = core.client(self.text("ClientId"))?;
        let username = self.text("Username");
        client.check_secret_hash(username, self.get("SecretHash"))?;
        Ok((client, username))
    }

    fn list(&self, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.members
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    }
}
