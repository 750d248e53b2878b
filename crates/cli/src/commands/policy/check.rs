//! `cogward policy check`: every fault at its place.

use std::io::Write as _;

use super::{load, report};
use crate::args::Check;
use crate::failure::Failure;

pub(super) fn run(args: &Check) -> Result<(), Failure> {
    let engine = load(args.config.as_deref(), args.folder.as_deref())?.engine;
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
