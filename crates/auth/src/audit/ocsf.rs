//! An event as a line of JSON, in the words of OCSF 1.8.0.

use std::fmt;
use std::io::Write as _;
use std::net::IpAddr;

use cogward_session::Handle;
use serde::Serialize;
use serde_json::ser::Serializer as Json;

use super::beginning;
use super::calls::{Authorizations, Resource};
use super::cause::By;
use super::cut::{Shown, Text};
use super::kinds::{Class, Kind};
use super::metadata::Metadata;
use super::plain::Plain;
use super::{Judged, Listed, RequestId};

const OTHER: u32 = 99;

/// One event, as those tell it who know of it.
pub(super) struct Told<'a> {
    pub(super) kind: &'static Kind,
    pub(super) sub: Option<&'a str>,
    pub(super) session: Option<Handle>,
    pub(super) detail: Option<&'a dyn fmt::Display>,
    pub(super) more: More<'a>,
}

/// What only some kinds have.
pub(super) enum More<'a> {
    Nothing,
    SignIn {
        method: &'a str,
        user_agent: Option<&'a str>,
    },
    Decision(&'a Judged<'a>),
    Permissions(&'a Listed<'a>),
    Count(u64),
}

/// Where the trail is kept of.
pub(super) struct Origin {
    pub(super) pool: String,
    pub(super) client: String,
    /// Of this run of the server, to tell its events from another's.
    pub(super) run: u64,
}

/// When and in which place of the trail.
pub(super) struct Place {
    pub(super) millis: i64,
    pub(super) sequence: u64,
}

/// Appends the event with a line end. Nothing in it is a line end or acts on a terminal.
pub(super) fn write(line: &mut Vec<u8>, told: &Told<'_>, by: &By, origin: &Origin, place: &Place) {
    // Writing into memory does not fail, and no map in it has a key that is no text.
    let _written = write!(line, "{{\"time\":{},", place.millis);
    line.extend_from_slice(beginning::of(told.kind));
    append(line, &Metadata::of(told, by, origin, place));
    line.push(b',');
    append(line, &event(told, by, origin));
    line.push(b'\n');
}

/// Members of an object that is open, and its end.
fn append(line: &mut Vec<u8>, members: &impl Serialize) {
    let _written = members.serialize(&mut Json::with_formatter(line, Plain::within()));
}

#[derive(Serialize)]
struct Event<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    status_detail: Option<Shown<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<Api<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<[Resource<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Actor<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Session>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_protocol_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_protocol: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Service<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_endpoint: Option<Endpoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_request: Option<HttpRequest<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_name: Option<&'static str>,
}

fn event<'a>(told: &'a Told<'a>, by: &By, origin: &'a Origin) -> Event<'a> {
    let (kind, class) = (told.kind, told.kind.activity.class);
    let judged = match told.more {
        More::Decision(judged) => Some(judged),
        _ => None,
    };
    let action = judged.map(action);
    let protocol = protocol(&told.more);
    let user = user(told.sub, origin);
    let is_authentication = class == Class::Authentication;
    Event {
        status_detail: told.detail.map(Shown),
        count: match told.more {
            More::Count(count) => Some(count),
            _ => None,
        },
        action_id: action.map(|it| it.0),
        action: action.map(|it| it.1),
        api: (class == Class::ApiActivity).then(|| Api {
            operation: Text(judged.map_or(kind.activity.name, |it| it.action)),
        }),
        resources: Resource::of(&told.more).map(|it| [it]),
        actor: actor(told, by, class, user),
        user: matches!(class, Class::Authentication | Class::AccountChange).then_some(user),
        session: told
            .session
            .filter(|_| is_authentication)
            .map(|uid| Session { uid }),
        auth_protocol_id: protocol.map(|it| it.0),
        auth_protocol: protocol.map(|it| it.1),
        service: is_authentication.then_some(Service {
            name: "Cogward",
            uid: &origin.client,
        }),
        src_endpoint: endpoint(by, class),
        http_request: http_request(told, by),
        log_name: (class == Class::EventLog).then_some("audit"),
    }
}

fn action(judged: &Judged<'_>) -> (u32, &'static str) {
    if judged.answer.decision.allowed {
        (1, "Allowed")
    } else {
        (2, "Denied")
    }
}

/// How somebody signed in.
fn protocol<'a>(more: &More<'a>) -> Option<(u32, &'a str)> {
    match *more {
        More::SignIn {
            method: "oauth", ..
        } => Some((4, "OpenID")),
        More::SignIn { method, .. } => Some((OTHER, method)),
        _ => None,
    }
}

#[derive(Clone, Copy, Serialize)]
struct User<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    type_id: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<&'a str>,
}

/// OCSF wants somebody: who is not known, or is no person of the pool, has a name of ours.
const fn nobody(name: &'static str, type_id: u32) -> User<'static> {
    User {
        uid: None,
        name: Some(name),
        type_id,
        domain: None,
    }
}

fn user<'a>(sub: Option<&'a str>, origin: &'a Origin) -> User<'a> {
    match sub.filter(|sub| !sub.is_empty()) {
        Some(sub) => User {
            uid: Some(Text(sub)),
            name: None,
            type_id: 1,
            domain: Some(&origin.pool),
        },
        None => nobody("unknown", 0),
    }
}

#[derive(Serialize)]
struct Actor<'a> {
    user: User<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Session>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizations: Option<Authorizations<'a>>,
}

/// Who did it, where that is not just the user that it was done to.
fn actor<'a>(told: &Told<'a>, by: &By, class: Class, user: User<'a>) -> Option<Actor<'a>> {
    let user = match (by, class) {
        (_, Class::EventLog) => nobody("Cogward", 4),
        (By::Operator, _) => nobody("operator", 2),
        (_, Class::Authentication) => return None,
        (By::Server, _) if told.session.is_none() => nobody("Cogward", 4),
        _ => user,
    };
    Some(Actor {
        user,
        session: told.session.map(|uid| Session { uid }),
        authorizations: Authorizations::of(&told.more),
    })
}

#[derive(Serialize)]
struct Session {
    uid: Handle,
}

#[derive(Serialize)]
struct Service<'a> {
    name: &'static str,
    uid: &'a str,
}

#[derive(Serialize)]
struct Api<'a> {
    operation: Text<'a>,
}

#[derive(Serialize)]
struct Endpoint {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    intermediate_ips: Option<[IpAddr; 1]>,
}

/// Where the caller is; the last proxy before us where there was one.
fn endpoint(by: &By, class: Class) -> Option<Endpoint> {
    let named = |name| Endpoint {
        ip: None,
        name: Some(name),
        intermediate_ips: None,
    };
    match by {
        By::Request { peer, address, .. } => {
            let peer = peer.map(|ip| ip.to_canonical());
            let Some(ip) = address.or(peer) else {
                return Some(named("unknown"));
            };
            Some(Endpoint {
                ip: Some(ip),
                name: None,
                intermediate_ips: peer.filter(|peer| *peer != ip).map(|peer| [peer]),
            })
        }
        By::Operator => Some(named("local")),
        By::Server => (class == Class::ApiActivity).then(|| named("local")),
    }
}

#[derive(Serialize)]
struct HttpRequest<'a> {
    uid: RequestId,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<Text<'a>>,
}

fn http_request<'a>(told: &Told<'a>, by: &By) -> Option<HttpRequest<'a>> {
    let By::Request { id, .. } = by else {
        return None;
    };
    Some(HttpRequest {
        uid: *id,
        user_agent: match told.more {
            More::SignIn { user_agent, .. } => user_agent.map(Text),
            _ => None,
        },
    })
}
