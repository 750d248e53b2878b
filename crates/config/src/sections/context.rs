//! `[context]`

use std::collections::BTreeSet;
use std::time::Duration;

use url::Url;

use crate::read::Reader;
use crate::secret::Secret;
use crate::sections::{Section, entities};
use crate::setting::Setting;
use crate::value::{Item, choice};

choice! {
    /// What the IAM service is shown.
    ContextCredentials {
        /// Nothing.
        None = "none",
        /// A token of Cogward's own.
        Service = "service",
        /// The access token of whom it is asked of.
        Caller = "caller",
    }
}

/// Who people are in the application's own terms.
#[derive(Clone, Debug)]
pub struct Context {
    /// The contexts; none without a service.
    pub names: Vec<String>,
    /// Where the IAM service is; none where nobody is asked.
    pub url: Option<Url>,
    /// What it is shown.
    pub credentials: ContextCredentials,
    /// Shown to it, if that is what it is.
    pub service_token: Option<Secret>,
    /// How long an answer counts.
    pub ttl: Duration,
    /// How much longer it counts while the service does not answer.
    pub stale: Duration,
    /// What is not told by then is an error.
    pub timeout: Duration,
    /// What is remembered takes so many bytes.
    pub cache_bytes: u64,
}

pub(crate) static SECTION: Section = Section {
    name: "context",
    doc: "Who people are in the application's own terms: roles by context (docs/context.md).",
    settings: &[
        &URL.about,
        &NAMES.about,
        &CREDENTIALS.about,
        &SERVICE_TOKEN.about,
        &TTL.about,
        &STALE.about,
        &TIMEOUT.about,
        &CACHE_MIB.about,
    ],
};

pub(crate) static URL: Setting<Url> = Setting::new(
    "context.url",
    "Address of the IAM service, before `/internal/users/{sub}?context={name}`. Without it nobody \
     has roles and there is no context.",
)
.check(base)
.example("https://iam.example.com");
static NAMES: Setting<String> = Setting::new(
    "context.names",
    "The application's contexts. No other is asked for.",
)
.list()
.check(name)
.example("recipes,products");
static CREDENTIALS: Setting<ContextCredentials> = Setting::new(
    "context.credentials",
    "What the IAM service is shown: a token of Cogward's own, the access token of the caller, or \
     nothing.",
)
.derived("`service` when `context.service_token` is set, else `caller`")
.example("service");
static SERVICE_TOKEN: Setting<Secret> = Setting::new(
    "context.service_token",
    "Bearer token that Cogward shows to the IAM service, at least 16 characters.",
)
.check(entities::bearer);
static TTL: Setting<u32> = Setting::new(
    "context.ttl_seconds",
    "So many seconds an answer of the IAM service counts; with 0 each request asks anew.",
)
.default("60")
.range(0, 3600)
.example("30");
static STALE: Setting<u32> = Setting::new(
    "context.stale_seconds",
    "And so many more while the service does not answer; after that there is an error, 503.",
)
.default("300")
.range(0, 86_400)
.example("0");
static TIMEOUT: Setting<u32> = Setting::new(
    "context.timeout_ms",
    "The IAM service gets so many milliseconds for an answer, tries that failed at once included.",
)
.default("2000")
.range(50, 60_000)
.example("500");
static CACHE_MIB: Setting<u32> = Setting::new(
    "context.cache_mib",
    "What is remembered of all people takes so much memory at most.",
)
.default("16")
.range(1, 4096)
.example("64");

pub(crate) fn load(r: &mut Reader<'_>) -> Context {
    let url = r.given(&URL);
    let names = r.list(&NAMES);
    let service_token = r.given(&SERVICE_TOKEN);
    let derived = match service_token.is_some() {
        true => ContextCredentials::Service,
        false => ContextCredentials::Caller,
    };
    let credentials = r.or(&CREDENTIALS, || derived);
    if url.is_some() && names.is_empty() {
        r.missing_because(&NAMES.about, "is required by context.url");
    }
    if url.is_none() && !names.is_empty() {
        r.missing_because(&URL.about, "is required by context.names");
    }
    if credentials == ContextCredentials::Service && service_token.is_none() {
        r.missing_because(
            &SERVICE_TOKEN.about,
            "is required by context.credentials service",
        );
    }
    let unique: BTreeSet<_> = names.iter().collect();
    if unique.len() != names.len() {
        r.broken(&NAMES.about, "has a name twice".to_owned());
    }
    Context {
        names,
        url,
        credentials,
        service_token,
        ttl: Duration::from_secs(r.value(&TTL).into()),
        stale: Duration::from_secs(r.value(&STALE).into()),
        timeout: Duration::from_millis(r.value(&TIMEOUT).into()),
        cache_bytes: u64::from(r.value(&CACHE_MIB)) << 20,
    }
}

fn base(text: &str) -> Result<(), String> {
    let url = <Url as Item>::parse(text)?;
    let bare = url.username().is_empty() && url.password().is_none();
    match bare && url.query().is_none() && url.fragment().is_none() {
        true => Ok(()),
        false => Err("must be an address without user, query and fragment".to_owned()),
    }
}

/// What a path has as it is.
fn name(text: &str) -> Result<(), String> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let dots = matches!(text, "." | "..");
    match (1..=64).contains(&text.len()) && text.bytes().all(good) && !dots {
        true => Ok(()),
        false => Err("must be names of up to 64 letters, digits, `-`, `_` and `.`".to_owned()),
    }
}
