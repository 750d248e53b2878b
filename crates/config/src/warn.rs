//! What is allowed and yet worth a word to the operator.

use url::Url;

use crate::fault::Fault;
use crate::load::Config;
use crate::sections::context;
use crate::sections::entities::{self, EntitySource};
use crate::sections::mail::{self, MailBackend, SmtpTls};
use crate::sections::people::{self, Directory};
use crate::sections::session::Backend;
use crate::sections::stores::{self, is_plain};
use crate::setting::About;
use crate::sources::Source;

const SESSIONS: &str = "has no TLS: whoever can listen on the network between learns the password \
                        and can end sessions (what is stored is sealed all the same)";
const PEOPLE: &str = "has no TLS: whoever can listen on the network between learns the password and \
                      reads the records of people";
const ENTITIES: &str = "has no TLS: whoever can listen on the network between learns the token or password, and \
                        whoever can change what is sent there says whose a resource is";
const CONTEXT: &str = "has no TLS: whoever can listen on the network between learns the token, and whoever can \
                       change what is sent there says what people may do";
const MAILS: &str = "has no TLS: whoever can listen on the network between learns the password and the \
                     codes that are mailed";

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
                Some((&stores::REDIS_URL.about, SESSIONS, "use rediss://"))
            }
            Backend::Postgres if session.postgres.url.as_ref().is_some_and(is_plain) => Some((
                &stores::POSTGRES_URL.about,
                SESSIONS,
                "leave out sslmode=disable",
            )),
            _ => None,
        };
        let people = &self.people;
        let readable = people.directory == Directory::Postgres
            && people.postgres_url.as_ref().is_some_and(is_plain);
        let people = (
            &people::POSTGRES_URL.about,
            PEOPLE,
            "leave out sslmode=disable",
        );
        let in_the_clear =
            self.mail.backend == MailBackend::Smtp && self.mail.smtp.tls == SmtpTls::NoneAnywhere;
        let mail = (&mail::SMTP_TLS.about, MAILS, "use starttls or tls");
        plain
            .into_iter()
            .chain(readable.then_some(people))
            .chain(in_the_clear.then_some(mail))
            .chain(self.plain_entities())
            .chain(self.plain_context())
            .map(|(about, problem, better)| self.unencrypted(about, problem, better))
            .chain(self.limits.missing().map(|about| self.unlimited(about)))
            .collect()
    }

    fn plain_context(&self) -> Option<(&'static About, &'static str, &'static str)> {
        let plain = self.context.url.as_ref().is_some_and(is_plain_away);
        plain.then_some((&context::URL.about, CONTEXT, "use https"))
    }

    fn plain_entities(&self) -> Option<(&'static About, &'static str, &'static str)> {
        let entities = &self.policy.entities;
        match entities.source {
            EntitySource::Http if entities.service().as_ref().is_some_and(is_plain_away) => {
                Some((&entities::URL.about, ENTITIES, "use https"))
            }
            EntitySource::Postgres if entities.postgres_url.as_ref().is_some_and(is_plain) => {
                Some((
                    &entities::POSTGRES_URL.about,
                    ENTITIES,
                    "leave out sslmode=disable",
                ))
            }
            _ => None,
        }
    }

    fn unlimited(&self, about: &'static About) -> String {
        let problem = "is no limit: one caller can keep a server busy".to_owned();
        let source = self.source(about.key).unwrap_or(&Source::Default);
        let fault = Fault::of(about, source, problem);
        let hint = "set one unless what stands in front of the server has one".to_owned();
        Fault { hint, ..fault }.to_string()
    }

    fn unencrypted(&self, about: &'static About, problem: &str, better: &str) -> String {
        let source = self.source(about.key).unwrap_or(&Source::Default);
        let fault = Fault::of(about, source, problem.to_owned());
        let hint = format!("{better} unless that network is yours alone");
        Fault { hint, ..fault }.to_string()
    }
}

fn is_plain_away(url: &Url) -> bool {
    url.scheme() != "https" && !url.host_str().is_some_and(stores::is_loopback)
}
