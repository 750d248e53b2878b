use cogward_session::{Record, StoreError, Timestamp, UserIndex};

/// The first byte of a record and of a sign-in under way.
const FORMAT: u8 = 1;

/// Where the version stands in a record, where its two times; the scripts know these places.
const VERSION_AT: usize = 1;
const HEAD_LEN: usize = VERSION_AT + 8 + 8 + 8 + 32;

/// A record as one string: format, version, last seen, expiry, user index, then the lengths of
/// identity, tokens and device, and these. All numbers are big-endian, times in seconds.
pub(crate) fn encode(record: &Record) -> Result<Vec<u8>, StoreError> {
    let boxes = [&record.identity, &record.tokens, &record.device];
    let size: usize = boxes.iter().map(|sealed| 4 + sealed.len()).sum();
    let mut row = Vec::with_capacity(HEAD_LEN + size);
    row.push(FORMAT);
    row.extend_from_slice(&version(record.version));
    row.extend_from_slice(&times(record.last_seen_at, record.expires_at));
    row.extend_from_slice(record.user.as_bytes());
    for sealed in boxes {
        let len = u32::try_from(sealed.len())
            .map_err(|_| StoreError::unavailable("the record is too large for Redis"))?;
        row.extend_from_slice(&len.to_be_bytes());
    }
    for sealed in boxes {
        row.extend_from_slice(sealed);
    }
    Ok(row)
}

/// What [`encode`] made; `None` for anything else.
pub(crate) fn decode(row: &[u8]) -> Option<Record> {
    let ([FORMAT], rest) = row.split_first_chunk()? else {
        return None;
    };
    let (version, rest) = rest.split_first_chunk()?;
    let (last_seen_at, rest) = rest.split_first_chunk()?;
    let (expires_at, rest) = rest.split_first_chunk()?;
    let (user, rest) = rest.split_first_chunk()?;
    let (identity, rest) = length(rest)?;
    let (tokens, rest) = length(rest)?;
    let (device, rest) = length(rest)?;
    let (identity, rest) = rest.split_at_checked(identity)?;
    let (tokens, rest) = rest.split_at_checked(tokens)?;
    (rest.len() == device).then(|| Record {
        version: u64::from_be_bytes(*version),
        user: UserIndex::from_bytes(*user),
        last_seen_at: Timestamp::from_secs(i64::from_be_bytes(*last_seen_at)),
        expires_at: Timestamp::from_secs(i64::from_be_bytes(*expires_at)),
        identity: identity.into(),
        tokens: tokens.into(),
        device: rest.into(),
    })
}

fn length(row: &[u8]) -> Option<(usize, &[u8])> {
    let (len, rest) = row.split_first_chunk()?;
    Some((usize::try_from(u32::from_be_bytes(*len)).ok()?, rest))
}

/// A version as it stands in a record.
pub(crate) fn version(version: u64) -> [u8; 8] {
    version.to_be_bytes()
}

/// Both times as they stand in a record.
pub(crate) fn times(last_seen_at: Timestamp, expires_at: Timestamp) -> [u8; 16] {
    let both = (u128::from(last_seen_at.as_secs().cast_unsigned()) << 64)
        | u128::from(expires_at.as_secs().cast_unsigned());
    both.to_be_bytes()
}

/// A sign-in under way: format, expiry, and what was sealed.
pub(crate) fn encode_login(sealed: &[u8], expires_at: Timestamp) -> Vec<u8> {
    let mut row = Vec::with_capacity(1 + 8 + sealed.len());
    row.push(FORMAT);
    row.extend_from_slice(&expires_at.as_secs().to_be_bytes());
    row.extend_from_slice(sealed);
    row
}

/// What [`encode_login`] made; `None` for anything else.
pub(crate) fn decode_login(mut row: Vec<u8>) -> Option<(Vec<u8>, Timestamp)> {
    let ([FORMAT], rest) = row.split_first_chunk()? else {
        return None;
    };
    let expires_at = i64::from_be_bytes(*rest.first_chunk()?);
    row.drain(..9);
    Some((row, Timestamp::from_secs(expires_at)))
}

/// Clocks differ: Redis drops nothing that a server with a slow one still counts as good.
const SLACK_SECONDS: i64 = 5 * 60;
/// Later than anything is kept; Lua's numbers are exact up to here.
const LAST_MILLIS: i64 = 1 << 53;

/// When Redis itself is to drop what expires then, in milliseconds.
pub(crate) fn dropped_at(expires_at: Timestamp) -> i64 {
    let millis = expires_at
        .plus(SLACK_SECONDS)
        .as_secs()
        .saturating_mul(1000);
    millis.clamp(1, LAST_MILLIS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written() {
        for version in [0, 1, u64::MAX] {
            let record = record(version);
            assert!(decode(&encode(&record).unwrap()) == Some(record));
        }
    }

    #[test]
    fn a_cut_or_lengthened_row_is_none() {
        let row = encode(&record(1)).unwrap();
        for end in 0..row.len() {
            assert!(decode(&row[..end]).is_none(), "cut at {end}");
        }
        assert!(decode(&[row.as_slice(), b"x"].concat()).is_none());
        let mut other = row;
        other[0] = 2;
        assert!(decode(&other).is_none(), "another format");
    }

    #[test]
    fn lengths_that_overflow_are_none() {
        for at in [HEAD_LEN, HEAD_LEN + 4, HEAD_LEN + 8] {
            let mut row = encode(&record(1)).unwrap();
            row[at..at + 4].fill(0xff);
            assert!(decode(&row).is_none());
        }
    }

    #[test]
    fn the_scripts_find_version_and_times_where_they_look() {
        let row = encode(&record(0x0102_0304_0506_0708)).unwrap();
        assert_eq!(row[VERSION_AT..9], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(
            row[9..25],
            times(Timestamp::from_secs(-5), Timestamp::from_secs(7))
        );
    }

    #[test]
    fn times_beyond_what_redis_takes_are_clamped() {
        assert_eq!(dropped_at(Timestamp::from_secs(i64::MIN)), 1);
        assert_eq!(dropped_at(Timestamp::from_secs(0)), 300_000);
        assert_eq!(dropped_at(Timestamp::from_secs(i64::MAX)), 1 << 53);
    }

    fn record(version: u64) -> Record {
        Record {
            version,
            user: UserIndex::from_bytes([9; 32]),
            last_seen_at: Timestamp::from_secs(-5),
            expires_at: Timestamp::from_secs(7),
            identity: [1, 2, 3].into(),
            tokens: [4; 300].into(),
            device: Box::default(),
        }
    }
}
