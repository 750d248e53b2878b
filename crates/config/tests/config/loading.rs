//! Where values come from, and what follows from them.

use std::io::Write as _;
use std::time::Duration;

use cogward_config::{Backend, Environment, LogFormat, Mode, Secret, Source, Sources, load};

use crate::{KEY, from_env, from_toml, least, production, with};

#[test]
fn the_least_gives_the_documented_defaults() {
    let config = with(least(), &[]).unwrap();
    assert_eq!(config.server.environment, Environment::Development);
    assert_eq!(config.server.host.to_string(), "127.0.0.1");
    assert_eq!(config.server.port, 3001);
    assert_eq!(config.server.public_url.as_str(), "http://localhost:3001/");
    assert_eq!(config.server.data_dir.to_str(), Some(".cogward"));
    assert_eq!(config.server.request_timeout, Duration::from_secs(15));
    assert_eq!(config.cognito.region, "eu-west-1");
    assert_eq!(
        config.cognito.endpoint.as_str(),
        "https://cognito-idp.eu-west-1.amazonaws.com/"
    );
    let issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI";
    assert_eq!(config.cognito.issuer, issuer);
    assert_eq!(
        config.cognito.jwks_url.as_str(),
        format!("{issuer}/.well-known/jwks.json")
    );
    assert_eq!(
        config.cognito.domain.as_str(),
        "https://myapp.auth.eu-west-1.amazoncognito.com/"
    );
    assert!(!config.cognito.refresh_rotation);
    assert_eq!(config.login.scopes, ["openid", "email", "profile"]);
    let callback = &config.callback;
    assert_eq!(
        callback.api_url.as_str(),
        "http://localhost:3001/api/v1/auth/callback"
    );
    assert_eq!(
        callback.token_handler_url.as_str(),
        "http://localhost:3001/auth/callback"
    );
    assert_eq!(config.frontend.url.as_str(), "http://localhost:3000/");
    assert_eq!(
        config.frontend.origins()[0].as_str(),
        "http://localhost:3000"
    );
    assert_eq!(config.frontend.success_path.as_str(), "/dashboard");
    assert_eq!(config.frontend.error_path.as_str(), "/auth/error");
    assert_eq!(
        config.frontend.token_handler_success_path.as_str(),
        "/auth/success"
    );
    assert_eq!(config.frontend.token_handler_error_path.as_str(), "/login");
    assert_eq!(config.session.backend, Backend::Sqlite);
    assert_eq!(
        config.session.sqlite_path.to_str(),
        Some(".cogward/sessions.db")
    );
    assert_eq!(config.session.absolute_lifetime_seconds, 30 * 24 * 3600);
    assert_eq!(config.session.idle_lifetime_seconds, 7 * 24 * 3600);
    assert_eq!(config.session.refresh_ahead_seconds, 60);
    assert_eq!(config.cookie.session_name, "cogward_session");
    assert_eq!(config.cookie.login_name, "cogward_login");
    assert_eq!(config.log.format, LogFormat::Human);
    assert_eq!(config.log.level, "info");
}

#[test]
fn every_name_of_the_documents_is_accepted() {
    let all = [
        (
            "COGNITO_CLIENT_SECRET",
            "1k8d3hq4l7m2v9x0z5c6b1n8a4s7d2f9g3h6j0k5l8p1o4i7u2y6",
        ),
        ("COGNITO_REGION", "us-west-2"),
        ("AWS_REGION", "us-east-1"),
        ("API_CALLBACK_URL", "http://localhost:8000/auth/callback"),
        ("FRONTEND_URL", "http://localhost:3000"),
        ("SESSION_ENCRYPTION_KEY", "your-base64-encoded-32-byte-key"),
        ("SESSION_BACKEND", "memory"),
        ("REDIS_URL", "redis://localhost:6379/1"),
        ("DYNAMODB_TABLE", "l42_sessions"),
        ("DYNAMODB_ENDPOINT", "http://localhost:8000"),
        ("COOKIE_DOMAIN", "localhost"),
        ("SECURE_COOKIES", "false"),
        ("SESSION_HTTPS_ONLY", "0"),
        ("PORT", "8000"),
        ("ENVIRONMENT", "development"),
        ("AUTH_PATH_PREFIX", "/signin"),
        ("CALLBACK_USE_ORIGIN", "true"),
        (
            "CALLBACK_ALLOWED_ORIGINS",
            "http://localhost:3000,http://localhost:5173",
        ),
        ("ADDITIONAL_AUDIENCE", "otherclient1,otherclient2"),
        ("AAGUID_ALLOWLIST", "ee882879-721c-4913-9775-3dfcce97072a"),
        ("REQUIRE_DEVICE_BOUND", "true"),
        ("SERVICE_TOKEN", "service-token-of-16"),
        ("ENTITY_TABLE", "entities"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        (
            "AWS_SECRET_ACCESS_KEY",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ),
    ];
    let config = with(least(), &all).unwrap();
    let show = config.show().to_string();
    for (name, _) in least().iter().chain(&all) {
        let second = ["AWS_REGION", "SESSION_HTTPS_ONLY"].contains(name);
        assert!(
            second || show.contains(&format!("environment {name}")),
            "{name} had no effect"
        );
    }
    assert_eq!(config.cognito.region, "us-west-2");
    assert_eq!(config.server.port, 8000);
    assert_eq!(config.server.public_url.as_str(), "http://localhost:8000/");
    assert_eq!(
        config.callback.token_handler_url.as_str(),
        "http://localhost:8000/signin/callback"
    );
    assert_eq!(config.callback.allowed_origins.len(), 2);
    assert_eq!(
        config.cognito.additional_audience,
        ["otherclient1", "otherclient2"]
    );
    assert_eq!(config.cookie.domain.as_deref(), Some("localhost"));
    assert_eq!(config.session.encryption_keys.len(), 1);
}

#[test]
fn flags_beat_the_environment_which_beats_the_file() {
    let mut sources = from_toml("[server]\nport = 1\nhost = '::1'\napp_name = 'Example'\n");
    sources.env.insert("PORT".into(), "2".into());
    sources.env.insert("HOST".into(), "127.0.0.2".into());
    sources.flags.insert("port", "3".into());
    let config = load(&sources).unwrap();
    assert_eq!(config.server.port, 3);
    assert_eq!(config.server.host.to_string(), "127.0.0.2");
    assert_eq!(config.server.app_name, "Example");
    assert_eq!(
        config.source("server.port"),
        Some(&Source::Flag("port".into()))
    );
    assert_eq!(
        config.source("server.host"),
        Some(&Source::Environment("HOST".into()))
    );
    let line = Source::File {
        path: "cogward.toml".into(),
        line: 4,
    };
    assert_eq!(config.source("server.app_name"), Some(&line));
    assert_eq!(config.source("server.data_dir"), Some(&Source::Default));
    assert_eq!(config.source("cognito.region"), Some(&Source::Derived));
}

#[test]
fn show_says_value_and_origin_of_every_setting() {
    let show = load(&from_toml("[session]\nbackend = 'memory'\n"))
        .unwrap()
        .show();
    let line = |key: &str| {
        let shown = show.0.iter().find(|shown| shown.key == key).unwrap();
        (shown.value.clone(), shown.source.clone())
    };
    let pair = |value: &str, source: &str| (value.to_owned(), source.to_owned());
    assert_eq!(
        line("session.backend"),
        pair("memory", "cogward.toml line 2")
    );
    let secret = pair("(set, 43 characters)", "environment SESSION_SECRET");
    assert_eq!(line("session.secret"), secret);
    assert_eq!(line("server.port"), pair("3001", "default"));
    assert_eq!(line("cookie.name"), pair("cogward_session", "derived"));
    assert_eq!(line("cookie.domain"), pair("(not set)", "default"));
    assert!(
        show.0.iter().all(|shown| !shown.source.is_empty()),
        "{show}"
    );
}

#[test]
fn every_setting_has_a_name_of_its_own_in_the_environment() {
    let config = with(least(), &[("COGWARD_SESSION_CACHE_MEGABYTES", "7")]).unwrap();
    assert_eq!(config.session.cache_megabytes, 7);
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    let empty = [
        ("COGNITO_CLIENT_SECRET", ""),
        ("PORT", " "),
        ("SESSION_ENCRYPTION_KEY_FILE", ""),
    ];
    let config = with(least(), &empty).unwrap();
    assert!(config.cognito.client_secret.is_none());
    assert_eq!(config.server.port, 3001);
}

#[test]
fn values_are_read_from_every_shape_of_toml() {
    let text = "
        server.trusted_proxies = ['10.1.2.3/8', '::1']
        server.body_limit_bytes = 0x1_0000
        session = { secret = ['0123456789abcdef', 'fedcba9876543210'] }
        [login]
        scopes = 'openid,email'
        [families]
        token_handler = false
    ";
    let mut sources = from_toml(text);
    sources.env.remove("SESSION_SECRET");
    let config = load(&sources).unwrap();
    let proxies: Vec<_> = config
        .server
        .trusted_proxies
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(proxies, ["10.0.0.0/8", "::1/128"]);
    assert_eq!(config.server.body_limit_bytes, 65536);
    assert_eq!(config.session.secrets.len(), 2);
    assert_eq!(config.session.secrets[1].expose(), "fedcba9876543210");
    assert_eq!(config.login.scopes, ["openid", "email"]);
    assert!(!config.families.token_handler);
}

#[test]
fn a_secret_comes_from_a_file() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "  {KEY}\nold-secret-of-16-characters\n").unwrap();
    let path = file.path().to_str().unwrap();

    let mut by_env = from_env(&least());
    by_env.env.remove("SESSION_SECRET");
    let mut by_toml = from_toml(&format!("[session]\nsecret_file = '{path}'\n"));
    by_toml.env.remove("SESSION_SECRET");
    by_env.env.insert("SESSION_SECRET_FILE".into(), path.into());
    for (sources, named_by) in [
        (by_env, "SESSION_SECRET_FILE (environment)"),
        (by_toml, "session.secret_file (cogward.toml line 2)"),
    ] {
        let config = load(&sources).unwrap();
        let secrets: Vec<_> = config.session.secrets.iter().map(Secret::expose).collect();
        assert_eq!(secrets, [KEY, "old-secret-of-16-characters"]);
        let source = config.source("session.secret").unwrap().to_string();
        assert_eq!(source, format!("file {path}, named by {named_by}"));
    }
}

#[test]
fn dev_needs_nothing_and_speaks_to_its_own_pool() {
    let mut sources = from_env(&[
        ("COGNITO_USER_POOL_ID", "eu-west-1_RealPool1"),
        ("COGNITO_CLIENT_SECRET", "of-a-real-app-client"),
        ("SESSION_BACKEND", "memory"),
    ]);
    sources.mode = Mode::Dev;
    sources.flags.insert("pool-port", "9300".into());
    sources.flags.insert("port", "3100".into());
    let config = load(&sources).unwrap();
    assert_eq!(config.cognito.user_pool_id, "us-east-1_Cogward01");
    assert_eq!(config.cognito.client_id, "cogwardlocalpublicclient01");
    assert!(config.cognito.client_secret.is_none());
    assert_eq!(
        config.cognito.issuer,
        "http://localhost:9300/us-east-1_Cogward01"
    );
    assert_eq!(config.cognito.domain.as_str(), "http://localhost:9300/");
    assert_eq!(config.session.backend, Backend::Memory);
    assert!(config.session.secrets.is_empty());
    assert_eq!(config.frontend.url.as_str(), "http://localhost:3100/");
    assert_eq!(
        config.source("cognito.user_pool_id").unwrap().to_string(),
        "fixed by cogward dev"
    );
    sources.mode = Mode::Pool;
    assert_eq!(load(&sources).unwrap().pool.port, 9300);
}

#[test]
fn an_endpoint_moves_api_issuer_and_keys() {
    let more = [
        ("COGNITO_ENDPOINT", "http://localhost:9229"),
        ("COGNITO_DOMAIN", "http://localhost:9229"),
    ];
    let config = with(least(), &more).unwrap();
    assert_eq!(config.cognito.endpoint.as_str(), "http://localhost:9229/");
    assert_eq!(
        config.cognito.issuer,
        "http://localhost:9229/eu-west-1_AbCdEfGhI"
    );
    assert_eq!(config.cognito.domain.as_str(), "http://localhost:9229/");
    let issuer = ("COGWARD_COGNITO_ISSUER", "https://issuer.example.com/pool/");
    let config = with(least(), &[more[0], more[1], issuer]).unwrap();
    assert_eq!(config.cognito.issuer, "https://issuer.example.com/pool");
    assert_eq!(
        config.cognito.jwks_url.as_str(),
        "http://localhost:9229/eu-west-1_AbCdEfGhI/.well-known/jwks.json"
    );
}

#[test]
fn cookie_names_follow_security_and_domain() {
    let names = |more: &[(&'static str, &'static str)]| {
        let cookie = with(production(), more).unwrap().cookie;
        assert!(cookie.secure);
        (cookie.session_name, cookie.login_name)
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(names(&[]), pair("__Host-cogward", "__Host-cogward_login"));
    let shared = names(&[("COOKIE_DOMAIN", ".Example.com")]);
    assert_eq!(shared, pair("__Secure-cogward", "__Secure-cogward_login"));
    let named = names(&[("COGWARD_COOKIE_NAME", "sid")]);
    assert_eq!(named, pair("sid", "__Host-cogward_login"));
}

#[test]
fn production_listens_everywhere_and_trusts_its_callback_origin() {
    let config = with(production(), &[]).unwrap();
    assert_eq!(config.server.host.to_string(), "0.0.0.0");
    assert_eq!(
        config.server.public_url.as_str(),
        "https://auth.example.com/"
    );
    assert_eq!(
        config.callback.token_handler_url.as_str(),
        "https://auth.example.com/auth/callback"
    );
}

#[test]
fn a_named_file_must_exist() {
    let missing = std::path::Path::new("no/such/cogward.toml");
    let told = Sources::from_process(Some(missing), Default::default(), Mode::Serve).unwrap_err();
    assert!(
        told.to_string()
            .starts_with("--config: cannot read no/such/cogward.toml"),
        "{told}"
    );

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[server]\nport = 4000\n").unwrap();
    let sources = Sources::from_process(Some(file.path()), Default::default(), Mode::Dev).unwrap();
    assert_eq!(load(&sources).unwrap().server.port, 4000);
}
