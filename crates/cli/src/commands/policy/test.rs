//! `cogward policy test`: do the policies say what is expected of them.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use cogward_auth::authorize::{Answer, Reason};

use super::cases::{self, Case};
use super::{open, report};
use crate::args::Test;
use crate::failure::Failure;
use crate::printable::printable;

pub(super) fn run(args: &Test) -> Result<(), Failure> {
    let cases = cases::read(&args.cases).map_err(|faults| report::faults(&faults))?;
    let asked = open(&args.set)?;
    let outcomes: Vec<_> = cases
        .iter()
        .map(|case| (case, Outcome::of(case, asked.answer(&case.asking))))
        .collect();
    let count = |wanted: fn(&Outcome) -> bool| {
        let outcomes = outcomes.iter().map(|(_, outcome)| outcome);
        outcomes.filter(|outcome| wanted(outcome)).count()
    };
    let mut out = anstream::stdout();
    let names: Vec<_> = cases.iter().map(|case| printable(&case.name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max();
    let width = width.unwrap_or_default().min(WIDEST);
    for (name, (_, outcome)) in names.iter().zip(&outcomes) {
        let (colour, word, told) = outcome.shown();
        writeln!(
            out,
            "  {colour}{word:<6}{colour:#}  {name:<width$}  {}",
            printable(told)
        )?;
    }
    let (wrong, not_asked) = (
        count(|it| matches!(it, Outcome::Wrong(_))),
        count(|it| matches!(it, Outcome::NotAsked(_))),
    );
    let all = report::counted(cases.len(), "case", "cases");
    let mut last = format!("{all}: {} ok", cases.len() - wrong - not_asked);
    for (many, what) in [(wrong, "wrong"), (not_asked, "cannot be asked")] {
        if many > 0 {
            last += &format!(", {many} {what}");
        }
    }
    writeln!(out, "\n{last}")?;
    match wrong + not_asked {
        0 => Ok(()),
        _ => Err(Failure::said()),
    }
}

/// Longer names do not push the others' answers away.
const WIDEST: usize = 60;

enum Outcome {
    Ok(String),
    Wrong(String),
    NotAsked(String),
}

impl Outcome {
    fn of(case: &Case, answer: Result<Answer, String>) -> Self {
        let answer = match answer {
            Ok(answer) => answer,
            Err(why) => return Self::NotAsked(why),
        };
        let came = came(&answer);
        let mut expected = Vec::new();
        if answer.decision.allowed != case.allowed {
            expected.push(said(case.allowed).to_owned());
        }
        if let Some(policies) = &case.policies
            && sorted(policies) != sorted(&answer.decision.determining)
        {
            expected.push(by(policies));
        }
        match expected.is_empty() {
            true => Self::Ok(came),
            false => Self::Wrong(format!("{came}; expected {}", expected.join(" "))),
        }
    }

    fn shown(&self) -> (Style, &'static str, &str) {
        let red = AnsiColor::Red.on_default().bold();
        match self {
            Self::Ok(told) => (AnsiColor::Green.on_default(), "ok", told),
            Self::Wrong(told) => (red, "wrong", told),
            Self::NotAsked(told) => (red, "no way", told),
        }
    }
}

fn came(answer: &Answer) -> String {
    let decision = &answer.decision;
    let said = said(decision.allowed);
    match answer.reason {
        Reason::Permitted | Reason::Forbidden => {
            format!("{said} {}", by(&decision.determining))
        }
        Reason::NotPermitted => said.to_owned(),
        Reason::Failed => format!("{said}, as {} failed", sorted(&decision.failed).join(", ")),
        Reason::NoOwner | Reason::Unknown | Reason::Unfit => format!("{said}: {}", answer.reason),
    }
}

fn said(allowed: bool) -> &'static str {
    if allowed { "allow" } else { "deny" }
}

fn by(policies: &[String]) -> String {
    match policies {
        [] => "by no policy".to_owned(),
        policies => format!("by {}", sorted(policies).join(", ")),
    }
}

fn sorted(names: &[String]) -> Vec<&str> {
    let mut names: Vec<_> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    names
}
