use std::sync::Arc;

use redis::io::tcp::TcpSettings;
use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion,
    TlsCertificates,
};

use crate::options::{OpenError, Options};

/// Where the servers are that were configured, and how any of their kind is reached.
pub(crate) struct Endpoints {
    seeds: Vec<ConnectionInfo>,
    pub(crate) cluster: bool,
}

/// A server's host and port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    pub(crate) host: Arc<str>,
    pub(crate) port: u16,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Endpoints {
    pub(crate) fn new(options: &Options) -> Result<Self, OpenError> {
        let mut seeds = Vec::new();
        for (number, text) in (1..).zip(options.addresses.each()) {
            let seed = parse(number, text, options.certificate_authority.as_deref())?;
            if seeds
                .first()
                .is_some_and(|first| !fit_together(first, &seed))
            {
                return Err(OpenError::Mixed { number });
            }
            seeds.push(seed);
        }
        let cluster = options.cluster || seeds.len() > 1;
        let database = seeds.first().map_or(0, |seed| seed.redis_settings().db());
        if cluster && database != 0 {
            return Err(OpenError::Database { database });
        }
        Ok(Self { seeds, cluster })
    }

    /// Those that were configured.
    pub(crate) fn seeds(&self) -> impl Iterator<Item = Address> {
        self.seeds.iter().filter_map(|seed| address(seed.addr()))
    }

    /// What connects to a server of the same kind.
    pub(crate) fn client(&self, address: &Address) -> redis::RedisResult<Client> {
        let none =
            || redis::RedisError::from((redis::ErrorKind::InvalidClientConfig, "no address"));
        let first = self.seeds.first().ok_or_else(none)?;
        let (host, port) = (address.host.to_string(), address.port);
        let addr = match first.addr() {
            ConnectionAddr::TcpTls { tls_params, .. } => ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: tls_params.clone(),
            },
            _ => ConnectionAddr::Tcp(host, port),
        };
        Client::open(first.clone().set_addr(addr))
    }
}

fn parse(number: usize, text: &str, authority: Option<&[u8]>) -> Result<ConnectionInfo, OpenError> {
    // What the parser says may hold the password.
    let info = text
        .into_connection_info()
        .map_err(|_| OpenError::Address { number })?;
    let redis = info
        .redis_settings()
        .clone()
        .set_protocol(ProtocolVersion::RESP3);
    let info = info
        .set_redis_settings(redis)
        .set_tcp_settings(TcpSettings::default().set_nodelay(true));
    match (info.addr(), authority) {
        (ConnectionAddr::TcpTls { insecure: true, .. }, _) => Err(OpenError::Insecure { number }),
        (ConnectionAddr::TcpTls { .. }, Some(pem)) => trusting(info, pem),
        (ConnectionAddr::TcpTls { .. }, None) => Ok(info),
        (ConnectionAddr::Tcp(..), None) => Ok(info),
        (ConnectionAddr::Tcp(..), Some(_)) => Err(OpenError::NoTls),
        _ => Err(OpenError::Address { number }),
    }
}

fn trusting(info: ConnectionInfo, pem: &[u8]) -> Result<ConnectionInfo, OpenError> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    if CertificateDer::from_pem_slice(pem).is_err() {
        return Err(OpenError::CertificateAuthority);
    }
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: Some(pem.to_vec()),
    };
    let client = Client::build_with_tls(info, certificates);
    let client = client.map_err(|_| OpenError::CertificateAuthority)?;
    Ok(client.get_connection_info().clone())
}

fn fit_together(first: &ConnectionInfo, other: &ConnectionInfo) -> bool {
    let tls = |info: &ConnectionInfo| matches!(info.addr(), ConnectionAddr::TcpTls { .. });
    let (one, two) = (first.redis_settings(), other.redis_settings());
    tls(first) == tls(other)
        && one.db() == two.db()
        && one.username() == two.username()
        && one.password() == two.password()
}

fn address(addr: &ConnectionAddr) -> Option<Address> {
    match addr {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            Some(Address {
                host: host.as_str().into(),
                port: *port,
            })
        }
        _ => None,
    }
}
