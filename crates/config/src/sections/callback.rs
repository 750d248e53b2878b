//! `[callback]`

use url::Url;

use crate::read::Reader;
use crate::sections::Section;
use crate::sections::families::Families;
use crate::sections::server::Server;
use crate::setting::Kind;
use crate::setting::Setting;
use crate::value::{Item, Origin};

/// Where Cognito sends browsers back to.
#[derive(Clone, Debug)]
pub struct Callback {
    /// `redirect_uri` of the backend-proxy family.
    pub api_url: Url,
    /// `redirect_uri` of the Token Handler family.
    pub token_handler_url: Url,
    /// Put the origin that a sign-in was started on into the callback URL,
    /// when it is allowed.
    pub use_origin: bool,
    /// The origins that [`Self::use_origin`] accepts.
    pub allowed_origins: Vec<Origin>,
    /// Any origin is accepted; never so in production.
    pub allow_any_origin: bool,
}

pub(crate) static SECTION: Section = Section {
    name: "callback",
    doc: "Where Cognito sends browsers back to. Each URL must stand in the app client's list of \
          callback URLs.",
    settings: &[
        &API_URL.about,
        &TOKEN_HANDLER_URL.about,
        &USE_ORIGIN.about,
        &ALLOWED_ORIGINS.about,
    ],
};

pub(crate) static API_URL: Setting<Url> = Setting::new(
    "callback.api_url",
    "Callback URL of the backend-proxy family.",
)
.env(&["API_CALLBACK_URL"])
.derived("`{server.public_url}{families.api_path_prefix}/auth/callback`")
.example("https://auth.example.com/api/v1/auth/callback");
pub(crate) static TOKEN_HANDLER_URL: Setting<Url> = Setting::new(
    "callback.token_handler_url",
    "Callback URL of the Token Handler family.",
)
.derived("`{server.public_url}{families.auth_path_prefix}/callback`")
.example("https://auth.example.com/auth/callback");
pub(crate) static USE_ORIGIN: Setting<bool> = Setting::new(
    "callback.use_origin",
    "Build the callback URL on the origin that the sign-in was started on, when it is one of \
     `callback.allowed_origins`; for one server behind several host names.",
)
.env(&["CALLBACK_USE_ORIGIN"])
.default("false")
.example("true");
pub(crate) static ALLOWED_ORIGINS: Setting<AllowedOrigin> = Setting::new(
    "callback.allowed_origins",
    "The exact origins that `callback.use_origin` accepts. `*` accepts any, outside production \
     only.",
)
.env(&["CALLBACK_ALLOWED_ORIGINS"])
.list()
.example("https://app.example.com,https://beta.example.com");

/// The callback URLs somebody gave; read first, because the public URL is
/// worked out from them.
pub(crate) struct Given {
    pub(crate) api_url: Option<Url>,
    pub(crate) token_handler_url: Option<Url>,
    pub(crate) faulty: bool,
}

pub(crate) enum AllowedOrigin {
    Any,
    One(Origin),
}

impl Item for AllowedOrigin {
    const KIND: Kind = Kind::Origin;

    fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            Ok(Self::Any)
        } else {
            Origin::parse(text).map(Self::One)
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Any => "*".to_owned(),
            Self::One(origin) => origin.text(),
        }
    }
}

pub(crate) fn given(r: &mut Reader<'_>) -> Given {
    let api_url = r.given(&API_URL);
    let token_handler_url = r.given(&TOKEN_HANDLER_URL);
    let faulty = r.has_fault(API_URL.about.key) || r.has_fault(TOKEN_HANDLER_URL.about.key);
    Given {
        api_url,
        token_handler_url,
        faulty,
    }
}

pub(crate) fn load(
    r: &mut Reader<'_>,
    given: Given,
    server: &Server,
    families: &Families,
) -> Callback {
    let on_server = |prefix: &str, rest: &str| {
        let mut url = server.public_url.clone();
        url.set_path(&format!("{prefix}{rest}"));
        url
    };
    let api_prefix = families.api_path_prefix.as_str();
    let auth_prefix = families.auth_path_prefix.as_str();
    let (mut any, mut origins) = (false, Vec::new());
    for allowed in r.list(&ALLOWED_ORIGINS) {
        match allowed {
            AllowedOrigin::Any => any = true,
            AllowedOrigin::One(origin) => origins.push(origin),
        }
    }
    Callback {
        api_url: r.settle(&API_URL, given.api_url, || {
            on_server(api_prefix, "/auth/callback")
        }),
        token_handler_url: r.settle(&TOKEN_HANDLER_URL, given.token_handler_url, || {
            on_server(auth_prefix, "/callback")
        }),
        use_origin: r.value(&USE_ORIGIN),
        allowed_origins: origins,
        allow_any_origin: any,
    }
}
