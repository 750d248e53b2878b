//! `[bearer]`

use crate::read::Reader;
use crate::sections::Section;
use crate::setting::Setting;
use crate::value::choice;

choice! {
    /// Which kinds of token clients may send.
    BearerTokens {
        /// Access tokens and ID tokens.
        Any = "any",
        /// Access tokens only.
        Access = "access",
        /// ID tokens only.
        Id = "id",
        /// None: an `Authorization` header is not looked at.
        Off = "off",
    }
}

/// Tokens that clients hold themselves.
#[derive(Clone, Copy, Debug)]
pub struct Bearer {
    /// Which kinds count.
    pub tokens: BearerTokens,
}

pub(crate) static SECTION: Section = Section {
    name: "bearer",
    doc: "Tokens that clients hold themselves and send as `Authorization: Bearer`, in place of the \
          session cookie.",
    settings: &[&TOKENS.about],
};

static TOKENS: Setting<BearerTokens> = Setting::new(
    "bearer.tokens",
    "Which kinds count on routes that tell who is calling: `access`, `id`, `any` of the two, or \
     `off`. Where a token comes, it decides alone and the cookie is not looked at.",
)
.env(&["BEARER_TOKENS"])
.default("any")
.example("access");

pub(crate) fn load(r: &mut Reader<'_>) -> Bearer {
    Bearer {
        tokens: r.value(&TOKENS),
    }
}
