use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

/// What an application knows of one of its resources. It counts in place of what a caller says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// `sub` of the person whose it is; nobody's without.
    pub owner: Option<String>,
    /// What it is: `document`. The caller's word where the provider does not tell.
    pub kind: Option<String>,
    /// Further attributes, by the names they have in the schema.
    pub attributes: Map<String, Value>,
}

/// Attributes as text are no larger, nor is the answer of a service.
pub(super) const MOST_BYTES: usize = 64 << 10;

impl Facts {
    /// Of a row with the columns `owner`, `type` and `attributes`, the text of a JSON object.
    ///
    /// # Errors
    /// [`EntityError`] when the attributes are something else, or over 64 KiB.
    pub fn of_row(
        owner: Option<String>,
        kind: Option<String>,
        attributes: Option<&str>,
    ) -> Result<Self, EntityError> {
        let wrong = || EntityError::unavailable("`attributes` is not a JSON object up to 64 KiB");
        let attributes = match attributes {
            None => Map::new(),
            Some(text) if text.len() > MOST_BYTES => return Err(wrong()),
            // What serde says quotes the row.
            Some(text) => serde_json::from_str(text).map_err(|_| wrong())?,
        };
        Ok(Self {
            owner,
            kind,
            attributes,
        })
    }
}

/// Where facts of resources are kept: a table of the application's or a service of its.
///
/// A failure is an error, never "not there".
#[async_trait]
pub trait EntityProvider: Send + Sync + 'static {
    /// What is known of the resource with this id, which the caller says to be of this kind.
    async fn find(&self, kind: &str, id: &str) -> Result<Option<Facts>, EntityError>;
}

/// Why a provider did not tell.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the entity provider is unavailable")]
pub struct EntityError(#[source] Arc<dyn Error + Send + Sync>);

impl EntityError {
    /// Because of `source`.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into().into())
    }
}
