//! Who calls: the socket's word, or a trusted proxy's.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use cogward_auth::Client;
use http::header::USER_AGENT;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue};
use ipnet::IpNet;

use crate::App;
use crate::error::{Code, Error};
use crate::site::Site;

/// A device list needs no more of it.
const MAX_USER_AGENT: usize = 256;

/// The caller's address and browser.
pub(crate) struct Caller {
    pub(crate) address: IpAddr,
    pub(crate) user_agent: Option<String>,
}

impl Caller {
    pub(crate) fn into_client(self) -> Client {
        Client {
            user_agent: self.user_agent,
            address: Some(self.address.to_string()),
        }
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Error> {
        let address = address(&app.site, &parts.headers, &parts.extensions);
        let user_agent = parts
            .headers
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok());
        Ok(Self {
            address: address.ok_or(Code::Internal)?,
            user_agent: user_agent.map(|text| text.chars().take(MAX_USER_AGENT).collect()),
        })
    }
}

/// The caller's address, unless nobody said who the peer is.
pub(crate) fn address(site: &Site, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    let peer = peer.ip().to_canonical();
    Some(believed(&site.trusted_proxies, peer, headers))
}

/// The right-most address in `X-Forwarded-For` that is not one of our proxies;
/// everything left of it anybody may have written.
fn believed(trusted: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !is_one_of(trusted, peer) {
        return peer;
    }
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let hops = lines
        .map(HeaderValue::as_bytes)
        .flat_map(|line| line.rsplit(|byte| *byte == b','));
    let mut last = peer;
    for hop in hops {
        let Some(hop) = hop_address(hop) else {
            return last;
        };
        last = hop;
        if !is_one_of(trusted, last) {
            return last;
        }
    }
    last
}

/// Whether an address, not in disguise, is a trusted proxy's.
pub(crate) fn is_one_of(trusted: &[IpNet], address: IpAddr) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

/// An address, with a port as some proxies write it or without.
fn hop_address(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop.trim_ascii()).ok()?;
    let with_port = || hop.parse::<SocketAddr>().map(|address| address.ip());
    hop.parse()
        .or_else(|_| with_port())
        .ok()
        .map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_peers_are_believed() {
        let mut headers = HeaderMap::new();
        headers.append(
            "x-forwarded-for",
            "6.6.6.6, 203.0.113.9, 10.0.0.2".parse().unwrap(),
        );
        let net: IpNet = "10.0.0.0/8".parse().unwrap();
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(believed(&[], ip("10.0.0.1"), &headers), ip("10.0.0.1"));
        assert_eq!(believed(&[net], ip("192.0.2.1"), &headers), ip("192.0.2.1"));
        assert_eq!(
            believed(&[net], ip("10.0.0.1"), &headers),
            ip("203.0.113.9")
        );
        headers.append(
            "x-forwarded-for",
            HeaderValue::from_bytes(b"\xff, 203.0.113.8:4711").unwrap(),
        );
        assert_eq!(
            believed(&[net], ip("10.0.0.1"), &headers),
            ip("203.0.113.8")
        );
        headers.insert("x-forwarded-for", "garbage, 10.0.0.2".parse().unwrap());
        assert_eq!(believed(&[net], ip("10.0.0.1"), &headers), ip("10.0.0.2"));
    }
}
