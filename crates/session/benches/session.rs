//! The parts of the hot path and the whole of it.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cogward_session::{
    BucketKeys, Buckets, CookieValue, Identity, KeyRing, MemoryStore, Purpose, Rate, Record,
    RevocationMark, Secret, SessionId, SessionStore, Timestamp, Token, TokenSet, cookie_value,
    seal,
};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

#[divan::bench]
fn cookie_check(bencher: Bencher<'_, '_>) {
    let session = Session::new();
    bencher.bench_local(|| {
        let value = black_box(session.cookie.expose());
        cookie_value::verify(&session.ring, Purpose::Session, value)
            .unwrap()
            .lookup_key()
    });
}

/// What a request is counted for: an address and a credential, among many.
#[divan::bench(args = [1, 30_000])]
fn two_limits(bencher: Bencher<'_, '_>, callers: u64) {
    let [address, session] =
        [Rate::new(10_000, 1000), Rate::new(1000, 100)].map(|rate| Buckets::new(rate, 32_768));
    let (keys, mut caller) = (BucketKeys::default(), 0);
    bencher.bench_local(|| {
        caller = (caller + 1) % callers;
        let drawn = address.draw(keys.of(u128::from(black_box(caller))), 1, NOW);
        let cookie = u128::from(black_box(caller)).to_le_bytes();
        (drawn, session.draw(keys.of(cookie.as_slice()), 1, NOW))
    });
}

#[divan::bench]
fn unseal_identity(bencher: Bencher<'_, '_>) {
    let Session {
        ring, id, record, ..
    } = Session::new();
    bencher
        .bench_local(|| seal::open_identity(&ring, &id, 1, black_box(&record.identity)).unwrap());
}

#[divan::bench]
fn unseal_3_kb_of_tokens(bencher: Bencher<'_, '_>) {
    let Session {
        ring, id, record, ..
    } = Session::new();
    bencher.bench_local(|| seal::open_tokens(&ring, &id, 1, black_box(&record.tokens)).unwrap());
}

#[divan::bench]
fn seal_3_kb_of_tokens(bencher: Bencher<'_, '_>) {
    let Session { ring, id, .. } = Session::new();
    let (tokens, rng) = (tokens(), SystemRandom::new());
    bencher.bench_local(|| seal::seal_tokens(&ring, &id, 1, black_box(&tokens), &rng).unwrap());
}

#[divan::bench]
fn memory_load(bencher: Bencher<'_, '_>) {
    let session = Session::new();
    let (store, runtime) = session.stored();
    let key = session.id.lookup_key();
    bencher.bench_local(|| runtime.block_on(store.load(black_box(&key), NOW)).unwrap());
}

#[divan::bench]
fn memory_mark(bencher: Bencher<'_, '_>) {
    let session = Session::new();
    let (store, runtime) = session.stored();
    let (user, mark) = (session.record.user, RevocationMark::new(NOW, Some([7; 32])));
    runtime.block_on(async {
        let put = store.put_mark(&user, mark, NOW.plus(9));
        put.await.unwrap();
        bencher.bench_local(|| now_or_never(store.mark(black_box(&[user]), NOW)).unwrap());
    });
}

#[divan::bench]
fn nothing_on_the_runtime(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    bencher.bench_local(|| runtime.block_on(async { black_box(1) }));
}

#[divan::bench]
fn whole_session_load(bencher: Bencher<'_, '_>) {
    let session = Session::new();
    let (store, runtime) = session.stored();
    let ring = &session.ring;
    // Polled as a request's future is: within a runtime entered long before.
    runtime.block_on(async {
        bencher.bench_local(|| {
            let value = black_box(session.cookie.expose());
            let id = cookie_value::verify(ring, Purpose::Session, value).unwrap();
            let key = id.lookup_key();
            let record = now_or_never(store.load(&key, NOW)).unwrap().unwrap();
            seal::open_identity(ring, &id, record.version, &record.identity).unwrap()
        });
    });
}

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

struct Session {
    ring: KeyRing,
    id: SessionId,
    cookie: CookieValue,
    record: Record,
}

impl Session {
    fn new() -> Self {
        let rng = SystemRandom::new();
        let secret = |text: &str| [Secret::from(text.to_owned())];
        let ring = KeyRing::new(
            &secret("a signing secret of some length"),
            &secret("a sealing secret"),
        )
        .unwrap();
        let id = SessionId::generate(&rng).unwrap();
        let record = Record {
            version: 1,
            user: ring.user_index("us-east-1_Cogward01", SUB),
            last_seen_at: NOW,
            expires_at: NOW.plus(3600),
            identity: seal::seal_identity(&ring, &id, 1, &identity(), &rng).unwrap(),
            tokens: seal::seal_tokens(&ring, &id, 1, &tokens(), &rng).unwrap(),
            device: Box::default(),
        };
        Self {
            cookie: cookie_value::issue(&ring, Purpose::Session, &id),
            ring,
            id,
            record,
        }
    }

    fn stored(&self) -> (Arc<dyn SessionStore>, tokio::runtime::Runtime) {
        let (store, runtime) = (MemoryStore::new(), runtime());
        let key = self.id.lookup_key();
        runtime
            .block_on(store.insert(&key, self.record.clone()))
            .unwrap();
        (Arc::new(store), runtime)
    }
}

const SUB: &str = "8d1f2c34-5a6b-4c7d-8e9f-0a1b2c3d4e5f";

fn identity() -> Identity {
    Identity {
        pool: "us-east-1_Cogward01".into(),
        client_id: "cogwardlocalpublicclient01".into(),
        sub: SUB.into(),
        username: SUB.into(),
        email: Some("user@example.com".into()),
        email_verified: true,
        given_name: Some("Uma".into()),
        family_name: Some("Example".into()),
        groups: vec!["admin".into()],
        auth_method: "password".into(),
        created_at: NOW,
        ends_at: NOW.plus(86400),
        access_expires_at: NOW.plus(3600),
        refreshed_at: NOW,
        refreshable: true,
        origin_jti: Some("01234567-89ab-cdef-0123-456789abcdef".to_owned()),
    }
}

/// About 1 KB each, as Cognito's are.
fn tokens() -> TokenSet {
    let token = |parts: &[usize]| {
        let parts: Vec<_> = parts
            .iter()
            .map(|len| URL_SAFE_NO_PAD.encode(random(*len)))
            .collect();
        Token::from(parts.join("."))
    };
    TokenSet {
        access_token: token(&[84, 430, 256]),
        id_token: token(&[84, 430, 256]),
        refresh_token: Some(token(&[60, 256, 12, 400, 16])),
    }
}

fn random(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    SystemRandom::new().fill(&mut bytes).unwrap();
    bytes
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => unreachable!("a memory store never waits"),
    }
}
