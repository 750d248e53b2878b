use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use parking_lot::RwLock;
use serde_json::{Value, json};

use crate::db::keys::StoredKey;
use crate::db::{self, Db};
use crate::key_file;
use crate::options::PoolError;
use crate::random::Random;

/// The keys of a pool: one signs ID tokens, one access tokens.
pub(crate) struct Keys {
    ring: RwLock<Arc<OnceLock<Option<Ring>>>>,
}

/// Where a new pool has its keys from.
pub(crate) enum KeySource {
    Own,
    /// Those in the file; when there is none, its own, which it writes there.
    File(PathBuf),
    /// Those of every other pool of the process that says so.
    Process,
}

/// What makes the keys of a pool. It is for when all else is done: it takes both the processor and
/// some tenths of a second.
pub(crate) struct Making(Box<dyn FnOnce() + Send>);

impl Making {
    pub(crate) fn begin(self) {
        thread::spawn(self.0);
    }
}

/// One generation of keys, with what earlier ones signed still verifiable here.
pub(crate) struct Ring {
    pub(crate) id: SigningKey,
    pub(crate) access: SigningKey,
    generation: i64,
    /// Keys the JWKS shows.
    published: Vec<Jwk>,
    verifying: HashMap<String, DecodingKey>,
}

pub(crate) struct SigningKey {
    pair: KeyPair,
    /// The first part of what it signs: the same in every token.
    header: String,
}

impl SigningKey {
    fn new(stored: &StoredKey) -> Option<Self> {
        let header = json!({ "alg": "RS256", "kid": stored.kid }).to_string();
        Some(Self {
            pair: KeyPair::from_pkcs8(&stored.pkcs8).ok()?,
            header: URL_SAFE_NO_PAD.encode(header),
        })
    }

    /// A JWT with these claims. The key is kept parsed: to read it again costs more than to
    /// sign with it.
    pub(crate) fn sign(&self, claims: &Value) -> Option<String> {
        let mut token = String::with_capacity(2048);
        token.push_str(&self.header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut token);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair
            .sign(&RSA_PKCS1_SHA256, &random, token.as_bytes(), &mut signature)
            .ok()?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        Some(token)
    }
}

impl Keys {
    /// Loads the keys, or says how to make them: whoever needs one waits until [`Making`] has run.
    /// A new pool takes those of its source.
    pub(crate) fn open(
        db: &Arc<Db>,
        random: &Arc<Random>,
        source: KeySource,
    ) -> Result<(Self, Option<Making>), PoolError> {
        let mut making = None;
        let ring = Arc::new(OnceLock::new());
        let mut stored = db.run(|tx| db::keys::list(tx))?;
        if stored.is_empty()
            && let KeySource::File(file) = &source
            && let Some(keys) = key_file::read(file)
            && Ring::new(&keys).is_some()
        {
            db.run(|tx| keys.iter().try_for_each(|key| db::keys::insert(tx, key)))?;
            stored = keys;
        }
        if stored.is_empty() {
            let (ring, db, random) = (Arc::clone(&ring), Arc::clone(db), Arc::clone(random));
            making = Some(Making(Box::new(move || {
                let keys = match source {
                    KeySource::Process => of_process(&random),
                    KeySource::Own | KeySource::File(_) => generated(&random, 1),
                };
                let made = keys.as_deref().and_then(|keys| stored_ring(&db, keys));
                if let (KeySource::File(file), Some(_), Some(keys)) = (&source, &made, &keys) {
                    key_file::write(file, keys, &random);
                }
                drop(ring.set(made));
            })));
        } else {
            let loaded = Ring::new(&stored).ok_or(PoolError::Keys {
                what: "signing keys",
            })?;
            let _ = ring.set(Some(loaded));
        }
        let ring = RwLock::new(ring);
        Ok((Self { ring }, making))
    }

    /// Whether nobody need wait for them.
    pub(crate) fn are_made(&self) -> bool {
        self.ring.read().get().is_some()
    }

    /// Runs `work` with the current keys; `None` when they could not be made.
    /// Blocks while they are being made.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&Ring) -> T) -> Option<T> {
        let ring = Arc::clone(&self.ring.read());
        let ring = ring.wait().as_ref()?;
        Some(work(ring))
    }

    /// Makes two new keys that sign from now on. The JWKS shows the earlier ones
    /// beside them only when `keep_previous`. `None` when it failed.
    pub(crate) fn rotate(&self, db: &Db, random: &Random, keep_previous: bool) -> Option<()> {
        let (generation, previous) = self.with(|ring| (ring.generation, ring.published.clone()))?;
        let mut ring = stored_ring(db, &generated(random, generation + 1)?)?;
        if keep_previous {
            // The oldest generations are forgotten.
            let known = previous
                .into_iter()
                .filter(|jwk| {
                    let kid = jwk.common.key_id.as_deref();
                    kid.is_some_and(|kid| ring.verifying.contains_key(kid))
                })
                .collect::<Vec<_>>();
            ring.published.extend(known);
        }
        let cell = OnceLock::new();
        let _ = cell.set(Some(ring));
        *self.ring.write() = Arc::new(cell);
        Some(())
    }
}

impl Ring {
    pub(crate) fn jwks(&self) -> Value {
        json!({ "keys": self.published })
    }

    pub(crate) fn verifying(&self, kid: &str) -> Option<&DecodingKey> {
        self.verifying.get(kid)
    }

    /// `stored` newest generation first.
    fn new(stored: &[StoredKey]) -> Option<Self> {
        let generation = stored.first()?.generation;
        let (mut id, mut access) = (None, None);
        let (mut published, mut verifying) = (Vec::new(), HashMap::new());
        for key in stored {
            let encoding = encoding_key(&key.pkcs8)?;
            let mut jwk = Jwk::from_encoding_key(&encoding, Algorithm::RS256).ok()?;
            jwk.common.key_id = Some(key.kid.clone());
            jwk.common.public_key_use = Some(PublicKeyUse::Signature);
            let AlgorithmParameters::RSA(rsa) = &jwk.algorithm else {
                return None;
            };
            let decoding = DecodingKey::from_rsa_components(&rsa.n, &rsa.e).ok()?;
            verifying.insert(key.kid.clone(), decoding);
            if key.generation == generation {
                let signing = SigningKey::new(key)?;
                *(if key.purpose == "id" {
                    &mut id
                } else {
                    &mut access
                }) = Some(signing);
                published.push(jwk);
            }
        }
        Some(Self {
            id: id?,
            access: access?,
            generation,
            published,
            verifying,
        })
    }
}

/// The keys of all pools of this process that take them from it, made for the first one.
fn of_process(random: &Random) -> Option<Vec<StoredKey>> {
    static MADE: OnceLock<Option<Vec<StoredKey>>> = OnceLock::new();
    MADE.get_or_init(|| generated(random, 1)).clone()
}

fn generated(random: &Random, generation: i64) -> Option<Vec<StoredKey>> {
    let (id, access) = thread::scope(|scope| {
        let other = scope.spawn(generate);
        (generate(), other.join().ok().flatten())
    });
    // In the order of the table, so that a key set is the same wherever its keys come from.
    let keys = [("access", access?), ("id", id?)].map(|(purpose, pkcs8)| StoredKey {
        kid: random.key_id(),
        purpose: purpose.to_owned(),
        pkcs8,
        generation,
    });
    Some(keys.into())
}

/// Stores new keys: the ring of all there are then.
fn stored_ring(db: &Db, keys: &[StoredKey]) -> Option<Ring> {
    let stored = db.run(|tx| {
        keys.iter().try_for_each(|key| db::keys::insert(tx, key))?;
        db::keys::list(tx)
    });
    match stored {
        Ok(stored) => Ring::new(&stored),
        Err(error) => {
            tracing::error!(%error, "the pool's signing keys could not be stored");
            None
        }
    }
}

fn generate() -> Option<Vec<u8>> {
    let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
    let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    Some(der.as_ref().to_vec())
}

fn encoding_key(pkcs8: &[u8]) -> Option<EncodingKey> {
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(pkcs8)
    );
    EncodingKey::from_rsa_pem(pem.as_bytes()).ok()
}
