use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents, VerificationAlgorithm,
};
use ciborium::Value;
use cogward_authenticator::cbor::{self, Map};

use super::error::{Result, WebAuthnError};

/// ECDSA on P-256 with SHA-256, as the COSE registry numbers it.
pub(super) const ES256: i64 = -7;
/// RSASSA-PKCS1-v1_5 with SHA-256.
pub(super) const RS256: i64 = -257;
/// EdDSA, here on Ed25519.
pub(super) const EDDSA: i64 = -8;

// Labels of a COSE key (RFC 9053 and RFC 8230): RSA's modulus and exponent share the numbers of
// a curve and its first coordinate.
const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;
const CURVE: i64 = -1;
const X: i64 = -2;
const Y: i64 = -3;
const MODULUS: i64 = -1;
const EXPONENT: i64 = -2;

/// A COSE key whose private key everybody knows: the base point of P-256.
pub(super) const BASE_POINT: [u8; 77] = [
    0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c,
    0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
    0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x22, 0x58, 0x20, 0x4f, 0xe3, 0x42,
    0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33,
    0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
];

/// A passkey's public key, ready to verify.
pub(super) struct PublicKey {
    pub(super) algorithm: i64,
    key: ParsedPublicKey,
}

impl PublicKey {
    /// # Errors
    /// When `bytes` are not one COSE key, or one of another algorithm or curve.
    pub(super) fn from_cose(bytes: &[u8]) -> Result<Self> {
        const MALFORMED: WebAuthnError = WebAuthnError::NotValid("its public key is malformed");
        let key = cbor::map(bytes).ok_or(MALFORMED)?;
        let algorithm = integer(&key, ALGORITHM).ok_or(MALFORMED)?;
        let curve = integer(&key, CURVE);
        let parsed = match (algorithm, integer(&key, KEY_TYPE).ok_or(MALFORMED)?) {
            (ES256, 2) if curve == Some(1) => p256(&key),
            (RS256, 3) => rsa(&key),
            (EDDSA, 1) if curve == Some(6) => ed25519(&key),
            _ => {
                let why = "its key is none of ES256, RS256 and Ed25519";
                return Err(WebAuthnError::CredentialNotSupported(why));
            }
        };
        let key = parsed.ok_or(MALFORMED)?;
        Ok(Self { algorithm, key })
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

fn p256(key: &Map) -> Option<ParsedPublicKey> {
    let (x, y) = (bytes(key, X)?, bytes(key, Y)?);
    if x.len() != 32 || y.len() != 32 {
        return None;
    }
    // Parsing refuses a point that is not on the curve.
    parse(&ECDSA_P256_SHA256_ASN1, &[&[4], x, y].concat())
}

fn rsa(key: &Map) -> Option<ParsedPublicKey> {
    let (n, e) = (bytes(key, MODULUS)?, bytes(key, EXPONENT)?);
    let bits = n.len() * 8 - usize::try_from(n.first()?.leading_zeros()).ok()?;
    if !(2048..=8192).contains(&bits) || e.len() > 8 {
        return None;
    }
    let components = RsaPublicKeyComponents { n, e };
    components
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .ok()
}

fn ed25519(key: &Map) -> Option<ParsedPublicKey> {
    let x = bytes(key, X)?;
    (x.len() == 32).then(|| parse(&ED25519, x))?
}

fn parse(algorithm: &'static dyn VerificationAlgorithm, bytes: &[u8]) -> Option<ParsedPublicKey> {
    ParsedPublicKey::new(algorithm, bytes).ok()
}

fn integer(key: &Map, label: i64) -> Option<i64> {
    cbor::get(key, label)?.as_integer()?.try_into().ok()
}

fn bytes(key: &Map, label: i64) -> Option<&[u8]> {
    match cbor::get(key, label)? {
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}
