use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use redis::ServerErrorKind;

use crate::call::CallError;
use crate::endpoint::{Address, Endpoints};
use crate::keys::Key;
use crate::node::{Node, Way};
use crate::topology::Topology;
use crate::watch::Watch;

/// The servers that hold the keys, and which holds what.
pub(crate) struct Servers {
    pub(crate) endpoints: Endpoints,
    pub(crate) watch: Arc<Watch>,
    /// For one attempt to connect, and one look at a server.
    pub(crate) limit: Duration,
    map: RwLock<Map>,
    /// Those that others pointed to and that the map does not have, yet.
    strays: Mutex<HashMap<Address, Arc<Node>>>,
}

#[derive(Default)]
struct Map {
    topology: Topology,
    /// The master of each range of the topology.
    masters: Vec<Arc<Node>>,
}

/// Where else a key is.
pub(crate) struct Redirect {
    pub(crate) to: Arc<Node>,
    pub(crate) asking: bool,
}

impl Servers {
    /// One that is no Cluster is known from the start.
    pub(crate) fn new(endpoints: Endpoints, limit: Duration, watch: Watch) -> Self {
        let one = endpoints.seeds().next().filter(|_| !endpoints.cluster);
        let servers = Self {
            endpoints,
            watch: Arc::new(watch),
            limit,
            map: RwLock::default(),
            strays: Mutex::default(),
        };
        if let Some(address) = one {
            servers.adopt(Topology::of_one(address));
        }
        servers
    }

    /// The one that holds this key.
    pub(crate) fn of(&self, key: &Key) -> Result<Arc<Node>, CallError> {
        let map = self.map.read();
        let at = match self.endpoints.cluster {
            false => Some(0),
            true => map.topology.holder(key.slot()),
        };
        let master = at.and_then(|at| map.masters.get(at));
        master.map(Arc::clone).ok_or_else(|| {
            self.watch.trouble.notify_one();
            CallError::NoServer
        })
    }

    /// Each of them once.
    pub(crate) fn all(&self) -> Vec<Arc<Node>> {
        let mut all: Vec<Arc<Node>> = Vec::new();
        for master in &self.map.read().masters {
            if !all.iter().any(|known| Arc::ptr_eq(known, master)) {
                all.push(Arc::clone(master));
            }
        }
        all
    }

    pub(crate) fn topology(&self) -> Topology {
        self.map.read().topology.clone()
    }

    /// Goes by `topology` from now on.
    pub(crate) fn adopt(&self, topology: Topology) {
        let mut known = std::mem::take(&mut *self.strays.lock());
        known.extend(
            self.all()
                .into_iter()
                .map(|node| (node.address.clone(), node)),
        );
        let masters = topology.ranges().iter().map(|range| {
            let node = known.entry(range.master.clone());
            Arc::clone(node.or_insert_with_key(|address| self.connect(address)))
        });
        let masters = masters.collect();
        *self.map.write() = Map { topology, masters };
        // What was known of the old ones does not hold for the new.
        self.watch.lost();
    }

    /// Where a refusal by the server at `from` says that the key is, if it does.
    pub(crate) fn redirected(&self, refusal: &CallError, from: &Address) -> Option<Redirect> {
        let CallError::Refused { error, .. } = refusal else {
            return None;
        };
        if !self.endpoints.cluster {
            return None;
        }
        // Also when the Cluster is down, or a master no longer one.
        if error.is_cluster_error() || refusal.is_refused_as(ServerErrorKind::ReadOnly) {
            self.watch.lost();
        }
        let (to, _slot) = error.redirect_node()?;
        let (host, port) = to.rsplit_once(':')?;
        let address = Address {
            host: match host {
                "" => Arc::clone(&from.host),
                host => host.into(),
            },
            port: port.parse().ok()?,
        };
        Some(Redirect {
            to: self.at(&address),
            asking: refusal.is_refused_as(ServerErrorKind::Ask),
        })
    }

    fn at(&self, address: &Address) -> Arc<Node> {
        let known = self.all().into_iter().find(|node| node.address == *address);
        known.unwrap_or_else(|| {
            let mut strays = self.strays.lock();
            let stray = strays.entry(address.clone());
            Arc::clone(stray.or_insert_with(|| self.connect(address)))
        })
    }

    fn connect(&self, address: &Address) -> Arc<Node> {
        let way = Way {
            client: self.endpoints.client(address),
            limit: self.limit,
            alone: !self.endpoints.cluster,
        };
        Arc::new(Node::start(address.clone(), way, &self.watch))
    }
}
