use aws_sdk_dynamodb::types::ReturnValue;
use cogward_session::{BudgetKey, Quota, StoreError, Taken, Timestamp};

use crate::calls::CallError;
use crate::items::{Item, Place, end, format, number, seconds, take_number};
use crate::requests::{Expressions, Written};
use crate::store::DynamoStore;

impl DynamoStore {
    /// A budget that is full is begun anew; of any other the end is moved on, where DynamoDB
    /// finds that it may be.
    pub(crate) async fn take_one(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        let (by, place) = (self.deadline(), Place::Budget(*budget));
        let mut change = begin(quota, now);
        // Every time that it is refused another one was taken meanwhile; the deadline ends it.
        loop {
            let found = match self.update(by, place, change, ReturnValue::None).await? {
                Written::Done(_) => return Ok(Taken::Granted),
                Written::Refused(found) => found.as_ref().map(full_at).transpose()?,
            };
            change = match found {
                Some(full_at) if now < full_at => match quota.take(full_at, now) {
                    (_, Taken::Granted) => go_on(quota, now),
                    (latest, refused) => {
                        if latest < full_at {
                            let change = set_back(full_at, latest);
                            self.update(by, place, change, ReturnValue::None).await?;
                        }
                        return Ok(refused);
                    }
                },
                _ => begin(quota, now),
            };
        }
    }

    /// A full one stays as it is.
    pub(crate) async fn give_one_back(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let change = Expressions::update(
            "SET #full_at = #full_at - :step, #ttl = #full_at - :step",
            "#format = :format AND :now < #full_at",
            [
                (":format", format()),
                (":step", number(quota.step())),
                (":now", seconds(now)),
            ],
        );
        let place = Place::Budget(*budget);
        match self
            .update(self.deadline(), place, change, ReturnValue::None)
            .await?
        {
            Written::Done(_) => Ok(()),
            Written::Refused(found) => Ok(found.as_ref().map(full_at).transpose().map(drop)?),
        }
    }
}

fn begin(quota: Quota, now: Timestamp) -> Expressions {
    Expressions::update(
        "SET #format = :format, #full_at = :full_at, #ttl = :full_at",
        "attribute_not_exists(#session_id) OR (#format = :format AND #full_at <= :now)",
        [
            (":format", format()),
            (":full_at", seconds(now.plus(quota.step()))),
            (":now", seconds(now)),
        ],
    )
}

fn go_on(quota: Quota, now: Timestamp) -> Expressions {
    Expressions::update(
        "SET #full_at = #full_at + :step, #ttl = #full_at + :step",
        "#format = :format AND :now < #full_at AND #full_at <= :most",
        [
            (":format", format()),
            (":step", number(quota.step())),
            (":now", seconds(now)),
            (":most", seconds(now.plus(quota.span() - quota.step()))),
        ],
    )
}

/// What was further ahead than the quota can be; another may have been quicker to say so.
fn set_back(full_at: Timestamp, latest: Timestamp) -> Expressions {
    Expressions::update(
        "SET #full_at = :latest, #ttl = :latest",
        "#format = :format AND #full_at = :full_at",
        [
            (":format", format()),
            (":full_at", seconds(full_at)),
            (":latest", seconds(latest)),
        ],
    )
}

/// When a budget is full, of an item that is one.
fn full_at(item: &Item) -> Result<Timestamp, CallError> {
    end(item)?;
    take_number(item, "full_at").map(Timestamp::from_secs)
}
