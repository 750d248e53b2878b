use cogward_session::{LookupKey, Record, RevocationMark, Spared, Timestamp, UserIndex};
use rusqlite::Row;

/// The columns [`read`] expects, in its order.
macro_rules! record_columns {
    () => {
        "key, version, user, last_seen_at, expires_at, identity, tokens, device"
    };
}
pub(crate) use record_columns;

pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<(LookupKey, Record)> {
    let blob = |column| Ok::<Box<[u8]>, rusqlite::Error>(row.get_ref(column)?.as_blob()?.into());
    let record = Record {
        version: row.get::<_, i64>(1)?.cast_unsigned(),
        user: UserIndex::from_bytes(row.get(2)?),
        last_seen_at: Timestamp::from_secs(row.get(3)?),
        expires_at: Timestamp::from_secs(row.get(4)?),
        identity: blob(5)?,
        tokens: blob(6)?,
        device: blob(7)?,
    };
    Ok((LookupKey::from_bytes(row.get(0)?), record))
}

/// The columns [`read_mark`] finds by their names.
macro_rules! mark_columns {
    () => {
        "before, spared, spared_before"
    };
}
pub(crate) use mark_columns;

pub(crate) fn read_mark(row: &Row<'_>) -> rusqlite::Result<RevocationMark> {
    let spared = row.get::<_, Option<[u8; 32]>>("spared")?.map(|sign_in| {
        let before = Timestamp::from_secs(row.get("spared_before")?);
        Ok::<_, rusqlite::Error>(Spared { sign_in, before })
    });
    Ok(RevocationMark {
        before: Timestamp::from_secs(row.get("before")?),
        spared: spared.transpose()?,
    })
}
