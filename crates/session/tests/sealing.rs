//! What is sealed opens in its own place only: never altered, never elsewhere, never with
//! another key; and a failure is an error, not a panic.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use aws_lc_rs::rand::SystemRandom;
use cogward_session::{
    Device, Identity, KeyRing, LoginKey, LookupKey, OpenError, Secret, SessionId, Timestamp, Token,
    TokenSet, seal,
};
use proptest::prelude::*;

const KID_LEN: usize = 6;

#[test]
fn everything_comes_back() {
    let (ring, id) = (ring(&["a good long secret"]), id());
    let boxes = Boxes::seal(&ring, &id);
    assert_eq!(
        seal::open_identity(&ring, &id, 1, &boxes.identity).unwrap(),
        identity()
    );
    let found = seal::open_tokens(&ring, &id, 1, &boxes.tokens).unwrap();
    assert_eq!(found.access_token.expose(), "eyJh.eyJi.c2ln");
    assert_eq!(found.id_token.expose(), "eyJj.eyJk.c2ln");
    assert_eq!(
        found.refresh_token.unwrap().expose(),
        "opaque, not base64url"
    );
    let found = seal::open_device(&ring, &id.lookup_key(), &boxes.device).unwrap();
    assert_eq!(found, device());
    assert_eq!(
        **seal::open_login(&ring, &id, &state(), &boxes.login).unwrap(),
        *b"pkce"
    );
}

#[test]
fn a_changed_byte_anywhere_is_refused() {
    let (ring, id) = (ring(&["a good long secret"]), id());
    let boxes = Boxes::seal(&ring, &id);
    for (sealed, opens) in boxes.each() {
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.to_vec();
                changed[at] ^= 1 << bit;
                let expected = if at < KID_LEN {
                    OpenError::UnknownKey
                } else {
                    OpenError::Forged
                };
                assert_eq!(opens(&ring, &id, &changed), Err(expected), "byte {at}");
            }
        }
    }
}

#[test]
fn a_shorter_or_longer_box_is_refused() {
    let (ring, id) = (ring(&["a good long secret"]), id());
    let boxes = Boxes::seal(&ring, &id);
    for (sealed, opens) in boxes.each() {
        for end in 0..sealed.len() {
            assert!(opens(&ring, &id, &sealed[..end]).is_err());
            assert!(opens(&ring, &id, &sealed[end + 1..]).is_err());
        }
        assert!(opens(&ring, &id, &[sealed, &[0]].concat()).is_err());
        assert!(opens(&ring, &id, &[sealed, sealed].concat()).is_err());
    }
}

/// A's boxes in B's row.
#[test]
fn a_box_of_another_session_is_refused() {
    let ring = ring(&["a good long secret"]);
    let (a, b) = (id(), id());
    let boxes = Boxes::seal(&ring, &a);
    for (sealed, opens) in boxes.each() {
        assert_eq!(opens(&ring, &a, sealed), Ok(()));
        assert_eq!(opens(&ring, &b, sealed), Err(OpenError::Forged));
    }
}

#[test]
fn a_box_of_another_purpose_is_refused() {
    let (ring, id) = (ring(&["a good long secret"]), id());
    let boxes = Boxes::seal(&ring, &id);
    for (n, (sealed, _)) in boxes.each().into_iter().enumerate() {
        for (m, (_, opens)) in boxes.each().into_iter().enumerate() {
            let expected = if n == m {
                Ok(())
            } else {
                Err(OpenError::Forged)
            };
            assert_eq!(opens(&ring, &id, sealed), expected, "box {n} as {m}");
        }
    }
    // Not even when a row of one table has the key of a row of the other.
    let lookup = LookupKey::from_bytes(*state().as_bytes());
    assert!(seal::open_device(&ring, &lookup, &boxes.login).is_err());
}

#[test]
fn a_box_of_another_version_or_state_is_refused() {
    let (ring, id) = (ring(&["a good long secret"]), id());
    let boxes = Boxes::seal(&ring, &id);
    for version in [0, 2, 256, 1 << 56, u64::MAX] {
        let found = seal::open_identity(&ring, &id, version, &boxes.identity);
        assert_eq!(found, Err(OpenError::Forged));
        assert!(seal::open_tokens(&ring, &id, version, &boxes.tokens).is_err());
    }
    let other = LoginKey::of_state("another");
    assert!(seal::open_login(&ring, &id, &other, &boxes.login).is_err());
}

#[test]
fn keys_rotate() {
    let (old, new, id) = ("the old long secret", "the new long secret", id());
    let before = Boxes::seal(&ring(&[old]), &id);
    let after = Boxes::seal(&ring(&[new, old]), &id);
    for ((before, opens), (after, _)) in before.each().into_iter().zip(after.each()) {
        assert_eq!(opens(&ring(&[old]), &id, before), Ok(()));
        assert_eq!(opens(&ring(&[new, old]), &id, before), Ok(()));
        assert_eq!(
            opens(&ring(&[new]), &id, before),
            Err(OpenError::UnknownKey)
        );
        assert_eq!(opens(&ring(&[new]), &id, after), Ok(()));
        assert_eq!(opens(&ring(&[old]), &id, after), Err(OpenError::UnknownKey));
    }
}

/// Named as one's own, so that the seal itself is what refuses.
#[test]
fn five_thousand_wrong_keys_are_refused() {
    let (ring, id) = (ring(&["a good long secret"]), id());
    let own = Boxes::seal(&ring, &id);
    for n in 0..5000 {
        let wrong = self::ring(&[&format!("a wrong secret, number {n}")]);
        let mut sealed = sealed_identity(&wrong, &id);
        assert_eq!(
            opens_identity(&ring, &id, &sealed),
            Err(OpenError::UnknownKey)
        );
        sealed[..KID_LEN].copy_from_slice(&own.identity[..KID_LEN]);
        assert_eq!(opens_identity(&ring, &id, &sealed), Err(OpenError::Forged));
    }
}

#[test]
fn sealing_twice_gives_two_boxes() {
    let (ring, id) = (ring(&["a good long secret"]), id());
    assert_ne!(sealed_identity(&ring, &id), sealed_identity(&ring, &id));
}

#[test]
fn nothing_of_the_content_shows() {
    let (ring, id) = (ring(&["a good long secret"]), id());
    let boxes = Boxes::seal(&ring, &id);
    for (sealed, _) in boxes.each() {
        for secret in [
            &b"user@example.com"[..],
            b"pool",
            b"opaque",
            b"pkce",
            b"Browser",
        ] {
            assert!(!sealed.windows(secret.len()).any(|part| part == secret));
        }
    }
    let printed = format!("{:?} {:?}", identity(), tokens());
    assert!(
        !printed.contains("example.com") && !printed.contains("eyJ"),
        "{printed}"
    );
}

#[test]
fn a_box_is_little_larger_than_its_content() {
    let (ring, id) = (ring(&["a good long secret"]), id());
    let boxes = Boxes::seal(&ring, &id);
    assert_eq!(boxes.login.len(), KID_LEN + 12 + b"pkce".len() + 16);
    assert!(boxes.identity.len() < 240, "{}", boxes.identity.len());
}

#[test]
fn extreme_times_come_back() {
    let (ring, id, rng) = (ring(&["a good long secret"]), id(), SystemRandom::new());
    for secs in [i64::MIN, -1, 0, 1 << 31, 4_102_444_800_000, i64::MAX] {
        let at = Timestamp::from_secs(secs);
        let identity = Identity {
            created_at: at,
            ends_at: at,
            refreshed_at: at,
            ..identity()
        };
        let sealed = seal::seal_identity(&ring, &id, u64::MAX, &identity, &rng).unwrap();
        assert_eq!(
            seal::open_identity(&ring, &id, u64::MAX, &sealed).unwrap(),
            identity
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_refused_without_panic(bytes: Vec<u8>) {
        let (ring, id) = (ring(&["a good long secret"]), id());
        let boxes = Boxes::seal(&ring, &id);
        let named = [&boxes.identity[..KID_LEN], &*bytes].concat();
        for (_, opens) in boxes.each() {
            prop_assert!(opens(&ring, &id, &bytes).is_err());
            prop_assert!(opens(&ring, &id, &named).is_err());
        }
    }

    #[test]
    fn any_content_comes_back(
        texts: [String; 3], email: Option<String>, groups: Vec<String>, secs: i64,
        version: u64, plain: Vec<u8>,
    ) {
        let (ring, id, rng) = (ring(&["a good long secret"]), id(), SystemRandom::new());
        let [sub, username, pool] = texts;
        let expires = Timestamp::from_secs(secs);
        let identity = Identity {
            sub, username, pool, email, groups, access_expires_at: expires, ..identity()
        };
        let sealed = seal::seal_identity(&ring, &id, version, &identity, &rng).unwrap();
        prop_assert_eq!(seal::open_identity(&ring, &id, version, &sealed).unwrap(), identity);
        let sealed = seal::seal_login(&ring, &id, &state(), &plain, &rng).unwrap();
        prop_assert_eq!(&**seal::open_login(&ring, &id, &state(), &sealed).unwrap(), &*plain);
    }
}

struct Boxes {
    identity: Box<[u8]>,
    tokens: Box<[u8]>,
    device: Box<[u8]>,
    login: Box<[u8]>,
}

type Opens = fn(&KeyRing, &SessionId, &[u8]) -> Result<(), OpenError>;

impl Boxes {
    fn seal(ring: &KeyRing, id: &SessionId) -> Self {
        let (key, rng) = (id.lookup_key(), SystemRandom::new());
        Self {
            identity: sealed_identity(ring, id),
            tokens: seal::seal_tokens(ring, id, 1, &tokens(), &rng).unwrap(),
            device: seal::seal_device(ring, &key, &device(), &rng).unwrap(),
            login: seal::seal_login(ring, id, &state(), b"pkce", &rng).unwrap(),
        }
    }

    /// Each box with the way to open it.
    fn each(&self) -> [(&[u8], Opens); 4] {
        [
            (&self.identity, opens_identity),
            (&self.tokens, |ring, id, sealed| {
                seal::open_tokens(ring, id, 1, sealed).map(drop)
            }),
            (&self.device, |ring, id, sealed| {
                seal::open_device(ring, &id.lookup_key(), sealed).map(drop)
            }),
            (&self.login, |ring, id, sealed| {
                seal::open_login(ring, id, &state(), sealed).map(drop)
            }),
        ]
    }
}

fn sealed_identity(ring: &KeyRing, id: &SessionId) -> Box<[u8]> {
    seal::seal_identity(ring, id, 1, &identity(), &SystemRandom::new()).unwrap()
}

fn opens_identity(ring: &KeyRing, id: &SessionId, sealed: &[u8]) -> Result<(), OpenError> {
    seal::open_identity(ring, id, 1, sealed).map(drop)
}

fn ring(secrets: &[&str]) -> KeyRing {
    let secrets: Vec<_> = secrets
        .iter()
        .map(|text| Secret::from((*text).to_owned()))
        .collect();
    KeyRing::new(&[Secret::from("only for cookies".to_owned())], &secrets).unwrap()
}

fn id() -> SessionId {
    SessionId::generate(&SystemRandom::new()).unwrap()
}

fn state() -> LoginKey {
    LoginKey::of_state("state")
}

fn identity() -> Identity {
    let at = Timestamp::from_secs(1_800_000_000);
    Identity {
        pool: "us-east-1_Cogward01".into(),
        client_id: "cogwardlocalpublicclient01".into(),
        sub: "8d1f2c34-5a6b-4c7d-8e9f-0a1b2c3d4e5f".into(),
        username: "user".into(),
        email: Some("user@example.com".into()),
        email_verified: true,
        given_name: None,
        family_name: None,
        groups: vec!["admin".into()],
        auth_method: "password".into(),
        created_at: at,
        ends_at: at,
        access_expires_at: at,
        refreshed_at: at,
        refreshable: true,
        origin_jti: Some("01234567-89ab-cdef-0123-456789abcdef".to_owned()),
    }
}

fn tokens() -> TokenSet {
    let token = |text: &str| Token::from(text.to_owned());
    TokenSet {
        access_token: token("eyJh.eyJi.c2ln"),
        id_token: token("eyJj.eyJk.c2ln"),
        refresh_token: Some(token("opaque, not base64url")),
    }
}

fn device() -> Device {
    Device {
        created_at: Timestamp::from_secs(1_800_000_000),
        user_agent: Some("Browser".into()),
        address: Some("192.0.2.1".into()),
    }
}
