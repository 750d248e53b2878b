use std::sync::OnceLock;

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::error::{ApiError, Result};
use crate::random::Random;
use crate::settings::PasswordPolicy;

/// Hashing of passwords, at most two at a time. Call on blocking threads only.
pub(crate) struct Passwords {
    argon2: Argon2<'static>,
    slots: Semaphore,
    /// Of a password nobody has: what an unknown user is compared with.
    decoy: OnceLock<String>,
}

impl Passwords {
    pub(crate) fn new() -> Option<Self> {
        // The work of OWASP's argon2id sets in less memory: a development pool is to
        // stay small, and the allocator keeps what was once used.
        let params = Params::new(4 * 1024, 9, 1, None).ok()?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Some(Self {
            argon2,
            slots: Semaphore::new(2),
            decoy: OnceLock::new(),
        })
    }

    pub(crate) fn hash(&self, password: &str, random: &Random) -> Result<String> {
        let _slot = Handle::current().block_on(self.slots.acquire());
        self.argon2
            .hash_password_with_salt(password.as_bytes(), &random.bytes::<16>())
            .map(|hash| hash.to_string())
            .map_err(|_| ApiError::internal())
    }

    /// Takes as long without a stored hash as with one.
    pub(crate) fn verify(&self, password: &str, stored: Option<&str>, random: &Random) -> bool {
        let hash = stored.unwrap_or_else(|| {
            self.decoy
                .get_or_init(|| self.hash(&random.token(), random).unwrap_or_default())
        });
        let _slot = Handle::current().block_on(self.slots.acquire());
        self.argon2
            .verify_password(password.as_bytes(), hash)
            .is_ok()
            && stored.is_some()
    }
}

/// The characters Cognito counts as symbols, besides spaces inside.
const SYMBOLS: &str = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- ";

impl PasswordPolicy {
    /// # Errors
    /// `InvalidPasswordException` naming the first rule broken.
    pub(crate) fn check(&self, password: &str) -> Result<()> {
        let has = |class: fn(char) -> bool| password.chars().any(class);
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
        } else if self.require_symbols && !has(|c| SYMBOLS.contains(c)) {
            "Password must have symbol characters"
        } else {
            return Ok(());
        };
        Err(ApiError::new(
            "InvalidPasswordException",
            format!("Password did not conform with policy: {fault}"),
        ))
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
