//! `[audit]`

use std::path::PathBuf;

use crate::read::Reader;
use crate::sections::Section;
use crate::sections::server::Server;
use crate::setting::Setting;
use crate::sources::Mode;
use crate::value::choice;

choice! {
    /// Where events are told.
    AuditOutput {
        /// In the log, as lines like others.
        Log = "log",
        /// On standard output, one OCSF event a line.
        Stdout = "stdout",
        /// In a file, the same.
        File = "file",
    }
}

/// The audit trail.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Where events are told.
    pub output: AuditOutput,
    /// The file; none only for another output.
    pub path: Option<PathBuf>,
}

pub(crate) static SECTION: Section = Section {
    name: "audit",
    doc: "Where sign-ins, sign-outs, changes of accounts, decisions and refusals are told \
          (docs/audit.md).",
    settings: &[&OUTPUT.about, &PATH.about],
};

static OUTPUT: Setting<AuditOutput> = Setting::new(
    "audit.output",
    "`stdout` and `file`: one event a line, JSON in the words of OCSF 1.8.0. `log`: lines of the log, \
     on the target `cogward::audit`, whatever `log.level` says.",
)
.env(&["AUDIT_OUTPUT"])
.derived("`file` with `audit.path`; else `stdout` in production, `log` elsewhere")
.example("stdout");
static PATH: Setting<PathBuf> = Setting::new(
    "audit.path",
    "File of the output `file`. Lines are added to it; it is opened again at SIGHUP, for `logrotate`.",
)
.env(&["AUDIT_PATH"])
.example("/var/log/cogward/audit.jsonl");

pub(crate) fn load(r: &mut Reader<'_>, server: &Server) -> Audit {
    let path = r.given(&PATH);
    let in_production = r.mode() == Mode::Serve && server.is_production();
    let output = r.or(&OUTPUT, || match (&path, in_production) {
        (Some(_), _) => AuditOutput::File,
        (None, true) => AuditOutput::Stdout,
        (None, false) => AuditOutput::Log,
    });
    if output == AuditOutput::File && path.is_none() {
        r.missing_because(&PATH.about, "is required by audit.output file");
    }
    Audit { output, path }
}
