//! `[login]`

use crate::read::Reader;
use crate::sections::Section;
use crate::setting::Setting;

/// What a sign-in asks Cognito for.
#[derive(Clone, Debug)]
pub struct Login {
    /// OAuth scopes, `openid` among them.
    pub scopes: Vec<String>,
    /// The identity provider used when a sign-in names none.
    pub identity_provider: Option<String>,
    /// The identity providers a sign-in may name.
    pub identity_providers: Vec<String>,
}

pub(crate) static SECTION: Section = Section {
    name: "login",
    doc: "What a sign-in asks Cognito for.",
    settings: &[
        &SCOPES.about,
        &IDENTITY_PROVIDER.about,
        &IDENTITY_PROVIDERS.about,
    ],
};

pub(crate) static SCOPES: Setting<String> = Setting::new(
    "login.scopes",
    "OAuth scopes asked for; the app client must allow them. `openid` must be among them.",
)
.list()
.default("openid,email,profile")
.check(scope)
.example("openid,email,profile");
static IDENTITY_PROVIDER: Setting<String> = Setting::new(
    "login.identity_provider",
    "Identity provider that sign-in goes to at once, as it is called in the user pool; without it \
     Cognito's own page offers the choice.",
)
.check(provider)
.example("Google");
static IDENTITY_PROVIDERS: Setting<String> = Setting::new(
    "login.identity_providers",
    "Identity providers that a sign-in may name with `?identity_provider=`.",
)
.list()
.check(provider)
.example("Google,SignInWithApple");

pub(crate) fn load(r: &mut Reader<'_>) -> Login {
    Login {
        scopes: r.list(&SCOPES),
        identity_provider: r.given(&IDENTITY_PROVIDER),
        identity_providers: r.list(&IDENTITY_PROVIDERS),
    }
}

/// RFC 6749 section 3.3: one `scope-token`.
fn scope(text: &str) -> Result<(), String> {
    let good = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
    if !text.is_empty() && text.bytes().all(good) {
        Ok(())
    } else {
        Err("must be OAuth scopes without spaces in them".to_owned())
    }
}

/// `ProviderName` of Cognito's `CreateIdentityProvider`: 1 to 32 characters.
fn provider(text: &str) -> Result<(), String> {
    let good = |c: char| !c.is_control() && !c.is_whitespace();
    if (1..=32).contains(&text.chars().count()) && text.chars().all(good) {
        Ok(())
    } else {
        Err("must be the name of an identity provider, up to 32 characters".to_owned())
    }
}
