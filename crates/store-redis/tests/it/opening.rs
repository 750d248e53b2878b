//! What is wrong is told when the store is opened, without the password.

use cogward_services::{Redis, RedisCluster, free_ports};
use cogward_session::SessionStore as _;
use cogward_store_redis::{OpenError, Options, RedisStore};

use crate::support::{NOW, all_of, key, record, unavailable, until};

const PASSWORD: &str = "correct-horse";

async fn refused(options: Options) -> OpenError {
    let Err(error) = RedisStore::open(options).await.map(drop) else {
        panic!("opened");
    };
    assert!(!error.to_string().contains('\n'));
    error
}

#[tokio::test]
async fn what_is_no_address_is_refused_without_being_shown() {
    for (text, number) in [
        ("", 1),
        ("127.0.0.1:6379", 1),
        ("http://u:correct-horse@127.0.0.1", 1),
        ("redis://u:correct-horse@127.0.0.1:port", 1),
        ("redis://u:correct-horse@127.0.0.1/db", 1),
        ("redis://u:correct-horse@0.0.0.0", 1),
        ("unix:///correct-horse", 1),
        ("redis://u:correct-horse@h, redis://correct-horse@:", 2),
    ] {
        let error = refused(Options::new(text)).await;
        assert!(
            matches!(error, OpenError::Address { number: found } if found == number),
            "{text}: {error:?}"
        );
        assert!(!all_of(&error).contains(PASSWORD), "{error:?}");
    }
}

#[tokio::test]
async fn options_that_do_not_fit_are_refused() {
    let with = |text: &str| Options::new(text);
    assert!(matches!(
        refused(with("rediss://h#insecure")).await,
        OpenError::Insecure { number: 1 }
    ));
    for other in [
        "redis://b",
        "rediss://u:p@b",
        "redis://u:q@b",
        "redis://v:p@b",
    ] {
        let error = refused(with(&format!("redis://u:p@a,{other}"))).await;
        assert!(
            matches!(error, OpenError::Mixed { number: 2 }),
            "{other}: {error:?}"
        );
    }
    let database = Options {
        cluster: true,
        ..with("redis://a/3")
    };
    assert!(matches!(
        refused(database).await,
        OpenError::Database { database: 3 }
    ));
    for key_prefix in ["{a}", "a b", "\u{fc}", "a\r\n", &"a".repeat(101)] {
        let options = Options {
            key_prefix: key_prefix.to_owned(),
            ..with("redis://a")
        };
        assert!(
            matches!(refused(options).await, OpenError::KeyPrefix),
            "{key_prefix:?}"
        );
    }
    for (text, pem, tls) in [
        ("rediss://a", "no certificate", true),
        ("redis://a", "", false),
    ] {
        let options = Options {
            certificate_authority: Some(pem.into()),
            ..with(text)
        };
        match (refused(options).await, tls) {
            (OpenError::CertificateAuthority, true) | (OpenError::NoTls, false) => {}
            (error, _) => panic!("{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_shown() {
    let redis = Redis::start_with_password(PASSWORD);
    RedisStore::open(Options::new(redis.url())).await.unwrap();
    let wrong = redis.url().replace(PASSWORD, "wrong-horse");
    for url in [wrong.as_str(), &redis.url().replace(":correct-horse@", "")] {
        let error = refused(Options::new(url)).await;
        assert!(matches!(error, OpenError::Refused { .. }), "{error:?}");
        let text = all_of(&error);
        assert!(!text.contains("horse"), "{text}");
        assert!(text.contains(&redis.port().to_string()), "{text}");
    }
    let printed = format!("{:?}", Options::new(redis.url()));
    assert!(!printed.contains(PASSWORD), "{printed}");
}

/// The password of a running store is changed: nothing prints the one it has.
#[tokio::test]
async fn a_password_that_is_no_longer_right_is_not_shown() {
    let redis = Redis::start_with_password(PASSWORD);
    let store = RedisStore::open(Options::new(redis.url())).await.unwrap();
    redis.command(&["CONFIG", "SET", "requirepass", "another"]);
    let url = redis.url().replace(PASSWORD, "another");
    let other = redis::Client::open(url).unwrap();
    let mut other = other.get_connection().unwrap();
    redis::cmd("CLIENT")
        .arg(&["KILL", "TYPE", "normal"])
        .exec(&mut other)
        .unwrap();
    let mut text = String::new();
    until("the password is refused", async || {
        match store.load(&key(1), NOW).await {
            Err(error) => text = all_of(&error),
            Ok(_) => return false,
        }
        text.contains("WRONGPASS")
    })
    .await;
    assert!(!text.contains(PASSWORD), "{text}");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let (redis, other) = (Redis::start_tls(), Redis::start_tls());
    let options = |authority: Option<&str>, url: String| Options {
        certificate_authority: authority.map(Into::into),
        ..Options::new(url)
    };
    for authority in [other.authority(), None] {
        let error = refused(options(authority, redis.url())).await;
        assert!(matches!(error, OpenError::Certificate { .. }), "{error:?}");
    }
    // Several are trusted alike.
    let both = [other.authority().unwrap(), redis.authority().unwrap()].concat();
    let store = RedisStore::open(options(Some(&both), redis.url()))
        .await
        .unwrap();
    store.insert(&key(1), record(1)).await.unwrap();
}

#[tokio::test]
async fn a_cluster_and_one_server_are_not_taken_for_each_other() {
    let redis = Redis::start();
    let options = Options {
        cluster: true,
        ..Options::new(redis.url())
    };
    assert!(matches!(
        refused(options).await,
        OpenError::NotCluster { .. }
    ));
    let cluster = RedisCluster::start_without_replicas();
    let one = cluster.nodes()[0].url();
    assert!(matches!(
        refused(Options::new(one.clone())).await,
        OpenError::IsCluster { .. }
    ));
    let options = Options {
        cluster: true,
        ..Options::new(one)
    };
    let store = RedisStore::open(options).await.unwrap();
    for n in 0..20 {
        store.insert(&key(n), record(1)).await.unwrap();
    }
    store.ping().await.unwrap();
}

#[tokio::test]
async fn a_database_that_redis_does_not_have_is_refused() {
    let redis = Redis::start();
    let store = RedisStore::open(Options::new(redis.url() + "/3"))
        .await
        .unwrap();
    store.insert(&key(1), record(1)).await.unwrap();
    assert_eq!(redis.command(&["DBSIZE"]), "0");
    let error = refused(Options::new(redis.url() + "/300")).await;
    assert!(matches!(error, OpenError::NoDatabase { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_may_be_later() {
    let mut redis = Redis::start();
    redis.kill();
    let store = RedisStore::open(Options::new(redis.url())).await.unwrap();
    let answer = store.load(&key(1), NOW).await;
    assert!(answer.as_ref().is_err_and(unavailable), "{answer:?}");
    assert!(store.ping().await.is_err());
    redis.restart();
    until("it is found", async || store.ping().await.is_ok()).await;
    store.insert(&key(1), record(1)).await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_cannot_be_reached_is_no_error() {
    let [one, two] = free_ports();
    let addresses = format!("redis://127.0.0.1:{one},redis://127.0.0.1:{two}");
    let store = RedisStore::open(Options::new(addresses)).await.unwrap();
    let answer = store.load(&key(1), NOW).await;
    assert!(answer.as_ref().is_err_and(unavailable), "{answer:?}");
    assert!(store.ping().await.is_err());
}
