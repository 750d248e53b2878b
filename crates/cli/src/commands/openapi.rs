//! `cogward openapi`: the document of all routes, at their usual paths.

use std::collections::BTreeMap;
use std::io::Write as _;

use cogward_config::{Mode, Sources, load};

use crate::failure::Failure;
use crate::wire;

pub(crate) fn run() -> Result<(), Failure> {
    // The defaults, so that the document is the same wherever it is made.
    let defaults = Sources {
        toml: None,
        env: BTreeMap::new(),
        flags: BTreeMap::new(),
        mode: Mode::Dev,
    };
    let config = load(&defaults)?;
    writeln!(
        anstream::stdout(),
        "{}",
        cogward_server::document(&wire::site(&config))?
    )?;
    Ok(())
}
