//! `[passkey]`, `[authorization]`, `[aws]`: accepted and checked now, used by
//! features to come.

use crate::read::Reader;
use crate::secret::Secret;
use crate::sections::Section;
use crate::sections::session::{long_enough, table_name};
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

pub(crate) static AWS: Section = Section {
    name: "aws",
    doc: "Credentials for AWS services that need them. Checked, but without effect in this build.",
    settings: &[&ACCESS_KEY_ID.about, &SECRET_ACCESS_KEY.about],
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
static ACCESS_KEY_ID: Setting<Secret> = Setting::new("aws.access_key_id", "AWS access key id.")
    .env(&["AWS_ACCESS_KEY_ID"])
    .check(access_key_id);
static SECRET_ACCESS_KEY: Setting<Secret> =
    Setting::new("aws.secret_access_key", "AWS secret access key.").env(&["AWS_SECRET_ACCESS_KEY"]);

/// Finds faults in values that nothing uses yet.
pub(crate) fn load(r: &mut Reader<'_>) {
    let _: Vec<String> = r.list(&AAGUID_ALLOWLIST);
    let _: bool = r.value(&REQUIRE_DEVICE_BOUND);
    let _: Option<String> = r.given(&ENTITY_TABLE);
    for secret in [&SERVICE_TOKEN, &ACCESS_KEY_ID, &SECRET_ACCESS_KEY] {
        let _: Option<Secret> = r.given(secret);
    }
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

/// `AccessKeyId` of AWS: 16 to 128 word characters.
fn access_key_id(text: &str) -> Result<(), String> {
    let good = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if good && (16..=128).contains(&text.len()) {
        Ok(())
    } else {
        Err("must be an AWS access key id: at least 16 letters and digits".to_owned())
    }
}
