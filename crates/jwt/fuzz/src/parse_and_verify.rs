use std::sync::OnceLock;

use cogward_jwt::{
    AccessClaims, AnyClaims, Claims, IdClaims, KeySet, Keys, Unverified, UnverifiedToken, UserPool,
    Verifier,
};

use super::{CLIENT, NOW, POOL, base64};

/// Signed by a key that nobody has any more.
const GOOD: [(&str, &str); 3] = [
    ("id", include_str!("../fixtures/id.jwt")),
    ("access", include_str!("../fixtures/access.jwt")),
    ("access", include_str!("../fixtures/machine.jwt")),
];

/// Nothing is accepted but the tokens that the issuer signed: not the input as a token, nor
/// with the input for its header, nor for its payload.
pub fn parse_and_verify(input: &[u8]) -> bool {
    let [(_, good), ..] = GOOD;
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        unreachable!("a token has three segments");
    };
    for token in [
        format!("{}.{payload}.{signature}", base64(input)),
        format!("{header}.{}.{signature}", base64(input)),
    ] {
        assert_eq!(accepts(&verifiers().any, &token), token == good, "{token}");
    }
    std::str::from_utf8(input).is_ok_and(check)
}

fn check(token: &str) -> bool {
    let _ = UnverifiedToken::read(token);
    if let Ok(parsed) = Unverified::parse(token) {
        assert_eq!(parsed.alg(), "RS256");
        assert!(!parsed.kid().is_empty());
        assert!(token.len() <= 16 * 1024 && token.split('.').count() == 3);
    }
    let good = GOOD.iter().find(|(_, good)| *good == token);
    let kind = good.map(|(kind, _)| *kind);
    let verifiers = verifiers();
    assert_eq!(accepts(&verifiers.id, token), kind == Some("id"), "{token}");
    assert_eq!(accepts(&verifiers.any, token), kind.is_some(), "{token}");
    // Again, with a cache between.
    for _ in 0..2 {
        assert_eq!(
            accepts(&verifiers.access, token),
            kind == Some("access"),
            "{token}"
        );
    }
    kind.is_some()
}

fn accepts<C: Claims>(verifier: &Verifier<C>, token: &str) -> bool {
    verifier.verify_held_at(token, NOW).is_ok()
}

struct Verifiers {
    id: Verifier<IdClaims>,
    access: Verifier<AccessClaims>,
    /// Of two pools: it has to look at `iss` before the signature.
    any: Verifier<AnyClaims>,
}

fn verifiers() -> &'static Verifiers {
    static VERIFIERS: OnceLock<Verifiers> = OnceLock::new();
    VERIFIERS.get_or_init(|| {
        let keys = KeySet::from_jwks(include_bytes!("../fixtures/jwks.json")).unwrap();
        let pool = UserPool::offline(POOL, keys.clone()).unwrap();
        let other = UserPool::custom("https://issuer.example", Keys::preloaded(keys));
        Verifiers {
            id: Verifier::new(pool.clone(), CLIENT),
            access: Verifier::new(pool.clone(), CLIENT).cache(cogward_jwt::TokenCache::new(100)),
            any: Verifier::new(pool, CLIENT).or(other, CLIENT),
        }
    })
}
