use std::sync::Arc;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::Verifier;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::open::OpenError;

/// Trusts these authorities (PEM), or those the system does.
pub(crate) fn connector(authorities: Option<&[u8]>) -> Result<MakeRustlsConnect, OpenError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(OpenError::SystemAuthorities)?;
    let mut config = match authorities {
        Some(pem) => builder.with_root_certificates(roots(pem)?),
        None => {
            let verifier = Verifier::new(provider).map_err(OpenError::SystemAuthorities)?;
            let verifier: Arc<dyn ServerCertVerifier> = Arc::new(verifier);
            builder
                .dangerous()
                .with_custom_certificate_verifier(verifier)
        }
    }
    .with_no_client_auth();
    // So that nobody leads us to a server of another protocol that has the same certificate.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

fn roots(pem: &[u8]) -> Result<RootCertStore, OpenError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| OpenError::Authorities)?;
        roots.add(certificate).map_err(|_| OpenError::Authorities)?;
    }
    match roots.is_empty() {
        true => Err(OpenError::Authorities),
        false => Ok(roots),
    }
}
