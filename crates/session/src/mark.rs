use std::collections::HashMap;

use parking_lot::RwLock;

use crate::id::UserIndex;
use crate::time::Timestamp;

/// Which of a person's tokens count no longer, because of a "sign out everywhere".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevocationMark {
    /// Tokens with an `iat` up to this second are refused, those of the same second too.
    pub before: Timestamp,
    /// The one sign-in to which that does not apply.
    pub spared: Option<Spared>,
}

/// The sign-in that ended all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spared {
    /// Names it: a hash of its `origin_jti`.
    pub sign_in: [u8; 32],
    /// What holds for its tokens in place of [`RevocationMark::before`], from marks that did
    /// not spare it.
    pub before: Timestamp,
}

impl RevocationMark {
    /// Refuses every token up to `before`, but for those of the `spared` sign-in.
    #[must_use]
    pub fn new(before: Timestamp, spared: Option<[u8; 32]>) -> Self {
        let spared = spared.map(|sign_in| Spared {
            sign_in,
            before: Timestamp::from_secs(i64::MIN),
        });
        Self { before, spared }
    }

    /// Whether a token of this `iat` and sign-in is refused.
    #[must_use]
    pub fn refuses(&self, iat: Timestamp, sign_in: Option<&[u8; 32]>) -> bool {
        iat <= self.reach(sign_in)
    }

    /// One mark that refuses what either of the two refuses: a token that was refused stays
    /// so. The order of merging does not matter.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let (earlier, later) = match self.before < other.before {
            true => (self, other),
            false => (other, self),
        };
        let spared = later.spared.and_then(|spared| {
            let before = spared.before.max(earlier.reach(Some(&spared.sign_in)));
            (before < later.before).then_some(Spared { before, ..spared })
        });
        Self { spared, ..later }
    }

    fn reach(&self, sign_in: Option<&[u8; 32]>) -> Timestamp {
        match &self.spared {
            Some(spared) if Some(&spared.sign_in) == sign_in => spared.before,
            _ => self.before,
        }
    }
}

/// A mark as a store keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptMark {
    /// What it says.
    pub mark: RevocationMark,
    /// From then on it is none.
    pub expires_at: Timestamp,
}

/// `before`, `expires_at`, then what is spared or nothing: times in big-endian seconds.
const BARE_LEN: usize = 16;
const SPARING_LEN: usize = BARE_LEN + 32 + 8;

impl KeptMark {
    /// Both in one; the later end counts.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            mark: self.mark.merge(other.mark),
            expires_at: self.expires_at.max(other.expires_at),
        }
    }

    /// For a store that keeps bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SPARING_LEN);
        bytes.extend(self.mark.before.as_secs().to_be_bytes());
        bytes.extend(self.expires_at.as_secs().to_be_bytes());
        if let Some(spared) = &self.mark.spared {
            bytes.extend(spared.sign_in);
            bytes.extend(spared.before.as_secs().to_be_bytes());
        }
        bytes
    }

    /// What [`KeptMark::to_bytes`] made; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (before, rest) = seconds(bytes)?;
        let (expires_at, rest) = seconds(rest)?;
        let spared = match rest.split_first_chunk() {
            None if rest.is_empty() => None,
            None => return None,
            Some((sign_in, rest)) => match seconds(rest)? {
                (before, []) => Some(Spared {
                    sign_in: *sign_in,
                    before,
                }),
                _ => return None,
            },
        };
        Some(Self {
            mark: RevocationMark { before, spared },
            expires_at,
        })
    }
}

fn seconds(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (seconds, rest) = bytes.split_first_chunk()?;
    Some((Timestamp::from_secs(i64::from_be_bytes(*seconds)), rest))
}

/// Marks in this process's memory, for a store to answer from.
#[derive(Default)]
pub struct Marks(RwLock<HashMap<UserIndex, KeptMark>>);

impl Marks {
    /// As [`SessionStore::put_mark`](crate::SessionStore::put_mark).
    pub fn put(&self, user: &UserIndex, mark: RevocationMark, expires_at: Timestamp) {
        let new = KeptMark { mark, expires_at };
        let mut marks = self.0.write();
        let entry = marks.entry(*user);
        entry
            .and_modify(|kept| *kept = kept.merge(new))
            .or_insert(new);
    }

    /// As [`SessionStore::mark`](crate::SessionStore::mark).
    pub fn find(&self, users: &[UserIndex], now: Timestamp) -> Option<RevocationMark> {
        let marks = self.0.read();
        let kept = users.iter().filter_map(|user| marks.get(user));
        kept.filter(|kept| now < kept.expires_at)
            .map(|kept| kept.mark)
            .reduce(RevocationMark::merge)
    }

    /// Forgets at most `limit` that expired by `now`; how many.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        let mut marks = self.0.write();
        marks
            .extract_if(|_, kept| kept.expires_at <= now)
            .take(limit)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mark_refuses_its_own_second_and_what_came_before() {
        let mark = mark(10, Some(1));
        for (iat, refused) in [(i64::MIN, true), (9, true), (10, true), (11, false)] {
            let iat = Timestamp::from_secs(iat);
            assert_eq!(mark.refuses(iat, None), refused);
            assert_eq!(mark.refuses(iat, Some(&[2; 32])), refused);
        }
        assert!(!mark.refuses(Timestamp::from_secs(10), Some(&[1; 32])));
    }

    /// Two devices that end each other at once: neither's old tokens come through.
    #[test]
    fn a_later_mark_spares_nothing_that_an_earlier_one_refused() {
        let both = mark(10, Some(1)).merge(mark(11, Some(2)));
        for (iat, one, two) in [(10, true, true), (11, true, false), (12, false, false)] {
            let iat = Timestamp::from_secs(iat);
            assert_eq!(both.refuses(iat, Some(&[1; 32])), one);
            assert_eq!(both.refuses(iat, Some(&[2; 32])), two);
        }
        assert_eq!(mark(10, Some(1)).merge(mark(10, Some(2))), mark(10, None));
    }

    proptest! {
        #[test]
        fn marks_merge_to_what_refuses_as_all_of_them_do(
            marks in prop::collection::vec(any_mark(), 1..5),
            iat in 0..9_i64,
            sign_in in prop::option::of(0..3_u8),
        ) {
            let all = |marks: &[RevocationMark]| {
                marks.iter().copied().reduce(RevocationMark::merge).unwrap()
            };
            let (iat, sign_in) = (Timestamp::from_secs(iat), sign_in.map(|n| [n; 32]));
            let any = marks.iter().any(|mark| mark.refuses(iat, sign_in.as_ref()));
            let merged = all(&marks);
            prop_assert_eq!(merged.refuses(iat, sign_in.as_ref()), any);
            let mut backwards = marks.clone();
            backwards.reverse();
            prop_assert_eq!(all(&backwards), merged);
            prop_assert_eq!(merged.merge(merged), merged);
            prop_assert_eq!(merged.merge(marks[0]), merged);
        }
    }

    proptest! {
        #[test]
        fn marks_survive_as_bytes(
            mark in any_mark(),
            expires_at in any::<i64>(),
            noise in prop::collection::vec(any::<u8>(), 0..80),
        ) {
            let kept = KeptMark { mark, expires_at: Timestamp::from_secs(expires_at) };
            let bytes = kept.to_bytes();
            prop_assert_eq!(KeptMark::from_bytes(&bytes), Some(kept));
            for end in 0..bytes.len() {
                let cut = KeptMark::from_bytes(&bytes[..end]);
                prop_assert_eq!(cut.is_some(), end == BARE_LEN);
            }
            let odd = KeptMark::from_bytes(&noise).is_some();
            prop_assert_eq!(odd, [BARE_LEN, SPARING_LEN].contains(&noise.len()));
        }
    }

    fn any_mark() -> impl Strategy<Value = RevocationMark> {
        (0..9_i64, prop::option::of(0..3_u8)).prop_map(|(before, spared)| mark(before, spared))
    }

    fn mark(before: i64, spared: Option<u8>) -> RevocationMark {
        RevocationMark::new(Timestamp::from_secs(before), spared.map(|n| [n; 32]))
    }
}
