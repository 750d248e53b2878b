use ciborium::Value;

/// How deep arrays, maps and tags may lie in one another.
const MAX_DEPTH: usize = 8;
/// Entries a map may have, so that looking for a key twice stays cheap.
const MAX_ENTRIES: usize = 64;

pub(super) type Map = [(Value, Value)];

/// The first item of `bytes` and what follows it. `None` for an item that is malformed,
/// too deep, or has a map that is too long or names a key twice.
pub(super) fn first(bytes: &[u8]) -> Option<(Value, &[u8])> {
    let mut rest = bytes;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_DEPTH).ok()?;
    is_sound(&value).then_some((value, rest))
}

/// The one map that `bytes` are.
pub(super) fn map(bytes: &[u8]) -> Option<Vec<(Value, Value)>> {
    match first(bytes)? {
        (Value::Map(entries), []) => Some(entries),
        _ => None,
    }
}

/// What `map` has under a key, which is a text or a number.
pub(super) fn get(map: &Map, key: impl Into<Value>) -> Option<&Value> {
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
