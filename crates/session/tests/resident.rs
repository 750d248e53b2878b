//! A hundred thousand sessions with 3 KB of tokens each fit in 350 MB resident.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use aws_lc_rs::rand::SystemRandom;
use cogward_session::{
    KeyRing, LookupKey, MemoryStore, Record, Secret, SessionId, SessionStore, Timestamp, Token,
    TokenSet, seal,
};

#[tokio::test]
async fn a_hundred_thousand_sessions_fit() {
    let (store, template) = (MemoryStore::new(), template());
    for n in 0..100_000_u64 {
        let mut key = [0; 32];
        // The lowest byte first: keys are spread as hashes are.
        key[..8].copy_from_slice(&n.to_le_bytes());
        let user = cogward_session::UserIndex::from_bytes(key);
        let record = Record {
            user,
            ..template.clone()
        };
        store
            .insert(&LookupKey::from_bytes(key), record)
            .await
            .unwrap();
    }
    let resident = resident_mb();
    println!("100,000 sessions: {resident} MB resident");
    assert!(resident < 350, "{resident} MB resident");
}

/// Sealed as by a server, with a JWT of 1 KB for each token.
fn template() -> Record {
    let (ring, rng) = (
        KeyRing::new(&[Secret::from("a good long secret".to_owned())], &[]).unwrap(),
        SystemRandom::new(),
    );
    let id = SessionId::generate(&rng).unwrap();
    let jwt = || Token::from([112, 568, 344].map(|len| "A".repeat(len)).join("."));
    let tokens = TokenSet {
        access_token: jwt(),
        id_token: jwt(),
        refresh_token: Some(jwt()),
    };
    Record {
        version: 1,
        user: ring.user_index("pool", "sub"),
        last_seen_at: Timestamp::from_secs(0),
        expires_at: Timestamp::from_secs(1),
        identity: vec![0; 300].into(),
        tokens: seal::seal_tokens(&ring, &id, 1, &tokens, &rng).unwrap(),
        device: vec![0; 200].into(),
    }
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}
