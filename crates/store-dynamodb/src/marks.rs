use cogward_session::{KeptMark, RevocationMark, StoreError, Timestamp, UserIndex};

use crate::calls::CallError;
use crate::items::{Item, Place, bytes, end, take_bytes};
use crate::requests::{Expressions, Written};
use crate::store::DynamoStore;

impl DynamoStore {
    pub(crate) async fn merge_mark(
        &self,
        user: &UserIndex,
        mark: RevocationMark,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let by = self.deadline();
        let new = KeptMark { mark, expires_at };
        let (mut next, mut when) = (new, Expressions::condition(ABSENT, []));
        // Every time that it is refused another one was written; the deadline ends it.
        loop {
            let attributes = [("mark", bytes(next.to_bytes()))];
            let item = Place::Mark(*user).item(next.expires_at, attributes);
            let found = match self.put(by, item, when).await? {
                Written::Done(_) => return Ok(()),
                Written::Refused(found) => found,
            };
            (next, when) = match found {
                None => (new, Expressions::condition(ABSENT, [])),
                Some(found) => {
                    let as_found = unchanged(&found);
                    let kept = to_mark(found)?;
                    let merged = kept.merge(new);
                    if merged == kept {
                        return Ok(());
                    }
                    (merged, as_found)
                }
            };
        }
    }

    pub(crate) async fn marks_of(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Option<RevocationMark>, StoreError> {
        let places = users.iter().copied().map(Place::Mark);
        let mut all = None;
        for item in self.get_all(places).await?.into_values() {
            let kept = to_mark(item)?;
            if now < kept.expires_at {
                all = Some(all.map_or(kept.mark, |all: RevocationMark| all.merge(kept.mark)));
            }
        }
        Ok(all)
    }
}

const ABSENT: &str = "attribute_not_exists(#session_id)";

fn unchanged(item: &Item) -> Expressions {
    let mut when = Expressions::condition("#mark = :mark AND #ttl = :ttl", []);
    for (name, attribute) in [(":mark", "mark"), (":ttl", "ttl")] {
        let value = item.get(attribute).cloned();
        when.values
            .extend(value.map(|value| (name.to_owned(), value)));
    }
    when
}

/// The item's own end counts.
fn to_mark(mut item: Item) -> Result<KeptMark, CallError> {
    let expires_at = end(&item)?;
    let kept = KeptMark::from_bytes(&take_bytes(&mut item, "mark")?);
    let mark = kept.ok_or(CallError::Garbage("mark"))?.mark;
    Ok(KeptMark { mark, expires_at })
}
