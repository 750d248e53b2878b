//! A JSON object read in one pass: the members asked for, and every name once.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What a claim or header parameter may be; anything else is unusable as one.
pub(crate) enum Member<'j> {
    Text(Cow<'j, str>),
    Integer(i64),
    Truth(bool),
    Texts(Vec<String>),
    Unusable,
}

/// The members with these names, in this order.
///
/// RFC 7519 §4 and RFC 7515 §4 leave a choice between refusing duplicate names and
/// taking the last; two readers that choose differently read two tokens. Here any
/// name that stands twice is an error.
pub(crate) fn read<'j, const N: usize>(
    json: &'j str,
    names: &[&str; N],
) -> Result<[Option<Member<'j>>; N], serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(json);
    let members = json.deserialize_map(Members { names })?;
    json.end()?;
    Ok(members)
}

/// The one member of this name, as whatever `T` is.
pub(crate) fn read_one<'j, T: Deserialize<'j>>(
    json: &'j str,
    name: &str,
) -> Result<Option<T>, serde_json::Error> {
    serde_json::Deserializer::from_str(json).deserialize_map(One {
        name,
        kind: std::marker::PhantomData,
    })
}

struct Members<'n, const N: usize> {
    names: &'n [&'n str; N],
}

impl<'j, const N: usize> Visitor<'j> for Members<'_, N> {
    type Value = [Option<Member<'j>>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut found = [const { None }; N];
        let mut others: Vec<Cow<'j, str>> = Vec::new();
        while let Some(Name(name)) = access.next_key()? {
            let mut slots = self.names.iter().zip(&mut found);
            match slots.find(|(known, _)| **known == name) {
                Some((_, Some(_))) => return Err(A::Error::custom("duplicate name")),
                Some((_, slot)) => *slot = Some(access.next_value()?),
                None => {
                    access.next_value::<IgnoredAny>()?;
                    others.push(name);
                }
            }
        }
        others.sort_unstable();
        match others.windows(2).any(|pair| pair.first() == pair.last()) {
            true => Err(A::Error::custom("duplicate name")),
            false => Ok(found),
        }
    }
}

struct One<'n, T> {
    name: &'n str,
    kind: std::marker::PhantomData<T>,
}

impl<'j, T: Deserialize<'j>> Visitor<'j> for One<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Name(name)) = access.next_key()? {
            if name == self.name {
                found = Some(access.next_value()?);
            } else {
                access.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Borrowed where it has no escapes.
struct Name<'j>(Cow<'j, str>);

impl<'j> Deserialize<'j> for Name<'j> {
    fn deserialize<D: Deserializer<'j>>(deserializer: D) -> Result<Self, D::Error> {
        match Member::deserialize(deserializer)? {
            Member::Text(name) => Ok(Self(name)),
            _ => Err(D::Error::custom("a name is a string")),
        }
    }
}

impl<'j> Deserialize<'j> for Member<'j> {
    fn deserialize<D: Deserializer<'j>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyMember)
    }
}

struct AnyMember;

impl<'j> Visitor<'j> for AnyMember {
    type Value = Member<'j>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'j str) -> Result<Member<'j>, E> {
        Ok(Member::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Member<'j>, E> {
        Ok(Member::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Member<'j>, E> {
        Ok(Member::Truth(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Member<'j>, E> {
        Ok(Member::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Member<'j>, E> {
        Ok(i64::try_from(number).map_or(Member::Unusable, Member::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Member<'j>, E> {
        Ok(Member::Unusable)
    }

    fn visit_unit<E>(self) -> Result<Member<'j>, E> {
        Ok(Member::Unusable)
    }

    fn visit_seq<A: SeqAccess<'j>>(self, mut access: A) -> Result<Member<'j>, A::Error> {
        let mut texts = Some(Vec::new());
        while let Some(element) = access.next_element()? {
            match (element, &mut texts) {
                (Member::Text(text), Some(texts)) => texts.push(text.into_owned()),
                _ => texts = None,
            }
        }
        Ok(texts.map_or(Member::Unusable, Member::Texts))
    }

    fn visit_map<A: MapAccess<'j>>(self, mut access: A) -> Result<Member<'j>, A::Error> {
        while access.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Member::Unusable)
    }
}
