use serde::Serialize;

use super::base64url::Base64Url;
use super::ceremony::{Ceremony, UserVerification};
use super::cose;
use super::credential::Credential;

const PUBLIC_KEY: &str = "public-key";

/// `PublicKeyCredentialCreationOptionsJSON`, with the members `StartWebAuthnRegistration` gives.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreationOptions<'a> {
    rp: RelyingParty<'a>,
    user: User<'a>,
    challenge: &'a str,
    pub_key_cred_params: [Parameters; 3],
    /// Milliseconds.
    timeout: u32,
    exclude_credentials: Vec<Descriptor<'a>>,
    authenticator_selection: AuthenticatorSelection,
}

/// `PublicKeyCredentialRequestOptionsJSON`, with the members of `CREDENTIAL_REQUEST_OPTIONS`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestOptions<'a> {
    challenge: &'a str,
    /// Milliseconds.
    timeout: u32,
    rp_id: &'a str,
    allow_credentials: Vec<Descriptor<'a>>,
    user_verification: UserVerification,
}

#[derive(Debug, Serialize)]
struct RelyingParty<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct User<'a> {
    id: &'a Base64Url,
    name: &'a str,
    display_name: &'a str,
}

#[derive(Debug, Serialize)]
struct Parameters {
    #[serde(rename = "type")]
    kind: &'static str,
    alg: i64,
}

#[derive(Debug, Serialize)]
struct Descriptor<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a Base64Url,
    #[serde(skip_serializing_if = "Option::is_none")]
    transports: Option<&'a [String]>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthenticatorSelection {
    require_resident_key: bool,
    resident_key: &'static str,
    user_verification: UserVerification,
}

impl<'a> CreationOptions<'a> {
    /// `held` are the user's passkeys: an authenticator that has one of them makes no other.
    pub(crate) fn new(
        ceremony: &'a Ceremony,
        name: &'a str,
        display_name: &'a str,
        held: &'a [Credential],
    ) -> Self {
        Self {
            rp: RelyingParty {
                id: &ceremony.rp_id,
                name: &ceremony.rp_id,
            },
            user: User {
                id: &ceremony.user_handle,
                name,
                display_name,
            },
            challenge: &ceremony.challenge,
            pub_key_cred_params: [cose::ES256, cose::RS256, cose::EDDSA].map(|alg| Parameters {
                kind: PUBLIC_KEY,
                alg,
            }),
            timeout: 60_000,
            exclude_credentials: held
                .iter()
                .map(|credential| Descriptor {
                    kind: PUBLIC_KEY,
                    id: &credential.id,
                    transports: None,
                })
                .collect(),
            authenticator_selection: AuthenticatorSelection {
                require_resident_key: true,
                resident_key: "required",
                user_verification: ceremony.user_verification,
            },
        }
    }
}

impl<'a> RequestOptions<'a> {
    /// `held` are the user's passkeys, any of which will do.
    pub(crate) fn new(ceremony: &'a Ceremony, held: &'a [Credential]) -> Self {
        Self {
            challenge: &ceremony.challenge,
            timeout: 180_000,
            rp_id: &ceremony.rp_id,
            allow_credentials: held
                .iter()
                .map(|credential| Descriptor {
                    kind: PUBLIC_KEY,
                    id: &credential.id,
                    transports: Some(&credential.transports),
                })
                .collect(),
            user_verification: ceremony.user_verification,
        }
    }
}
