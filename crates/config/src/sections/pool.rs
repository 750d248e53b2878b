//! `[pool]`

use std::path::PathBuf;

use url::Url;

use crate::read::Reader;
use crate::sections::Section;
use crate::setting::Setting;

/// The local user pool of `cogward dev` and `cogward pool`.
#[derive(Clone, Debug)]
pub struct Pool {
    /// TCP port on the loopback interface; 0 lets the system choose.
    pub port: u16,
    /// The issuer in tokens, when not the pool's own address.
    pub issuer: Option<Url>,
    /// Serve over HTTPS with a development certificate.
    pub tls: bool,
    /// The file of settings, clients, groups and users it begins with.
    pub seed: Option<PathBuf>,
}

pub(crate) static SECTION: Section = Section {
    name: "pool",
    doc: "The local user pool of `cogward dev` and `cogward pool`; `serve` does not use it.",
    settings: &[&PORT.about, &ISSUER.about, &TLS.about, &SEED.about],
};

pub(crate) static PORT: Setting<u16> = Setting::new(
    "pool.port",
    "TCP port of the local user pool, on the loopback interface.",
)
.flag("pool-port")
.default("9229")
.range(0, 65535)
.example("9229");
static ISSUER: Setting<Url> = Setting::new(
    "pool.issuer",
    "Issuer in the local pool's tokens, for clients that insist on the shape AWS uses.",
)
.flag("issuer")
.derived("the pool's own address and id")
.example("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Cogward01");
static TLS: Setting<bool> = Setting::new(
    "pool.tls",
    "Serve the local pool over HTTPS with a development certificate.",
)
.flag("tls")
.default("false")
.example("true");

static SEED: Setting<PathBuf> = Setting::new(
    "pool.seed",
    "File that describes the local pool: settings, clients, groups and users. See `docs/local-pool.md`.",
)
.flag("seed")
.derived("the two built-in clients and the two ready users")
.example("pool.toml");

pub(crate) fn load(r: &mut Reader<'_>) -> Pool {
    Pool {
        port: r.value(&PORT),
        issuer: r.given(&ISSUER),
        tls: r.value(&TLS),
        seed: r.given(&SEED),
    }
}
