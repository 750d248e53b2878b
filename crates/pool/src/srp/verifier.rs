use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::group::Element;
use super::{hash, hex, padded, trimmed};

/// In front of a verifier's text: what the rest of it is.
const TEXT: &str = "srp6a";

/// The longest salt a client may choose, in bytes.
const LONGEST_SALT: usize = 64;

/// What is kept of a password: a salt and v = g^x mod N.
pub(crate) struct Verifier {
    salt: Vec<u8>,
    pub(super) v: Element,
}

impl Verifier {
    /// Of a password, for an id with its prefix. Zero bytes in front of the salt are dropped:
    /// some clients take it for a number, and hash it without them.
    pub(crate) fn of(prefix: &str, id: &str, password: &str, salt: [u8; 16]) -> Self {
        let salt = trimmed(&salt).to_vec();
        let v = v(prefix, id, password, &salt);
        Self { salt, v }
    }

    /// The verifier a device has made of its secret: both are base64 of big-endian bytes.
    /// `None` unless v is a number that keeps a secret and the salt has 1 to 64 bytes.
    pub(crate) fn from_client(password_verifier: &str, salt: &str) -> Option<Self> {
        let salt = STANDARD.decode(salt).ok()?;
        let v = Element::new(&STANDARD.decode(password_verifier).ok()?)?;
        (v.is_proper() && !salt.is_empty() && salt.len() <= LONGEST_SALT)
            .then_some(Self { salt, v })
    }

    /// For a name nobody has: always the same one for the same name and secret, of a v whose x
    /// nobody knows.
    pub(crate) fn decoy(secret: &[u8], name: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let block = |number: u8| hmac::sign(&key, &[&[number], name.as_bytes()].concat());
        let mut salt = [0; 16];
        let mut v = [0; 383];
        for (byte, random) in salt.iter_mut().zip(block(0).as_ref()) {
            *byte = *random;
        }
        for (chunk, number) in v.chunks_mut(32).zip(1..) {
            for (byte, random) in chunk.iter_mut().zip(block(number).as_ref()) {
                *byte = *random;
            }
        }
        Self {
            salt: trimmed(&salt).to_vec(),
            v: Element::from_short(&v),
        }
    }

    /// Whether it is of this password. Costs the same whatever the answer.
    pub(crate) fn matches(&self, prefix: &str, id: &str, password: &str) -> bool {
        self.v.same(&v(prefix, id, password, &self.salt))
    }

    /// For the database: `srp6a$<salt>$<v>` in base64, less than 640 bytes.
    pub(crate) fn to_text(&self) -> String {
        let [salt, v] = [&*self.salt, &*self.v.to_bytes()].map(|b| STANDARD_NO_PAD.encode(b));
        format!("{TEXT}${salt}${v}")
    }

    /// `None` for any other text.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let (salt, v) = text
            .strip_prefix(TEXT)?
            .strip_prefix('$')?
            .split_once('$')?;
        let v = Element::new(&STANDARD_NO_PAD.decode(v).ok()?)?;
        let salt = STANDARD_NO_PAD.decode(salt).ok()?;
        v.is_proper().then_some(Self { salt, v })
    }

    /// As challenges show it, for a device the very bytes it gave.
    pub(crate) fn salt_hex(&self) -> String {
        hex::encode(&self.salt)
    }
}

/// g^x, with x = H(salt, H(prefix, id, ":", password)).
fn v(prefix: &str, id: &str, password: &str, salt: &[u8]) -> Element {
    let identity = hash(&[prefix.as_bytes(), id.as_bytes(), b":", password.as_bytes()]);
    Element::generator_to(&hash(&[&padded(salt), &identity]))
}

#[cfg(test)]
mod tests {
    use super::super::group::N;
    use super::*;

    fn decoded(base64: &str) -> Vec<u8> {
        STANDARD_NO_PAD.decode(base64).unwrap()
    }

    #[test]
    fn a_verifier_is_of_one_password_of_one_id() {
        let verifier = Verifier::of("Pool", "id", "Passw0rd!", [0x81; 16]);
        assert!(verifier.matches("Pool", "id", "Passw0rd!"));
        assert!(!verifier.matches("Pool", "id", "passw0rd!"));
        assert!(!verifier.matches("Pool", "other", "Passw0rd!"));
        assert!(!verifier.matches("Other", "id", "Passw0rd!"));
        assert!(!verifier.matches("Pool", "id", ""));
    }

    #[test]
    fn the_text_holds_all_of_it() {
        let verifier = Verifier::of("Pool", "id", "Passw0rd!", [7; 16]);
        let text = verifier.to_text();
        assert!(text.len() < 640, "{}", text.len());
        let read = Verifier::from_text(&text).unwrap();
        assert!(read.matches("Pool", "id", "Passw0rd!"));
        assert_eq!(read.salt_hex(), "07".repeat(16));
        assert_eq!(read.to_text(), text);
    }

    #[test]
    fn another_text_is_no_verifier() {
        let text = Verifier::of("Pool", "id", "Passw0rd!", [7; 16]).to_text();
        let one = STANDARD_NO_PAD.encode([1]);
        for other in [
            "",
            "srp6a",
            "srp6a$$",
            "srp6a$AAAA$",
            "srp6a$AAAA$????",
            "$argon2id$v=19$m=4096,t=9,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNo",
            &text[1..],
            &text[..text.len() - 1],
            &format!("{text}="),
            &format!("srp6a$AAAA${one}"),
            &format!("srp6a$AAAA${}", STANDARD_NO_PAD.encode([0xff; 384])),
        ] {
            assert!(Verifier::from_text(other).is_none(), "{other}");
        }
    }

    #[test]
    fn zeros_in_front_of_a_salt_are_dropped() {
        let mut salt = [0x99; 16];
        (salt[0], salt[1]) = (0, 0);
        let verifier = Verifier::of("Pool", "id", "Passw0rd!", salt);
        assert_eq!(verifier.salt_hex(), "99".repeat(14));
        assert!(verifier.matches("Pool", "id", "Passw0rd!"));
    }

    #[test]
    fn a_device_keeps_the_salt_it_gave() {
        let v = STANDARD.encode([&[0x80], &[1; 300][..]].concat());
        let padded_v = STANDARD.encode([&[0, 0x80], &[1; 300][..]].concat());
        for (salt, kept) in [(vec![0, 0x99], "0099"), (vec![0x99], "99")] {
            let salt = STANDARD.encode(salt);
            let verifier = Verifier::from_client(&v, &salt).unwrap();
            assert_eq!(verifier.salt_hex(), kept);
            let padded = Verifier::from_client(&padded_v, &salt).unwrap();
            assert_eq!(verifier.to_text(), padded.to_text());
            assert_eq!(
                Verifier::from_text(&verifier.to_text()).unwrap().salt_hex(),
                kept
            );
        }
        let longest = STANDARD.encode([1; 64]);
        assert!(Verifier::from_client(&v, &longest).is_some());
    }

    #[test]
    fn a_device_verifier_that_keeps_nothing_secret_is_refused() {
        let v = STANDARD.encode([1; 300]);
        let salt = STANDARD.encode([1; 16]);
        let minus_one = STANDARD.encode(hex::decode(&format!("{}e", &N[..767])).unwrap());
        let n = STANDARD.encode(hex::decode(N).unwrap());
        for bad in [
            "",
            "?",
            &STANDARD.encode([0]),
            &STANDARD.encode([1]),
            &STANDARD.encode([0; 384]),
            &STANDARD.encode([1; 385]),
            &minus_one,
            &n,
        ] {
            assert!(Verifier::from_client(bad, &salt).is_none(), "{bad}");
        }
        for bad in ["", "?", &STANDARD.encode([1; 65])] {
            assert!(Verifier::from_client(&v, bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_decoy_is_the_same_for_the_same_name() {
        let decoy = |secret: &[u8], name| Verifier::decoy(secret, name).to_text();
        assert_eq!(decoy(b"secret", "nobody"), decoy(b"secret", "nobody"));
        assert_ne!(decoy(b"secret", "nobody"), decoy(b"secret", "somebody"));
        assert_ne!(decoy(b"secret", "nobody"), decoy(b"other", "nobody"));
        let verifier = Verifier::decoy(b"secret", "nobody");
        assert_eq!(verifier.salt_hex().len(), 32);
        assert!(!verifier.matches("Pool", "nobody", ""));
        // It looks like one of a password: no part of it repeats, and it is long.
        let text = verifier.to_text();
        let v = decoded(text.rsplit('$').next().unwrap());
        let mut chunks: Vec<_> = v[1..].chunks(32).collect();
        chunks.sort_unstable();
        chunks.dedup();
        assert_eq!(chunks.len(), 12);
    }
}
