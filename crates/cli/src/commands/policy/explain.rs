//! `cogward policy explain`: may somebody do something, and why or why not.

use std::fmt::Write as _;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use cogward_auth::authorize::{Answer, Reason};
use cogward_policy::{Considered, Effect, Explanation, Verdict};
use serde_json::{Value, json};

use super::asking::Asking;
use super::open;
use crate::args::Explain;
use crate::failure::Failure;
use crate::printable::printable;

/// Fails with 1 for a no, with 2 when it cannot be asked.
pub(super) fn run(args: &Explain) -> Result<(), Failure> {
    let asked = open(&args.set).map_err(Failure::undecided)?;
    let asking = asking(args);
    let explained = asked.explain(&asking);
    let (answer, explanation) = explained.map_err(|why| Failure::new(why).undecided())?;
    let shown = match args.json {
        true => printable(&as_json(&answer, &explanation).to_string()) + "\n",
        false => page(&asking, &answer, &explanation),
    };
    write!(anstream::stdout(), "{shown}").map_err(|error| Failure::from(error).undecided())?;
    match answer.decision.allowed {
        true => Ok(()),
        false => Err(Failure::said()),
    }
}

fn asking(args: &Explain) -> Asking {
    Asking {
        sub: args.principal.clone(),
        email: args.email.clone(),
        groups: args.group.clone(),
        action: args.action.clone(),
        id: args.resource.clone(),
        kind: args.kind.clone(),
        owner: args.owner.clone(),
        attributes: None,
        context: args.context.clone(),
    }
}

fn as_json(answer: &Answer, explanation: &Explanation) -> Value {
    let policies = explanation.policies.iter().map(|it| {
        let (wants, error) = match &it.verdict {
            Verdict::Head(wants) => (Some(wants), None),
            Verdict::Failed(why) => (None, Some(why)),
            _ => (None, None),
        };
        json!({
            "name": it.name, "effect": effect(it), "file": it.file, "line": it.line,
            "text": it.text, "verdict": verdict(it), "wants": wants, "error": error,
        })
    });
    json!({
        "authorized": answer.decision.allowed, "reason": answer.reason.to_string(),
        "groups": explanation.groups, "policies": policies.collect::<Vec<_>>(),
    })
}

fn effect(policy: &Considered) -> &'static str {
    match policy.effect {
        Effect::Permit => "permit",
        Effect::Forbid => "forbid",
    }
}

fn verdict(policy: &Considered) -> &'static str {
    match policy.verdict {
        Verdict::Decides => "decides",
        Verdict::Overruled => "overruled",
        Verdict::Head(_) => "head",
        Verdict::Condition => "condition",
        Verdict::Failed(_) => "failed",
    }
}

fn page(asking: &Asking, answer: &Answer, explanation: &Explanation) -> String {
    let (colour, word) = match answer.decision.allowed {
        true => (AnsiColor::Green.on_default().bold(), "Yes"),
        false => (AnsiColor::Red.on_default().bold(), "No"),
    };
    let mut page = format!("{colour}{word}.{colour:#} {}\n\n", answer.reason);
    page += &question(asking, &explanation.groups);
    if answer.reason == Reason::NoOwner {
        page += "\nThe configuration has an entity provider, or policy.require_owner: what one may do to\n\
                 one's own is denied where no provider tells the owner. --owner stands for the provider.\n";
    }
    // Why it is a yes or a no, and what would have made a no a yes.
    let is = |it: &&Considered, verdicts: fn(&Verdict) -> bool| verdicts(&it.verdict);
    let policies = || explanation.policies.iter();
    let failed = policies().filter(|it| is(it, |it| matches!(it, Verdict::Failed(_))));
    page += &section(
        "Failed, so nobody knows what they would have said",
        failed,
        true,
    );
    if answer.reason != Reason::NoOwner {
        let decides = policies().filter(|it| is(it, |it| matches!(it, Verdict::Decides)));
        page += &section("Decided by", decides, true);
    }
    if !answer.decision.allowed {
        let permits = || policies().filter(|it| it.effect == Effect::Permit);
        let nearly = |it: &&Considered| is(it, |it| matches!(it, Verdict::Condition));
        page += &section(
            "Would permit it if the condition held",
            permits().filter(nearly),
            true,
        );
        let overruled = |it: &&Considered| is(it, |it| matches!(it, Verdict::Overruled));
        page += &section(
            "Would permit it otherwise",
            permits().filter(overruled),
            false,
        );
        let others = |it: &&Considered| is(it, |it| matches!(it, Verdict::Head(_)));
        page += &section("Permit it to others", permits().filter(others), false);
        if permits().next().is_none() {
            page += "\nNo policy permits this action to anybody.\n";
        }
    }
    page
}

fn question(asking: &Asking, groups: &[String]) -> String {
    let dim = Style::new().dimmed();
    let resource = asking.resource();
    let mut who = asking.sub.clone();
    who += &match groups {
        [] => ", in no group".to_owned(),
        groups => format!(", in {}", groups.join(", ")),
    };
    let mut what = format!("{}, of type {}", resource.id, resource.kind);
    match resource.owner {
        Some(owner) if owner == asking.sub => what += ", his own",
        Some(owner) => what += &format!(", whose owner is {owner}"),
        None => what += ", without an owner",
    }
    let mut lines = String::new();
    for (name, value) in [("who", &who), ("what", &asking.action), ("to", &what)] {
        // Writing into a string does not fail.
        let _written = writeln!(lines, "  {dim}{name:<4}{dim:#}  {}", printable(value));
    }
    lines
}

/// Nothing where there are none.
fn section<'a>(
    title: &str,
    policies: impl Iterator<Item = &'a Considered>,
    with_text: bool,
) -> String {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let policies: Vec<_> = policies.collect();
    let mut section = match policies.is_empty() {
        true => return String::new(),
        false => format!("\n{title}\n"),
    };
    for policy in policies {
        let why = match &policy.verdict {
            Verdict::Head(wants) => format!(": only for {}", wants.join(" and ")),
            Verdict::Failed(why) => format!(": {why}"),
            Verdict::Decides | Verdict::Overruled | Verdict::Condition => String::new(),
        };
        // Writing into a string does not fail.
        let _written = writeln!(
            section,
            "  {bold}{}{bold:#} {dim}({}:{}){dim:#}{}",
            printable(&policy.name),
            printable(&policy.file),
            policy.line,
            printable(&why)
        );
        for line in policy.text.lines().filter(|_| with_text) {
            let _written = writeln!(section, "      {}", printable(line));
        }
    }
    section
}
