//! `cogward policy check`: every fault at its place.

use std::io::Write as _;

use cogward_policy::{Engine, Faults};

use super::{report, settings};
use crate::args::Check;
use crate::failure::Failure;
use crate::wire::policies::{groups, source};

pub(super) fn run(args: &Check) -> Result<(), Failure> {
    // A policy that names a group by an alias is none that would ever apply.
    let settings = settings(args.config.as_deref())?;
    let groups = groups(&settings.groups)?;
    let folder = args.folder.clone().or(settings.folder);
    let texts = source(folder.as_deref()).read();
    let engine = match texts.and_then(|texts| Engine::new(&texts, groups)) {
        Ok(engine) => engine,
        Err(Faults(faults)) => return Err(report::faults(&faults)),
    };
    let warnings = engine.warnings();
    if args.deny_warnings && !warnings.is_empty() {
        return Err(report::faults(warnings));
    }
    report::warnings(warnings);
    let policies = report::counted(engine.policies(), "policy", "policies");
    let actions = report::counted(engine.actions().count(), "action", "actions");
    let but = match warnings.len() {
        0 => String::new(),
        many => format!(", {}", report::counted(many, "warning", "warnings")),
    };
    writeln!(anstream::stdout(), "{policies}, {actions}: good{but}")?;
    Ok(())
}
