//! What a name nobody has seems to have. Users differ in their ways in, so such names do too, each
//! always the same: no choice of factors says that there is somebody, or nobody.

use crate::core::Core;
use crate::settings::Address;
use crate::user::Delivery;

pub(super) struct Decoy {
    /// Most have one.
    pub(super) password: bool,
    /// Whether codes sign in: not where an address is not verified, or a second factor is asked
    /// for.
    codes: bool,
    /// Some have both an e-mail address and a telephone.
    both: bool,
    own: Address,
}

impl Decoy {
    pub(super) fn of(core: &Core, name: &str) -> Self {
        let [shape, more] = core.passwords.decoy("first factors", name);
        Self {
            password: shape >= 0x30,
            codes: shape < 0xC0,
            both: more < 0x40,
            own: Delivery::pretended(name).address,
        }
    }

    /// Whether a code to such an address would sign in.
    pub(super) fn reads(&self, address: Address) -> bool {
        self.codes && (self.both || address == self.own)
    }
}

/// Where a code seems to go.
pub(super) fn delivery(core: &Core, name: &str, address: Address) -> Delivery {
    if Delivery::pretended(name).address == address {
        return Delivery::at(address, name);
    }
    let bytes: [u8; 4] = core.passwords.decoy("an address besides", name);
    let recipient = match address {
        Address::PhoneNumber => {
            let digits: String = bytes
                .iter()
                .map(|byte| char::from(b'0' + byte % 10))
                .collect();
            format!("+{digits}")
        }
        Address::Email => {
            let [first, domain, ..] = bytes.map(|byte| char::from(b'a' + byte % 26));
            format!("{first}@{domain}")
        }
    };
    Delivery::at(address, &recipient)
}

/// The name in the letters its user seems to have chosen.
pub(super) fn cased(core: &Core, name: &str) -> String {
    let lower = name.to_lowercase();
    let [capital] = core.passwords.decoy("letter case", name);
    let mut letters = lower.chars();
    match letters.next() {
        Some(first) if capital < 0x40 => first.to_uppercase().chain(letters).collect(),
        _ => lower,
    }
}
