use aws_sdk_dynamodb::types::ReturnValue;
use cogward_session::{ABANDONED_SECONDS, Holder, Lease, LookupKey, StoreError, Timestamp};

use crate::calls::CallError;
use crate::items::{Item, Place, bytes, end, format, seconds, take_hash, take_number};
use crate::requests::{Expressions, Written};
use crate::store::DynamoStore;

/// A lease lasts so many seconds more than was asked for: those that `now` leaves out, and that
/// the clock of whoever waits for it may be ahead.
const ROUNDING: i64 = 1;

impl DynamoStore {
    pub(crate) async fn take_lease(
        &self,
        key: &LookupKey,
        holder: &Holder,
        now: Timestamp,
        duration: u32,
    ) -> Result<Lease, StoreError> {
        let until = now.plus(i64::from(duration) + ROUNDING);
        let change = Expressions::update(
            "SET #format = :format, #holder = :holder, #until = :until, #ttl = :ttl",
            "attribute_not_exists(#session_id) OR (#format = :format \
             AND (#holder = :holder OR #until <= :now OR #ttl <= :now))",
            [
                (":format", format()),
                (":holder", bytes(*holder.as_bytes())),
                (":until", seconds(until)),
                (":ttl", seconds(until.plus(ABANDONED_SECONDS.into()))),
                (":now", seconds(now)),
            ],
        );
        let place = Place::Lease(*key);
        let written = self.update(self.deadline(), place, change, ReturnValue::AllOld);
        Ok(match written.await? {
            Written::Done(None) => Lease::Granted,
            Written::Done(Some(item)) => {
                let old = Kept::read(item)?;
                match old.holder == *holder || old.forgotten_at <= now {
                    true => Lease::Granted,
                    false => Lease::TakenOver,
                }
            }
            Written::Refused(item) => {
                item.map(Kept::read).transpose()?;
                Lease::Held
            }
        })
    }

    pub(crate) async fn release_lease(
        &self,
        key: &LookupKey,
        holder: &Holder,
    ) -> Result<(), StoreError> {
        let own = Expressions::condition(
            "#holder = :holder",
            [(":holder", bytes(*holder.as_bytes()))],
        );
        Ok(self
            .delete(self.deadline(), Place::Lease(*key), own)
            .await?)
    }
}

struct Kept {
    holder: Holder,
    forgotten_at: Timestamp,
}

impl Kept {
    fn read(mut item: Item) -> Result<Self, CallError> {
        take_number::<i64>(&item, "until")?;
        Ok(Self {
            forgotten_at: end(&item)?,
            holder: Holder::from_bytes(take_hash(&mut item, "holder")?),
        })
    }
}
