//! Rules that concern several values at once, or production alone.

mod accounts;
mod keys;
mod policy;

use url::Url;

use crate::fault::Fault;
use crate::load::Config;
use crate::sections::entities::EntitySource;
use crate::sections::mail::MailBackend;
use crate::sections::people::Directory;
use crate::sections::session::Backend;
use crate::sections::{
    aws, callback, cognito, cookie, families, frontend, login, mail, people, pool, server, session,
    stores,
};
use crate::setting::About;
use crate::sources::{Mode, Source};

pub(crate) use keys::{repeated_keys, weak_keys};

/// One rule, with the sentence that documents it.
pub(crate) struct Rule {
    pub(crate) doc: &'static str,
    /// Applied only with `ENVIRONMENT=production`.
    pub(crate) production: bool,
    broken: fn(&Config) -> Broken,
}

/// The settings that break a rule, and what is wrong with each.
pub(crate) type Broken = Vec<(&'static About, String)>;

/// Adds a fault for each setting that breaks a rule and has no fault yet.
pub(crate) fn apply(config: &Config, faults: &mut Vec<Fault>) {
    for rule in RULES
        .iter()
        .filter(|rule| !rule.production || config.server.is_production())
    {
        for (about, problem) in (rule.broken)(config) {
            if faults.iter().any(|fault| fault.key == Some(about.key)) {
                continue;
            }
            let source = config.source(about.key).unwrap_or(&Source::Default);
            let fault = Fault::of(about, source, problem);
            if about.key == server::ENVIRONMENT.about.key {
                // Whatever else production demands does not matter to this command.
                let hint = String::new();
                faults.push(Fault { hint, ..fault });
                return;
            }
            faults.push(fault);
        }
    }
}

pub(crate) static RULES: &[Rule] = &[
    Rule {
        doc: "The two path prefixes do not overlap when both families are served.",
        production: false,
        broken: prefixes_overlap,
    },
    Rule {
        doc: "`session.idle_lifetime_seconds` is not longer than the absolute lifetime.",
        production: false,
        broken: idle_outlives_absolute,
    },
    Rule {
        doc: "`login.scopes` has `openid`; without it Cognito issues no ID token.",
        production: false,
        broken: no_openid,
    },
    Rule {
        doc: "A cookie named `__Host-…` is secure and has no domain, one named `__Secure-…` is \
              secure; browsers drop others (RFC 6265bis section 4.1.3).",
        production: false,
        broken: cookie_prefix,
    },
    Rule {
        doc: "`pool.port` is not 0 for `cogward dev`, whose server must know it beforehand.",
        production: false,
        broken: pool_anywhere,
    },
    Rule {
        doc: "No key of `session.secret`, nor of `session.encryption_key`, is there twice.",
        production: false,
        broken: keys::repeated_secrets,
    },
    Rule {
        doc: "With `mail.smtp_tls` `none`, `mail.smtp_host` is this machine.",
        production: false,
        broken: accounts::mail_in_the_clear,
    },
    Rule {
        doc: "With mail by `smtp`, `mail.smtp_user` and `mail.smtp_password` are set both or neither.",
        production: false,
        broken: accounts::half_a_mail_user,
    },
    Rule {
        doc: "`accounts.reset` `database` has `people.directory`, `mail.backend` and \
              `accounts.admin`.",
        production: false,
        broken: accounts::own_codes_without_parts,
    },
    Rule {
        doc: "With the `dynamodb` backend or `policy.entities` `dynamodb`, mail by `ses` or \
              `accounts.admin`, `aws.access_key_id` and `aws.secret_access_key` are set both or \
              neither.",
        production: false,
        broken: half_an_aws_key,
    },
    Rule {
        doc: "`cogward dev` and `cogward pool` do not run: their users have known passwords.",
        production: true,
        broken: local_pool,
    },
    Rule {
        doc: "Cookies are secure.",
        production: true,
        broken: insecure_cookies,
    },
    Rule {
        doc: "`cookie.domain` is the host of `server.public_url` or above it.",
        production: true,
        broken: foreign_cookie_domain,
    },
    Rule {
        doc: "The frontend's URL and origins use HTTPS.",
        production: true,
        broken: plain_frontend,
    },
    Rule {
        doc: "The callback URLs and the server's public URL use HTTPS.",
        production: true,
        broken: plain_callback,
    },
    Rule {
        doc: "`callback.allowed_origins` has no `*`, uses HTTPS, and is not empty when \
              `callback.use_origin` is on.",
        production: true,
        broken: loose_callback_origins,
    },
    Rule {
        doc: "Cognito's domain, endpoint and issuer, and DynamoDB's and SES's endpoint, use HTTPS.",
        production: true,
        broken: plain_cognito,
    },
    Rule {
        doc: "`policy.entity_url` uses HTTPS, or its host is this machine or of a private network: \
              an address of one, a name without dots or one that ends in `.internal`, `.local`, \
              `.localhost` or `.svc`.",
        production: true,
        broken: policy::plain_entities,
    },
    Rule {
        doc: "`context.url` uses HTTPS, or its host is this machine or of a private network.",
        production: true,
        broken: policy::plain_context,
    },
    Rule {
        doc: "On Lambda sessions are kept in neither `memory` nor `sqlite`, people not in `sqlite`: \
              they would be lost at any moment.",
        production: true,
        broken: forgetful_lambda,
    },
    Rule {
        doc: "Secrets have at least 32 characters and are not examples from documents.",
        production: true,
        broken: keys::weak_secrets,
    },
];

fn prefixes_overlap(c: &Config) -> Broken {
    let f = &c.families;
    let overlap = f.auth_path_prefix.overlaps(&f.api_path_prefix);
    let problem = || {
        format!(
            "overlaps families.auth_path_prefix `{}`",
            f.auth_path_prefix.as_str()
        )
    };
    when(
        f.token_handler && f.backend_proxy && overlap,
        &families::API_PATH_PREFIX.about,
        problem,
    )
}

fn idle_outlives_absolute(c: &Config) -> Broken {
    let (idle, absolute) = (
        c.session.idle_lifetime_seconds,
        c.session.absolute_lifetime_seconds,
    );
    when(idle > absolute, &session::IDLE_LIFETIME.about, || {
        format!("must not be longer than session.absolute_lifetime_seconds, which is {absolute}")
    })
}

fn no_openid(c: &Config) -> Broken {
    let has = c.login.scopes.iter().any(|scope| scope == "openid");
    when(!has, &login::SCOPES.about, || {
        "must have `openid` among the scopes".to_owned()
    })
}

fn cookie_prefix(c: &Config) -> Broken {
    let cookie = &c.cookie;
    let host = cookie.session_name.starts_with("__Host-");
    let secure = host || cookie.session_name.starts_with("__Secure-");
    let broken = (secure && !cookie.secure) || (host && cookie.domain.is_some());
    when(broken, &cookie::NAME.about, || {
        "has a prefix that browsers accept only with secure cookies, and `__Host-` only without a \
         cookie domain"
            .to_owned()
    })
}

fn pool_anywhere(c: &Config) -> Broken {
    let broken = c.mode == Mode::Dev && c.pool.port == 0;
    when(broken, &pool::PORT.about, || {
        "must not be 0 for cogward dev".to_owned()
    })
}

fn local_pool(c: &Config) -> Broken {
    when(c.mode != Mode::Serve, &server::ENVIRONMENT.about, || {
        format!(
            "must not be production for {}: use cogward serve",
            c.mode.command()
        )
    })
}

fn insecure_cookies(c: &Config) -> Broken {
    when(!c.cookie.secure, &cookie::SECURE.about, || {
        "must be true in production".to_owned()
    })
}

fn foreign_cookie_domain(c: &Config) -> Broken {
    let host = c.server.public_url.host_str().unwrap_or("");
    let Some(domain) = &c.cookie.domain else {
        return Vec::new();
    };
    let covers = host.strip_suffix(domain.as_str());
    let covers = covers.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    when(!covers, &cookie::DOMAIN.about, || {
        format!("must be the server's public host `{host}` or a domain above it")
    })
}

fn plain_frontend(c: &Config) -> Broken {
    let others = c
        .frontend
        .additional_origins
        .iter()
        .any(|origin| !origin.is_https());
    let mut broken = plain(&c.frontend.url, &frontend::FRONTEND_URL.about);
    broken.extend(when(others, &frontend::ADDITIONAL_ORIGINS.about, https));
    broken
}

fn plain_callback(c: &Config) -> Broken {
    let given = |about: &'static About| c.source(about.key) != Some(&Source::Derived);
    let mut broken = Vec::new();
    for (url, about) in [
        (&c.callback.api_url, &callback::API_URL.about),
        (
            &c.callback.token_handler_url,
            &callback::TOKEN_HANDLER_URL.about,
        ),
        (&c.server.public_url, &server::PUBLIC_URL.about),
    ] {
        broken.extend(
            plain(url, about)
                .into_iter()
                .filter(|(about, _)| given(about)),
        );
    }
    if broken.is_empty() {
        // Nobody said where the server is.
        broken = plain(&c.server.public_url, &server::PUBLIC_URL.about);
    }
    broken
}

fn loose_callback_origins(c: &Config) -> Broken {
    let callback = &c.callback;
    let any = callback.allow_any_origin;
    let plain = callback
        .allowed_origins
        .iter()
        .any(|origin| !origin.is_https());
    let none = callback.use_origin && callback.allowed_origins.is_empty();
    let about = &callback::ALLOWED_ORIGINS.about;
    if any {
        when(true, about, || {
            "must name the origins in production, not `*`".to_owned()
        })
    } else if plain {
        when(true, about, https)
    } else {
        when(none, about, || {
            "must not be empty when callback.use_origin is on".to_owned()
        })
    }
}

fn plain_cognito(c: &Config) -> Broken {
    let mut broken = plain(&c.cognito.domain, &cognito::DOMAIN.about);
    broken.extend(plain(&c.cognito.endpoint, &cognito::ENDPOINT.about));
    let issuer = c.source(cognito::ISSUER.about.key) != Some(&Source::Derived)
        && c.cognito.issuer.starts_with("http:");
    broken.extend(when(issuer, &cognito::ISSUER.about, https));
    let dynamodb = c.session.dynamodb.endpoint.as_ref();
    broken.extend(
        dynamodb
            .into_iter()
            .flat_map(|url| plain(url, &stores::DYNAMODB_ENDPOINT.about)),
    );
    let ses = c.mail.ses.endpoint.as_ref();
    broken.extend(
        ses.into_iter()
            .flat_map(|url| plain(url, &mail::SES_ENDPOINT.about)),
    );
    broken
}

fn forgetful_lambda(c: &Config) -> Broken {
    let forgetful = matches!(c.session.backend, Backend::Memory | Backend::Sqlite);
    let broken = c.server.on_lambda && forgetful;
    let mut all = when(broken, &session::BACKEND.about, || {
        "must be a store outside the function on Lambda: dynamodb, redis or postgres".to_owned()
    });
    let broken = c.server.on_lambda && c.people.directory == Directory::Sqlite;
    all.extend(when(broken, &people::DIRECTORY.about, || {
        "must be outside the function on Lambda: postgres or none".to_owned()
    }));
    all
}

fn half_an_aws_key(c: &Config) -> Broken {
    let given = |about: &About| c.source(about.key) != Some(&Source::Default);
    let (id, key) = (&aws::ACCESS_KEY_ID.about, &aws::SECRET_ACCESS_KEY.about);
    let used = c.session.backend == Backend::Dynamodb
        || c.policy.entities.source == EntitySource::Dynamodb
        || c.mail.backend == MailBackend::Ses;
    // The local pool takes anybody.
    let used = used || (c.accounts.admin && c.mode == Mode::Serve);
    let half = used && given(id) != given(key);
    let (there, missing) = if given(id) { (id, key) } else { (key, id) };
    when(half, there, || {
        let missing = missing.canonical_env();
        format!("is of no use without {missing}: set both, or neither")
    })
}

fn when(broken: bool, about: &'static About, problem: impl FnOnce() -> String) -> Broken {
    if broken {
        vec![(about, problem())]
    } else {
        Vec::new()
    }
}

fn plain(url: &Url, about: &'static About) -> Broken {
    when(url.scheme() != "https", about, https)
}

fn https() -> String {
    "must use https in production".to_owned()
}

fn well_known() -> String {
    "must be random in production, not an example (`cogward keys new` makes one)".to_owned()
}
