use aws_lc_rs::hmac;

use crate::db::{Db, meta};
use crate::error::{ApiError, Result};
use crate::options::{PoolError, pool_name};
use crate::random::Random;
use crate::settings::PasswordPolicy;
use crate::srp::Verifier;

/// What the pool keeps of passwords: SRP verifiers, each of one user. One is made or tried in
/// a millisecond or two.
pub(crate) struct Passwords {
    /// What verifiers for names nobody has are made of; as long as the data is.
    decoys: String,
}

impl Passwords {
    pub(crate) fn open(db: &Db, random: &Random) -> Result<Self, PoolError> {
        const NAME: &str = "decoys";
        let decoys = db.run(|tx| {
            if let Some(decoys) = meta::get(tx, NAME)? {
                return Ok(decoys);
            }
            let decoys = random.token();
            meta::set(tx, NAME, &decoys)?;
            Ok::<_, rusqlite::Error>(decoys)
        })?;
        Ok(Self { decoys })
    }

    /// What is to be stored of the password of this user.
    pub(crate) fn hash(&self, user_id: &str, password: &str, random: &Random) -> String {
        Verifier::of(pool_name(), user_id, password, random.bytes()).to_text()
    }

    /// Takes as long without a stored text as with one.
    pub(crate) fn verify(&self, user_id: &str, password: &str, stored: Option<&str>) -> bool {
        self.verifier(user_id, stored)
            .matches(pool_name(), user_id, password)
            && stored.is_some()
    }

    /// The verifier of a user, by what is stored of the password. For a name nobody has, and for
    /// text that is no verifier, one that no password is of: always the same for the same name.
    pub(crate) fn verifier(&self, name: &str, stored: Option<&str>) -> Verifier {
        let decoy = Verifier::decoy(self.decoys.as_bytes(), &name.to_lowercase());
        stored.and_then(Verifier::from_text).unwrap_or(decoy)
    }

    /// The id to tell for a name nobody has, always the same for the same name.
    pub(crate) fn decoy_id(&self, name: &str) -> String {
        uuid::Builder::from_random_bytes(self.decoy("id", name))
            .into_uuid()
            .to_string()
    }

    /// Up to 32 bytes for a name nobody has: one that does not know the pool's secret cannot tell
    /// them from random ones.
    pub(crate) fn decoy<const N: usize>(&self, purpose: &str, name: &str) -> [u8; N] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.decoys.as_bytes());
        let tag = hmac::sign(
            &key,
            format!("{purpose} {}", name.to_lowercase()).as_bytes(),
        );
        let mut bytes = [0; N];
        for (byte, random) in bytes.iter_mut().zip(tag.as_ref()) {
            *byte = *random;
        }
        bytes
    }
}
/// The characters Cognito counts as symbols, besides spaces inside.
const SYMBOLS: &str = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- ";

impl PasswordPolicy {
    /// # Errors
    /// `InvalidPasswordException` naming the first rule broken.
    pub(crate) fn check(&self, password: &str) -> Result<()> {
        let has = |class: fn(char) -> bool| password.chars().any(class);
        // A space counts inside only.
        let inside = password.trim_matches(' ');
        let symbol = inside.chars().any(|c| SYMBOLS.contains(c));
        let long = i64::try_from(password.chars().count()).unwrap_or(i64::MAX);
        let fault = if long < self.minimum_length {
            "Password not long enough"
        } else if long > 256 {
            "Password too long"
        } else if self.require_lowercase && !has(|c| c.is_ascii_lowercase()) {
            "Password must have lowercase characters"
        } else if self.require_uppercase && !has(|c| c.is_ascii_uppercase()) {
            "Password must have uppercase characters"
        } else if self.require_numbers && !has(|c| c.is_ascii_digit()) {
            "Password must have numeric characters"
        } else if self.require_symbols && !symbol {
            "Password must have symbol characters"
        } else {
            return Ok(());
        };
        Err(ApiError::new(
            "InvalidPasswordException",
            format!("Password did not conform with policy: {fault}"),
        ))
    }

    /// A password that keeps the rules, every such one equally likely.
    pub(crate) fn generate(&self, random: &Random) -> String {
        const SHORTEST: i64 = 12;
        const LETTERS: &[u8] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%*+-.:=?@^_~";
        let length = usize::try_from(self.minimum_length.max(SHORTEST)).unwrap_or_default();
        loop {
            let letters = std::iter::repeat_with(|| random.bytes::<1>())
                .filter_map(|[byte]| LETTERS.get(usize::from(byte & 0x7f)));
            let password: String = letters.take(length).map(|byte| char::from(*byte)).collect();
            if self.check(&password).is_ok() {
                return password;
            }
        }
    }

    /// The rules in one sentence, for the pages.
    pub(crate) fn sentence(&self) -> String {
        let parts = [
            (self.require_uppercase, "an upper case letter"),
            (self.require_lowercase, "a lower case letter"),
            (self.require_numbers, "a digit"),
            (self.require_symbols, "a symbol"),
        ];
        let wanted: Vec<_> = parts
            .iter()
            .filter(|(wanted, _)| *wanted)
            .map(|(_, name)| *name)
            .collect();
        match wanted.as_slice() {
            [] => format!("At least {} characters.", self.minimum_length),
            [only] => format!("At least {} characters, with {only}.", self.minimum_length),
            [first @ .., last] => format!(
                "At least {} characters, with {} and {last}.",
                self.minimum_length,
                first.join(", ")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened() -> (Passwords, Db, Random) {
        let (db, random) = (Db::open(None).unwrap(), Random::default());
        (Passwords::open(&db, &random).unwrap(), db, random)
    }

    #[test]
    fn a_stored_password_is_that_of_its_user() {
        let (passwords, _, random) = opened();
        let stored = passwords.hash("id", "Passw0rd!", &random);
        assert!(passwords.verify("id", "Passw0rd!", Some(&stored)));
        assert!(!passwords.verify("id", "passw0rd!", Some(&stored)));
        assert!(!passwords.verify("other", "Passw0rd!", Some(&stored)));
        assert!(!passwords.verify("id", "Passw0rd!", None));
        assert_ne!(stored, passwords.hash("id", "Passw0rd!", &random));
    }

    #[test]
    fn what_is_no_verifier_verifies_nothing() {
        let (passwords, ..) = opened();
        for stored in [
            "",
            "Passw0rd!",
            "$argon2id$v=19$m=4096,t=9,p=1$c2FsdA$aGFzaA",
        ] {
            assert!(!passwords.verify("id", "Passw0rd!", Some(stored)));
            assert!(!passwords.verify("id", stored, Some(stored)));
        }
    }

    #[test]
    fn a_space_inside_is_a_symbol_and_one_at_the_end_is_not() {
        let policy = PasswordPolicy::default();
        assert!(policy.check("Pass w0rd").is_ok());
        assert!(policy.check("Passw0rd ").is_err());
        assert!(policy.check(" Passw0rd").is_err());
    }

    #[test]
    fn a_name_nobody_has_always_shows_the_same() {
        let (passwords, db, random) = opened();
        let reopened = Passwords::open(&db, &random).unwrap();
        let shown = |of: &Passwords, name| (of.decoy_id(name), of.verifier(name, None).to_text());
        let nobody = shown(&passwords, "nobody@example.com");
        assert_eq!(shown(&reopened, "Nobody@Example.com"), nobody);
        assert_ne!(shown(&passwords, "other@example.com"), nobody);
        assert_ne!(shown(&opened().0, "nobody@example.com"), nobody);
        assert!(uuid::Uuid::parse_str(&nobody.0).is_ok());
    }
}
