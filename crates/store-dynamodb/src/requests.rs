use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure,
};
use futures_util::stream::{self, StreamExt as _};

use crate::calls::{CallError, Deadline};
use crate::items::{Item, KEY, Place};
use crate::store::DynamoStore;

/// `BatchGetItem` takes no more.
const BATCH: usize = 100;

/// So that thousands of sessions of somebody can be listed, and ended.
const BATCHES_AT_ONCE: usize = 8;

/// How long to wait when DynamoDB had time for none of a batch.
const BATCH_PAUSE: Duration = Duration::from_millis(50);

/// Conditions and updates, and what stands in them: `#x` for the attribute `x`, since many of
/// ours are reserved words, and `:x` for a value.
pub(crate) struct Expressions {
    pub(crate) update: &'static str,
    pub(crate) condition: &'static str,
    pub(crate) values: HashMap<String, AttributeValue>,
}

impl Expressions {
    /// For a write that replaces the item.
    pub(crate) fn condition<const N: usize>(
        condition: &'static str,
        values: [(&str, AttributeValue); N],
    ) -> Self {
        Self::update("", condition, values)
    }

    /// For one that changes it.
    pub(crate) fn update<const N: usize>(
        update: &'static str,
        condition: &'static str,
        values: [(&str, AttributeValue); N],
    ) -> Self {
        let values = values.map(|(name, value)| (name.to_owned(), value));
        Self {
            update,
            condition,
            values: HashMap::from(values),
        }
    }

    fn names(&self) -> HashMap<String, String> {
        let is_no_part = |c: char| !c.is_ascii_alphanumeric() && !"_#".contains(c);
        [self.update, self.condition]
            .into_iter()
            .flat_map(|text| text.split(is_no_part))
            .filter_map(|word| Some((word.to_owned(), word.strip_prefix('#')?.to_owned())))
            .collect()
    }

    fn values(self) -> Option<HashMap<String, AttributeValue>> {
        Some(self.values).filter(|values| !values.is_empty())
    }
}

/// What became of a write under a condition.
pub(crate) enum Written {
    /// Done; with what was asked to be returned.
    Done(Option<Item>),
    /// The condition does not hold for what stands there.
    Refused(Option<Item>),
}

impl DynamoStore {
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.call_limit)
    }

    pub(crate) async fn get(&self, by: Deadline, place: Place) -> Result<Option<Item>, CallError> {
        let request = self.clients.reads.get_item().table_name(&self.table);
        let request = request.consistent_read(true).set_key(Some(place.key()));
        let answer = by.ask(request.send()).await?;
        Ok(answer.map_err(|error| CallError::refused(&error))?.item)
    }

    /// Those of these items that there are; each batch of them within a time of its own.
    pub(crate) async fn get_all(
        &self,
        places: impl IntoIterator<Item = Place>,
    ) -> Result<HashMap<Place, Item>, CallError> {
        let places: HashMap<_, _> = places.into_iter().map(|p| (p.name(), p)).collect();
        let places: Vec<_> = places.into_values().collect();
        let batches: Vec<Vec<Place>> = places.chunks(BATCH).map(Into::into).collect();
        let batches = stream::iter(batches).map(|batch| self.get_some(self.deadline(), batch));
        let mut batches = batches.buffer_unordered(BATCHES_AT_ONCE);
        let mut found = HashMap::with_capacity(places.len());
        while let Some(items) = batches.next().await {
            found.extend(items?);
        }
        Ok(found)
    }

    /// Of no more than one batch.
    async fn get_some(
        &self,
        by: Deadline,
        places: Vec<Place>,
    ) -> Result<HashMap<Place, Item>, CallError> {
        // A batch of one costs more than it must.
        if let [place] = *places {
            let item = self.get(by, place).await?;
            return Ok(item.map(|item| (place, item)).into_iter().collect());
        }
        let mut left: Vec<_> = places.iter().map(Place::key).collect();
        let mut places: HashMap<_, _> = places.into_iter().map(|p| (p.name(), p)).collect();
        let mut found = HashMap::with_capacity(places.len());
        while !left.is_empty() {
            let before = left.len();
            let (items, unprocessed) = self.get_batch(by, left).await?;
            if unprocessed.len() == before {
                by.pause(BATCH_PAUSE).await?;
            }
            left = unprocessed;
            for item in items {
                let name = item.get(KEY).and_then(|name| name.as_s().ok());
                let place = name.and_then(|name| places.remove(name));
                found.insert(place.ok_or(CallError::Garbage(KEY))?, item);
            }
        }
        Ok(found)
    }

    async fn get_batch(
        &self,
        by: Deadline,
        keys: Vec<Item>,
    ) -> Result<(Vec<Item>, Vec<Item>), CallError> {
        let asked = KeysAndAttributes::builder().consistent_read(true);
        let asked = asked.set_keys(Some(keys)).build();
        let asked = asked.map_err(|error| CallError::Odd(error.into()))?;
        let request = self.clients.reads.batch_get_item();
        let answer = by
            .ask(request.request_items(&self.table, asked).send())
            .await?;
        let answer = answer.map_err(|error| CallError::refused(&error))?;
        let items = answer.responses.into_iter().flatten();
        let unprocessed = answer.unprocessed_keys.into_iter().flatten();
        Ok((
            items.flat_map(|(_, items)| items).collect(),
            unprocessed.flat_map(|(_, keys)| keys.keys).collect(),
        ))
    }

    /// Puts the item there when the condition holds.
    pub(crate) async fn put(
        &self,
        by: Deadline,
        item: Item,
        when: Expressions,
    ) -> Result<Written, CallError> {
        let request = self.clients.writes.put_item().table_name(&self.table);
        let request = request
            .set_item(Some(item))
            .condition_expression(when.condition)
            .set_expression_attribute_names(Some(when.names()))
            .set_expression_attribute_values(when.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match by.ask(request.send()).await? {
            Ok(_) => Ok(Written::Done(None)),
            Err(PutItemError::ConditionalCheckFailedException(refusal)) => {
                Ok(Written::Refused(refusal.item))
            }
            Err(error) => Err(CallError::refused(&error)),
        }
    }

    /// Changes what is there, or nothing, when the condition holds.
    pub(crate) async fn update(
        &self,
        by: Deadline,
        place: Place,
        change: Expressions,
        returned: ReturnValue,
    ) -> Result<Written, CallError> {
        let request = self.clients.writes.update_item().table_name(&self.table);
        let request = request
            .set_key(Some(place.key()))
            .update_expression(change.update)
            .condition_expression(change.condition)
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(change.values())
            .return_values(returned)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match by.ask(request.send()).await? {
            Ok(done) => Ok(Written::Done(done.attributes)),
            Err(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
                Ok(Written::Refused(refusal.item))
            }
            Err(error) => Err(CallError::refused(&error)),
        }
    }

    /// Removes what is there and gives it back.
    pub(crate) async fn take(&self, by: Deadline, place: Place) -> Result<Option<Item>, CallError> {
        let request = self.clients.writes.delete_item().table_name(&self.table);
        let request = request
            .set_key(Some(place.key()))
            .return_values(ReturnValue::AllOld);
        let answer = by.ask(request.send()).await?;
        Ok(answer
            .map_err(|error| CallError::refused(&error))?
            .attributes)
    }

    /// Removes what is there when the condition holds for it.
    pub(crate) async fn delete(
        &self,
        by: Deadline,
        place: Place,
        when: Expressions,
    ) -> Result<(), CallError> {
        let request = self.clients.writes.delete_item().table_name(&self.table);
        let request = request
            .set_key(Some(place.key()))
            .condition_expression(when.condition)
            .set_expression_attribute_names(Some(when.names()))
            .set_expression_attribute_values(when.values());
        match by.ask(request.send()).await? {
            Ok(_) | Err(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
            Err(error) => Err(CallError::refused(&error)),
        }
    }
}
