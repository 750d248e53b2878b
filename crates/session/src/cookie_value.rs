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
    let fields = label.iter().chain(kid).chain(id);
    input
        .iter_mut()
        .zip(fields)
        .for_each(|(to, from)| *to = *from);
    input
}
