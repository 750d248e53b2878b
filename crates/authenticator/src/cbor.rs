//! CBOR (RFC 8949) as authenticators write it, strictly.

use ciborium::Value;

/// How deep arrays, maps and tags may lie in one another.
const MAX_DEPTH: usize = 8;
/// Entries a map may have, so that looking for a key twice stays cheap.
const MAX_ENTRIES: usize = 64;

/// A map as it was read.
pub type Map = [(Value, Value)];

/// The first item of `bytes` and what follows it. `None` for an item that is malformed,
/// too deep, or has a map that is too long or names a key twice.
pub fn first(bytes: &[u8]) -> Option<(Value, &[u8])> {
    let mut rest = bytes;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_DEPTH).ok()?;
    is_sound(&value).then_some((value, rest))
}

/// The one map that `bytes` are.
pub fn map(bytes: &[u8]) -> Option<Vec<(Value, Value)>> {
    match first(bytes)? {
        (Value::Map(entries), []) => Some(entries),
        _ => None,
    }
}

/// What `map` has under a key, which is a text or a number.
pub fn get(map: &Map, key: impl Into<Value>) -> Option<&Value> {
    let key = key.into();
    let entry = map.iter().find(|(name, _)| *name == key);
    entry.map(|(_, value)| value)
}

fn is_sound(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_sound),
        Value::Tag(_, inner) => is_sound(inner),
        Value::Map(entries) => {
            entries.len() <= MAX_ENTRIES
                && entries.iter().all(|(key, value)| {
                    entries.iter().filter(|(other, _)| other == key).count() == 1
                        && is_sound(key)
                        && is_sound(value)
                })
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        ciborium::into_writer(value, &mut bytes).unwrap();
        bytes
    }

    fn nested(depth: usize, wrap: impl Fn(Value) -> Value) -> Vec<u8> {
        let value = (0..depth).fold(Value::from(1), |inner, _| wrap(inner));
        encode(&value)
    }

    #[test]
    fn items_lie_at_most_eight_deep() {
        let array = |inner| Value::Array(vec![inner]);
        let key = |inner| Value::Map(vec![(inner, Value::Null)]);
        let value = |inner| Value::Map(vec![(Value::Null, inner)]);
        let tag = |inner| Value::Tag(7, Box::new(inner));
        for wrap in [&array as &dyn Fn(Value) -> Value, &key, &value, &tag] {
            assert!(first(&nested(8, wrap)).is_some());
            assert!(first(&nested(9, wrap)).is_none());
        }
        for opener in [0x81, 0x9F, 0xA1, 0xBF, 0xC1, 0xC2, 0x5F, 0x7F] {
            assert!(first(&vec![opener; 60_000]).is_none(), "{opener:#x}");
        }
    }

    #[test]
    fn an_item_is_read_without_what_follows_it() {
        let item = encode(&Value::Map(vec![("a".into(), vec![1_u8, 2].into())]));
        let with_more = [&*item, b"more"].concat();
        assert_eq!(first(&with_more).unwrap().1, b"more");
        assert!(map(&with_more).is_none());
        let read = map(&item).unwrap();
        assert_eq!(get(&read, "a"), Some(&vec![1_u8, 2].into()));
        assert_eq!(get(&read, "b"), None);
    }

    #[test]
    fn a_map_names_a_key_once_and_has_at_most_64() {
        let of = |keys: &mut dyn Iterator<Item = i64>| {
            encode(&Value::Map(
                keys.map(|key| (key.into(), Value::Null)).collect(),
            ))
        };
        assert!(map(&of(&mut (0..64))).is_some());
        assert!(map(&of(&mut (0..65))).is_none());
        assert!(map(&of(&mut [1, 2, 1].into_iter())).is_none());
        // The same key written in two ways is the same key.
        assert!(map(&[0xA2, 0x01, 0x00, 0x18, 0x01, 0x00]).is_none());
        assert!(first(&[0x81, 0xA2, 0x01, 0x00, 0x01, 0x00]).is_none());
    }

    #[test]
    fn lengths_that_are_not_there_are_refused_at_once() {
        for opener in [0x5B, 0x7B, 0x9B, 0xBB] {
            let mut bytes = vec![opener];
            bytes.extend([0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0]);
            assert!(first(&bytes).is_none(), "{opener:#x}");
        }
    }
}
