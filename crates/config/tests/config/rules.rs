//! Combinations that are refused, one test a rule; each shows that the good
//! neighbour passes and that production alone refuses what is only unsafe.

use cogward_config::{Backend, Mode, load};

use crate::{KEY, from_env, least, production, told, with};

/// Refused in production with this fault alone; accepted in development.
fn refused(name: &'static str, value: &'static str, says: &str) {
    let told = told(with(production(), &[(name, value)]));
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.starts_with(name) && told.contains(says), "{told}");
    assert!(
        with(least(), &[(name, value)]).is_ok(),
        "{name}={value} is fine in development"
    );
}

#[test]
fn overlapping_prefixes() {
    for (auth, api) in [("/a", "/a"), ("/a", "/a/b"), ("/a/b", "/a"), ("/a/", "/a")] {
        let both = [("AUTH_PATH_PREFIX", auth), ("API_PATH_PREFIX", api)];
        let told = told(with(least(), &both));
        assert!(
            told.starts_with("API_PATH_PREFIX (environment): overlaps"),
            "{told}"
        );
        let alone = [
            both[0],
            both[1],
            ("COGWARD_FAMILIES_TOKEN_HANDLER", "false"),
        ];
        assert!(with(least(), &alone).is_ok());
    }
    let apart = [("AUTH_PATH_PREFIX", "/api"), ("API_PATH_PREFIX", "/apix")];
    assert!(with(least(), &apart).is_ok());
}

#[test]
fn idle_lifetime_beyond_the_absolute() {
    let lives = |idle| {
        let absolute = ("COGWARD_SESSION_ABSOLUTE_LIFETIME_SECONDS", "3600");
        with(
            least(),
            &[absolute, ("COGWARD_SESSION_IDLE_LIFETIME_SECONDS", idle)],
        )
    };
    assert!(lives("3600").is_ok());
    assert!(told(lives("3601")).contains("must not be longer than"));
}

#[test]
fn scopes_without_openid() {
    let scopes = |scopes| with(least(), &[("COGWARD_LOGIN_SCOPES", scopes)]);
    assert!(scopes("email,openid").is_ok());
    assert!(told(scopes("email,profile")).contains("must have `openid`"));
}

#[test]
fn cookie_names_whose_prefix_lies() {
    let name = |name, more: &[_]| with(least(), &[&[("COGWARD_COOKIE_NAME", name)], more].concat());
    let secure = ("SECURE_COOKIES", "true");
    let domain = ("COOKIE_DOMAIN", "example.com");
    assert!(name("__Host-x", &[secure]).is_ok());
    assert!(name("__Secure-x", &[secure, domain]).is_ok());
    assert!(told(name("__Host-x", &[])).contains("browsers accept only"));
    assert!(told(name("__Secure-x", &[])).contains("browsers accept only"));
    assert!(told(name("__Host-x", &[secure, domain])).contains("browsers accept only"));
}

#[test]
fn a_pool_that_dev_cannot_find() {
    let mut sources = from_env(&[("COGWARD_POOL_PORT", "0")]);
    sources.mode = Mode::Dev;
    assert!(told(load(&sources)).contains("must not be 0 for cogward dev"));
    sources.mode = Mode::Pool;
    assert!(load(&sources).is_ok());
}

#[test]
fn the_local_pool_in_production() {
    for (mode, command) in [(Mode::Dev, "dev"), (Mode::Pool, "pool")] {
        let mut sources = from_env(&production());
        sources.mode = mode;
        let told = told(load(&sources));
        assert_eq!(
            told,
            format!(
                "ENVIRONMENT (environment): must not be production for cogward {command}: \
                 use cogward serve"
            )
        );
        sources.env.remove("ENVIRONMENT");
        assert!(load(&sources).is_ok());
    }
}

#[test]
fn insecure_cookies() {
    refused("SECURE_COOKIES", "false", "must be true in production");
    refused("SESSION_HTTPS_ONLY", "false", "must be true in production");
}

#[test]
fn a_cookie_domain_of_somebody_else() {
    assert!(with(production(), &[("COOKIE_DOMAIN", "auth.example.com")]).is_ok());
    assert!(with(production(), &[("COOKIE_DOMAIN", "example.com")]).is_ok());
    refused(
        "COOKIE_DOMAIN",
        "ample.com",
        "must be the server's public host",
    );
    refused(
        "COOKIE_DOMAIN",
        "other.example",
        "must be the server's public host",
    );
}

#[test]
fn a_frontend_without_https() {
    refused(
        "FRONTEND_URL",
        "http://app.example.com",
        "must use https in production",
    );
    refused(
        "COGWARD_FRONTEND_ADDITIONAL_ORIGINS",
        "http://a.example",
        "must use https",
    );
    let default = told(with(production(), &[("FRONTEND_URL", "")]));
    assert!(
        default.starts_with("FRONTEND_URL (derived): must use https"),
        "{default}"
    );
    for wildcard in ["*", "https://*"] {
        assert!(with(production(), &[("FRONTEND_URL", wildcard)]).is_err());
    }
}

#[test]
fn a_callback_without_https() {
    refused(
        "API_CALLBACK_URL",
        "http://auth.example.com/cb",
        "must use https in production",
    );
    refused(
        "COGWARD_CALLBACK_TOKEN_HANDLER_URL",
        "http://auth.example.com/cb",
        "must use https",
    );
    refused(
        "COGWARD_SERVER_PUBLIC_URL",
        "http://auth.example.com",
        "must use https",
    );
    let nowhere = told(with(production(), &[("API_CALLBACK_URL", "")]));
    assert!(
        nowhere.starts_with("COGWARD_SERVER_PUBLIC_URL (derived): must use"),
        "{nowhere}"
    );
    let malformed = told(with(production(), &[("API_CALLBACK_URL", "nonsense")]));
    assert_eq!(malformed.lines().count(), 1, "{malformed}");
}

#[test]
fn loose_callback_origins() {
    refused("CALLBACK_ALLOWED_ORIGINS", "*", "must name the origins");
    refused(
        "CALLBACK_ALLOWED_ORIGINS",
        "https://a.example,*",
        "must name the origins",
    );
    refused(
        "CALLBACK_ALLOWED_ORIGINS",
        "http://a.example",
        "must use https",
    );
    let told = told(with(production(), &[("CALLBACK_USE_ORIGIN", "true")]));
    assert!(
        told.contains("must not be empty when callback.use_origin is on"),
        "{told}"
    );
    let named = [
        ("CALLBACK_USE_ORIGIN", "true"),
        ("CALLBACK_ALLOWED_ORIGINS", "https://a.example"),
    ];
    assert!(with(production(), &named).is_ok());
}

#[test]
fn cognito_without_https() {
    refused("COGNITO_DOMAIN", "http://localhost:9229", "must use https");
    refused(
        "COGNITO_ENDPOINT",
        "http://localhost:9229",
        "must use https",
    );
    refused(
        "COGWARD_COGNITO_ISSUER",
        "http://localhost:9229/x",
        "must use https",
    );
    refused(
        "DYNAMODB_ENDPOINT",
        "http://localhost:8000",
        "must use https",
    );
    let private = (
        "COGNITO_ENDPOINT",
        "https://vpce-1.cognito-idp.eu-west-1.vpce.amazonaws.com",
    );
    assert!(with(production(), &[private]).is_ok());
}

#[test]
fn a_store_that_lambda_forgets() {
    let lambda = ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001");
    for backend in ["memory", "sqlite"] {
        let told = told(with(production(), &[lambda, ("SESSION_BACKEND", backend)]));
        assert!(
            told.contains("must be a store outside the function on Lambda"),
            "{told}"
        );
        assert!(with(least(), &[lambda, ("SESSION_BACKEND", backend)]).is_ok());
        assert!(with(production(), &[("SESSION_BACKEND", backend)]).is_ok());
    }
    let config = with(production(), &[lambda]).unwrap();
    assert_eq!(config.session.backend, Backend::Dynamodb);
}

#[test]
fn secrets_short_or_known() {
    refused(
        "SESSION_SECRET",
        "n3Jp7Vq0XkT5wZrB9sLdHf2GmYc8UaE",
        "at least 32 characters",
    );
    refused(
        "SESSION_ENCRYPTION_KEY",
        "n3Jp7Vq0XkT5wZrB9sLdHf2GmYc8UaE",
        "at least 32 characters",
    );
    for known in [
        "your-secret-key-your-secret-key-0",
        "0123456789abcdef0123456789abcdef",
        "changemechangemechangemechangeme",
        "abababababababababababababababab",
        "cogwardlocalsecret0123456789abcdef",
    ] {
        refused("SESSION_SECRET", known, "must be random in production");
        refused(
            "COGNITO_CLIENT_SECRET",
            known,
            "must be random in production",
        );
    }
    let second = format!("{KEY},short-old-key-of-20-");
    let env: Vec<_> = production()
        .into_iter()
        .chain([("SESSION_SECRET", &*second)])
        .collect();
    assert!(told(load(&from_env(&env))).contains("at least 32 characters"));
}

#[test]
fn all_broken_rules_are_told_at_once() {
    let told = told(with(
        production(),
        &[
            ("SECURE_COOKIES", "false"),
            ("FRONTEND_URL", "http://app.example.com"),
            ("CALLBACK_ALLOWED_ORIGINS", "*"),
            ("COGNITO_ENDPOINT", "http://localhost:9229"),
            ("SESSION_SECRET", "n3Jp7Vq0XkT5wZrB"),
            ("PORT", "no"),
        ],
    ));
    assert_eq!(told.lines().count(), 6, "{told}");
}

#[test]
fn limits_that_are_none() {
    let with_limit = |name, value| with(production(), &[(name, value)]);
    for name in [
        "COGWARD_LIMITS_ADDRESS",
        "COGWARD_LIMITS_SESSION",
        "COGWARD_LIMITS_BAD_CREDENTIALS",
    ] {
        let warnings = with_limit(name, "0").unwrap().warnings().join("\n");
        assert!(
            warnings.contains(name) && warnings.contains("is no limit"),
            "{warnings}"
        );
        assert!(with_limit(name, "1").unwrap().warnings().is_empty());
    }
    for name in ["COGWARD_LIMITS_SIGN_INS", "COGWARD_LIMITS_ALL_SIGN_INS"] {
        assert!(told(with_limit(name, "0")).starts_with(name));
    }
}
