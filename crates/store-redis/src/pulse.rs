use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use redis::{AsyncConnectionConfig, Cmd};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use crate::cache::Cache;
use crate::call::{self, CallError};
use crate::node::Node;
use crate::servers::Servers;
use crate::topology::Topology;

/// How often the servers are looked at: with a cache, whose answers rest on that, and without,
/// where it only finds masters that are no longer and connections that died in silence.
const WATCHED: Duration = Duration::from_millis(500);
const UNWATCHED: Duration = Duration::from_secs(1);
/// As long as something is wrong.
const TROUBLED: Duration = Duration::from_millis(250);
/// For so long the cache answers after a look at which all was well.
const TRUSTED: Duration = Duration::from_secs(2);
/// A look takes no longer; so there are two within the trust that the last one earned.
const LOOK: Duration = Duration::from_millis(900);

/// Looks at the servers for ever, and has the cache answer for as long as that is all right.
pub(crate) async fn run(servers: Arc<Servers>, seen: oneshot::Sender<()>) {
    let mut seen = Some(seen);
    loop {
        let well = look(&servers).await;
        if let Some(seen) = seen.take() {
            // Nobody waits when it took too long.
            let _told = seen.send(());
        }
        let pause = match (well, servers.watch.cache()) {
            (false, _) => TROUBLED,
            (true, Some(_)) => WATCHED,
            (true, None) => UNWATCHED,
        };
        // At once when something happens, but not in a loop.
        sleep(pause.min(TROUBLED)).await;
        let _calm = timeout(
            pause.saturating_sub(TROUBLED),
            servers.watch.trouble.notified(),
        )
        .await;
    }
}

/// One look; whether all is well.
async fn look(servers: &Servers) -> bool {
    let cache = servers.watch.cache();
    let (epoch, start) = (cache.map(Cache::epoch), Instant::now());
    let well = match servers.endpoints.cluster {
        false => look_at_one(servers).await,
        true => look_at_cluster(servers).await,
    };
    let watched = || servers.all().iter().all(|server| server.is_watched());
    if let (true, Some(cache), Some(epoch)) = (well, cache, epoch)
        && watched()
    {
        cache.prolong(epoch, start.into_std(), TRUSTED);
    }
    well
}

/// Whether it answers and is a master: asked apart from all others, whose answers may be long
/// and whose time is theirs. What came before its answer over the same connection
/// has arrived, so no change is missed that it knew of then.
async fn look_at_one(servers: &Servers) -> bool {
    let all = servers.all();
    let Some(server) = all.first() else {
        return false;
    };
    let deadline = Instant::now() + LOOK.min(servers.limit);
    match server.send_alone(&redis::cmd("ROLE"), deadline).await {
        Ok(role) if call::is_replica(&role) => {
            // Once it was the master; the name may lead to the new one.
            server.reconnect();
            false
        }
        Ok(_) => true,
        // Not everybody may ask that; it is alive.
        Err(CallError::Refused { .. }) => true,
        Err(_) => false,
    }
}

/// Whether all masters answer and agree about which they are.
async fn look_at_cluster(servers: &Servers) -> bool {
    let masters = servers.all();
    let deadline = Instant::now() + LOOK.min(servers.limit);
    let looks = masters.iter().map(|master| topology_by(master, deadline));
    let votes: Vec<_> = join_all(looks).await;
    let agreed = !votes.is_empty() && votes.iter().all(Option::is_some);
    let mut votes: Vec<_> = votes.into_iter().flatten().collect();
    if votes.is_empty() {
        votes = topology_by_seeds(servers).await;
    }
    let known = servers.topology();
    let agreed = agreed && votes.iter().all(|vote| *vote == known);
    match Topology::of_most(&votes) {
        Some(voted) if *voted != known => {
            servers.adopt(voted.clone());
            false
        }
        _ => agreed,
    }
}

async fn topology_by(server: &Node, deadline: Instant) -> Option<Topology> {
    let answer = server.send_alone(&slots(), deadline).await.ok()?;
    Topology::parse(&answer, &server.address)
}

/// Of those that were configured, over connections of their own.
async fn topology_by_seeds(servers: &Servers) -> Vec<Topology> {
    let looks = servers.endpoints.seeds().map(|address| async move {
        let look = async {
            let client = servers.endpoints.client(&address).ok()?;
            let config = AsyncConnectionConfig::new();
            let connection = client.get_multiplexed_async_connection_with_config(&config);
            let answer = connection.await.ok()?.send_packed_command(&slots()).await;
            Topology::parse(&answer.ok()?, &address)
        };
        timeout(servers.limit, look).await.ok().flatten()
    });
    join_all(looks).await.into_iter().flatten().collect()
}

fn slots() -> Cmd {
    let mut slots = redis::cmd("CLUSTER");
    slots.arg("SLOTS");
    slots
}
