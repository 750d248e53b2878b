//! `[passkey]`, `[authorization]`: accepted and checked now, used by
//! features to come.

use crate::read::Reader;
use crate::secret::Secret;
use crate::sections::Section;
use crate::sections::session::long_enough;
use crate::sections::stores::table_name;
use crate::setting::Setting;

pub(crate) static PASSKEY: Section = Section {
    name: "passkey",
    doc: "Which passkeys `validate-credential` allows. Checked, but without effect in this build.",
    settings: &[&AAGUID_ALLOWLIST.about, &REQUIRE_DEVICE_BOUND.about],
};

pub(crate) static AUTHORIZATION: Section = Section {
    name: "authorization",
    doc: "Authorization by policy. Checked, but without effect in this build.",
    settings: &[&SERVICE_TOKEN.about, &ENTITY_TABLE.about],
};

static AAGUID_ALLOWLIST: Setting<String> = Setting::new(
    "passkey.aaguid_allowlist",
    "Authenticator models that are allowed; all if empty.",
)
.env(&["AAGUID_ALLOWLIST"])
.list()
.check(uuid)
.example("ee882879-721c-4913-9775-3dfcce97072a");
static REQUIRE_DEVICE_BOUND: Setting<bool> = Setting::new(
    "passkey.require_device_bound",
    "Refuse passkeys that are synchronised between devices.",
)
.env(&["REQUIRE_DEVICE_BOUND"])
.default("false")
.example("true");
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
    let _: Vec<String> = r.list(&AAGUID_ALLOWLIST);
    let _: bool = r.value(&REQUIRE_DEVICE_BOUND);
    let _: Option<String> = r.given(&ENTITY_TABLE);
    let _: Option<Secret> = r.given(&SERVICE_TOKEN);
}

fn uuid(text: &str) -> Result<(), String> {
    let groups: Vec<_> = text.split('-').map(str::len).collect();
    let hex = text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    if hex && groups == [8, 4, 4, 4, 12] {
        Ok(())
    } else {
        Err("must be AAGUIDs, written as UUIDs with hyphens".to_owned())
    }
}
