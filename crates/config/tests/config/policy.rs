//! `[policy]`

use std::time::Duration;

use cogward_config::{EntitySource, Faults, Mode, load};

use crate::{from_env, from_toml, least, production, told, with};

fn url(url: &'static str) -> Result<cogward_config::Config, Faults> {
    with(least(), &[("ENTITY_URL", url)])
}

#[test]
fn without_settings_policies_are_built_in_and_nobody_tells_of_resources() {
    let policy = with(least(), &[]).unwrap().policy;
    assert_eq!((policy.folder, policy.require_owner), (None, false));
    let entities = &policy.entities;
    assert_eq!(entities.source, EntitySource::None);
    assert_eq!(entities.ttl, Duration::from_secs(30));
    assert_eq!(entities.timeout, Duration::from_secs(2));
    let named = |alias: &str| policy.groups.get(alias).map(String::as_str);
    for (alias, group) in [
        ("administrators", "admin"),
        ("read-only", "readonly"),
        ("member", "users"),
        ("mods", "moderators"),
        ("devs", "developers"),
    ] {
        assert_eq!(named(alias), Some(group));
    }
    assert_eq!((named("Admin"), policy.groups.len()), (None, 25));
}

#[test]
fn groups_take_the_place_of_the_default() {
    let given = [(
        "POLICY_GROUPS",
        "Staff = editors, ÄRZTE=Doctors,staff=editors",
    )];
    let groups = with(least(), &given).unwrap().policy.groups;
    let groups: Vec<_> = groups
        .iter()
        .map(|(a, g)| (a.as_str(), g.as_str()))
        .collect();
    assert_eq!(groups, [("staff", "editors"), ("ärzte", "Doctors")]);
    let none = load(&from_toml("[policy]\ngroups = []")).unwrap();
    assert!(none.policy.groups.is_empty());
    for bad in ["admin", "=admin", "admin=", "a=b=c", " = "] {
        let text = told(with(least(), &[("POLICY_GROUPS", bad)]));
        assert!(
            text.contains("must be pairs of an alias and a group"),
            "{text}"
        );
    }
    let text = told(with(
        least(),
        &[("POLICY_GROUPS", "Staff=editors,staff=admin")],
    ));
    assert!(
        text.contains("has two groups for the alias `staff`"),
        "{text}"
    );
}

#[test]
fn who_tells_of_resources_follows_from_what_is_named() {
    let source = |more: &[_]| with(least(), more).map(|config| config.policy.entities.source);
    let table = ("ENTITY_TABLE", "app_entities");
    let url = ("ENTITY_URL", "https://catalog.example/{id}");
    assert_eq!(source(&[table]).unwrap(), EntitySource::Dynamodb);
    assert_eq!(source(&[url]).unwrap(), EntitySource::Http);
    let text = told(with(least(), &[table, url]));
    assert!(
        text.contains("ENTITY_PROVIDER (derived): must be set when both"),
        "{text}"
    );
    for name in [
        "COGWARD_POLICY_ENTITY_SQLITE_PATH",
        "COGWARD_POLICY_ENTITY_POSTGRES_URL",
    ] {
        let database = (name, "postgres://reader@db.example/app");
        let text = told(with(least(), &[database]));
        let expected = "ENTITY_PROVIDER (derived): must be set when the database with the table is";
        assert!(text.contains(expected), "{text}");
        let none = ("ENTITY_PROVIDER", "none");
        assert_eq!(source(&[database, none]).unwrap(), EntitySource::None);
    }
    let http = ("ENTITY_PROVIDER", "http");
    assert_eq!(source(&[table, url, http]).unwrap(), EntitySource::Http);
    let none = ("ENTITY_PROVIDER", "none");
    assert_eq!(source(&[table, none]).unwrap(), EntitySource::None);
}

#[test]
fn what_a_source_needs_is_told() {
    for (source, missing) in [
        (
            "sqlite",
            &["ENTITY_TABLE", "COGWARD_POLICY_ENTITY_SQLITE_PATH"] as &[_],
        ),
        (
            "postgres",
            &["ENTITY_TABLE", "COGWARD_POLICY_ENTITY_POSTGRES_URL"],
        ),
        ("dynamodb", &["ENTITY_TABLE"]),
        ("http", &["ENTITY_URL"]),
    ] {
        let text = told(with(least(), &[("ENTITY_PROVIDER", source)]));
        for name in missing {
            let line = format!("{name}: is required by policy.entities {source}");
            assert!(text.contains(&line), "{text}");
        }
        let mut pool = from_env(&[("ENTITY_PROVIDER", source)]);
        pool.mode = Mode::Pool;
        load(&pool).unwrap();
    }
    let shared = with(
        least(),
        &[
            ("ENTITY_PROVIDER", "postgres"),
            ("ENTITY_TABLE", "shop.item"),
            ("DATABASE_URL", "postgres://u:p@db.example/app"),
        ],
    );
    let shared = shared.unwrap().policy.entities.postgres_url.unwrap();
    assert_eq!(shared.expose(), "postgres://u:p@db.example/app");
}

#[test]
fn a_table_is_named_as_its_source_allows() {
    let with_table = |source, table| {
        with(
            least(),
            &[
                ("ENTITY_PROVIDER", source),
                ("ENTITY_TABLE", table),
                ("COGWARD_POLICY_ENTITY_SQLITE_PATH", "app.db"),
                (
                    "COGWARD_POLICY_ENTITY_POSTGRES_URL",
                    "postgres://u@db.example/app",
                ),
            ],
        )
    };
    for source in ["sqlite", "postgres"] {
        for good in ["resource", "_r2", "shop.Resource"] {
            with_table(source, good).unwrap();
        }
        for bad in ["a-b", "1a", "a.b.c", "a.", ".a", "a;b", "a\"b", "ä", "a b"] {
            let text = told(with_table(source, bad));
            assert!(text.contains("must be a table, or schema.table"), "{text}");
        }
    }
    with_table("dynamodb", "app-entities.v2").unwrap();
    let text = told(with_table("dynamodb", "no"));
    assert!(text.contains("must be a DynamoDB table name"), "{text}");
}

#[test]
fn a_template_has_whole_places_for_id_and_type() {
    for good in [
        "http://catalog.internal/entities/{type}/{id}",
        "https://catalog.example/{id}",
        "https://catalog.example/entities?kind={type}&id={id}",
        "https://catalog.example/{type}?id={id}&v=1",
    ] {
        url(good).unwrap();
    }
    for bad in [
        "https://catalog.example/entities",
        "https://catalog.example/{type}",
        "https://catalog.example/{id}/{id}",
        "https://catalog.example/{id}?again={id}",
        "https://catalog.example/item-{id}",
        "https://catalog.example/{id}.json",
        "https://catalog.example/{id}?type=a{type}",
        "https://catalog.example/?{id}=id",
        "https://catalog.example/{id}?{type}",
        "https://catalog.example/{id}/{other}",
        "https://{id}/{id}",
        "https://{id}.example/",
        "http:///{id}",
        "https://catalog.example/%7Bid%7D",
        "https://catalog.example/{id}?a=1#b",
    ] {
        let text = told(url(bad));
        assert!(text.contains("must have `{id}` once"), "{bad}: {text}");
    }
    for bad in [
        "ftp://catalog.example/{id}",
        "catalog.example/{id}",
        "https://user:password@catalog.example/{id}",
        "https://catalog.example/#{id}",
    ] {
        let text = told(url(bad));
        assert!(
            text.contains("ENTITY_URL (environment): must be a"),
            "{bad}: {text}"
        );
    }
}

#[test]
fn in_production_a_service_is_asked_by_https_or_nearby() {
    let at = |url| with(production(), &[("ENTITY_URL", url)]);
    let quiet = |url| at(url).unwrap().warnings().is_empty();
    assert!(quiet("https://catalog.example.com/{id}"));
    assert!(quiet("http://127.0.0.1:8080/{id}"));
    for near in [
        "http://catalog/{id}",
        "http://catalog.internal/{id}",
        "http://catalog.default.svc.cluster.local/{id}",
        "http://10.1.2.3/{id}",
        "http://[fd00::1]/{id}",
    ] {
        let warnings = at(near).unwrap().warnings();
        assert!(
            warnings[0].contains("says whose a resource is"),
            "{near}: {warnings:?}"
        );
    }
    for away in [
        "http://catalog.example.com/{id}",
        "http://catalog.internal.example.com/{id}",
        "http://notinternal.example/{id}",
        "http://8.8.8.8/{id}",
        "http://169.254.169.254/{id}",
        "http://[2001:db8::1]/{id}",
    ] {
        let text = told(at(away));
        assert!(
            text.contains("must use https in production"),
            "{away}: {text}"
        );
        with(
            production(),
            &[("ENTITY_URL", away), ("ENTITY_PROVIDER", "none")],
        )
        .unwrap();
        with(least(), &[("ENTITY_URL", away)]).unwrap();
    }
    let postgres = with(
        production(),
        &[
            ("ENTITY_PROVIDER", "postgres"),
            ("ENTITY_TABLE", "item"),
            (
                "COGWARD_POLICY_ENTITY_POSTGRES_URL",
                "postgres://u:p@db.example/app?sslmode=disable",
            ),
        ],
    );
    let warnings = postgres.unwrap().warnings();
    assert!(
        warnings[0].contains("leave out sslmode=disable"),
        "{warnings:?}"
    );
}

#[test]
fn a_service_token_is_what_a_header_can_carry() {
    for bad in ["a token with its spaces", "ein-Schlüssel-für-Dienste"] {
        let text = told(with(least(), &[("SERVICE_TOKEN", bad)]));
        assert!(
            text.contains("must be of ASCII characters without spaces"),
            "{text}"
        );
        assert!(!text.contains(bad), "{text}");
    }
}

#[test]
fn half_an_aws_key_is_a_fault_for_a_table_of_resources_too() {
    let half = ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
    with(least(), &[half]).unwrap();
    let text = told(with(least(), &[half, ("ENTITY_TABLE", "app_entities")]));
    assert!(
        text.contains("is of no use without AWS_SECRET_ACCESS_KEY"),
        "{text}"
    );
}

#[test]
fn the_section_of_before_is_told_where_its_keys_went() {
    let text = told(load(&from_toml(
        "[authorization]\nentity_table = 'a-table'",
    )));
    assert!(text.contains("authorization.entity_table"), "{text}");
    assert!(text.contains("did you mean policy.entity_table?"), "{text}");
}
