use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use cogward_jwt::{
    AccessClaims, AnyClaims, Claims, IdClaims, KeySet, TokenCache, UserPool, Verified, Verifier,
    VerifyError,
};
use serde_json::json;

use super::members::Members;
use super::{CLIENT, ISSUER, NOW, POOL, base64};

/// The year 9999.
const LAST_TIME: i64 = 253_402_300_799;

/// Whatever an issuer may sign: what is accepted is good by another reading, too.
pub fn signed_payload(payload: &[u8]) -> bool {
    let issuer = issuer();
    let token = issuer.sign(payload);
    let id = judge(&issuer.id, &token);
    let access = judge(&issuer.access, &token);
    let any = judge(&issuer.any, &token);
    assert!(id.is_none() || access.is_none(), "a token is of one kind");
    assert_eq!(any.is_some(), id.is_some() || access.is_some());
    if let Some(claims) = &id {
        let members = check(&**claims, payload, "id");
        let audience = members.text("aud").or_else(|| members.sole_text("aud"));
        assert_eq!(audience.as_deref(), Some(CLIENT));
        assert_eq!(
            members.text("cognito:username").as_deref(),
            claims.username()
        );
        assert_eq!(members.text("email"), claims.email);
        assert_eq!(members.text("nonce"), claims.nonce);
    }
    if let Some(claims) = &access {
        let members = check(&**claims, payload, "access");
        assert_eq!(members.text("client_id").as_deref(), Some(CLIENT));
        assert_eq!(members.text("username").as_deref(), claims.username());
        assert_eq!(members.text("scope").unwrap_or_default(), claims.scope);
    }
    any.is_some()
}

/// Good until `exp` and no longer.
fn judge<C: Claims>(verifier: &Verifier<C>, token: &str) -> Option<Verified<C>> {
    let claims = match verifier.verify_held_at(token, NOW) {
        Ok(claims) => claims,
        Err(VerifyError::UnknownKey | VerifyError::Signature | VerifyError::Header) => {
            panic!("a signature that is good is found so")
        }
        Err(_) => return None,
    };
    let exp = claims.expires_at();
    assert!(verifier.verify_held_at(token, exp - 1).is_ok());
    let over = verifier.verify_held_at(token, exp);
    assert!(matches!(over, Err(VerifyError::Expired)));
    Some(claims)
}

fn check<'p>(claims: &impl Claims, payload: &'p [u8], kind: &str) -> Members<'p> {
    assert_eq!(claims.json().as_bytes(), payload);
    let members = Members::read(payload).expect("an object, and every name in it once");
    assert_eq!(members.text("iss").as_deref(), Some(ISSUER));
    assert_eq!(members.text("token_use").as_deref(), Some(kind));
    assert_eq!(members.text("sub").as_deref(), Some(claims.sub()));
    assert_eq!(members.integer("exp"), Some(claims.expires_at()));
    assert_eq!(members.integer("iat"), Some(claims.issued_at()));
    assert_eq!(members.integer("nbf"), claims.not_before());
    assert!(!claims.sub().is_empty() && !payload.is_empty());
    assert!((NOW + 1..=LAST_TIME).contains(&claims.expires_at()));
    assert!((0..=NOW + 60).contains(&claims.issued_at()));
    assert!(
        claims
            .not_before()
            .is_none_or(|nbf| (0..=NOW).contains(&nbf))
    );
    assert_eq!(
        members.texts("cognito:groups").unwrap_or_default(),
        claims.groups()
    );
    members
}

struct Issuer {
    key: KeyPair,
    header: String,
    id: Verifier<IdClaims>,
    access: Verifier<AccessClaims>,
    any: Verifier<AnyClaims>,
}

impl Issuer {
    fn sign(&self, payload: &[u8]) -> String {
        let input = format!("{}.{}", self.header, base64(payload));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                input.as_bytes(),
                &mut signature,
            )
            .unwrap();
        format!("{input}.{}", base64(signature))
    }
}

fn issuer() -> &'static Issuer {
    static ISSUER: OnceLock<Issuer> = OnceLock::new();
    ISSUER.get_or_init(|| {
        let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = key.public_key();
        let jwks = json!({"keys": [{
            "kid": "k", "kty": "RSA",
            "n": base64(public.modulus().big_endian_without_leading_zero()),
            "e": base64(public.exponent().big_endian_without_leading_zero()),
        }]});
        let keys = KeySet::from_jwks(jwks.to_string().as_bytes()).unwrap();
        let pool = UserPool::offline(POOL, keys).unwrap();
        Issuer {
            key,
            header: base64(r#"{"kid":"k","alg":"RS256"}"#),
            id: Verifier::new(pool.clone(), CLIENT),
            access: Verifier::new(pool.clone(), CLIENT).cache(TokenCache::new(100)),
            any: Verifier::new(pool, CLIENT),
        }
    })
}
