//! Where sessions are kept.

use cogward_config::{Backend, Config, Directory, Reset, Secret};

use crate::{least, production, told, with};

const REDIS: (&str, &str) = ("SESSION_BACKEND", "redis");
const POSTGRES: (&str, &str) = ("SESSION_BACKEND", "postgres");
const DYNAMODB: (&str, &str) = ("SESSION_BACKEND", "dynamodb");

#[test]
fn a_store_without_its_address_is_a_fault_that_names_it() {
    for (backend, name, example) in [
        (REDIS, "REDIS_URL", "REDIS_URL=\"rediss://"),
        (POSTGRES, "POSTGRES_URL", "POSTGRES_URL=\"postgres://"),
    ] {
        let told = told(with(least(), &[backend]));
        let says = format!("{name}: is required by session.backend {} and", backend.1);
        assert!(told.starts_with(&says), "{told}");
        assert!(told.contains(example), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
    assert!(with(least(), &[DYNAMODB]).is_ok());
}

#[test]
fn urls_and_options_arrive() {
    let redis = with(
        least(),
        &[
            REDIS,
            ("REDIS_URL", "redis://a:6379, rediss://u:p%2Cq@b:6380/0"),
            ("COGWARD_SESSION_REDIS_KEY_PREFIX", "cogward:"),
            ("COGWARD_SESSION_STORE_TIMEOUT_MS", "750"),
        ],
    )
    .unwrap()
    .session;
    let urls: Vec<_> = redis.redis.urls.iter().map(Secret::expose).collect();
    assert_eq!(urls, ["redis://a:6379", "rediss://u:p%2Cq@b:6380/0"]);
    assert!(redis.redis.cluster, "several nodes are a cluster");
    assert_eq!(redis.redis.key_prefix, "cogward:");
    assert_eq!(redis.store_timeout.as_millis(), 750);
    let one = with(least(), &[REDIS, ("REDIS_URL", "redis://a")]).unwrap();
    assert!(!one.session.redis.cluster);
    assert_eq!(one.session.redis.key_prefix, "");

    for url in [
        "postgresql:///cogward?host=/var/run/postgresql",
        "postgres://u:p@a:5432,b:5432/cogward",
    ] {
        let postgres = with(least(), &[POSTGRES, ("DATABASE_URL", url)]).unwrap();
        assert_eq!(postgres.session.backend, Backend::Postgres);
        assert_eq!(postgres.session.postgres.url.unwrap().expose(), url);
        assert_eq!(postgres.session.postgres.connections, 8);
    }
}

#[test]
fn several_redis_urls_are_one_cluster() {
    let (urls, no) = (
        ("REDIS_URL", "redis://a,redis://b"),
        ("COGWARD_SESSION_REDIS_CLUSTER", "false"),
    );
    let told = told(with(least(), &[urls, no]));
    assert!(told.contains("must be true with several URLs"), "{told}");
    assert!(with(least(), &[no]).is_ok());
}

#[test]
fn postgres_has_a_url_of_its_own_scheme() {
    for url in [
        "db.example.com",
        "mysql://u:s3cr3t@db/app",
        "postgres://u:s3cr3t@db.example.com",
        "postgres:///cogward",
    ] {
        let told = told(with(least(), &[POSTGRES, ("DATABASE_URL", url)]));
        assert!(
            told.starts_with("DATABASE_URL (environment): must be a URL that starts with postgres"),
            "{told}"
        );
        assert!(!told.contains("s3cr3t"), "{told}");
        // Another program's, then.
        assert!(with(least(), &[("DATABASE_URL", url)]).is_ok());
    }
}

#[test]
fn dynamodb_is_where_the_process_is_unless_told_otherwise() {
    let region = |more: &[(&'static str, &'static str)]| {
        with(least(), more).unwrap().session.dynamodb.region
    };
    assert_eq!(region(&[]), "eu-west-1");
    assert_eq!(region(&[("AWS_REGION", "us-east-2")]), "us-east-2");
    let pool_elsewhere = [("AWS_REGION", "us-east-2"), ("COGNITO_REGION", "eu-west-1")];
    assert_eq!(region(&pool_elsewhere), "us-east-2");
    let own = ("COGWARD_SESSION_DYNAMODB_REGION", "sa-east-1");
    assert_eq!(region(&[("AWS_REGION", "us-east-2"), own]), "sa-east-1");
}

#[test]
fn half_an_aws_key_is_a_fault_where_it_is_used() {
    let id = ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
    let key = ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCY");
    for (half, missing) in [(id, key.0), (key, id.0)] {
        let told = told(with(least(), &[DYNAMODB, half]));
        assert!(told.starts_with(half.0), "{told}");
        assert!(told.contains(&format!("without {missing}")), "{told}");
        assert!(with(least(), &[half]).is_ok());
    }
    let both = with(least(), &[DYNAMODB, id, key]).unwrap();
    let credentials = both.session.dynamodb.credentials.unwrap();
    assert_eq!(credentials.access_key_id.expose(), id.1);
    assert!(
        with(least(), &[DYNAMODB])
            .unwrap()
            .session
            .dynamodb
            .credentials
            .is_none()
    );
}

#[test]
fn a_store_without_tls_in_production_is_worth_a_word() {
    let warnings = |more: &[(&'static str, &'static str)]| {
        let config: Config = with(production(), more).unwrap();
        config.warnings()
    };
    for (backend, name, url) in [
        (REDIS, "REDIS_URL", "redis://u:s3cr3t@redis.internal:6379"),
        (REDIS, "REDIS_URL", "rediss://a:6379,redis://b:6379"),
        (
            POSTGRES,
            "POSTGRES_URL",
            "postgres://u:s3cr3t@10.0.0.7/cogward?sslmode=disable",
        ),
    ] {
        let warnings = warnings(&[backend, (name, url)]);
        assert_eq!(warnings.len(), 1, "{url}");
        assert!(warnings[0].starts_with(&format!("{name} (environment): has no TLS")));
        assert!(!warnings[0].contains("s3cr3t"), "{warnings:?}");
        assert!(
            with(least(), &[backend, (name, url)])
                .unwrap()
                .warnings()
                .is_empty()
        );
    }
    for (backend, name, url) in [
        (REDIS, "REDIS_URL", "rediss://u:p@redis.internal:6379"),
        (REDIS, "REDIS_URL", "redis://localhost:6379"),
        (REDIS, "REDIS_URL", "redis://[::1]:6379"),
        (REDIS, "REDIS_URL", "redis://127.0.0.2"),
        (POSTGRES, "POSTGRES_URL", "postgres://db.internal/cogward"),
        (
            POSTGRES,
            "POSTGRES_URL",
            "postgres:///cogward?host=/run/postgresql&sslmode=disable",
        ),
        (DYNAMODB, "REDIS_URL", "redis://elsewhere"),
    ] {
        assert!(warnings(&[backend, (name, url)]).is_empty(), "{url}");
    }
}

#[test]
fn people_are_kept_where_it_is_said() {
    let plain = with(least(), &[]).unwrap().people;
    assert_eq!(plain.directory, Directory::None);
    let (people, file) = (
        ("COGWARD_PEOPLE_DIRECTORY", "sqlite"),
        ("COGWARD_PEOPLE_SQLITE_PATH", "/var/lib/users.db"),
    );
    let sqlite = with(least(), &[people, file]).unwrap().people;
    assert_eq!(sqlite.sqlite_path.to_str(), Some(file.1));

    let postgres = ("COGWARD_PEOPLE_DIRECTORY", "postgres");
    let refused = told(with(least(), &[postgres]));
    assert!(
        refused.contains("is required by people.directory postgres"),
        "{refused}"
    );
    let shared = ("DATABASE_URL", "postgres://u:p@db/shared");
    let own = ("COGWARD_PEOPLE_POSTGRES_URL", "postgres://u:p@db/people");
    for (given, url) in [
        (vec![postgres, shared], shared.1),
        (vec![postgres, shared, own], own.1),
    ] {
        let people = with(least(), &given).unwrap().people;
        assert_eq!(people.postgres_url.as_ref().map(Secret::expose), Some(url));
    }
    let foreign = ("DATABASE_URL", "mysql://u:s3cr3t@db/app");
    let refused = told(with(least(), &[postgres, foreign]));
    assert!(
        refused.contains("people.postgres_url") && !refused.contains("s3cr3t"),
        "{refused}"
    );
    let wrong = ("COGWARD_PEOPLE_POSTGRES_URL", "db:s3cr3t");
    let refused = told(with(least(), &[postgres, wrong]));
    assert!(
        refused.contains("must be a URL") && !refused.contains("s3cr3t"),
        "{refused}"
    );
}

#[test]
fn in_production_people_are_read_over_tls_and_not_in_a_function() {
    let plain = [
        ("COGWARD_PEOPLE_DIRECTORY", "postgres"),
        (
            "COGWARD_PEOPLE_POSTGRES_URL",
            "postgres://u:s3cr3t@db/people?sslmode=disable",
        ),
    ];
    let warnings = with(production(), &plain).unwrap().warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("COGWARD_PEOPLE_POSTGRES_URL"),
        "{warnings:?}"
    );
    assert!(!warnings[0].contains("s3cr3t"), "{warnings:?}");
    let lambda = [
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
        ("COGWARD_PEOPLE_DIRECTORY", "sqlite"),
    ];
    let refused = told(with(production(), &lambda));
    assert!(
        refused.contains("must be outside the function"),
        "{refused}"
    );
}

#[test]
fn codes_of_our_own_need_all_their_parts() {
    let on = ("COGWARD_ACCOUNTS_ENABLED", "true");
    let own = ("COGWARD_ACCOUNTS_RESET", "database");
    let parts = [
        ("COGWARD_PEOPLE_DIRECTORY", "sqlite"),
        ("COGWARD_MAIL_BACKEND", "smtp"),
        ("COGWARD_ACCOUNTS_ADMIN", "true"),
    ];
    let rest = [
        ("COGWARD_MAIL_FROM", "no-reply@example.com"),
        ("COGWARD_MAIL_SMTP_HOST", "mail.example.com"),
    ];
    let refused = told(with(least(), &[on, own]));
    for name in ["people.directory", "mail.backend", "accounts.admin"] {
        assert!(refused.contains(name), "{refused}");
    }
    for missing in 0..3 {
        let others = (0..3)
            .filter(|part| *part != missing)
            .map(|part| parts[part]);
        let given: Vec<_> = [on, own].into_iter().chain(rest).chain(others).collect();
        let refused = told(with(least(), &given));
        assert!(refused.starts_with("COGWARD_ACCOUNTS_RESET"), "{refused}");
    }
    let all: Vec<_> = [on, own].into_iter().chain(rest).chain(parts).collect();
    let accounts = with(least(), &all).unwrap().accounts;
    assert_eq!(accounts.reset, Reset::Database);
    // Half a key is none for administrators' calls either.
    let half = ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
    assert!(told(with(least(), &[parts[2], half])).contains("AWS_SECRET_ACCESS_KEY"));
}
