//! An event as a line of JSON, in the words of OCSF 1.8.0.

use std::fmt;

use cogward_session::Handle;

use super::beginning;
use super::cause::By;
use super::hex::Hex;
use super::kinds::{Class, Kind};
use super::plain::Members;
use super::{Judged, Listed};

const OTHER: u64 = 99;

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
    line.push(b'{');
    let mut event = Members::of(line);
    event.number("time", place.millis.unsigned_abs());
    event.written(beginning::of(told.kind));
    rest_of_metadata(&mut event, told, by, origin, place);
    if let Some(detail) = told.detail {
        event.shown("status_detail", detail);
    }
    if let More::Count(count) = told.more {
        event.number("count", count);
    }
    let class = told.kind.activity.class;
    if class == Class::ApiActivity {
        call(&mut event, told);
    }
    actor(&mut event, told, by, origin);
    if class == Class::Authentication || class == Class::AccountChange {
        user(&mut event, told.sub, origin);
    }
    if class == Class::Authentication {
        authentication(&mut event, told, origin);
    }
    src_endpoint(&mut event, by, class);
    http_request(&mut event, told, by);
    if class == Class::EventLog {
        event.text("log_name", "audit");
    }
    event.close();
    line.push(b'\n');
}

/// What tells an event from all others, and of which request it is: with it the `metadata` ends that
/// the beginning leaves open.
fn rest_of_metadata(
    event: &mut Members<'_>,
    told: &Told<'_>,
    by: &By,
    origin: &Origin,
    place: &Place,
) {
    let uid = u128::from(origin.run) << 64 | u128::from(place.sequence);
    event.shown("uid", &Hex::<32>(uid));
    event.number("sequence", place.sequence);
    if let By::Request { id, .. } = by {
        event.shown("correlation_uid", id);
    }
    if let More::Decision(_) = told.more {
        // What decisions use beside the class itself.
        event.texts("profiles", ["security_control"]);
    }
    event.close();
}

/// What was called, of what, and what came of it.
fn call(event: &mut Members<'_>, told: &Told<'_>) {
    match told.more {
        More::Decision(judged) => {
            let (action_id, action) = match judged.answer.decision.allowed {
                true => (1, "Allowed"),
                false => (2, "Denied"),
            };
            event.number("action_id", action_id);
            event.text("action", action);
            api(event, judged.action);
            event.objects("resources", [judged], |resource, judged| {
                resource.text("uid", judged.resource);
                resource.text("type", judged.kind);
            });
        }
        More::Permissions(listed) => {
            api(event, told.kind.activity.name);
            event.objects("resources", [listed], |resource, listed| {
                resource.text("uid", listed.resource);
                resource.text("type", listed.kind);
                resource.open("data");
                let actions = listed.actions.iter().map(String::as_str);
                resource.texts("permitted_actions", actions);
                resource.close();
            });
        }
        _ => api(event, told.kind.activity.name),
    }
}

fn api(event: &mut Members<'_>, operation: &str) {
    event.open("api");
    event.text("operation", operation);
    event.close();
}

/// Who did it, where that is not just the user that it was done to.
fn actor(event: &mut Members<'_>, told: &Told<'_>, by: &By, origin: &Origin) {
    let class = told.kind.activity.class;
    if class == Class::Authentication && !matches!(by, By::Operator) {
        return;
    }
    event.open("actor");
    match (by, class) {
        (_, Class::EventLog) => nobody(event, "Cogward", 4),
        (By::Operator, _) => nobody(event, "operator", 2),
        (By::Server, _) if told.session.is_none() => nobody(event, "Cogward", 4),
        _ => user(event, told.sub, origin),
    }
    session(event, told.session);
    authorizations(event, &told.more);
    event.close();
}

/// The policies that decided, and those that failed.
fn authorizations(actor: &mut Members<'_>, more: &More<'_>) {
    let (decision, determining, failed) = match *more {
        More::Decision(Judged { answer, .. }) => {
            let decision = &answer.decision;
            let word = if decision.allowed { "Permit" } else { "Forbid" };
            (word, &decision.determining[..], &decision.failed[..])
        }
        More::Permissions(listed) => ("Permit", listed.policies, listed.failed),
        _ => return,
    };
    let determining = determining.iter().map(|uid| (decision, uid));
    let failed = failed.iter().map(|uid| ("Error", uid));
    let all = determining.chain(failed);
    actor.objects("authorizations", all, |authorization, (decision, uid)| {
        authorization.text("decision", decision);
        authorization.open("policy");
        authorization.text("uid", uid);
        authorization.close();
    });
}

fn user(event: &mut Members<'_>, sub: Option<&str>, origin: &Origin) {
    let Some(sub) = sub.filter(|sub| !sub.is_empty()) else {
        return nobody(event, "unknown", 0);
    };
    event.open("user");
    event.text("uid", sub);
    event.number("type_id", 1);
    event.text("domain", &origin.pool);
    event.close();
}

/// OCSF wants somebody: who is not known, or is no person of the pool, has a name of ours.
fn nobody(event: &mut Members<'_>, name: &str, type_id: u64) {
    event.open("user");
    event.text("name", name);
    event.number("type_id", type_id);
    event.close();
}

fn session(event: &mut Members<'_>, session: Option<Handle>) {
    if let Some(handle) = session {
        event.open("session");
        event.shown("uid", &handle);
        event.close();
    }
}

/// In which session and how somebody signed in, and to what.
fn authentication(event: &mut Members<'_>, told: &Told<'_>, origin: &Origin) {
    session(event, told.session);
    if let More::SignIn { method, .. } = told.more {
        let (id, protocol) = match method {
            "oauth" => (4, "OpenID"),
            other => (OTHER, other),
        };
        event.number("auth_protocol_id", id);
        event.text("auth_protocol", protocol);
    }
    event.open("service");
    event.text("name", "Cogward");
    event.text("uid", &origin.client);
    event.close();
}

/// Where the caller is; the last proxy before us where there was one.
fn src_endpoint(event: &mut Members<'_>, by: &By, class: Class) {
    let (peer, address) = match by {
        By::Request { peer, address, .. } => (peer.map(|ip| ip.to_canonical()), *address),
        By::Server if class != Class::ApiActivity => return,
        By::Operator | By::Server => return nowhere(event, "local"),
    };
    let Some(ip) = address.or(peer) else {
        return nowhere(event, "unknown");
    };
    event.open("src_endpoint");
    event.shown("ip", &ip);
    if let Some(proxy) = peer.filter(|peer| *peer != ip) {
        event.texts("intermediate_ips", [proxy.to_string().as_str()]);
    }
    event.close();
}

fn nowhere(event: &mut Members<'_>, name: &str) {
    event.open("src_endpoint");
    event.text("name", name);
    event.close();
}

fn http_request(event: &mut Members<'_>, told: &Told<'_>, by: &By) {
    let By::Request { id, .. } = by else {
        return;
    };
    event.open("http_request");
    event.shown("uid", id);
    if let More::SignIn {
        user_agent: Some(user_agent),
        ..
    } = told.more
    {
        event.text("user_agent", user_agent);
    }
    event.close();
}
