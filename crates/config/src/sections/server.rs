//! `[server]`

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use crate::read::Reader;
use crate::sections::{Section, callback};
use crate::setting::Setting;
use crate::value::{Origin, choice};

choice! {
    /// What the server is used for.
    Environment {
        /// A developer's machine or a test.
        Development = "development",
        /// Real users: unsafe combinations are refused.
        Production = "production",
    }
}

/// How the server listens and what it grants a request.
#[derive(Clone, Debug)]
pub struct Server {
    /// Production refuses what is unsafe.
    pub environment: Environment,
    /// The address listened on.
    pub host: IpAddr,
    /// The TCP port; 0 lets the system choose.
    pub port: u16,
    /// The server's origin as browsers see it.
    pub public_url: Url,
    /// Peers whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Name of the application: what `GET /` answers, and in mails.
    pub app_name: String,
    /// Where local data is kept.
    pub data_dir: PathBuf,
    /// The largest request body, in bytes.
    pub body_limit_bytes: usize,
    /// The head of a request, and then its body, get this long to arrive.
    pub request_timeout: Duration,
    /// Requests under way get this long when the server stops.
    pub shutdown_grace: Duration,
    /// Whether this process is a Lambda function.
    pub on_lambda: bool,
}

impl Server {
    /// Whether [`Self::environment`] is production.
    #[must_use]
    pub fn is_production(&self) -> bool {
        self.environment == Environment::Production
    }

    /// Whether browsers reach the server over HTTPS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}

pub(crate) static SECTION: Section = Section {
    name: "server",
    doc: "How the server listens and what it grants a request.",
    settings: &[
        &ENVIRONMENT.about,
        &HOST.about,
        &PORT.about,
        &PUBLIC_URL.about,
        &TRUSTED_PROXIES.about,
        &APP_NAME.about,
        &DATA_DIR.about,
        &BODY_LIMIT.about,
        &REQUEST_TIMEOUT.about,
        &SHUTDOWN_GRACE.about,
    ],
};

pub(crate) static ENVIRONMENT: Setting<Environment> = Setting::new(
    "server.environment",
    "With `production`, unsafe combinations stop the start.",
)
.env(&["ENVIRONMENT"])
.default("development")
.example("production");
static HOST: Setting<IpAddr> = Setting::new("server.host", "Address to listen on.")
    .env(&["HOST"])
    .flag("host")
    .derived("`127.0.0.1`; `0.0.0.0` in production")
    .example("0.0.0.0");
static PORT: Setting<u16> = Setting::new(
    "server.port",
    "TCP port to listen on; with 0 the system chooses a free one.",
)
.env(&["PORT"])
.flag("port")
.default("3001")
.range(0, 65535)
.example("3001");
pub(crate) static PUBLIC_URL: Setting<Origin> = Setting::new(
    "server.public_url",
    "Origin of the server as browsers see it. Behind a proxy it is the proxy's.",
)
.derived("the origin of `callback.api_url`, else `http://localhost:` and the port")
.example("https://auth.example.com");
static TRUSTED_PROXIES: Setting<IpNet> = Setting::new(
    "server.trusted_proxies",
    "Networks of reverse proxies whose forwarding headers are believed. Name only addresses that \
     nobody but the proxy can send from.",
)
.list()
.check(not_everybody)
.example("10.0.0.0/8,192.0.2.7");
static APP_NAME: Setting<String> = Setting::new(
    "server.app_name",
    "Name of the application: what `GET /` answers, and in mails.",
)
.default("Cogward")
.example("Cogward");
static DATA_DIR: Setting<PathBuf> = Setting::new(
    "server.data_dir",
    "Folder for local data: the SQLite store and the local user pool.",
)
.env(&["DATA_DIR"])
.flag("data-dir")
.default(".cogward")
.example("/var/lib/cogward");
static BODY_LIMIT: Setting<usize> =
    Setting::new("server.body_limit_bytes", "Largest request body, in bytes.")
        .default("65536")
        .range(1024, 16_777_216)
        .example("65536");
static REQUEST_TIMEOUT: Setting<u16> = Setting::new(
    "server.request_timeout_seconds",
    "The head of a request, and then its body, get this many seconds to arrive. A connection that \
     is idle for as long is closed.",
)
.default("15")
.range(1, 900)
.example("30");
static SHUTDOWN_GRACE: Setting<u16> = Setting::new(
    "server.shutdown_grace_seconds",
    "Seconds that requests under way get to finish when the server stops.",
)
.default("20")
.range(0, 900)
.example("20");

pub(crate) fn load(r: &mut Reader<'_>, callbacks: &callback::Given) -> Server {
    let environment = r.value(&ENVIRONMENT);
    let host = r.or(&HOST, || match environment {
        Environment::Development => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Environment::Production => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    });
    let port = r.value(&PORT);
    let public_url = r.or(&PUBLIC_URL, || {
        let callback = callbacks
            .api_url
            .as_ref()
            .or(callbacks.token_handler_url.as_ref());
        // After a fault in a callback URL, none about the scheme as well.
        let scheme = if callbacks.faulty { "https" } else { "http" };
        callback.map_or_else(|| Origin::local(scheme, port), Origin::of)
    });
    Server {
        environment,
        host,
        port,
        public_url: public_url.to_url(),
        trusted_proxies: r.list(&TRUSTED_PROXIES),
        app_name: r.value(&APP_NAME),
        data_dir: r.value(&DATA_DIR),
        body_limit_bytes: r.value(&BODY_LIMIT),
        request_timeout: Duration::from_secs(r.value(&REQUEST_TIMEOUT).into()),
        shutdown_grace: Duration::from_secs(r.value(&SHUTDOWN_GRACE).into()),
        on_lambda: r.sources.on_lambda(),
    }
}

/// No private network is larger than `10.0.0.0/8` and `fc00::/7`; what is
/// larger would let strangers choose their address.
fn not_everybody(text: &str) -> Result<(), String> {
    match text.parse::<IpNet>() {
        Ok(IpNet::V4(net)) if net.prefix_len() < 8 => Err(()),
        Ok(IpNet::V6(net)) if net.prefix_len() < 7 => Err(()),
        _ => Ok(()),
    }
    .map_err(|()| "must be the proxies' own network, not most of the Internet".to_owned())
}
