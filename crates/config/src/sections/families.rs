//! `[families]`

use crate::read::Reader;
use crate::sections::Section;
use crate::setting::Setting;
use crate::value::UrlPath;

/// The two families of routes.
#[derive(Clone, Debug)]
pub struct Families {
    /// The Token Handler protocol is served.
    pub token_handler: bool,
    /// The backend-proxy protocol and the accounts API are served.
    pub backend_proxy: bool,
    /// Prefix of the Token Handler family.
    pub auth_path_prefix: UrlPath,
    /// Prefix of the backend-proxy family.
    pub api_path_prefix: UrlPath,
}

pub(crate) static SECTION: Section = Section {
    name: "families",
    doc: "The two families of routes. With the Token Handler family off, no token leaves the \
          server.",
    settings: &[
        &TOKEN_HANDLER.about,
        &BACKEND_PROXY.about,
        &AUTH_PATH_PREFIX.about,
        &API_PATH_PREFIX.about,
    ],
};

static TOKEN_HANDLER: Setting<bool> = Setting::new(
    "families.token_handler",
    "Serve the Token Handler protocol.",
)
.default("true")
.example("false");
static BACKEND_PROXY: Setting<bool> = Setting::new(
    "families.backend_proxy",
    "Serve the backend-proxy protocol and the accounts API.",
)
.default("true")
.example("false");
static AUTH_PATH_PREFIX: Setting<UrlPath> = Setting::new(
    "families.auth_path_prefix",
    "Path that the Token Handler family lies under.",
)
.env(&["AUTH_PATH_PREFIX"])
.default("/auth")
.check(below_root)
.example("/auth");
pub(crate) static API_PATH_PREFIX: Setting<UrlPath> = Setting::new(
    "families.api_path_prefix",
    "Path that the backend-proxy family lies under.",
)
.env(&["API_PATH_PREFIX"])
.default("/api/v1")
.check(below_root)
.example("/api/v1");

pub(crate) fn load(r: &mut Reader<'_>) -> Families {
    Families {
        token_handler: r.value(&TOKEN_HANDLER),
        backend_proxy: r.value(&BACKEND_PROXY),
        auth_path_prefix: r.value(&AUTH_PATH_PREFIX),
        api_path_prefix: r.value(&API_PATH_PREFIX),
    }
}

fn below_root(text: &str) -> Result<(), String> {
    match text {
        "/" => Err("must not be the root, where other routes lie".to_owned()),
        "/health" | "/health/" => Err("must not be the path of the health check".to_owned()),
        _ => Ok(()),
    }
}
