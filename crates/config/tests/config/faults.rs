//! What is told about what is wrong.

use cogward_config::{Mode, load};

use crate::{KEY, from_env, from_toml, least, told, with};

#[test]
fn everything_missing_is_told_at_once() {
    let told = told(load(&from_env(&[])));
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(
        lines,
        [
            "COGNITO_USER_POOL_ID: is required and not set (in cogward.toml: cognito.user_pool_id); \
             for example COGNITO_USER_POOL_ID=us-east-1_AbCdEfGhI",
            "COGNITO_CLIENT_ID: is required and not set (in cogward.toml: cognito.client_id); \
             for example COGNITO_CLIENT_ID=1a2b3c4d5e6f7g8h9i0j1k2l3m",
            "COGNITO_DOMAIN: is required and not set (in cogward.toml: cognito.domain); \
             for example COGNITO_DOMAIN=myapp.auth.us-east-1.amazoncognito.com",
            "SESSION_SECRET: is required and not set (in cogward.toml: session.secret); \
             for example SESSION_SECRET=\"$(cogward keys new)\"",
        ]
    );
}

#[test]
fn a_wrong_value_is_named_explained_and_shown_right() {
    for (name, value, says) in [
        (
            "PORT",
            "http",
            "must be a whole number from 0 to 65535, not `http`",
        ),
        ("PORT", "65536", "must be a whole number from 0 to 65535"),
        ("HOST", "localhost", "must be an IP address"),
        (
            "ENVIRONMENT",
            "prod",
            "must be development or production, not `prod`",
        ),
        (
            "COGNITO_USER_POOL_ID",
            "AbCdEfGhI",
            "must be a region, `_` and letters and digits",
        ),
        ("COGNITO_USER_POOL_ID", "eu-west-1_a/b", "must be a region"),
        ("COGNITO_CLIENT_ID", "a b", "must be an app client's id"),
        ("COGNITO_REGION", "Ireland", "must be an AWS region"),
        (
            "COGNITO_DOMAIN",
            "ftp://x",
            "must be the host of the hosted pages",
        ),
        (
            "COGNITO_DOMAIN",
            "https://x.example/login",
            "must be the host of the hosted pages",
        ),
        (
            "COGNITO_ENDPOINT",
            "localhost:9229",
            "must be an http or https URL",
        ),
        (
            "API_CALLBACK_URL",
            "/callback",
            "must be an http or https URL",
        ),
        (
            "API_CALLBACK_URL",
            "https://a.example/cb?x=1",
            "without `?` and `#`",
        ),
        ("FRONTEND_URL", "*", "must be an http or https URL"),
        (
            "FRONTEND_URL",
            "javascript:alert(1)",
            "must be an http or https URL",
        ),
        (
            "FRONTEND_URL",
            "https://a.example\\@b.example",
            "must be an http or https URL",
        ),
        (
            "COGWARD_FRONTEND_ADDITIONAL_ORIGINS",
            "*",
            "must be one exact origin",
        ),
        (
            "COGWARD_FRONTEND_ADDITIONAL_ORIGINS",
            "https://*.example.com",
            "one exact origin",
        ),
        (
            "COGWARD_FRONTEND_ADDITIONAL_ORIGINS",
            "null",
            "must be one exact origin",
        ),
        (
            "CALLBACK_ALLOWED_ORIGINS",
            "https://a.example/x",
            "must be one exact origin",
        ),
        ("CALLBACK_USE_ORIGIN", "maybe", "must be true or false"),
        (
            "AUTH_PATH_PREFIX",
            "auth",
            "must be a path that starts with one `/`",
        ),
        (
            "AUTH_PATH_PREFIX",
            "//evil.example",
            "must be a path that starts with one `/`",
        ),
        (
            "AUTH_PATH_PREFIX",
            "/a/../b",
            "must be a path that starts with one `/`",
        ),
        ("AUTH_PATH_PREFIX", "/", "must not be the root"),
        (
            "API_PATH_PREFIX",
            "/health",
            "must not be the path of the health check",
        ),
        (
            "COGWARD_SERVER_TRUSTED_PROXIES",
            "0.0.0.0/0",
            "must be the proxies' own network",
        ),
        (
            "COGWARD_SERVER_TRUSTED_PROXIES",
            "10.0.0.1,::/0",
            "must be the proxies' own network",
        ),
        (
            "COGWARD_SERVER_TRUSTED_PROXIES",
            "128.0.0.0/1",
            "must be the proxies' own network",
        ),
        (
            "COGWARD_SERVER_TRUSTED_PROXIES",
            "proxy",
            "must be a network in CIDR notation",
        ),
        (
            "SESSION_BACKEND",
            "mongo",
            "must be memory or sqlite or redis or postgres or dynamodb, not `mongo`",
        ),
        (
            "COGWARD_SESSION_REDIS_KEY_PREFIX",
            "{tag}",
            "must be up to 64 letters, digits and _.:/-",
        ),
        (
            "COGWARD_SESSION_REDIS_CLUSTER",
            "maybe",
            "must be true or false",
        ),
        (
            "COGWARD_SESSION_POSTGRES_CONNECTIONS",
            "1",
            "must be a whole number from 2 to 64",
        ),
        (
            "COGWARD_SESSION_DYNAMODB_REGION",
            "Frankfurt",
            "must be an AWS region",
        ),
        (
            "COGWARD_SESSION_STORE_TIMEOUT_MS",
            "0",
            "must be a whole number from 50 to 60000",
        ),
        (
            "COOKIE_DOMAIN",
            "https://example.com",
            "must be a domain name",
        ),
        ("COOKIE_DOMAIN", "com", "must be a domain name"),
        ("COOKIE_DOMAIN", "127.0.0.1", "must be a domain name"),
        ("COGWARD_COOKIE_NAME", "a;b", "must be a cookie name"),
        ("DYNAMODB_TABLE", "a", "must be a DynamoDB table name"),
        ("AAGUID_ALLOWLIST", "yubikey", "must be AAGUIDs"),
        ("LOG_FORMAT", "xml", "must be human or json"),
        (
            "LOG_LEVEL",
            "warning",
            "must be off, error, warn, info, debug or trace",
        ),
        (
            "COGWARD_LOGIN_IDENTITY_PROVIDER",
            "a b",
            "must be the name of an identity provider",
        ),
        (
            "COGWARD_SERVER_APP_NAME",
            "a\u{1b}]0;b",
            "control characters, not `a\\u{1b}]0;b`",
        ),
    ] {
        let told = told(with(least(), &[(name, value)]));
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(
            told.starts_with(&format!("{name} (environment): ")),
            "{told}"
        );
        assert!(told.contains(says), "{told}");
        assert!(told.contains(&format!("; for example {name}=")), "{told}");
    }
}

#[test]
fn secrets_have_rules_too() {
    for (name, value, says) in [
        (
            "SESSION_SECRET",
            "123456789012345",
            "at least 16 characters, and has 15",
        ),
        (
            "SESSION_SECRET",
            "n3Jp7Vq0XkT5wZrB9sLd,short",
            "at least 16 characters, and has 5",
        ),
        (
            "SESSION_ENCRYPTION_KEY",
            "short",
            "must have at least 16 characters",
        ),
        ("SERVICE_TOKEN", "short", "must have at least 16 characters"),
        ("AWS_ACCESS_KEY_ID", "key", "must be an AWS access key id"),
        (
            "REDIS_URL",
            "localhost:6379",
            "must be a URL that starts with redis://",
        ),
        (
            "REDIS_URL",
            "redis://localhost:6379,http://other:6379",
            "must be a URL that starts with redis://",
        ),
        (
            "REDIS_URL",
            "redis://:password@",
            "must be a URL that starts with redis://",
        ),
        (
            "COGNITO_CLIENT_SECRET",
            "a\u{7}b",
            "must be one line without control characters",
        ),
    ] {
        let told = told(with(least(), &[(name, value)]));
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(
            told.starts_with(&format!("{name} (environment): must ")),
            "{told}"
        );
        assert!(told.contains(says), "{told}");
    }
}

#[test]
fn a_comma_alone_is_no_secret() {
    assert!(told(with(least(), &[("SESSION_SECRET", ",")])).contains("is required and not set"));
}

#[test]
fn faults_of_all_sources_come_together() {
    let mut sources = from_toml("[server]\nport = '3001'\n\n[sesion]\nbackend = 'memory'\n");
    sources.env.insert("ENVIRONMENT".into(), "prod".into());
    sources.env.insert("COGWARD_SERVER_PROT".into(), "1".into());
    sources.env.insert("COGNITO_DOMAIN".into(), String::new());
    sources.flags.insert("data-dir", "\u{0}".into());
    let told = told(load(&sources));
    for says in [
        "server.port (cogward.toml line 2): must be a whole number without quotes; \
         for example server.port = 3001",
        "sesion.backend (cogward.toml line 5): is not a setting; did you mean session.backend?",
        "COGWARD_SERVER_PROT (environment): is not a setting; did you mean COGWARD_SERVER_PORT?",
        "ENVIRONMENT (environment): must be development or production",
        "COGNITO_DOMAIN: is required and not set",
        "--data-dir: must not contain control characters",
    ] {
        assert!(told.contains(says), "no `{says}` in\n{told}");
    }
    assert_eq!(told.lines().count(), 6, "{told}");
}

#[test]
fn malformed_toml_is_told_with_its_line() {
    let told = told(load(&from_toml("[server]\nport = 3001\nhost = \n")));
    assert!(
        told.starts_with("cogward.toml line 3: is not valid TOML: "),
        "{told}"
    );
}

#[test]
fn a_toml_value_must_have_its_type() {
    for (text, says) in [
        ("server.port = 1.5", "must not be a number with a fraction"),
        (
            "server.port = -1",
            "must be a whole number from 0 to 65535, not `-1`",
        ),
        (
            "server.port = 99999999999999999999999999999999999999999",
            "must not be a number too large",
        ),
        ("server.app_name = true", "must be a text in quotes"),
        ("server.app_name = 2026-01-01", "must not be a date"),
        ("server.app_name = { a = 1 }", "must not be a table"),
        ("server.app_name = ['a']", "must be a text in quotes"),
        (
            "families.token_handler = 'true'",
            "must be true or false without quotes",
        ),
        ("login.scopes = 1", "must be an array of texts"),
        ("login.scopes = [['a']]", "must not be an array"),
        ("session.encryption_key_file = 1", "cannot be read"),
        (
            "session.encryption_key_file = ['a', 'b']",
            "must be the path of a file",
        ),
    ] {
        let told = told(load(&from_toml(text)));
        assert_eq!(told.lines().count(), 1, "{text}: {told}");
        assert!(
            told.contains("(cogward.toml line 1)") && told.contains(says),
            "{text}: {told}"
        );
    }
}

#[test]
fn an_unknown_key_is_told_with_the_likely_one() {
    for (text, says) in [
        (
            "port = 1",
            "port (cogward.toml line 1): is not a setting; did you mean",
        ),
        ("[server]\nprot = 1", "did you mean server.port?"),
        ("[cookie]\nsecret = 'x'", "did you mean session.secret?"),
        (
            "[server]\nport_file = 'x'",
            "server.port_file (cogward.toml line 2): is not a setting",
        ),
        (
            "[zzz]\nqqq = 1",
            "zzz.qqq (cogward.toml line 2): is not a setting",
        ),
    ] {
        let told = told(load(&from_toml(text)));
        assert!(told.contains(says), "{told}");
    }
}

#[test]
fn variables_of_kubernetes_are_not_ours() {
    let names = [
        ("COGWARD_SERVICE_HOST", "10.0.0.1"),
        ("COGWARD_SERVICE_PORT_HTTP", "80"),
        ("COGWARD_PORT", "tcp://10.0.0.1:80"),
        ("COGWARD_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("COGWARD_CONFIG", "cogward.toml"),
    ];
    assert!(with(least(), &names).is_ok());
    assert!(told(with(least(), &[("COGWARD_PORT", "80")])).contains("is not a setting"));
}

#[test]
fn two_names_of_one_setting_must_not_disagree() {
    let both = |a, b| with(least(), &[("SECURE_COOKIES", a), ("SESSION_HTTPS_ONLY", b)]);
    assert!(both("true", "1").is_ok());
    let told = told(both("true", "false"));
    assert!(
        told.starts_with("SESSION_HTTPS_ONLY (environment): disagrees with SECURE_COOKIES"),
        "{told}"
    );
}

#[test]
fn a_secret_in_two_places_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "another secret of enough length").unwrap();
    let path = file.path().to_str().unwrap();
    let mut sources = from_env(&least());
    sources
        .env
        .insert("SESSION_SECRET_FILE".into(), path.to_owned());
    let in_env = told(load(&sources));
    assert!(
        in_env.starts_with("SESSION_SECRET_FILE (environment): disagrees with"),
        "{in_env}"
    );

    let text = format!("[session]\nencryption_key = '{KEY}'\nencryption_key_file = '{path}'\n");
    let in_toml = told(load(&from_toml(&text)));
    assert!(
        in_toml.contains("line 3): stands beside session.encryption_key_file"),
        "{in_toml}"
    );
}

#[test]
fn a_file_of_a_secret_must_be_there_readable_and_full() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::write(&empty, " \n").unwrap();
    let binary = folder.path().join("binary");
    std::fs::write(&binary, [0xff, 0xfe]).unwrap();
    for (path, says) in [
        (
            folder.path().join("missing"),
            "cannot be read: No such file",
        ),
        (folder.path().to_owned(), "cannot be read: Is a directory"),
        (binary, "cannot be read: stream did not contain valid UTF-8"),
        (empty, "the file is empty"),
    ] {
        let mut sources = from_env(&least());
        sources.env.remove("SESSION_SECRET");
        sources
            .env
            .insert("SESSION_SECRET_FILE".into(), path.to_str().unwrap().into());
        let told = told(load(&sources));
        let start = format!("SESSION_SECRET_FILE (environment): {says}");
        assert!(told.starts_with(&start), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test]
fn an_empty_flag_is_a_fault() {
    let mut sources = from_env(&least());
    sources.flags.insert("data-dir", String::new());
    assert!(told(load(&sources)).starts_with("--data-dir: must not be empty"));
}

#[test]
fn a_flag_is_named_as_it_was_written() {
    let mut sources = from_env(&[]);
    sources.flags.insert("pool-port", "many".into());
    sources.flags.insert("server.port", "1".into());
    sources.mode = Mode::Pool;
    let told = told(load(&sources));
    assert!(
        told.contains("--port: must be a whole number from 0 to 65535, not `many`"),
        "{told}"
    );
    assert!(told.contains("; for example --port 9229"), "{told}");
    assert!(told.contains("--server.port: is not a setting"), "{told}");
}

#[test]
fn dev_tells_faults_in_what_it_does_not_fix() {
    let mut sources = from_env(&[
        ("SESSION_BACKEND", "disk"),
        ("COGNITO_DOMAIN", "not a host"),
    ]);
    sources.mode = Mode::Dev;
    let told = told(load(&sources));
    assert!(told.starts_with("SESSION_BACKEND (environment)"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}
