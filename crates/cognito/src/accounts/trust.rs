use aws_sdk_cognitoidentityprovider::config::{Builder, SharedHttpClient};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use crate::Settings;

/// Has calls trust the settings' certificate beside the system's authorities.
pub(super) fn certificate(config: &mut Builder, settings: &Settings) {
    let pem = settings.trusted_certificate.as_deref();
    if let Some(client) = pem.and_then(client) {
        config.set_http_client(Some(client));
    }
}

fn client(pem: &str) -> Option<SharedHttpClient> {
    let store = TrustStore::default().with_pem_certificate(pem);
    let context = TlsContext::builder().with_trust_store(store).build().ok()?;
    let builder = aws_smithy_http_client::Builder::new();
    let builder = builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    Some(builder.tls_context(context).build_https())
}
