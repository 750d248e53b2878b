//! The default policies against what they are meant to be, for every action, group and owner.

#![cfg(feature = "cedar")]
use cogward_policy::{Engine, Groups, Principal, Question, Resource, Source};

/// Every action that there is.
const ALL: [&str; 23] = [
    "read:content",
    "write:content",
    "publish:content",
    "approve:content",
    "reject:content",
    "read:own",
    "write:own",
    "delete:own",
    "read:all",
    "write:all",
    "delete:all",
    "deploy:static",
    "read:users",
    "mute:users",
    "kick:users",
    "manage:chat",
    "api:read",
    "api:write",
    "read:logs",
    "read:metrics",
    "debug:view",
    "admin:manage",
    "admin:delete-user",
];
/// What nobody may do to what is another's.
const ONES_OWN: [&str; 2] = ["write:own", "delete:own"];
const MEANT: [(&str, &[&str]); 9] = [
    ("admin", &ALL),
    (
        "readonly",
        &[
            "read:content",
            "read:own",
            "read:all",
            "read:users",
            "read:logs",
            "read:metrics",
        ],
    ),
    ("users", &["read:own", "write:own", "delete:own"]),
    (
        "editors",
        &["read:content", "write:content", "publish:content"],
    ),
    (
        "reviewers",
        &["read:content", "approve:content", "reject:content"],
    ),
    (
        "publishers",
        &["read:content", "publish:content", "deploy:static"],
    ),
    (
        "moderators",
        &["read:users", "mute:users", "kick:users", "manage:chat"],
    ),
    (
        "developers",
        &[
            "api:read",
            "api:write",
            "read:logs",
            "read:metrics",
            "debug:view",
        ],
    ),
    ("nobody", &[]),
];

#[test]
fn each_group_may_do_what_it_is_meant_to_and_nothing_else() {
    let engine = Engine::new(&Source::Embedded.read().unwrap(), Groups::default()).unwrap();
    let mut actions: Vec<_> = engine.actions().collect();
    let mut all = ALL.to_vec();
    actions.sort_unstable();
    all.sort_unstable();
    assert_eq!(actions, all);
    for (role, meant) in MEANT {
        let groups = [role.to_owned()];
        let principal = Principal {
            sub: "alice",
            email: Some("alice@example.com"),
            groups: &groups,
        };
        let caller = engine.caller(&principal).unwrap();
        for action in ALL {
            for owner in [Some("alice"), Some("bob"), None] {
                for (id, kind) in [("doc-1", "document"), ("_application", "application")] {
                    let resource = Resource {
                        id,
                        kind,
                        owner,
                        attributes: None,
                    };
                    let question = Question::about(resource, action);
                    let decision = engine.decide(&caller, &question).unwrap();
                    let anothers = owner == Some("bob") && ONES_OWN.contains(&action);
                    let expected = meant.contains(&action) && !anothers;
                    assert_eq!(decision.allowed, expected, "{role} {question:?}");
                }
            }
        }
    }
}
