//! `[passkey]`

use crate::read::Reader;
use crate::sections::Section;
use crate::setting::Setting;

/// Which passkeys are allowed.
#[derive(Clone, Debug)]
pub struct Passkey {
    /// AAGUIDs, as UUIDs with hyphens.
    pub aaguid_allowlist: Vec<String>,
    /// Passkeys may not leave their device.
    pub require_device_bound: bool,
}

pub(crate) static SECTION: Section = Section {
    name: "passkey",
    doc: "Which passkeys may be registered through the accounts API, and what \
          `validate-credential` allows. Cognito itself takes any.",
    settings: &[&AAGUID_ALLOWLIST.about, &REQUIRE_DEVICE_BOUND.about],
};

static AAGUID_ALLOWLIST: Setting<String> = Setting::new(
    "passkey.aaguid_allowlist",
    "AAGUIDs of the authenticator models that are allowed; all if empty. An authenticator that does \
     not tell its model is then refused.",
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
pub(crate) fn load(r: &mut Reader<'_>) -> Passkey {
    Passkey {
        aaguid_allowlist: r.list(&AAGUID_ALLOWLIST),
        require_device_bound: r.value(&REQUIRE_DEVICE_BOUND),
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
