//! A software authenticator together with the browser that talks to it: answers creation and
//! request options with the JSON of `PublicKeyCredential.toJSON()`.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::{Value as Cbor, cbor};
use serde_json::{Value, json};

pub(crate) const USER_PRESENT: u8 = 1;
pub(crate) const USER_VERIFIED: u8 = 1 << 2;
const ATTESTED: u8 = 1 << 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Es256,
    Rs256,
    Ed25519,
}

enum Key {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// One passkey. Its fields say how it behaves from now on.
pub(crate) struct Authenticator {
    /// The page's.
    pub(crate) origin: String,
    /// User present and verified, and what more it says of backups.
    pub(crate) flags: u8,
    /// Rises with every answer unless it is 0.
    pub(crate) sign_count: u32,
    /// Attestation by the passkey itself ("packed") instead of none.
    pub(crate) attests: bool,
    /// The relying party it works for whatever the options say.
    pub(crate) rp_id: Option<String>,
    pub(crate) id: Vec<u8>,
    user_handle: Option<Value>,
    key: Key,
}

impl Authenticator {
    pub(crate) fn new(algorithm: Algorithm, origin: &str) -> Self {
        let mut id = vec![0; 32];
        SystemRandom::new().fill(&mut id).unwrap();
        let key = match algorithm {
            Algorithm::Es256 => {
                Key::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
            }
            Algorithm::Rs256 => Key::Rs256(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
            Algorithm::Ed25519 => Key::Ed25519(Ed25519KeyPair::generate().unwrap()),
        };
        Self {
            origin: origin.to_owned(),
            flags: USER_PRESENT | USER_VERIFIED,
            sign_count: 1,
            attests: false,
            rp_id: None,
            id,
            user_handle: None,
            key,
        }
    }

    /// `navigator.credentials.create()`: a `RegistrationResponseJSON`.
    pub(crate) fn register(&mut self, options: &Value) -> Value {
        let offered = options["pubKeyCredParams"].as_array().unwrap();
        let algorithm = self.algorithm();
        assert!(
            offered.iter().any(|offer| offer["alg"] == algorithm),
            "the options offer this algorithm"
        );
        self.user_handle = Some(options["user"]["id"].clone());
        let client_data = client_data("webauthn.create", &options["challenge"], &self.origin);
        let data = self.new_passkey(&options["rp"]["id"], &encode(&self.cose_key()));
        self.registration(&client_data, &data)
    }

    /// `navigator.credentials.get()`: an `AuthenticationResponseJSON`.
    pub(crate) fn sign_in(&mut self, options: &Value) -> Value {
        let client_data = client_data("webauthn.get", &options["challenge"], &self.origin);
        let data = self.authenticator_data(&options["rpId"], self.flags);
        self.assertion(&client_data, &data)
    }

    /// Wraps these parts, and attests to them when it does that.
    pub(crate) fn registration(&self, client_data: &[u8], data: &[u8]) -> Value {
        let statement = if self.attests {
            let signature = self.sign(&signed(data, client_data));
            let packed = cbor!({ "alg" => self.algorithm(), "sig" => Cbor::Bytes(signature) });
            ("packed", packed.unwrap())
        } else {
            ("none", Cbor::Map(Vec::new()))
        };
        self.registration_of(client_data, &attestation_object(statement, data))
    }

    pub(crate) fn registration_of(&self, client_data: &[u8], object: &[u8]) -> Value {
        json!({
            "id": text(&self.id),
            "rawId": text(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": text(client_data),
                "attestationObject": text(object),
                "transports": ["hybrid", "internal"],
            },
        })
    }

    /// Signs these parts.
    pub(crate) fn assertion(&self, client_data: &[u8], data: &[u8]) -> Value {
        json!({
            "id": text(&self.id),
            "rawId": text(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": text(client_data),
                "authenticatorData": text(data),
                "signature": text(&self.sign(&signed(data, client_data))),
                "userHandle": self.user_handle,
            },
        })
    }

    /// Authenticator data with a new passkey of this public key in COSE.
    pub(crate) fn new_passkey(&mut self, rp_id: &Value, public_key: &[u8]) -> Vec<u8> {
        let mut data = self.authenticator_data(rp_id, self.flags | ATTESTED);
        data.extend([0xAA; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(public_key);
        data
    }

    /// Authenticator data that ends with the sign count, which then rises.
    pub(crate) fn authenticator_data(&mut self, rp_id: &Value, flags: u8) -> Vec<u8> {
        let asked = rp_id.as_str().unwrap();
        let rp_id = self.rp_id.as_deref().unwrap_or(asked);
        let mut data = digest(&SHA256, rp_id.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.sign_count.to_be_bytes());
        if self.sign_count != 0 {
            self.sign_count += 1;
        }
        data
    }

    pub(crate) fn cose_key(&self) -> Cbor {
        let bytes = |bytes: &[u8]| Cbor::Bytes(bytes.to_vec());
        match &self.key {
            Key::Es256(key) => {
                let point = key.public_key().as_ref();
                let (x, y) = (bytes(&point[1..33]), bytes(&point[33..]));
                cbor!({ 1 => 2, 3 => -7, -1 => 1, -2 => x, -3 => y })
            }
            Key::Rs256(key) => {
                let n = key.public_key().modulus();
                let n = bytes(n.big_endian_without_leading_zero());
                let e = key.public_key().exponent();
                let e = bytes(e.big_endian_without_leading_zero());
                cbor!({ 1 => 3, 3 => -257, -1 => n, -2 => e })
            }
            Key::Ed25519(key) => {
                let x = bytes(key.public_key().as_ref());
                cbor!({ 1 => 1, 3 => -8, -1 => 6, -2 => x })
            }
        }
        .unwrap()
    }

    fn algorithm(&self) -> i64 {
        match &self.key {
            Key::Es256(_) => -7,
            Key::Rs256(_) => -257,
            Key::Ed25519(_) => -8,
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Es256(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Key::Ed25519(key) => key.sign(message).as_ref().to_vec(),
            Key::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
        }
    }
}

/// `clientDataJSON` as a browser writes it.
pub(crate) fn client_data(kind: &str, challenge: &Value, origin: &str) -> Vec<u8> {
    let data =
        json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false });
    data.to_string().into_bytes()
}

pub(crate) fn attestation_object((format, statement): (&str, Cbor), data: &[u8]) -> Vec<u8> {
    let data = Cbor::Bytes(data.to_vec());
    encode(&cbor!({ "fmt" => format, "attStmt" => statement, "authData" => data }).unwrap())
}

pub(crate) fn encode(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn signed(data: &[u8], client_data: &[u8]) -> Vec<u8> {
    [data, digest(&SHA256, client_data).as_ref()].concat()
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
