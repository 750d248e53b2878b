//! What tells one policy from another, in a cache that several verifiers share.

use aws_lc_rs::digest::{Context, SHA256};

use crate::claims::Claims;
use crate::policy::{Policy, Trusted};

impl<C: Claims> Policy<C> {
    /// A hash over all of it: two policies with the same one accept the same tokens.
    /// Checks and revocations cannot be compared and never count as the same.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Fingerprint(Context::new(&SHA256));
        hash.text(C::KIND);
        hash.number(self.trusted.len());
        for Trusted { pool, clients } in &self.trusted {
            hash.text(pool.issuer());
            hash.id(pool.keys().id());
            hash.number(usize::from(clients.0.is_some()));
            hash.texts(clients.0.iter().flatten());
        }
        hash.id(self.leeway.unsigned_abs());
        hash.number(usize::from(self.people_only));
        for wanted in [&self.groups, &self.scopes] {
            hash.number(wanted.len());
            wanted.iter().for_each(|names| hash.texts(names.iter()));
        }
        hash.number(self.checks.len());
        self.checks.iter().for_each(|(id, _)| hash.id(*id));
        hash.id(self.revocations.as_ref().map_or(0, |(id, _)| *id));
        hash.finish()
    }
}

/// Every part with its length, so that no two lists of parts look alike.
struct Fingerprint(Context);

impl Fingerprint {
    fn id(&mut self, id: u64) {
        self.0.update(&id.to_be_bytes());
    }

    fn number(&mut self, number: usize) {
        self.id(number as u64);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.update(text.as_bytes());
    }

    fn texts<'t, T: AsRef<str> + 't>(&mut self, texts: impl Iterator<Item = &'t T> + Clone) {
        self.number(texts.clone().count());
        texts.for_each(|text| self.text(text.as_ref()));
    }

    fn finish(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.finish().as_ref());
        bytes
    }
}
