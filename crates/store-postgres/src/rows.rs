use cogward_session::{KeptMark, LookupKey, Record, Timestamp, UserIndex};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::fault::Fault;

/// A row of [`record_columns!`](crate::statements).
pub(crate) fn record(row: &Row) -> Result<(LookupKey, Record), Fault> {
    let record = Record {
        version: column::<i64>(row, 1, "version")?.cast_unsigned(),
        user: UserIndex::from_bytes(hash(row, 2, "user_index")?),
        last_seen_at: seconds(row, 3, "last_seen_at")?,
        expires_at: seconds(row, 4, "expires_at")?,
        identity: column::<&[u8]>(row, 5, "identity")?.into(),
        tokens: column::<&[u8]>(row, 6, "tokens")?.into(),
        device: column::<&[u8]>(row, 7, "device")?.into(),
    };
    Ok((LookupKey::from_bytes(hash(row, 0, "key")?), record))
}

/// `expires_at` and `mark`, from the column with this number on.
pub(crate) fn mark(row: &Row, first: usize) -> Result<KeptMark, Fault> {
    let expires_at = seconds(row, first, "expires_at")?;
    let bytes = column::<&[u8]>(row, first + 1, "mark")?;
    KeptMark::from_bytes(bytes)
        .filter(|kept| kept.expires_at == expires_at)
        .ok_or(Fault::Row("mark"))
}

pub(crate) fn seconds(row: &Row, at: usize, name: &'static str) -> Result<Timestamp, Fault> {
    column(row, at, name).map(Timestamp::from_secs)
}

pub(crate) fn column<'a, T: FromSql<'a>>(
    row: &'a Row,
    at: usize,
    name: &'static str,
) -> Result<T, Fault> {
    row.try_get(at).map_err(|_| Fault::Row(name))
}

fn hash(row: &Row, at: usize, name: &'static str) -> Result<[u8; 32], Fault> {
    let bytes = column::<&[u8]>(row, at, name)?;
    bytes.try_into().map_err(|_| Fault::Row(name))
}
