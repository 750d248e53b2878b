//! The record of what the SDKs saw, and what it has to hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;

const MODEL: &str = include_str!("../../src/model/cognito-idp.json");

/// Cognito does this only with threat protection, which a local pool has no events for: without
/// it Cognito too answers UserPoolAddOnNotEnabledException.
const NEVER_DONE: [&str; 1] = ["UpdateAuthEventFeedback"];

/// Values of the model's enums by which nobody signs in. The administrators' flows are theirs,
/// and their old one was never a challenge.
const NO_FLOWS: [&str; 2] = ["ADMIN_NO_SRP_AUTH", "ADMIN_USER_PASSWORD_AUTH"];
const NO_CHALLENGE: &str = "ADMIN_NO_SRP_AUTH";

type Sets = BTreeMap<String, BTreeSet<String>>;

#[derive(Serialize, Deserialize)]
pub(crate) struct Driven {
    pub(crate) boto3: Seen,
    pub(crate) javascript: Seen,
}

/// What one SDK saw.
#[derive(Serialize, Deserialize)]
pub(crate) struct Seen {
    version: String,
    operations: BTreeMap<String, Outcomes>,
    /// Flows that led to tokens, by the operation that began them.
    flows: Sets,
    /// Challenges whose answer was taken, by the operation that answered.
    challenges: Sets,
}

#[derive(Default, Serialize, Deserialize)]
struct Outcomes {
    ok: bool,
    /// Exceptions of ordinary use.
    errors: BTreeSet<String>,
    /// Those that only a fault gave.
    faults: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Model {
    operations: BTreeMap<String, Operation>,
    others: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Operation {
    errors: BTreeSet<String>,
    input: Value,
}

impl Driven {
    pub(crate) fn from_json(text: &str) -> Self {
        serde_json::from_str(text).unwrap()
    }

    /// A line an operation.
    pub(crate) fn to_json(&self) -> String {
        let sdks = [("boto3", &self.boto3), ("javascript", &self.javascript)];
        let sdks = sdks.map(|(name, seen)| {
            let mut operations = String::new();
            for (name, outcomes) in &seen.operations {
                let comma = if operations.is_empty() { "" } else { ",\n" };
                let outcomes = serde_json::to_string(outcomes).unwrap();
                write!(operations, "{comma}\"{name}\": {outcomes}").unwrap();
            }
            let [flows, challenges] =
                [&seen.flows, &seen.challenges].map(|sets| serde_json::to_string(sets).unwrap());
            format!(
                "\"{name}\": {{\n\"version\": \"{}\",\n\"operations\": {{\n{operations}\n}},\n\
                 \"flows\": {flows},\n\"challenges\": {challenges}\n}}",
                seen.version
            )
        });
        format!("{{\n{}\n}}\n", sdks.join(",\n"))
    }

    /// Lines of what `now` has no more, and has besides.
    pub(crate) fn differences(&self, now: &Self) -> Vec<String> {
        let (before, now) = (self.lines(), now.lines());
        let gone = before.difference(&now).map(|line| format!("- {line}"));
        let new = now.difference(&before).map(|line| format!("+ {line}"));
        gone.chain(new).collect()
    }

    fn lines(&self) -> BTreeSet<String> {
        let boto3 = self.boto3.lines().map(|line| format!("boto3: {line}"));
        let javascript = self.javascript.lines();
        boto3
            .chain(javascript.map(|line| format!("JavaScript: {line}")))
            .collect()
    }

    /// What is not driven, or should not have come about.
    pub(crate) fn problems(&self) -> Vec<String> {
        let model = serde_json::from_str(MODEL).unwrap();
        [("boto3", &self.boto3), ("JavaScript", &self.javascript)]
            .into_iter()
            .flat_map(|(sdk, seen)| {
                let problems = seen.problems(&model).into_iter();
                problems.map(move |problem| format!("{sdk}: {problem}"))
            })
            .collect()
    }
}

impl Seen {
    fn lines(&self) -> impl Iterator<Item = String> {
        let operations = self.operations.iter().flat_map(|(name, outcomes)| {
            let Outcomes { ok, errors, faults } = outcomes;
            let ok = ok.then(|| format!("{name} done"));
            let errors = errors.iter().map(move |error| format!("{name} {error}"));
            let faults = faults
                .iter()
                .map(move |error| format!("{name} {error} by a fault"));
            ok.into_iter().chain(errors).chain(faults)
        });
        let sign_ins = self.flows.iter().chain(&self.challenges);
        let sign_ins = sign_ins.flat_map(|(operation, names)| {
            names.iter().map(move |name| format!("{operation} {name}"))
        });
        let version = std::iter::once(format!("version {}", self.version));
        version.chain(operations).chain(sign_ins)
    }

    fn problems(&self, model: &Model) -> Vec<String> {
        let mut problems = Vec::new();
        let none = Outcomes::default();
        for (name, operation) in &model.operations {
            let seen = self.operations.get(name).unwrap_or(&none);
            if seen.ok == NEVER_DONE.contains(&name.as_str()) {
                problems.push(format!("{name} is done: {}", seen.ok));
            }
            if seen.errors.is_empty() {
                problems.push(format!("{name} has no error without a fault"));
            }
            let all: BTreeSet<_> = seen.errors.union(&seen.faults).cloned().collect();
            for error in all.symmetric_difference(&operation.errors) {
                problems.push(format!("{name}: {error} is declared or seen, not both"));
            }
        }
        for (name, seen) in &self.operations {
            let refused = ["OperationNotEnabledException".to_owned()].into();
            if model.others.contains(name) && (seen.ok || seen.errors != refused) {
                problems.push(format!("{name} is not refused"));
            }
        }
        for (prefix, left_out) in [("", NO_FLOWS.as_slice()), ("Admin", &[])] {
            let (begin, answer) = (
                format!("{prefix}InitiateAuth"),
                format!("{prefix}RespondToAuthChallenge"),
            );
            let flows = model.values(&begin, "AuthFlow");
            let flows = flows.filter(|name| !left_out.contains(&name.as_str()));
            problems.extend(missing(&self.flows, &begin, flows));
            let challenges = model.values(&answer, "ChallengeName");
            let challenges = challenges.filter(|name| name != NO_CHALLENGE);
            problems.extend(missing(&self.challenges, &answer, challenges));
        }
        problems
    }
}

fn missing(seen: &Sets, operation: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    let none = BTreeSet::new();
    let seen = seen.get(operation).unwrap_or(&none);
    let missing = names.filter(|name| !seen.contains(name));
    missing.map(|name| format!("{operation}: {name}")).collect()
}

impl Model {
    /// Those of a member's enum.
    fn values(&self, operation: &str, member: &str) -> impl Iterator<Item = String> {
        let shape = &self.operations[operation].input["members"][member]["enum"];
        let names: Vec<String> = serde_json::from_value(shape.clone()).unwrap();
        names.into_iter()
    }
}
