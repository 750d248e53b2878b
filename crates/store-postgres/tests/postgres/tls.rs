use cogward_services::Postgres;
use cogward_session::SessionStore as _;
use cogward_store_postgres::{OpenError, Options, PostgresStore};

use crate::support::{options, printed};

#[tokio::test(flavor = "multi_thread")]
async fn only_the_right_server_is_talked_to() {
    let (server, other) = (Postgres::start_tls(), Postgres::start_tls());
    let url = server.database();
    let with = |url: &str, authority: Option<&str>| Options {
        authorities: authority.map(Into::into),
        ..options(url)
    };
    let right = with(&url, server.authority());
    let store = PostgresStore::open(right).await.unwrap();
    store.ping().await.unwrap();
    let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
         WHERE application_name = 'cogward'";
    assert_eq!(server.query(&url, encrypted), "t");

    let of_another = with(&url, other.authority());
    // What libpq takes for "do not check".
    let unchecked = with(&format!("{url}?sslmode=require"), other.authority());
    let name = url.replace("127.0.0.1", "other.example") + "?hostaddr=127.0.0.1";
    let of_another_name = with(&name, server.authority());
    for options in [of_another, unchecked, of_another_name] {
        let error = PostgresStore::open(options).await.err().unwrap();
        assert!(
            matches!(error, OpenError::Untrusted { .. }),
            "{}",
            printed(&error)
        );
    }
    // Nobody the system trusts has signed it; a system may also trust nobody.
    let error = PostgresStore::open(with(&url, None)).await.err().unwrap();
    assert!(
        matches!(
            error,
            OpenError::Untrusted { .. } | OpenError::SystemAuthorities(_)
        ),
        "{}",
        printed(&error)
    );
    let plain = with(&format!("{url}?sslmode=disable"), None);
    let error = PostgresStore::open(plain).await.err().unwrap();
    assert!(matches!(error, OpenError::Refused { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_not_told_the_password() {
    let (server, other) = (Postgres::start(), Postgres::start_tls());
    let url = server.database();
    for mode in ["prefer", "require", "verify-full"] {
        let options = Options {
            authorities: other.authority().map(Into::into),
            ..options(&url.replace("disable", mode))
        };
        let error = PostgresStore::open(options).await.err().unwrap();
        assert!(
            matches!(error, OpenError::Handshake { .. }),
            "{mode}: {}",
            printed(&error)
        );
    }
}

#[tokio::test]
async fn certificates_that_are_none_are_refused() {
    for pem in ["", "no PEM", BROKEN] {
        let options = Options {
            authorities: Some(pem.into()),
            ..options("postgres://me:x@127.0.0.1:1/s")
        };
        let error = PostgresStore::open(options).await.err().unwrap();
        assert!(matches!(error, OpenError::Authorities), "{error:?}");
    }
}

const BROKEN: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
