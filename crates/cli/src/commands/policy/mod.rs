//! `cogward policy`: are the policies good, and what do they say.

mod asking;
mod cases;
mod check;
mod explain;
mod report;
mod test;

use std::path::Path;

use cogward_config::{Mode, Policies, Sources};
use cogward_policy::{Engine, Faults};

use super::faulty;
use crate::args::{Flags, Policy, PolicyCommand, Set};
use crate::failure::Failure;
use crate::wire::policies::{groups, source};

pub(crate) fn run(args: &Policy) -> Result<(), Failure> {
    match &args.command {
        PolicyCommand::Check(args) => check::run(args),
        PolicyCommand::Test(args) => test::run(args),
        PolicyCommand::Explain(args) => explain::run(args),
    }
}

/// Policies, and what the server holds besides.
struct Asked {
    engine: Engine,
    owner_must_be_told: bool,
}

fn open(set: &Set) -> Result<Asked, Failure> {
    load(set.config.as_deref(), set.folder.as_deref())
}

/// Those of the folder, else of the configuration, which names the groups; what is wrong with
/// them is told.
fn load(config: Option<&Path>, folder: Option<&Path>) -> Result<Asked, Failure> {
    let settings = settings(config)?;
    let folder = folder.or(settings.folder.as_deref());
    let groups = groups(&settings.groups)?;
    let texts = source(folder).read();
    match texts.and_then(|texts| Engine::new(&texts, groups)) {
        Ok(engine) => Ok(Asked {
            engine,
            owner_must_be_told: settings.owner_must_be_told,
        }),
        Err(Faults(faults)) => Err(report::faults(&faults)),
    }
}

fn settings(config: Option<&Path>) -> Result<Policies, Failure> {
    let mode = Mode::Serve;
    let sources = Sources::from_process(config, Flags::new(), mode);
    let settings = sources.and_then(|sources| cogward_config::policies(&sources));
    settings.map_err(|faults| faulty(&faults, mode))
}

/// `; did you mean …?` for a name nearly right.
fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let alike = known
        .into_iter()
        .map(|it| (strsim::jaro_winkler(name, it), it));
    let (_, nearest) = alike
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(format!("did you mean `{nearest}`?"))
}
