//! What is allowed and yet worth a word to the operator.

use crate::fault::Fault;
use crate::load::Config;
use crate::sections::people::{self, Directory};
use crate::sections::session::Backend;
use crate::sections::stores::{self, is_plain};
use crate::setting::About;
use crate::sources::Source;

impl Config {
    /// One line each: the setting, where it was set, what to mind and what would be better.
    /// Nothing outside production; no secret in it.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        if !self.server.is_production() {
            return Vec::new();
        }
        let session = &self.session;
        let plain = match session.backend {
            Backend::Redis if session.redis.urls.iter().any(is_plain) => {
                Some((&stores::REDIS_URL.about, "use rediss://"))
            }
            Backend::Postgres if session.postgres.url.as_ref().is_some_and(is_plain) => {
                Some((&stores::POSTGRES_URL.about, "leave out sslmode=disable"))
            }
            _ => None,
        };
        let of_store = plain.map(|(about, better)| {
            let problem = "has no TLS: whoever can listen on the network between learns the \
                           password and can end sessions (what is stored is sealed all the same)";
            self.unencrypted(about, problem, better)
        });
        let people = &self.people;
        let plain = people.directory == Directory::Postgres
            && people.postgres_url.as_ref().is_some_and(is_plain);
        let of_people = plain.then(|| {
            let problem = "has no TLS: whoever can listen on the network between learns the \
                           password and reads the records of people";
            let about = &people::POSTGRES_URL.about;
            self.unencrypted(about, problem, "leave out sslmode=disable")
        });
        of_store.into_iter().chain(of_people).collect()
    }

    fn unencrypted(&self, about: &'static About, problem: &str, better: &str) -> String {
        let source = self.source(about.key).unwrap_or(&Source::Default);
        let fault = Fault::of(about, source, problem.to_owned());
        let hint = format!("{better} unless that network is yours alone");
        Fault { hint, ..fault }.to_string()
    }
}
