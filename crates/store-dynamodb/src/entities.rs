//! Facts of resources, from a table that the application made and fills.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use cogward_policy::{EntityError, EntityProvider, Facts};
use serde_json::{Map, Number, Value};

use crate::calls::{CallError, Deadline, in_words};
use crate::client::{self, Clients};
use crate::items::Item;
use crate::open::OpenError;
use crate::options::Options;

/// Facts from a table whose key is `id` (a string) alone, by the attributes `owner` and `type`
/// (strings) and `attributes` (a map), each of which may be missing.
///
/// Items are read one by one and strongly consistent: `dynamodb:GetItem` is all the rights that
/// it takes.
pub struct DynamoEntities {
    clients: Clients,
    table: String,
    call_limit: Duration,
}

impl DynamoEntities {
    /// Asks the table for an item, to see that it is there and may be read. When DynamoDB cannot
    /// be reached now it is tried again with every call.
    ///
    /// # Errors
    /// [`OpenError`] when it cannot be used as configured.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let entities = Self {
            clients: client::connect(&options).await?,
            table: options.table,
            call_limit: options.call_limit,
        };
        let Err(error) = entities.item("cogward").await else {
            return Ok(entities);
        };
        let (table, region) = (entities.table.clone(), entities.clients.region.clone());
        match OpenError::of(error, &table, &region) {
            OpenError::Missing { .. } => Err(OpenError::MissingEntities { table, region }),
            // There is nothing else to be wrong with the question.
            OpenError::Refused { code, .. } if code == "ValidationException" => {
                Err(OpenError::EntityKeys { table, region })
            }
            OpenError::Unreachable { region, source } => {
                let error = in_words(&*source);
                tracing::warn!(
                    table,
                    region,
                    error,
                    "DynamoDB cannot be asked of resources yet"
                );
                Ok(entities)
            }
            error => Err(error),
        }
    }

    async fn item(&self, id: &str) -> Result<Option<Item>, CallError> {
        let key = AttributeValue::S(id.to_owned());
        let request = self.clients.reads.get_item().table_name(&self.table);
        let request = request.consistent_read(true).key("id", key);
        // Reserved words.
        let names =
            ["id", "owner", "type", "attributes"].map(|it| (format!("#{it}"), it.to_owned()));
        let request = request
            .projection_expression("#id, #owner, #type, #attributes")
            .set_expression_attribute_names(Some(HashMap::from(names)));
        let answer = Deadline::after(self.call_limit).ask(request.send()).await?;
        Ok(answer.map_err(|error| CallError::refused(&error))?.item)
    }
}

#[async_trait]
impl EntityProvider for DynamoEntities {
    async fn find(&self, _: &str, id: &str) -> Result<Option<Facts>, EntityError> {
        // No key is empty.
        if id.is_empty() {
            return Ok(None);
        }
        let item = self.item(id).await.map_err(EntityError::unavailable)?;
        let facts = item.map(facts).transpose();
        facts.map_err(|name| {
            EntityError::unavailable(format!(
                "the attribute `{name}` of its item is of another type"
            ))
        })
    }
}

/// The error names what is wrong.
fn facts(mut item: Item) -> Result<Facts, &'static str> {
    Ok(Facts {
        owner: text(item.remove("owner")).ok_or("owner")?,
        kind: text(item.remove("type")).ok_or("type")?,
        attributes: match item.remove("attributes") {
            None | Some(AttributeValue::Null(_)) => Map::new(),
            Some(AttributeValue::M(members)) => object(members).ok_or("attributes")?,
            Some(_) => return Err("attributes"),
        },
    })
}

fn text(value: Option<AttributeValue>) -> Option<Option<String>> {
    match value {
        None | Some(AttributeValue::Null(_)) => Some(None),
        Some(AttributeValue::S(text)) => Some(Some(text)),
        Some(_) => None,
    }
}

fn object(members: HashMap<String, AttributeValue>) -> Option<Map<String, Value>> {
    let members = members.into_iter();
    members
        .map(|(name, value)| Some((name, json(value)?)))
        .collect()
}

/// None of bytes, nor of a number that would be rounded to another.
fn json(value: AttributeValue) -> Option<Value> {
    Some(match value {
        AttributeValue::S(text) => text.into(),
        AttributeValue::N(digits) => number(&digits)?.into(),
        AttributeValue::Bool(truth) => truth.into(),
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::M(members) => object(members)?.into(),
        AttributeValue::L(items) => list(items)?,
        AttributeValue::Ss(texts) => texts.into(),
        AttributeValue::Ns(numbers) => list(numbers.into_iter().map(AttributeValue::N))?,
        _ => return None,
    })
}

fn list(items: impl IntoIterator<Item = AttributeValue>) -> Option<Value> {
    let items: Option<Vec<_>> = items.into_iter().map(json).collect();
    items.map(Value::Array)
}

fn number(digits: &str) -> Option<Number> {
    match digits.parse::<i64>() {
        Ok(whole) => Some(whole.into()),
        Err(_) if digits.contains(['.', 'E', 'e']) => Number::from_f64(digits.parse().ok()?),
        Err(_) => None,
    }
}
