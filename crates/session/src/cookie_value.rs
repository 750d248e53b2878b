//! The cookie's value: `<key id>.<id>.<mac>`, id and MAC as canonical base64url (RFC 4648
//! section 5, no padding).

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::{Zeroize, Zeroizing};

use crate::id::SessionId;
use crate::keyring::{KID_LEN, KeyRing};

const SECRET_LEN: usize = 43;
const VALUE_LEN: usize = KID_LEN + 1 + SECRET_LEN + 1 + SECRET_LEN;

/// What a cookie is for. Part of the MAC's input, so that one never passes as the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The session cookie.
    Session,
    /// The cookie that binds a sign-in under way to its browser.
    Login,
}

/// A cookie value: a bearer secret, wiped when dropped, that does not print.
pub struct CookieValue(String);

impl CookieValue {
    /// The text for `Set-Cookie`: 94 characters of `A-Z a-z 0-9 - _ .`.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for CookieValue {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for CookieValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CookieValue(..)")
    }
}

/// The cookie value of `id`, signed with the ring's current key.
#[must_use]
pub fn issue(ring: &KeyRing, purpose: Purpose, id: &SessionId) -> CookieValue {
    let key = ring.signer();
    let mac = hmac::sign(&key.cookie, &*mac_input(purpose, &key.kid, id.as_bytes()));
    let mut value = String::with_capacity(VALUE_LEN);
    value.extend(key.kid.map(char::from));
    value.push('.');
    URL_SAFE_NO_PAD.encode_string(id.as_bytes(), &mut value);
    value.push('.');
    URL_SAFE_NO_PAD.encode_string(mac, &mut value);
    CookieValue(value)
}

/// The id in `value` when a key of the ring signed it for `purpose`, else `None`.
/// Touches no store; the MAC is compared in constant time.
#[must_use]
pub fn verify(ring: &KeyRing, purpose: Purpose, value: &str) -> Option<SessionId> {
    let value: &[u8; VALUE_LEN] = value.as_bytes().try_into().ok()?;
    let (kid, rest) = value.split_first_chunk::<KID_LEN>()?;
    let (id, mac) = rest.strip_prefix(b".")?.split_at_checked(SECRET_LEN)?;
    let key = ring.verifier(kid)?;
    let id = decode(id)?;
    let mac = decode(mac.strip_prefix(b".")?)?;
    hmac::verify(&key.cookie, &*mac_input(purpose, kid, &id), &*mac).ok()?;
    Some(SessionId::from_secret(*id))
}

/// Strict: another alphabet, padding or loose trailing bits are refused.
fn decode(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    let len = URL_SAFE_NO_PAD.decode_slice(text, &mut *bytes).ok()?;
    (len == bytes.len()).then_some(bytes)
}

const MAC_INPUT_LEN: usize = 8 + KID_LEN + 32;

/// Fields of fixed length in one block, so that no byte can move from one to the next.
fn mac_input(
    purpose: Purpose,
    kid: &[u8; KID_LEN],
    id: &[u8; 32],
) -> Zeroizing<[u8; MAC_INPUT_LEN]> {
    let label = match purpose {
        Purpose::Session => b"session\0",
        Purpose::Login => b"login\0\0\0",
    };
    let mut input = Zeroizing::new([0; MAC_INPUT_LEN]);
    let (to_label, rest) = input.split_at_mut(label.len());
    let (to_kid, to_id) = rest.split_at_mut(KID_LEN);
    to_label.copy_from_slice(label);
    to_kid.copy_from_slice(kid);
    to_id.copy_from_slice(id);
    input
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use proptest::prelude::*;

    use super::*;
    use crate::keyring::Secret;

    #[test]
    fn an_issued_value_verifies_for_its_purpose_only() {
        let (ring, id) = (ring(&["a good long secret"]), id());
        for (purpose, other) in [
            (Purpose::Session, Purpose::Login),
            (Purpose::Login, Purpose::Session),
        ] {
            let value = issue(&ring, purpose, &id);
            assert_eq!(value.expose().len(), VALUE_LEN);
            let found = verify(&ring, purpose, value.expose()).unwrap();
            assert_eq!(found.as_bytes(), id.as_bytes());
            assert_eq!(found.lookup_key(), id.lookup_key());
            assert!(verify(&ring, other, value.expose()).is_none());
            assert_eq!(format!("{value:?}"), "CookieValue(..)");
        }
    }

    #[test]
    fn a_changed_byte_anywhere_is_refused() {
        let (ring, value) = issued();
        for at in 0..value.len() {
            for byte in (0..0x80).filter(|byte| *byte != value.as_bytes()[at]) {
                let mut bytes = value.clone().into_bytes();
                bytes[at] = byte;
                let changed = String::from_utf8(bytes).unwrap();
                assert!(
                    verify(&ring, Purpose::Session, &changed).is_none(),
                    "{changed:?}"
                );
            }
        }
    }

    #[test]
    fn a_shorter_or_longer_value_is_refused() {
        let (ring, value) = issued();
        for end in 0..value.len() {
            assert!(verify(&ring, Purpose::Session, &value[..end]).is_none());
            assert!(verify(&ring, Purpose::Session, &value[end + 1..]).is_none());
        }
        for more in ["A", "=", ".", " ", "\0", ".A", &value] {
            assert!(verify(&ring, Purpose::Session, &format!("{value}{more}")).is_none());
            assert!(verify(&ring, Purpose::Session, &format!("{more}{value}")).is_none());
        }
    }

    #[test]
    fn other_spellings_of_a_good_value_are_refused() {
        let (ring, value) = issued();
        let [kid, id, mac] = value.split('.').collect::<Vec<_>>()[..] else {
            panic!()
        };
        for spelling in [
            format!("\"{value}\""),
            format!("{kid}.{id}=.{mac}="),
            format!("{kid}.{mac}.{id}"),
            format!("{id}.{kid}.{mac}"),
            format!("{kid}.{id}{mac}"),
            format!("{kid}..{id}.{mac}"),
            format!(".{id}.{mac}"),
            format!("{kid}.{id}."),
            value.to_uppercase(),
            value.replace('.', "%2E"),
            value.replacen('.', ":", 1),
            format!("$Version=1; {value}; $Path=/"),
            format!("\u{2000}{value}"),
            format!("{value}\u{a0}"),
        ] {
            assert!(
                verify(&ring, Purpose::Session, &spelling).is_none(),
                "{spelling}"
            );
        }
    }

    #[test]
    fn hostile_values_are_refused() {
        let ring = ring(&["a good long secret"]);
        let kid = ring.signer().kid.escape_ascii().to_string();
        for value in [
            String::new(),
            "*".into(),
            "x\r\nDEL session:1".into(),
            "../".into(),
            "session:abc".into(),
            "oauth_state:known".into(),
            "A".repeat(64 << 10),
            "\0".repeat(VALUE_LEN),
            ".".repeat(VALUE_LEN),
            format!("{kid}.{}.{}", "A".repeat(43), "A".repeat(43)),
            format!("{kid}.{}\u{e9}.{}", "A".repeat(41), "A".repeat(43)),
            "é".repeat(VALUE_LEN / 2),
        ] {
            assert!(verify(&ring, Purpose::Session, &value).is_none());
            assert!(verify(&ring, Purpose::Login, &value).is_none());
        }
    }

    /// Named as one's own, so that the MAC itself is what refuses.
    #[test]
    fn five_thousand_wrong_keys_are_refused() {
        let (ring, _) = issued();
        let kid = ring.signer().kid.escape_ascii().to_string();
        for n in 0..5000 {
            let wrong = self::ring(&[&format!("a wrong secret, number {n}")]);
            let value = issue(&wrong, Purpose::Session, &id());
            assert!(verify(&ring, Purpose::Session, value.expose()).is_none());
            let renamed = format!("{kid}{}", &value.expose()[KID_LEN..]);
            assert!(verify(&ring, Purpose::Session, &renamed).is_none());
        }
    }

    #[test]
    fn keys_rotate() {
        let (old, new) = ("the old long secret", "the new long secret");
        let value = issue(&ring(&[old]), Purpose::Session, &id());
        let verifies = |secrets: &[&str], value: &CookieValue| {
            verify(&ring(secrets), Purpose::Session, value.expose()).is_some()
        };
        assert!(verifies(&[old], &value));
        assert!(verifies(&[new, old], &value));
        assert!(!verifies(&[new], &value));
        let renewed = issue(&ring(&[new, old]), Purpose::Session, &id());
        assert!(verifies(&[new], &renewed));
        assert!(!verifies(&[old], &renewed));
    }

    /// Every field of the MAC's input has its own fixed place.
    #[test]
    fn no_byte_can_move_between_fields_of_the_mac() {
        let input = |purpose, kid, first| {
            let mut id = [b'x'; 32];
            id[0] = first;
            *mac_input(purpose, kid, &id)
        };
        let one = input(Purpose::Session, b"abcde1", b'2');
        assert_ne!(one, input(Purpose::Session, b"abcd12", b'x'));
        assert_ne!(one, input(Purpose::Login, b"abcde1", b'2'));
        assert_eq!(one[..8], *b"session\0");
        assert_eq!(one[8..14], *b"abcde1");
        assert_eq!(one[14..16], *b"2x");
    }

    proptest! {
        #[test]
        fn any_text_is_refused_without_panic(value in ".*") {
            prop_assert!(verify(&ring(&["a good long secret"]), Purpose::Session, &value).is_none());
        }

        #[test]
        fn text_of_the_right_shape_is_refused_without_panic(tail in "[A-Za-z0-9_-]{43}\\.[A-Za-z0-9_-]{43}") {
            let ring = ring(&["a good long secret"]);
            let value = format!("{}.{tail}", ring.signer().kid.escape_ascii());
            prop_assert_eq!(value.len(), VALUE_LEN);
            prop_assert!(verify(&ring, Purpose::Session, &value).is_none());
        }

        #[test]
        fn every_id_comes_back(bytes: [u8; 32]) {
            let ring = ring(&["a good long secret"]);
            let value = issue(&ring, Purpose::Login, &SessionId::from_secret(bytes));
            let found = verify(&ring, Purpose::Login, value.expose()).unwrap();
            prop_assert_eq!(found.as_bytes(), &bytes);
        }
    }

    fn issued() -> (KeyRing, String) {
        let ring = ring(&["a good long secret"]);
        let value = issue(&ring, Purpose::Session, &id()).expose().to_owned();
        (ring, value)
    }

    fn id() -> SessionId {
        SessionId::generate(&SystemRandom::new()).unwrap()
    }

    fn ring(secrets: &[&str]) -> KeyRing {
        let secrets: Vec<_> = secrets
            .iter()
            .map(|text| Secret::from((*text).to_owned()))
            .collect();
        KeyRing::new(&secrets, &[]).unwrap()
    }
}
