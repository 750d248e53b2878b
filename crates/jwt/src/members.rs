//! A JSON object read in one pass: the members asked for, and every name once.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What a claim or header parameter may be; anything else is unusable as one.
pub(crate) enum Member<'j> {
    Text(Cow<'j, str>),
    Integer(i64),
    Truth(bool),
    Texts(Vec<String>),
    Unusable,
}

/// A struct of members, each declared once: as a field and as its name in JSON.
macro_rules! members {
    ($(#[$about:meta])* $visibility:vis struct $object:ident { $($field:ident = $name:literal,)* }) => {
        $(#[$about])*
        #[derive(Default)]
        $visibility struct $object<'j> {
            $(pub(crate) $field: Option<crate::members::Member<'j>>,)*
        }

        impl<'j> crate::members::Members<'j> for $object<'j> {
            fn place(&mut self, name: &str) -> Option<&mut Option<crate::members::Member<'j>>> {
                match name {
                    $($name => Some(&mut self.$field),)*
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use members;

/// What [`members!`] makes.
pub(crate) trait Members<'j>: Default {
    /// Where the member of this name goes; nowhere if nobody asks for it.
    fn place(&mut self, name: &str) -> Option<&mut Option<Member<'j>>>;
}

/// The members that `M` asks for.
///
/// RFC 7519 §4 and RFC 7515 §4 leave a choice between refusing duplicate names and
/// taking the last; two readers that choose differently read two tokens. Here any
/// name that stands twice is an error.
pub(crate) fn read<'j, M: Members<'j>>(json: &'j str) -> Result<M, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(json);
    let members = json.deserialize_map(Asked(PhantomData))?;
    json.end()?;
    Ok(members)
}

/// The one member of this name, as whatever `T` is.
pub(crate) fn read_one<'j, T: Deserialize<'j>>(
    json: &'j str,
    name: &str,
) -> Result<Option<T>, serde_json::Error> {
    let kind = PhantomData;
    serde_json::Deserializer::from_str(json).deserialize_map(One { name, kind })
}

struct Asked<M>(PhantomData<M>);

impl<'j, M: Members<'j>> Visitor<'j> for Asked<M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut access: A) -> Result<M, A::Error> {
        let mut asked = M::default();
        let mut others: Vec<Cow<'j, str>> = Vec::new();
        while let Some(Name(name)) = access.next_key()? {
            match asked.place(&name) {
                Some(Some(_)) => return Err(A::Error::custom("duplicate name")),
                Some(place) => *place = Some(access.next_value()?),
                None => {
                    access.next_value::<IgnoredAny>()?;
                    others.push(name);
                }
            }
        }
        others.sort_unstable();
        match others.windows(2).any(|pair| pair.first() == pair.last()) {
            true => Err(A::Error::custom("duplicate name")),
            false => Ok(asked),
        }
    }
}

struct One<'n, T> {
    name: &'n str,
    kind: PhantomData<T>,
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
