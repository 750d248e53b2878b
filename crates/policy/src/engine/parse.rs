//! From texts to a schema and policies, with every fault at its place.

use std::collections::HashMap;

use cedar_policy::{
    Policy as CedarPolicy, PolicyId, PolicySet, Schema, SchemaFragment, ValidationMode, Validator,
    schema_str_to_json_with_resolved_types,
};
use miette::Diagnostic;

use super::shape::Shape;
use crate::fault::{Fault, Faults, Place};
use crate::source::Text;

/// More are no set of policies that a person wrote.
const MAX_POLICIES: usize = 10_000;

/// A policy under its own name.
pub(super) struct Policy {
    pub(super) policy: CedarPolicy,
    file: String,
}

pub(super) struct Policies {
    pub(super) all: Vec<Policy>,
    pub(super) warnings: Vec<Fault>,
}

pub(super) fn schema(text: &Text) -> Result<(Schema, Shape), Faults> {
    let fragment = match text.name.ends_with(".json") {
        true => SchemaFragment::from_json_str(&text.text).map_err(|error| fault(text, &error)),
        false => SchemaFragment::from_cedarschema_str(&text.text)
            .map(|(fragment, _)| fragment)
            .map_err(|error| fault(text, &error)),
    }?;
    let in_cedar = fragment.to_cedarschema();
    let schema = Schema::from_schema_fragments([fragment]);
    let schema = schema.map_err(|error| fault(text, &error))?;
    let unclear = |error: &dyn std::fmt::Display| Fault::new(&text.name, error);
    let in_cedar = in_cedar.map_err(|error| unclear(&error))?;
    let resolved = schema_str_to_json_with_resolved_types(&in_cedar);
    let (json, _) = resolved.map_err(|error| unclear(&error))?;
    Ok((schema, Shape(json)))
}

/// All that is wrong with any of them is told at once.
pub(super) fn policies(texts: &[Text], schema: &Schema) -> Result<Policies, Faults> {
    let validator = Validator::new(schema.clone());
    let (mut all, mut faults, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for text in texts {
        let set: PolicySet = match text.text.parse() {
            Ok(set) => set,
            Err(errors) => {
                let errors: cedar_policy::ParseErrors = errors;
                faults.extend(errors.iter().map(|error| fault(text, error)));
                continue;
            }
        };
        if set.templates().next().is_some() {
            let template = Fault::new(&text.name, "has a template, which nothing would fill in");
            faults.push(template.hint("name principal and resource in the policy"));
        }
        let judged = validator.validate(&set, ValidationMode::Strict);
        faults.extend(judged.validation_errors().map(|error| fault(text, error)));
        warnings.extend(judged.validation_warnings().map(|it| fault(text, it)));
        all.extend(named(&set, &text.name));
    }
    faults.extend(twice(&all));
    if all.len() > MAX_POLICIES {
        let first = texts.first().map_or("", |text| text.name.as_str());
        let text = format!("there are more than {MAX_POLICIES} policies");
        faults.push(Fault::new(first, text));
    }
    match faults.is_empty() {
        true => Ok(Policies { all, warnings }),
        false => Err(Faults(faults)),
    }
}

/// By `@id`, or by file and number.
fn named(set: &PolicySet, file: &str) -> Vec<Policy> {
    let policies = set.policies().enumerate().map(|(at, policy)| {
        let id = policy.annotation("id").filter(|id| !id.is_empty());
        let short = file.rsplit('/').next().unwrap_or(file);
        let id = id.map_or_else(|| format!("{short}#{}", at + 1), ToOwned::to_owned);
        Policy {
            policy: policy.new_id(PolicyId::new(id)),
            file: file.to_owned(),
        }
    });
    policies.collect()
}

/// An audit event that names a policy names one.
fn twice(all: &[Policy]) -> Vec<Fault> {
    let mut seen: HashMap<&PolicyId, &str> = HashMap::new();
    let mut faults = Vec::new();
    for Policy { policy, file } in all {
        if let Some(other) = seen.insert(policy.id(), file) {
            let text = format!("the policy name `{}` is in {other} too", policy.id());
            faults.push(Fault::new(file, text).hint("give one of them another @id"));
        }
    }
    faults
}

fn fault(text: &Text, error: &(impl Diagnostic + ?Sized)) -> Fault {
    let labels = error.labels().into_iter().flatten().next();
    let place = labels.map(|label| Place::of(&text.text, label.offset()));
    // The names that Cedar gives are of its own making.
    let message = error.to_string();
    let message = match message.strip_prefix("for policy `") {
        Some(rest) => rest.split_once("`, ").map_or(rest, |(_, rest)| rest),
        None => &message,
    };
    let fault = Fault::new(&text.name, message);
    let fault = Fault { place, ..fault };
    let expected = error.labels().into_iter().flatten().next();
    let expected = expected.and_then(|label| label.label().map(ToOwned::to_owned));
    match error.help().map(|help| help.to_string()).or(expected) {
        Some(hint) => fault.hint(hint),
        None => fault,
    }
}
