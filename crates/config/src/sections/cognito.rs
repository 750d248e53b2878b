//! `[cognito]`

use url::Url;

use crate::read::Reader;
use crate::secret::Secret;
use crate::sections::Section;
use crate::sections::pool::Pool;
use crate::setting::{Kind, Setting};
use crate::sources::Mode;
use crate::value::{Item, Origin};

/// The user pool and the app client that signs people in.
#[derive(Clone, Debug)]
pub struct Cognito {
    /// `us-east-1_AbCdEfGhI`.
    pub user_pool_id: String,
    /// The app client's id.
    pub client_id: String,
    /// The app client's secret, when it has one.
    pub client_secret: Option<Secret>,
    /// Base of the hosted pages: `/oauth2/authorize` and so on lie below it.
    pub domain: Url,
    /// `us-east-1`.
    pub region: String,
    /// Where the user-pool API is asked.
    pub endpoint: Url,
    /// `iss` of every token, without a trailing slash.
    pub issuer: String,
    /// Where the signing keys are fetched.
    pub jwks_url: Url,
    /// The app client rotates refresh tokens.
    pub refresh_rotation: bool,
    /// Other app clients whose tokens are accepted.
    pub additional_audience: Vec<String>,
}

pub(crate) static SECTION: Section = Section {
    name: "cognito",
    doc: "The user pool and the app client that signs people in. `cogward dev` sets all but the \
          last two itself, for its local pool.",
    settings: &[
        &USER_POOL_ID.about,
        &CLIENT_ID.about,
        &CLIENT_SECRET.about,
        &DOMAIN.about,
        &REGION.about,
        &ENDPOINT.about,
        &ISSUER.about,
        &REFRESH_ROTATION.about,
        &ADDITIONAL_AUDIENCE.about,
    ],
};

static USER_POOL_ID: Setting<String> = Setting::new("cognito.user_pool_id", "Id of the user pool.")
    .env(&["COGNITO_USER_POOL_ID"])
    .required()
    .check(pool_id)
    .example("us-east-1_AbCdEfGhI");
static CLIENT_ID: Setting<String> = Setting::new("cognito.client_id", "Id of the app client.")
    .env(&["COGNITO_CLIENT_ID"])
    .required()
    .check(client_id)
    .example("1a2b3c4d5e6f7g8h9i0j1k2l3m");
pub(crate) static CLIENT_SECRET: Setting<Secret> = Setting::new(
    "cognito.client_secret",
    "Secret of the app client, when it has one.",
)
.env(&["COGNITO_CLIENT_SECRET"]);
pub(crate) static DOMAIN: Setting<Domain> = Setting::new(
    "cognito.domain",
    "Host of the hosted sign-in pages (the user pool's domain), or a full URL.",
)
.env(&["COGNITO_DOMAIN"])
.required()
.example("myapp.auth.us-east-1.amazoncognito.com");
static REGION: Setting<String> = Setting::new(
    "cognito.region",
    "AWS region of the user pool. `AWS_REGION` is read when `COGNITO_REGION` is not set.",
)
.env(&["COGNITO_REGION", "AWS_REGION"])
.first_name_wins()
.derived("the region in the pool's id")
.check(region)
.example("us-east-1");
pub(crate) static ENDPOINT: Setting<Url> = Setting::new(
    "cognito.endpoint",
    "Where the user-pool API is asked, and base of the issuer. Set it for the local pool or a \
     private endpoint.",
)
.env(&["COGNITO_ENDPOINT"])
.derived("`https://cognito-idp.{region}.amazonaws.com`")
.example("http://localhost:9229");
pub(crate) static ISSUER: Setting<Url> = Setting::new(
    "cognito.issuer",
    "`iss` of the pool's tokens, when it is not as usual.",
)
.derived("`{cognito.endpoint}/{cognito.user_pool_id}`")
.example("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI");
static REFRESH_ROTATION: Setting<bool> = Setting::new(
    "cognito.refresh_rotation",
    "The app client has refresh-token rotation on.",
)
.default("false")
.example("true");
static ADDITIONAL_AUDIENCE: Setting<String> = Setting::new(
    "cognito.additional_audience",
    "Ids of other app clients of the pool whose tokens are accepted.",
)
.env(&["ADDITIONAL_AUDIENCE"])
.list()
.check(client_id)
.example("4n5o6p7q8r9s0t1u2v3w4x5y6z");

/// A host, which means HTTPS, or a URL.
pub(crate) struct Domain(Url);

impl Item for Domain {
    const KIND: Kind = Kind::Url;

    fn parse(text: &str) -> Result<Self, String> {
        let problem =
            "must be the host of the hosted pages or an http or https URL, without a path";
        let url = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        match <Url as Item>::parse(&url) {
            Ok(url) if url.path() == "/" => Ok(Self(url)),
            _ => Err(problem.to_owned()),
        }
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

pub(crate) fn load(r: &mut Reader<'_>, pool: &Pool) -> Cognito {
    match r.mode() {
        Mode::Serve => given(r),
        Mode::Dev | Mode::Pool => local(r, pool),
    }
}

fn given(r: &mut Reader<'_>) -> Cognito {
    let user_pool_id = r.required(&USER_POOL_ID, String::new());
    let client_id = r.required(&CLIENT_ID, String::new());
    let client_secret = r.given(&CLIENT_SECRET);
    let domain = r
        .required(&DOMAIN, Domain(Origin::local("https", 443).to_url()))
        .0;
    let region = r.or(&REGION, || region_of(&user_pool_id).to_owned());
    let aws = || {
        let suffix = if region.starts_with("cn-") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        let url = Url::parse(&format!("https://cognito-idp.{region}.{suffix}"));
        // Without a region there is a fault already; the URL is never used.
        url.unwrap_or_else(|_| Origin::local("https", 443).to_url())
    };
    let endpoint = r.or(&ENDPOINT, aws);
    let usual = below(&endpoint, &user_pool_id);
    let issuer = r.or(&ISSUER, || usual.clone());
    Cognito {
        client_id,
        client_secret,
        domain,
        region,
        issuer: issuer.as_str().trim_end_matches('/').to_owned(),
        jwks_url: below(&usual, ".well-known/jwks.json"),
        endpoint,
        user_pool_id,
        refresh_rotation: r.value(&REFRESH_ROTATION),
        additional_audience: r.list(&ADDITIONAL_AUDIENCE),
    }
}

/// The pool that `cogward dev` runs.
fn local(r: &mut Reader<'_>, pool: &Pool) -> Cognito {
    let base = Origin::local(if pool.tls { "https" } else { "http" }, pool.port).to_url();
    r.fix_unset(&CLIENT_SECRET);
    let user_pool_id = r.fix(&USER_POOL_ID, "us-east-1_Cogward01".to_owned());
    let usual = below(&base, &user_pool_id);
    let issuer = r.fix(
        &ISSUER,
        pool.issuer.clone().unwrap_or_else(|| usual.clone()),
    );
    Cognito {
        user_pool_id,
        client_id: r.fix(&CLIENT_ID, "cogwardlocalpublicclient01".to_owned()),
        client_secret: None,
        domain: r.fix(&DOMAIN, Domain(base.clone())).0,
        region: r.fix(&REGION, "us-east-1".to_owned()),
        endpoint: r.fix(&ENDPOINT, base),
        issuer: issuer.as_str().trim_end_matches('/').to_owned(),
        jwks_url: below(&usual, ".well-known/jwks.json"),
        refresh_rotation: r.value(&REFRESH_ROTATION),
        additional_audience: r.list(&ADDITIONAL_AUDIENCE),
    }
}

fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

fn region_of(pool_id: &str) -> &str {
    pool_id.split_once('_').map_or("", |(region, _)| region)
}

/// `UserPoolId` of the user-pool API: `[\w-]+_[0-9a-zA-Z]+`, at most 55.
fn pool_id(text: &str) -> Result<(), String> {
    let good = text.split_once('_').is_some_and(|(prefix, id)| {
        region(prefix).is_ok() && !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if good && text.len() <= 55 {
        Ok(())
    } else {
        Err("must be a region, `_` and letters and digits".to_owned())
    }
}

/// `ClientIdType` of the user-pool API: `[\w+]+`, at most 128.
fn client_id(text: &str) -> Result<(), String> {
    let good = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'+');
    if good && (1..=128).contains(&text.len()) {
        Ok(())
    } else {
        Err("must be an app client's id: up to 128 letters and digits".to_owned())
    }
}

/// `us-east-1`, `us-gov-west-1`, `ap-southeast-3`.
pub(crate) fn region(text: &str) -> Result<(), String> {
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let good = text.rsplit_once('-').is_some_and(|(names, number)| {
        names.split_once('-').is_some_and(|(country, rest)| {
            country.len() == 2 && word(country) && rest.split('-').all(word)
        }) && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    });
    if good && text.len() <= 32 {
        Ok(())
    } else {
        Err("must be an AWS region".to_owned())
    }
}
