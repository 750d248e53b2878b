use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// Of `localhost` and `127.0.0.1`, from an authority of its own; as PEM.
pub(crate) struct Certificate {
    pub(crate) authority: String,
    certificate: String,
    key: String,
}

impl Certificate {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(names).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        Self {
            authority: authority.pem(),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    /// Into `ca.pem`, `server.pem` and `server.key`.
    pub(crate) fn write(&self, folder: &Path) {
        let files = [
            ("ca.pem", &self.authority),
            ("server.pem", &self.certificate),
            ("server.key", &self.key),
        ];
        for (name, content) in files {
            std::fs::write(folder.join(name), content).unwrap();
        }
    }
}
