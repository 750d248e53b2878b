use std::path::Path;

use super::{ended, folder, policy};

fn test(cases: &str) -> (i32, String, String) {
    let folder = folder(&[("cases.toml", cases)]);
    ended(&policy(folder.path(), &["test", "cases.toml"]))
}

#[test]
fn the_shipped_cases_hold_and_each_shipped_policy_decides_one() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy/policies");
    let folder = folder(&[]);
    let cases = shipped.join("cases.toml");
    let built_in = policy(folder.path(), &["test", cases.to_str().unwrap()]);
    let in_folder = policy(&shipped, &["test", "cases.toml", "--folder", "."]);
    let (code, out, told) = ended(&built_in);
    assert_eq!((code, told.as_str()), (0, ""), "{out}");
    assert_eq!(out, ended(&in_folder).1);
    for name in [
        "admin",
        "developers",
        "editors",
        "moderators",
        "publishers",
        "readonly",
        "reviewers",
        "users",
    ] {
        assert!(
            out.contains(&format!("  allow by {name}\n")),
            "{name}: {out}"
        );
    }
    for name in ["write-own-of-others", "delete-own-of-others"] {
        assert!(
            out.contains(&format!("  deny by {name}\n")),
            "{name}: {out}"
        );
    }
    assert!(out.ends_with("\n22 cases: 22 ok\n"), "{out}");
}

#[test]
fn an_answer_that_is_not_expected_is_told_with_what_decided() {
    let (code, out, told) = test(
        r#"
        [[case]]
        name = "an editor publishes"
        groups = ["Editor"]
        action = "publish:content"
        expected = "deny"
        [[case]]
        groups = ["editors", "publishers"]
        action = "publish:content"
        expected = "allow"
        policies = ["editors"]
        [[case]]
        name = "no such action"
        action = "publish:contents"
        expected = "deny"
        [[case]]
        name = "another's"
        principal = "alice"
        email = "alice@example.com"
        groups = ["users"]
        action = "delete:own"
        resource = { id = "doc-1", type = "document", owner = "bob", attributes = { level = 1 } }
        context = { at = 2026-01-01, from = [1, 2.5, true] }
        expected = "deny"
        policies = ["delete-own-of-others"]
        "#,
    );
    assert_eq!((code, told.as_str()), (1, ""));
    let lines: Vec<_> = out.lines().map(str::trim_end).collect();
    assert_eq!(
        lines,
        [
            "  wrong   an editor publishes      allow by editors; expected deny",
            "  wrong   line 7: publish:content  allow by editors, publishers; expected by editors",
            "  no way  no such action           the action `publish:contents` is not in the schema; did you mean `publish:content`?",
            "  ok      another's                deny by delete-own-of-others",
            "",
            "4 cases: 1 ok, 2 wrong, 1 cannot be asked",
        ]
    );
}

#[test]
fn faults_of_the_file_are_told_at_their_places() {
    let case = "[[case]]\naction = \"read:own\"\nexpected = \"deny\"\n";
    for (more, place, says) in [
        (
            "gruops = [\"a\"]",
            ":4:1: ",
            "help: did you mean `groups`?\n",
        ),
        (
            "principle = \"a\"",
            ":4:1: ",
            "help: did you mean `principal`?\n",
        ),
        (
            "[case.resource]\nownr = \"a\"",
            ":5:1: ",
            "help: did you mean `owner`?\n",
        ),
        (
            "xyz = 1\nzyx = 2",
            ":5:1: ",
            "help: there are name, principal, groups,",
        ),
        ("groups = \"a\"", ":4:10: ", "expected a sequence"),
        ("groups = [", ":4:11: ", "unclosed array"),
        ("[[cases]]", ":4:3: ", "help: did you mean `case`?\n"),
        (
            "[[case]]\nexpected = \"allow\"",
            ":4:",
            "missing field `action`",
        ),
    ] {
        let (code, out, told) = test(&format!("{case}{more}\n"));
        assert_eq!((code, out.as_str()), (1, ""), "{more}");
        assert!(told.contains(&format!("cases.toml{place}")), "{told}");
        assert!(told.contains(says), "{told}");
    }
    let (_, _, told) = test(&case.replace("deny", "allowed"));
    assert!(
        told.contains("cases.toml:3:12: unknown variant `allowed`, expected `allow` or `deny`"),
        "{told}"
    );
    for none in ["", "case = []\n"] {
        let (code, out, told) = test(none);
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(
            told.starts_with("cases.toml: there is no case in it\nhelp: "),
            "{told}"
        );
    }
}

#[test]
fn the_configuration_tells_folder_aliases_and_whether_owners_must_be_told() {
    let cases = r#"
        [[case]]
        name = "a cook"
        groups = ["COOKS"]
        action = "write:content"
        expected = "allow"
        [[case]]
        name = "what nobody owns"
        groups = ["users"]
        action = "write:own"
        expected = "deny"
        policies = []
        [[case]]
        name = "what he owns"
        principal = "alice"
        groups = ["users"]
        action = "write:own"
        resource = { id = "doc-1", owner = "alice" }
        expected = "allow"
        "#;
    let config = "[policy]\ngroups = [\"cooks=editors\"]\nrequire_owner = true\n";
    let folder = folder(&[
        ("cases.toml", cases),
        ("own.toml", config),
        (
            "provided.toml",
            "[policy]\ngroups = [\"cooks=editors\"]\nentity_table = \"t\"\n",
        ),
        ("bad/a.cedar", "permit"),
    ]);
    let test = |args: &[&str]| {
        ended(&policy(
            folder.path(),
            &[&["test", "cases.toml"], args].concat(),
        ))
    };
    assert_eq!(test(&[]).1.matches("wrong  ").count(), 2);
    for config in ["own.toml", "provided.toml"] {
        let (code, out, told) = test(&["--config", config]);
        assert_eq!((code, told.as_str()), (0, ""), "{out}");
        assert!(
            out.contains("deny: The owner of the resource is not known"),
            "{out}"
        );
    }
    let (code, out, told) = test(&["--folder", "bad"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(told.starts_with("bad/a.cedar:1:7: "), "{told}");
}
