//! A Redis Cluster loses a master.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cogward_services::{Redis, RedisCluster};
use futures_util::future::join_all;

use crate::site::{ALICE, Site, me, session_id, until, until_served};

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_takes_over_and_everybody_is_still_signed_in() {
    is_replaced("8").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_takes_over_from_servers_without_copies() {
    is_replaced("0").await;
}

async fn is_replaced(megabytes: &str) {
    let mut cluster = RedisCluster::start();
    // Nobody takes over because the machine is busy.
    be_patient(&cluster, "30000");
    let store = [
        ("SESSION_BACKEND", "redis".to_owned()),
        ("REDIS_URL", cluster.url()),
        ("COGWARD_SESSION_REDIS_CLUSTER", "true".to_owned()),
        ("COGWARD_SESSION_CACHE_MEGABYTES", megabytes.to_owned()),
    ];
    let site = Site::start(&store, &[]).await;
    let jars = join_all((0..20).map(|_| site.signed_in(ALICE))).await;
    for jar in &jars {
        for n in [0, 1] {
            assert_eq!(me(site.at(n, jar)).await.status, 200);
        }
    }
    // Redis answers before its replicas have what was written: what is lost with a master is
    // what they did not have yet.
    for master in &cluster.nodes()[..3] {
        wait_for_replica(master).await;
    }
    be_patient(&cluster, "1000");
    let key = URL_SAFE_NO_PAD.encode(session_id(&jars[0]).lookup_key().as_bytes());
    let master = cluster.holder_of(&format!("session:{{{key}}}"));
    cluster.node(master).kill();
    let start = Instant::now();
    for answer in join_all(jars.iter().map(until_served)).await {
        assert_eq!(answer.json()["email"], ALICE);
    }
    eprintln!("all are served after {:?}", start.elapsed());
    for jar in &jars {
        for n in [0, 1] {
            until_served(&site.at(n, jar)).await;
        }
    }
    // What is ended now is ended, also where it had been in memory before.
    for (n, jar) in jars.iter().enumerate() {
        let answer = site.at(n % 2, jar).post("/api/v1/auth/logout").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let other = site.at(1 - n % 2, jar);
        until("it is out", async || me(other.copy()).await.status == 401).await;
    }
    assert_eq!(me(site.signed_in(ALICE).await).await.status, 200);
}

/// How long a server is not heard of before its replica takes over, in milliseconds.
fn be_patient(cluster: &RedisCluster, milliseconds: &str) {
    for node in cluster.nodes() {
        node.command(&["CONFIG", "SET", "cluster-node-timeout", milliseconds]);
    }
}

/// Waits until its replica has what it had when this was called.
async fn wait_for_replica(master: &Redis) {
    // `master`, its offset, then address, port and offset of the replica.
    let role = || master.command(&["ROLE"]);
    let offset = |line: Option<&str>| line.unwrap().parse::<u64>().unwrap();
    let written = offset(role().lines().nth(1));
    until("the replica has it all", async || {
        offset(role().lines().last()) >= written
    })
    .await;
}
