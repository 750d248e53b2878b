use std::process::Command;

use super::{ended, folder, policy};

const GOOD: &str = "permit (principal, action, resource);\n";
const BAD: &str = "// Editors.\n@id(\"editors\")\npermit (\n  principal in App::UserGroup::\"editors\",\n  \
                   action == App::Action::\"raed:content\",\n  resource\n);\n";
const NEVER: &str = "@id(\"never\")\npermit (principal, action, resource)\nwhen { resource.resourceType == \"a\" && false };\n";

#[test]
fn policies_that_are_built_in_are_good() {
    let folder = folder(&[]);
    let told = ended(&policy(folder.path(), &["check"]));
    let good = "10 policies, 23 actions: good\n".to_owned();
    assert_eq!(told, (0, good, String::new()));
}

#[test]
fn every_fault_is_told_at_its_place_with_its_line_and_what_may_help() {
    let folder = folder(&[
        ("set/a.cedar", BAD),
        ("set/b.cedar", "permit (principal, action"),
        (
            "set/c.cedar",
            "@id(\"editors\") permit (principal, action, resource);",
        ),
    ]);
    let (code, out, told) = ended(&policy(folder.path(), &["check", "set"]));
    assert_eq!((code, out.as_str()), (1, ""));
    let first = "set/a.cedar:5:13: unrecognized action `App::Action::\"raed:content\"`\n  \
                 5 |   action == App::Action::\"raed:content\",\n    \
                 |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^\nhelp: did you mean `App::Action::\"read:content\"`?\n\n";
    assert!(told.starts_with(first), "{told}");
    assert!(
        told.contains("\nset/b.cedar:1:26: unexpected end of input\n"),
        "{told}"
    );
    let twice = "\nset/c.cedar:1:1: the policy name `editors` is in set/a.cedar:2 too\n";
    assert!(told.contains(twice), "{told}");
    assert!(told.ends_with("\n\n3 faults\n"), "{told}");
}

#[test]
fn a_policy_that_never_applies_is_a_warning_or_a_fault_as_one_likes() {
    let folder = folder(&[("set/never.cedar", NEVER), ("set/good.cedar", GOOD)]);
    let (code, out, told) = ended(&policy(folder.path(), &["check", "set"]));
    assert_eq!(
        (code, out.as_str()),
        (0, "2 policies, 23 actions: good, 1 warning\n")
    );
    assert!(
        told.starts_with("set/never.cedar:1:1: warning: policy is impossible: "),
        "{told}"
    );
    let (code, out, told) = ended(&policy(folder.path(), &["check", "set", "--deny-warnings"]));
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        told.starts_with("set/never.cedar:1:1: policy is impossible: "),
        "{told}"
    );
    assert!(told.ends_with("\n1 fault\n"), "{told}");
}

#[test]
fn the_folder_is_that_of_the_configuration_unless_it_is_named() {
    let folder = folder(&[
        ("cogward.toml", "[policy]\nfolder = \"set\"\n"),
        ("typo.toml", "[policy]\nfoldr = \"set\"\n"),
        ("set/good.cedar", GOOD),
        ("other/schema.cedarschema", "namespace App {"),
        ("other/good.cedar", GOOD),
    ]);
    let check = |args: &[&str]| ended(&policy(folder.path(), &[&["check"], args].concat()));
    assert_eq!(check(&[]).1, "1 policy, 23 actions: good\n");
    let (code, _, told) = check(&["other"]);
    assert_eq!(code, 1);
    assert!(told.starts_with("other/schema.cedarschema:1:"), "{told}");
    // A slip must not lead to another set than is meant.
    let (code, _, told) = check(&["--config", "typo.toml"]);
    assert_eq!(code, 1);
    assert!(told.contains("did you mean policy.folder?"), "{told}");
    let (code, _, told) = check(&["nowhere"]);
    assert_eq!(code, 1);
    assert!(told.starts_with("nowhere: No such file"), "{told}");
}

#[test]
fn a_policy_that_names_a_group_by_an_alias_is_told_how_it_is_called() {
    let policy_of = "permit (principal in App::UserGroup::\"devs\", action, resource);\n";
    let folder = folder(&[
        ("set/a.cedar", policy_of),
        ("own.toml", "[policy]\ngroups = [\"cooks=devs\"]\n"),
    ]);
    let check = |args: &[&str]| ended(&policy(folder.path(), &[&["check", "set"], args].concat()));
    let (code, _, told) = check(&[]);
    assert_eq!(code, 1);
    let fault = "set/a.cedar:1:22: the group `devs` is called `developers` here\n  1 | permit (principal in App";
    assert!(told.starts_with(fault), "{told}");
    assert!(told.contains(" ^^^^^^^^^^^^^^^^^^^^^^\n"), "{told}");
    assert_eq!(check(&["--config", "own.toml"]).0, 0);
}

#[test]
fn what_files_say_reaches_no_terminal_as_it_is() {
    let hostile = "permit (principal, action, resource) // \u{1b}]0;owned\u{7}\u{202e}\n!";
    let folder = folder(&[("set/a\u{1b}[31m.cedar", hostile)]);
    let (code, _, told) = ended(&policy(folder.path(), &["check", "set"]));
    assert_eq!(code, 1);
    let acted = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!told.chars().any(acted), "{told:?}");
}

#[test]
fn faults_are_coloured_for_terminals_that_want_it() {
    let folder = folder(&[("set/a.cedar", BAD)]);
    let in_terminal = |env: &str| {
        let binary = env!("CARGO_BIN_EXE_cogward");
        let command = format!("env -i TERM=xterm {env} {binary} policy check set");
        let output = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .current_dir(folder.path())
            .output();
        ended(&output.unwrap()).1
    };
    assert!(in_terminal("").contains("\u{1b}["));
    let plain = in_terminal("NO_COLOR=1");
    assert!(plain.contains("set/a.cedar:5:13: unrecognized"), "{plain}");
    assert!(!plain.contains('\u{1b}'), "{plain}");
}
