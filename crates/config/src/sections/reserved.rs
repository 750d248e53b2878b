//! `[authorization]`: accepted and checked now, used by features to come.

use crate::read::Reader;
use crate::secret::Secret;
use crate::sections::Section;
use crate::sections::session::long_enough;
use crate::sections::stores::table_name;
use crate::setting::Setting;

pub(crate) static AUTHORIZATION: Section = Section {
    name: "authorization",
    doc: "Authorization by policy. Checked, but without effect in this build.",
    settings: &[&SERVICE_TOKEN.about, &ENTITY_TABLE.about],
};

static SERVICE_TOKEN: Setting<Secret> = Setting::new(
    "authorization.service_token",
    "Bearer token with which other services ask for decisions, at least 16 characters.",
)
.env(&["SERVICE_TOKEN"])
.check(long_enough)
.example("$(cogward keys new)");
static ENTITY_TABLE: Setting<String> = Setting::new(
    "authorization.entity_table",
    "DynamoDB table of who owns which resource.",
)
.env(&["ENTITY_TABLE"])
.check(table_name)
.example("app_entities");

/// Finds faults in values that nothing uses yet.
pub(crate) fn load(r: &mut Reader<'_>) {
    let _: Option<String> = r.given(&ENTITY_TABLE);
    let _: Option<Secret> = r.given(&SERVICE_TOKEN);
}
