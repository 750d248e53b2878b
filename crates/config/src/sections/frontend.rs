//! `[frontend]`

use url::Url;

use crate::read::Reader;
use crate::sections::Section;
use crate::sections::server::Server;
use crate::setting::Setting;
use crate::sources::Mode;
use crate::value::{Origin, UrlPath};

/// The application in the browser.
#[derive(Clone, Debug)]
pub struct Frontend {
    /// Where the application lies; redirects after sign-in lead below it.
    pub url: Url,
    /// Where the browser goes after Cognito's `/logout`, to the letter.
    pub signed_out_url: String,
    /// Other origins that may call the server with credentials.
    pub additional_origins: Vec<Origin>,
    /// Page of the backend-proxy family after sign-in.
    pub success_path: UrlPath,
    /// Page of the backend-proxy family after a failed sign-in.
    pub error_path: UrlPath,
    /// Page of the Token Handler family after sign-in.
    pub token_handler_success_path: UrlPath,
    /// Page of the Token Handler family after a failed sign-in.
    pub token_handler_error_path: UrlPath,
}

impl Frontend {
    /// Every origin that may call the server with credentials, the
    /// application's own first.
    #[must_use]
    pub fn origins(&self) -> Vec<Origin> {
        let mut origins = vec![Origin::of(&self.url)];
        origins.extend(self.additional_origins.iter().cloned());
        origins
    }
}

pub(crate) static SECTION: Section = Section {
    name: "frontend",
    doc: "The application in the browser: where it lies, and its pages at the end of a sign-in.",
    settings: &[
        &FRONTEND_URL.about,
        &ADDITIONAL_ORIGINS.about,
        &SIGNED_OUT_URL.about,
        &SUCCESS_PATH.about,
        &ERROR_PATH.about,
        &TOKEN_HANDLER_SUCCESS_PATH.about,
        &TOKEN_HANDLER_ERROR_PATH.about,
    ],
};

pub(crate) static FRONTEND_URL: Setting<Url> = Setting::new(
    "frontend.url",
    "Where the application lies. Its origin may call the server with credentials (CORS), and \
     sign-in ends on a page below it.",
)
.env(&["FRONTEND_URL"])
.derived("`http://localhost:3000`; with `cogward dev` the server itself")
.example("https://app.example.com");
pub(crate) static ADDITIONAL_ORIGINS: Setting<Origin> = Setting::new(
    "frontend.additional_origins",
    "Other exact origins that may call the server with credentials (CORS).",
)
.list()
.example("https://admin.example.com");
static SIGNED_OUT_URL: Setting<String> = Setting::new(
    "frontend.signed_out_url",
    "Where Cognito's `/logout` sends the browser. It must stand in the app client's list of \
     sign-out URLs in just these letters.",
)
.derived("`frontend.url` without a slash at the end")
.check(url)
.example("https://app.example.com/bye");
static SUCCESS_PATH: Setting<UrlPath> = Setting::new(
    "frontend.success_path",
    "Page after sign-in, backend-proxy family.",
)
.default("/dashboard")
.example("/dashboard");
static ERROR_PATH: Setting<UrlPath> = Setting::new(
    "frontend.error_path",
    "Page after a failed sign-in, backend-proxy family.",
)
.default("/auth/error")
.example("/auth/error");
static TOKEN_HANDLER_SUCCESS_PATH: Setting<UrlPath> = Setting::new(
    "frontend.token_handler_success_path",
    "Page after sign-in, Token Handler family.",
)
.default("/auth/success")
.example("/auth/success");
static TOKEN_HANDLER_ERROR_PATH: Setting<UrlPath> = Setting::new(
    "frontend.token_handler_error_path",
    "Page after a failed sign-in, Token Handler family.",
)
.default("/login")
.example("/login");

pub(crate) fn load(r: &mut Reader<'_>, server: &Server) -> Frontend {
    let dev = r.mode() == Mode::Dev;
    let url = r.or(&FRONTEND_URL, || {
        if dev {
            server.public_url.clone()
        } else {
            Origin::local("http", 3000).to_url()
        }
    });
    let signed_out_url = r.or(&SIGNED_OUT_URL, || {
        url.as_str().trim_end_matches('/').to_owned()
    });
    Frontend {
        url,
        signed_out_url,
        additional_origins: r.list(&ADDITIONAL_ORIGINS),
        success_path: r.value(&SUCCESS_PATH),
        error_path: r.value(&ERROR_PATH),
        token_handler_success_path: r.value(&TOKEN_HANDLER_SUCCESS_PATH),
        token_handler_error_path: r.value(&TOKEN_HANDLER_ERROR_PATH),
    }
}

fn url(text: &str) -> Result<(), String> {
    match text.parse::<Url>() {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(()),
        _ => Err("must be an http or https URL".to_owned()),
    }
}
