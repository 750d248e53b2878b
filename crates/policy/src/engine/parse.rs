//! From texts to a schema and policies, with every fault at its place.

use std::collections::HashMap;
use std::ops::Range;

use cedar_policy::{
    EntityTypeName, EntityUid, Policy as CedarPolicy, PolicyId, PolicySet, Schema, SchemaFragment,
    ValidationError, ValidationMode, Validator, schema_str_to_json_with_resolved_types,
};
use miette::Diagnostic;

use super::shape::Shape;
use crate::fault::{Fault, Faults, Place};
use crate::groups::Groups;
use crate::source::Text;

/// More are no set of policies that a person wrote.
const MAX_POLICIES: usize = 10_000;

/// So far policies may look: at who asks and what is asked about, and at nobody these name.
const KNOWN: u32 = 1;

/// A policy under its own name.
pub(super) struct Policy {
    pub(super) policy: CedarPolicy,
    pub(super) file: String,
    pub(super) line: usize,
    /// Where it stands in its file.
    bytes: Range<usize>,
}

impl Policy {
    /// Something wrong with it, at the first `part` of its text.
    fn fault(&self, texts: &[Text], part: &str, message: &str) -> Fault {
        let fault = Fault::new(&self.file, message);
        let text = texts.iter().find(|text| text.name == self.file);
        let place = text.map(|text| {
            let own = text.text.get(self.bytes.clone()).unwrap_or_default();
            let start = self.bytes.start;
            let bytes = match own.find(part) {
                Some(at) => start + at..start + at + part.len(),
                None => self.bytes.clone(),
            };
            Box::new(Place::of(&text.text, bytes))
        });
        Fault { place, ..fault }
    }
}

pub(super) struct Policies {
    pub(super) all: Vec<Policy>,
    pub(super) warnings: Vec<Fault>,
}

impl Policies {
    /// A policy that names a group by another name than tokens' groups get would never apply,
    /// and a forbid that does not apply is worse than one that is not there.
    pub(super) fn check_groups(
        &self,
        kind: &EntityTypeName,
        groups: &Groups,
        texts: &[Text],
    ) -> Result<(), Faults> {
        let mut faults = Vec::new();
        for policy in &self.all {
            for uid in policy.policy.entity_literals() {
                let name = uid.id().unescaped();
                let known = groups.of(name);
                if uid.type_name() == kind && known != name {
                    let text = format!("the group `{name}` is called `{known}` here");
                    let fault = policy.fault(texts, &uid.to_string(), &text);
                    faults.push(fault.hint("name that one, or change policy.groups"));
                }
            }
        }
        match faults.is_empty() {
            true => Ok(()),
            false => Err(Faults(faults)),
        }
    }
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

/// All that is wrong with any of them is told at once, unless they are too many to be looked at.
pub(super) fn policies(texts: &[Text], schema: &Schema) -> Result<Policies, Faults> {
    let validator = Validator::new(schema.clone());
    let (mut all, mut faults, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    let mut many = 0;
    for text in texts {
        let set: PolicySet = match text.text.parse() {
            Ok(set) => set,
            Err(errors) => {
                let errors: cedar_policy::ParseErrors = errors;
                faults.extend(errors.iter().map(|error| fault(text, error)));
                continue;
            }
        };
        many += set.policies().count();
        if many > MAX_POLICIES {
            let more = format!("there are more than {MAX_POLICIES} policies");
            return Err(Fault::new(&text.name, more).into());
        }
        if let Some(template) = set.templates().next() {
            let bytes = template
                .as_ref()
                .loc()
                .map_or(0..0, |at| at.start()..at.end());
            let fault = Fault::new(&text.name, "has a template, which nothing would fill in");
            let fault = fault.at(Place::of(&text.text, bytes));
            faults.push(fault.hint("name principal and resource in the policy"));
        }
        let judged = validator.validate_with_level(&set, ValidationMode::Strict, KNOWN);
        let errors = judged.validation_errors();
        faults.extend(errors.map(|error| match error {
            ValidationError::UnrecognizedActionId(_) => unknown_action(text, error, schema),
            ValidationError::EntityDerefLevelViolation(_) => unknown_entity(text, error),
            _ => fault(text, error),
        }));
        warnings.extend(judged.validation_warnings().map(|it| fault(text, it)));
        all.extend(named(&set, text));
    }
    faults.extend(twice(&all, texts));
    match faults.is_empty() {
        true => Ok(Policies { all, warnings }),
        false => Err(Faults(faults)),
    }
}

/// By `@id`, or by file and number. Only the inner form of a policy, `as_ref`, knows its place.
fn named(set: &PolicySet, text: &Text) -> Vec<Policy> {
    let file = &text.name;
    let (mut line, mut end) = (1, 0);
    let policies = set.policies().enumerate().map(|(at, policy)| {
        let id = policy.annotation("id").filter(|id| !id.is_empty());
        let short = file.rsplit('/').next().unwrap_or(file);
        let id = id.map_or_else(|| format!("{short}#{}", at + 1), ToOwned::to_owned);
        let bytes = policy
            .as_ref()
            .loc()
            .map_or(end..end, |at| at.start()..at.end());
        let before = text.text.get(end..bytes.start).unwrap_or_default();
        line += before.matches('\n').count();
        end = bytes.start.max(end);
        Policy {
            policy: policy.new_id(PolicyId::new(id)),
            file: file.clone(),
            line,
            bytes,
        }
    });
    policies.collect()
}

/// An audit event that names a policy names one.
fn twice(all: &[Policy], texts: &[Text]) -> Vec<Fault> {
    let mut seen: HashMap<&PolicyId, &Policy> = HashMap::new();
    let mut faults = Vec::new();
    for again in all {
        if let Some(first) = seen.insert(again.policy.id(), again) {
            let (id, Policy { file, line, .. }) = (again.policy.id(), first);
            let text = format!("the policy name `{id}` is in {file}:{line} too");
            let fault = again.fault(texts, "@id", &text);
            faults.push(fault.hint("give one of them another @id"));
        }
    }
    faults
}

/// What Cedar suggests is seldom the nearest.
fn unknown_action(text: &Text, error: &ValidationError, schema: &Schema) -> Fault {
    let fault = Fault {
        hint: None,
        ..fault(text, error)
    };
    let written = bytes_of(error).and_then(|bytes| text.text.get(bytes));
    let written = written.and_then(|it| it.parse::<EntityUid>().ok());
    let likeness = |action: &EntityUid| match &written {
        Some(it) => strsim::jaro_winkler(it.id().unescaped(), action.id().unescaped()),
        None => 0.0,
    };
    let alike = schema.actions().map(|action| (likeness(action), action));
    let nearest = alike.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)));
    match nearest {
        Some((likeness, action)) if likeness > 0.8 => {
            fault.hint(format!("did you mean `{action}`?"))
        }
        _ => fault,
    }
}

/// Of an owner, say, or somebody whom the policy names, only the name is there to look at.
fn unknown_entity(text: &Text, error: &ValidationError) -> Fault {
    let message = "looks into somebody or something of which only the name is known";
    let fault = Fault::new(&text.name, message);
    let place = bytes_of(error).map(|bytes| Place::of(&text.text, bytes).into());
    let fault = Fault { place, ..fault };
    fault.hint("compare the name, as in `resource.owner == principal`; attributes and groups are known of principal and resource")
}

fn bytes_of(error: &(impl Diagnostic + ?Sized)) -> Option<Range<usize>> {
    let label = error.labels().into_iter().flatten().next()?;
    Some(label.offset()..label.offset().saturating_add(label.len()))
}

fn fault(text: &Text, error: &(impl Diagnostic + ?Sized)) -> Fault {
    let place = bytes_of(error).map(|bytes| Place::of(&text.text, bytes).into());
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
