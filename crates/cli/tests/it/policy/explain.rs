use serde_json::Value;

use super::{ended, folder, policy};

const SCHEMA: &str = r#"namespace App {
  entity UserGroup;
  entity User in [UserGroup] = { sub: String, email: String };
  entity Resource = { resourceType: String, owner?: User };
  action "enter" appliesTo {
    principal: [User], resource: [Resource], context: { ip: ipaddr }
  };
  action "leave", "stay" appliesTo { principal: [User], resource: [Resource] };
}"#;
const POLICIES: &str = r#"// From within.
@id("within")
permit (principal, action == App::Action::"enter", resource)
when { context.ip.isInRange(ip("10.0.0.0/8")) };
permit (
  principal == App::User::"bob",
  action in [App::Action::"enter", App::Action::"leave"],
  resource == App::Resource::"house"
);
@id("mail") permit (principal, action == App::Action::"leave", resource)
when { principal.email like "*@example.com" };
"#;

fn explain(args: &[&str]) -> (i32, String, String) {
    let folder = folder(&[("set/own.cedarschema", SCHEMA), ("set/own.cedar", POLICIES)]);
    ended(&policy(folder.path(), &[&["explain"], args].concat()))
}

#[test]
fn a_yes_names_the_policies_that_permit_it() {
    let (code, out, told) = explain(&[
        "--action",
        "read:logs",
        "--group",
        "Devs",
        "--group",
        "readonly",
    ]);
    assert_eq!((code, told.as_str()), (0, ""));
    assert!(
        out.starts_with("Yes. Permitted by policy\n\n  who   somebody, in developers, readonly\n"),
        "{out}"
    );
    for policy in [
        "  developers (developers.cedar:2)\n",
        "  readonly (readonly.cedar:2)\n",
    ] {
        assert!(out.contains(policy), "{out}");
    }
    assert!(
        out.contains("      @id(\"readonly\")\n      permit (\n"),
        "{out}"
    );
    assert!(!out.contains("admin"), "{out}");
}

#[test]
fn a_no_says_what_forbids_and_to_whom_it_is_permitted() {
    let own = [
        "--action",
        "write:own",
        "--principal",
        "alice",
        "--owner",
        "bob",
        "--resource",
        "doc-1",
        "--type",
        "document",
    ];
    let (code, out, _) = explain(&[own.as_slice(), &["--group", "users"]].concat());
    assert_eq!(code, 1);
    assert!(out.starts_with("No. Forbidden by policy\n"), "{out}");
    assert!(
        out.contains("  to    doc-1, of type document, whose owner is bob\n"),
        "{out}"
    );
    assert!(
        out.contains("\nDecided by\n  write-own-of-others (owner.cedar:3)\n"),
        "{out}"
    );
    assert!(
        out.contains("\nWould permit it otherwise\n  users (users.cedar:3)\n"),
        "{out}"
    );
    assert!(
        out.ends_with("\nPermit it to others\n  admin (admin.cedar:2): only for the group admin\n"),
        "{out}"
    );

    let (code, out, _) = explain(&["--action", "publish:content"]);
    assert_eq!(code, 1);
    let others = "\nPermit it to others\n  \
        admin (admin.cedar:2): only for the group admin\n  \
        editors (editors.cedar:2): only for the group editors\n  \
        publishers (publishers.cedar:2): only for the group publishers\n";
    assert!(out.ends_with(others), "{out}");
}

#[test]
fn a_no_names_conditions_that_do_not_hold_and_heads_that_do_not_match() {
    let set = ["--folder", "set", "--action", "enter"];
    let ask = |ip: &str, more: &[&str]| {
        let context = format!("{{\"ip\":\"{ip}\",\"other\":1}}");
        explain(&[&set, ["--context", &context].as_slice(), more].concat())
    };
    assert_eq!(ask("10.1.2.3", &[]).0, 0);
    let (code, out, _) = ask("11.1.2.3", &[]);
    assert_eq!(code, 1);
    let within = "\nWould permit it if the condition held\n  within (set/own.cedar:2)\n      @id(\"within\")\n";
    assert!(out.contains(within), "{out}");
    let bob = "  own.cedar#2 (set/own.cedar:5): only for the user bob and the resource house\n";
    assert!(out.contains(bob), "{out}");
    let (_, out, _) = ask("11.1.2.3", &["--principal", "bob"]);
    assert!(
        out.contains("(set/own.cedar:5): only for the resource house\n"),
        "{out}"
    );
    assert_eq!(
        ask("11.1.2.3", &["--principal", "bob", "--resource", "house"]).0,
        0
    );
    let leave = ["--folder", "set", "--action", "leave"];
    assert_eq!(explain(&leave).0, 1);
    assert_eq!(
        explain(&[leave.as_slice(), &["--email", "a@example.com"]].concat()).0,
        0
    );
    let (code, out, _) = explain(&["--folder", "set", "--action", "stay"]);
    assert_eq!(code, 1);
    assert!(
        out.ends_with("\nNo policy permits this action to anybody.\n"),
        "{out}"
    );
}

#[test]
fn json_says_the_same() {
    let (code, out, _) = explain(&[
        "--action",
        "write:own",
        "--group",
        "members",
        "--owner",
        "bob",
        "--json",
    ]);
    assert_eq!(code, 1);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["authorized"], false);
    assert_eq!(json["reason"], "Forbidden by policy");
    assert_eq!(json["groups"], serde_json::json!(["users"]));
    let verdicts: Vec<_> = json["policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|policy| {
            assert!(
                policy["text"].as_str().unwrap().starts_with("@id("),
                "{policy}"
            );
            (
                policy["name"].as_str().unwrap(),
                policy["effect"].as_str().unwrap(),
                policy["verdict"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        verdicts,
        [
            ("admin", "permit", "head"),
            ("write-own-of-others", "forbid", "decides"),
            ("users", "permit", "overruled")
        ]
    );
    assert_eq!(json["policies"][0]["wants"][0], "the group admin");
    assert_eq!(json["policies"][2]["file"], "users.cedar");
    assert_eq!(json["policies"][2]["line"], 3);
}

#[test]
fn what_cannot_be_asked_is_neither_yes_nor_no() {
    for (args, says) in [
        (
            ["--action", "read:logz"].as_slice(),
            "not in the schema; did you mean `read:logs`?",
        ),
        (&["--folder", "set", "--action", "enter"], "context"),
        (
            &[
                "--folder",
                "set",
                "--action",
                "enter",
                "--context",
                "{\"ip\":7}",
            ],
            "context does not fit the schema",
        ),
        (
            &["--folder", "set", "--action", "enter", "--context", "[]"],
            "not a JSON object",
        ),
        (
            &["--folder", "none", "--action", "enter"],
            "none: No such file",
        ),
        (
            &["--action", "read:logs", "--config", "none.toml"],
            "none.toml",
        ),
        (&["--action", ""], "--action"),
    ] {
        let (code, out, told) = explain(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(told.contains(says), "{told}");
    }
}

#[test]
fn where_owners_must_be_told_a_resource_without_one_is_a_no() {
    let folder = folder(&[("cogward.toml", "[policy]\nrequire_owner = true\n")]);
    let own = ["explain", "--action", "write:own", "--group", "users"];
    let (code, out, _) = ended(&policy(folder.path(), &own));
    assert_eq!(code, 1);
    assert!(
        out.starts_with("No. The owner of the resource is not known\n"),
        "{out}"
    );
    assert!(out.contains("policy.require_owner"), "{out}");
    let told = [own.as_slice(), &["--owner", "somebody"]].concat();
    assert_eq!(ended(&policy(folder.path(), &told)).0, 0);
}
