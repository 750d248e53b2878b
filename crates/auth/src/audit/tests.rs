//! Every kind of event, against the schemas of OCSF.

use std::net::IpAddr;
use std::sync::LazyLock;

use cogward_policy::Decision;
use cogward_session::{Handle, SessionId};
use jsonschema::Validator;
use serde_json::Value;

use super::cause::By;
use super::kinds::{self, Changed, Decided, Event, Itself, Kind, Records, Refused};
use super::ocsf::{self, More, Origin, Place, Told};
use super::{Hex, Judged, Listed, is_plain};
use crate::authorize::{Answer, Reason};

/// By `class_uid`.
static SCHEMAS: LazyLock<[(u64, Validator); 4]> = LazyLock::new(|| {
    let schema = |text| {
        let schema: Value = serde_json::from_str(text).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    };
    [
        (
            1008,
            schema(include_str!("../../tests/ocsf/event_log_actvity.json")),
        ),
        (
            3001,
            schema(include_str!("../../tests/ocsf/account_change.json")),
        ),
        (
            3002,
            schema(include_str!("../../tests/ocsf/authentication.json")),
        ),
        (
            6003,
            schema(include_str!("../../tests/ocsf/api_activity.json")),
        ),
    ]
});

#[track_caller]
fn assert_valid(line: &[u8]) -> Value {
    let text = std::str::from_utf8(line).unwrap();
    let event: Value = serde_json::from_str(text).unwrap();
    let schema = SCHEMAS
        .iter()
        .find(|(class, _)| event["class_uid"] == *class);
    let faults: Vec<_> = schema.unwrap().1.iter_errors(&event).collect();
    assert!(faults.is_empty(), "{faults:?} in {event:#}");
    event
}

fn told(kind: &'static Kind) -> Told<'static> {
    Told {
        kind,
        sub: None,
        session: None,
        detail: None,
        more: More::Nothing,
    }
}

fn written(told: &Told<'_>, by: &By) -> Vec<u8> {
    let origin = Origin {
        pool: "us-east-1_AbCdEfGhI".to_owned(),
        client: "1a2b3c".to_owned(),
        run: 0x0123_4567_89ab_cdef,
    };
    let place = Place {
        millis: 1_795_320_000_123,
        sequence: 7,
    };
    let mut line = Vec::new();
    ocsf::write(&mut line, told, by, &origin, &place);
    line
}

fn causes() -> Vec<By> {
    let ip = |text: &str| Some(text.parse::<IpAddr>().unwrap());
    let request = |peer, address| By::Request {
        id: Hex(0xfeed),
        peer,
        address,
    };
    vec![
        request(ip("192.0.2.1"), ip("192.0.2.1")),
        request(ip("::ffff:10.0.0.1"), ip("2001:db8::1")),
        request(None, None),
        By::Operator,
        By::Server,
    ]
}

fn handle() -> Handle {
    let rng = aws_lc_rs::rand::SystemRandom::new();
    SessionId::generate(&rng).unwrap().lookup_key().handle()
}

/// What the kinds have that are not told with more.
fn plain_kinds() -> impl Iterator<Item = &'static Kind> {
    let events = Event::ALL.iter().map(|it| it.kind());
    let refused = Refused::ALL.iter().map(|it| it.kind());
    let records = Records::ALL.iter().map(|it| it.kind());
    let changed = Changed::ALL.iter().map(|it| it.kind());
    events.chain(refused).chain(records).chain(changed)
}

#[test]
fn every_kind_of_event_is_one_of_ocsf() {
    for kind in plain_kinds() {
        for by in causes() {
            for sub in [None, Some(""), Some("0a1b2c3d-0000-4000-8000-0123456789ab")] {
                for session in [None, Some(handle())] {
                    let reason = "why";
                    let told = Told {
                        sub,
                        session,
                        detail: Some(&reason),
                        ..told(kind)
                    };
                    let event = assert_valid(&written(&told, &by));
                    assert_eq!(event["metadata"]["event_code"], kind.code);
                    assert_eq!(event["status_detail"], reason);
                }
            }
        }
    }
    for (method, protocol) in [
        ("oauth", 4),
        ("password", 99),
        ("passkey", 99),
        ("direct", 99),
    ] {
        let told = Told {
            sub: Some("sub"),
            session: Some(handle()),
            more: More::SignIn {
                method,
                user_agent: Some("Mozilla/5.0"),
            },
            ..told(Event::SignedIn.kind())
        };
        let event = assert_valid(&written(&told, &causes()[0]));
        assert_eq!(event["auth_protocol_id"], protocol);
        assert_eq!(event["http_request"]["user_agent"], "Mozilla/5.0");
    }
    for own in Itself::ALL {
        let count = match own {
            Itself::Lost => More::Count(3),
            Itself::Begun | Itself::Reopened | Itself::Ended => More::Nothing,
        };
        let told = Told {
            more: count,
            ..told(own.kind())
        };
        assert_valid(&written(&told, &By::Server));
    }
}

#[test]
fn the_schemas_refuse_what_is_none_of_ocsf() {
    let good = assert_valid(&written(&told(Event::SignedOut.kind()), &causes()[0]));
    let class = good["class_uid"].as_u64().unwrap();
    let (_, schema) = SCHEMAS.iter().find(|(uid, _)| *uid == class).unwrap();
    for (pointer, member, value) in [
        ("", "sub", Value::from("x")),
        ("", "user", Value::Null),
        ("", "activity_id", Value::from(77)),
        ("/user", "mail", Value::from("x")),
        ("/src_endpoint", "ip", Value::from("somewhere")),
        ("/metadata", "version", Value::Null),
        ("/metadata/product", "name", Value::from(1)),
    ] {
        let mut bad = good.clone();
        bad.pointer_mut(pointer).unwrap()[member] = value;
        assert!(!schema.is_valid(&bad), "{bad:#}");
    }
}

fn answers() -> Vec<Answer> {
    let decision = |allowed, determining: &[&str], failed: &[&str]| Decision {
        allowed,
        determining: determining.iter().map(|&it| it.to_owned()).collect(),
        failed: failed.iter().map(|&it| it.to_owned()).collect(),
    };
    vec![
        Answer::of(decision(true, &["users", "admins"], &[])),
        Answer::of(decision(false, &["nobody"], &[])),
        Answer::of(decision(false, &[], &["broken"])),
        Answer::no(Reason::NoOwner),
    ]
}

fn decided<'a>(judged: &'a Judged<'a>) -> Told<'a> {
    let decided = match judged.answer.decision.allowed {
        true => Decided::Allowed,
        false => Decided::Denied,
    };
    Told {
        sub: Some(judged.sub),
        session: judged.session,
        detail: Some(&judged.answer.reason),
        more: More::Decision(judged),
        ..told(decided.kind())
    }
}

#[test]
fn every_decision_is_an_api_activity_with_its_policies() {
    let says = [
        ("Permit", "users", 1, "Allowed"),
        ("Forbid", "nobody", 2, "Denied"),
        ("Error", "broken", 2, "Denied"),
        ("", "", 2, "Denied"),
    ];
    for (answer, (decision, policy, action_id, action)) in answers().iter().zip(says) {
        for by in causes() {
            let judged = Judged {
                sub: "sub",
                session: Some(handle()),
                action: "read:content",
                kind: "document",
                resource: "7",
                answer,
            };
            let event = assert_valid(&written(&decided(&judged), &by));
            assert_eq!(event["api"]["operation"], "read:content");
            assert_eq!(event["resources"][0]["uid"], "7");
            assert_eq!(event["resources"][0]["type"], "document");
            assert_eq!(event["action_id"], action_id);
            assert_eq!(event["action"], action);
            assert_eq!(event["status_id"], action_id);
            assert_eq!(event["status_detail"], answer.reason.to_string());
            let first = &event["actor"]["authorizations"][0];
            assert_eq!(first["decision"].as_str().unwrap_or_default(), decision);
            assert_eq!(first["policy"]["uid"].as_str().unwrap_or_default(), policy);
        }
    }
}

#[test]
fn what_a_person_may_do_is_one_api_activity() {
    let names = |names: &[&str]| names.iter().map(|&it| it.to_owned()).collect::<Vec<_>>();
    let (actions, policies, failed) = (
        names(&["read:own", HOSTILE]),
        names(&["users"]),
        names(&["broken"]),
    );
    for actions in [&actions[..], &[]] {
        for by in causes() {
            let listed = Listed {
                sub: "sub",
                session: Some(handle()),
                kind: "document",
                resource: HOSTILE,
                actions,
                policies: &policies,
                failed: &failed,
            };
            let told = Told {
                sub: Some(listed.sub),
                session: listed.session,
                more: More::Permissions(&listed),
                ..told(Decided::Listed.kind())
            };
            let line = written(&told, &by);
            let text = std::str::from_utf8(&line).unwrap().strip_suffix('\n');
            assert!(text.unwrap().chars().all(is_plain));
            let event = assert_valid(&line);
            assert_eq!(event["api"]["operation"], "List Permissions");
            assert_eq!(event["resources"][0]["uid"], HOSTILE);
            assert_eq!(event["resources"][0]["type"], "document");
            let permitted = &event["resources"][0]["data"]["permitted_actions"];
            assert_eq!(*permitted, Value::from(actions.to_vec()));
            let by = &event["actor"]["authorizations"];
            assert_eq!(
                (&by[0]["decision"], &by[0]["policy"]["uid"]),
                (&"Permit".into(), &"users".into())
            );
            assert_eq!(
                (&by[1]["decision"], &by[1]["policy"]["uid"]),
                (&"Error".into(), &"broken".into())
            );
        }
    }
}

/// A line end of any kind, quotes, escapes, and what terminals act on.
const HOSTILE: &str = "a\r\n{\"x\":1}\u{1b}]0;t\u{7}\u{7f}\u{9b}2J\u{85}\u{2028}\u{2029}\u{202e}\u{feff}\0\\\",\"y\":\"z\u{e0041}ü🙂";

#[test]
fn t181_no_value_ends_a_line_or_acts_on_a_terminal() {
    let answer = Answer::of(Decision {
        determining: vec![HOSTILE.to_owned()],
        ..answers()[0].decision.clone()
    });
    let judged = Judged {
        sub: HOSTILE,
        session: None,
        action: HOSTILE,
        kind: HOSTILE,
        resource: HOSTILE,
        answer: &answer,
    };
    let sign_in = Told {
        sub: Some(HOSTILE),
        session: Some(handle()),
        detail: Some(&HOSTILE),
        more: More::SignIn {
            method: HOSTILE,
            user_agent: Some(HOSTILE),
        },
        ..told(Event::SignedIn.kind())
    };
    for told in [decided(&judged), sign_in] {
        let line = written(&told, &causes()[0]);
        let event = assert_valid(&line);
        let text = std::str::from_utf8(&line).unwrap();
        assert!(
            text.strip_suffix('\n').unwrap().chars().all(is_plain),
            "{text:?}"
        );
        assert!(text.contains("ü🙂"), "what is plain can be read");
        match event["class_uid"].as_u64().unwrap() {
            6003 => {
                assert_eq!(event["api"]["operation"], HOSTILE);
                assert_eq!(event["resources"][0]["uid"], HOSTILE);
                assert_eq!(event["resources"][0]["type"], HOSTILE);
                assert_eq!(event["actor"]["user"]["uid"], HOSTILE);
                assert_eq!(
                    event["actor"]["authorizations"][0]["policy"]["uid"],
                    HOSTILE
                );
            }
            _ => {
                assert_eq!(event["user"]["uid"], HOSTILE);
                assert_eq!(event["status_detail"], HOSTILE);
                assert_eq!(event["http_request"]["user_agent"], HOSTILE);
            }
        }
    }
}

#[test]
fn long_texts_are_cut() {
    let (long, fits) = ("ü".repeat(100_000), "ü".repeat(512));
    let judged = Judged {
        sub: "sub",
        session: None,
        action: &long,
        kind: &fits,
        resource: &long,
        answer: &answers()[0],
    };
    let told = Told {
        detail: Some(&long),
        ..decided(&judged)
    };
    let line = written(&told, &causes()[0]);
    assert!(line.len() < 6000, "{}", line.len());
    let event = assert_valid(&line);
    let cut = format!("{fits}…");
    assert_eq!(event["resources"][0]["uid"], cut);
    assert_eq!(event["resources"][0]["type"], fits);
    assert_eq!(event["status_detail"], cut);
}

#[test]
fn an_event_says_who_where_and_by_what_request() {
    let told = Told {
        sub: Some("sub"),
        session: Some(handle()),
        ..told(Event::SignedOut.kind())
    };
    let [direct, behind_a_proxy, nowhere, operator, server] = &causes()[..] else {
        panic!()
    };
    let event = assert_valid(&written(&told, behind_a_proxy));
    assert_eq!(event["src_endpoint"]["ip"], "2001:db8::1");
    assert_eq!(event["src_endpoint"]["intermediate_ips"][0], "10.0.0.1");
    assert_eq!(event["http_request"]["uid"], "00000000000000000000feed");
    assert_eq!(
        event["metadata"]["correlation_uid"],
        "00000000000000000000feed"
    );
    assert_eq!(event["metadata"]["uid"], "0123456789abcdef0000000000000007");
    assert_eq!(event["metadata"]["sequence"], 7);
    assert_eq!(event["time"], 1_795_320_000_123_i64);
    assert_eq!(event["type_uid"], 300_202);
    assert_eq!(event["user"]["uid"], "sub");
    assert_eq!(event["user"]["domain"], "us-east-1_AbCdEfGhI");
    let event = assert_valid(&written(&told, direct));
    assert_eq!(event["src_endpoint"]["ip"], "192.0.2.1");
    assert!(event["src_endpoint"]["intermediate_ips"].is_null());
    let event = assert_valid(&written(&told, nowhere));
    assert_eq!(event["src_endpoint"]["name"], "unknown");
    let event = assert_valid(&written(&told, operator));
    assert_eq!(event["actor"]["user"]["name"], "operator");
    assert_eq!(event["src_endpoint"]["name"], "local");
    let event = assert_valid(&written(&told, server));
    assert!(event["src_endpoint"].is_null() && event["http_request"].is_null());
}

/// As `docs/audit.md` has it.
fn table() -> String {
    let head = "| `metadata.event_code` | what happened | class | activity | status | severity |\n\
                |---|---|---|---|---|---|\n";
    let row = |kind: &Kind| {
        let (class, class_name) = kind.activity.class.id();
        format!(
            "| `{}` | {} | {class_name} {class} | {} {} | {} | {} |\n",
            kind.code,
            kind.message,
            kind.activity.name,
            kind.activity.id,
            kind.status.id().1,
            kind.severity.id().1,
        )
    };
    head.to_owned() + &kinds::all().map(row).collect::<String>()
}

#[test]
fn the_page_has_every_kind_as_it_is() {
    let page = include_str!("../../../../docs/audit.md");
    let table = table();
    assert!(page.contains(&table), "the table should be:\n{table}");
}
