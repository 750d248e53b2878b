use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::db::{Db, meta};
use crate::options::PoolError;

/// Where the certificate stands in the data directory.
pub const CERTIFICATE_FILE: &str = "tls-cert.pem";

/// A self-signed certificate for the loopback names, kept with the pool's data.
pub(crate) struct Development {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) certificate_pem: String,
}

impl Development {
    /// The certificate is also written to [`CERTIFICATE_FILE`] in the data dir, to be trusted.
    pub(crate) fn open(db: &Db, data_dir: Option<&Path>) -> Result<Self, PoolError> {
        let stored = db.run(|tx| {
            let certificate = meta::get(tx, "tls_certificate")?;
            let key = meta::get(tx, "tls_key")?;
            Ok::<_, rusqlite::Error>(certificate.zip(key))
        })?;
        let (certificate_pem, key_pem) = match stored {
            Some(stored) => stored,
            None => make(db)?,
        };
        if let Some(dir) = data_dir {
            fs::write(dir.join(CERTIFICATE_FILE), &certificate_pem).map_err(|source| {
                PoolError::DataDir {
                    path: dir.to_owned(),
                    source,
                }
            })?;
        }
        let config = config(&certificate_pem, &key_pem).ok_or(BAD)?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            certificate_pem,
        })
    }
}

const BAD: PoolError = PoolError::Keys {
    what: "development certificate",
};

fn make(db: &Db) -> Result<(String, String), PoolError> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names).map_err(|_| BAD)?;
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    db.run(|tx| {
        meta::set(tx, "tls_certificate", &certificate)?;
        meta::set(tx, "tls_key", &key)
    })?;
    Ok((certificate, key))
}

fn config(certificate: &str, key: &str) -> Option<ServerConfig> {
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).ok()?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).ok()?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .ok()
}
