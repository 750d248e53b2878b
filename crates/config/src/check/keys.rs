//! Of secrets.

use super::{Broken, well_known, when};
use crate::load::Config;
use crate::secret::Secret;
use crate::sections::{cognito, session};
use crate::setting::About;

pub(super) fn repeated_secrets(c: &Config) -> Broken {
    of_keys(c, repeated_keys)
}

pub(super) fn weak_secrets(c: &Config) -> Broken {
    let mut broken = of_keys(c, weak_keys);
    let client = c.cognito.client_secret.as_ref().is_some_and(is_example);
    broken.extend(when(client, &cognito::CLIENT_SECRET.about, well_known));
    broken
}

fn of_keys(c: &Config, broken: fn(&'static About, &[Secret]) -> Broken) -> Broken {
    let (secret, key) = (&session::SECRET.about, &session::ENCRYPTION_KEY.about);
    let mut all = broken(secret, &c.session.secrets);
    all.extend(broken(key, &c.session.encryption_keys));
    all
}

pub(crate) fn repeated_keys(about: &'static About, secrets: &[Secret]) -> Broken {
    let mut texts: Vec<_> = secrets.iter().map(Secret::expose).collect();
    texts.sort_unstable();
    texts.dedup();
    when(texts.len() < secrets.len(), about, || {
        "must not have the same secret twice".to_owned()
    })
}

pub(crate) fn weak_keys(about: &'static About, secrets: &[Secret]) -> Broken {
    let short = |secret: &Secret| secret.expose().chars().count() < 32;
    if secrets.iter().any(short) {
        return when(true, about, || {
            "must have at least 32 characters in production".to_owned()
        });
    }
    when(secrets.iter().any(is_example), about, well_known)
}

/// Words of examples in documents, and texts with hardly any variety. Random
/// text has neither.
fn is_example(secret: &Secret) -> bool {
    const WORDS: &[&str] = &[
        "secret",
        "password",
        "change",
        "example",
        "your-",
        "your_",
        "0123456789",
        "abcdefgh",
    ];
    let text = secret.expose().to_ascii_lowercase();
    let mut letters: Vec<char> = text.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    letters.len() < 8 || WORDS.iter().any(|word| text.contains(word))
}
