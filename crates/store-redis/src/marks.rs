use cogward_session::{KeptMark, StoreError, UserIndex};
use redis::Value;

use crate::cache::{Found, Look};
use crate::call::CallError;
use crate::keys::WatchedKey;
use crate::rows;
use crate::scripts;
use crate::store::RedisStore;

impl RedisStore {
    pub(crate) async fn find_mark(&self, user: &UserIndex) -> Result<Option<KeptMark>, StoreError> {
        let gap = match self.look(&WatchedKey::Mark(*user)) {
            Look::Hit(Found::Mark(mark)) => return Ok(mark),
            Look::Hit(Found::Record(_)) => return Err(CallError::Odd.into()),
            Look::Miss(gap) => gap,
        };
        let found = self.get(&self.keys.mark(user), self.deadline()).await?;
        let mark = found.map(|bytes| kept_mark(&bytes)).transpose()?;
        if let Some(gap) = gap {
            gap.fill(Found::Mark(mark));
        }
        Ok(mark)
    }

    /// Merges `mark` with whatever is there, also what comes in between.
    pub(crate) async fn merge_mark(
        &self,
        user: &UserIndex,
        mark: KeptMark,
    ) -> Result<(), CallError> {
        let (key, deadline) = (self.keys.mark(user), self.deadline());
        let (mut found, mut merged) = (Vec::new(), mark);
        // The deadline ends it.
        loop {
            let (row, end) = (
                merged.to_bytes(),
                rows::dropped_at(merged.expires_at).to_string(),
            );
            let arguments = [found.as_slice(), &row, end.as_bytes()];
            let swap = &self.scripts.swap;
            match self.router.run(swap, &key, &arguments, deadline).await? {
                Value::Int(scripts::DONE) => return Ok(()),
                Value::BulkString(bytes) => {
                    merged = match bytes.is_empty() {
                        true => mark,
                        false => mark.merge(kept_mark(&bytes)?),
                    };
                    found = bytes;
                }
                _ => return Err(CallError::Odd),
            }
        }
    }
}

fn kept_mark(bytes: &[u8]) -> Result<KeptMark, CallError> {
    KeptMark::from_bytes(bytes).ok_or(CallError::Garbage("a revocation"))
}
