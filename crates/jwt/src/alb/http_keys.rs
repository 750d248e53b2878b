//! Keys over HTTP.

use std::sync::Arc;

use reqwest::{Client, StatusCode, Url};

use super::arn::region;
use super::error::AlbConfigError;
use super::fetch::{AlbFetchError, FetchAlbKey, KeyFuture};
use super::key::{AlbKey, AlbKeyError, AlbKid};
use crate::http_get::{self, Fault};

/// A key on P-256 takes 178 bytes.
const MAX_PEM: usize = 4 * 1024;

/// Keys as PEM, each under its name: `https://public-keys.auth.elb.REGION.amazonaws.com/KID`.
#[derive(Debug)]
pub struct HttpAlbKeys {
    client: Client,
    base: Url,
}

impl HttpAlbKeys {
    /// The key server of the region that this load balancer is in.
    ///
    /// # Errors
    /// [`AlbConfigError::Arn`] or [`AlbConfigError::Client`].
    pub fn of_load_balancer(arn: &str) -> Result<Self, AlbConfigError> {
        let base = key_server(region(arn)?).parse();
        let base = base.map_err(|_| AlbConfigError::arn(arn, "its region is no host name"))?;
        let client = http_get::client();
        let client = client.map_err(|error| AlbConfigError::Client(Arc::new(error)))?;
        Ok(Self::new(client, base))
    }

    /// Another place with the same files below `base`: a mirror, where there is no way out to AWS.
    /// Who answers there can sign anybody in.
    ///
    /// The client must not follow redirects: reqwest knows no such setting for one
    /// request. An answer from elsewhere is refused all the same.
    pub fn new(client: Client, base: Url) -> Self {
        Self { client, base }
    }

    /// 403 is how a bucket that may not be listed says that it has no such object.
    async fn get(&self, kid: &AlbKid) -> Result<Option<AlbKey>, AlbFetchError> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{kid}", url.path().trim_end_matches('/')));
        let body = match http_get::get(&self.client, &url, MAX_PEM).await {
            Err(Fault::Status(StatusCode::NOT_FOUND | StatusCode::FORBIDDEN)) => return Ok(None),
            body => body?,
        };
        let pem = str::from_utf8(&body).map_err(|_| AlbKeyError::Pem);
        let key = pem.and_then(AlbKey::from_pem);
        key.map(Some).map_err(AlbFetchError::Key)
    }
}

impl FetchAlbKey for HttpAlbKeys {
    fn fetch<'f>(&'f self, kid: &'f AlbKid) -> KeyFuture<'f> {
        Box::pin(self.get(kid))
    }
}

fn key_server(region: &str) -> String {
    match region.starts_with("us-gov-") {
        true => format!("https://s3-{region}.amazonaws.com/aws-elb-public-keys-prod-{region}"),
        false => format!("https://public-keys.auth.elb.{region}.amazonaws.com"),
    }
}

impl From<Fault> for AlbFetchError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unreachable(source) => Self::Unreachable(source),
            Fault::Status(status) => Self::Status(status.as_u16()),
            Fault::TooLarge => Self::TooLarge,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_server_is_the_regions() {
        for (partition, region, expected) in [
            (
                "aws",
                "eu-west-1",
                "https://public-keys.auth.elb.eu-west-1.amazonaws.com/",
            ),
            (
                "aws-us-gov",
                "us-gov-west-1",
                "https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1",
            ),
            (
                "aws-us-gov",
                "us-gov-east-1",
                "https://s3-us-gov-east-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-east-1",
            ),
        ] {
            let balancer = "123456789012:loadbalancer/app/my-alb/50dc6c495c0c9188";
            let arn = format!("arn:{partition}:elasticloadbalancing:{region}:{balancer}");
            let keys = HttpAlbKeys::of_load_balancer(&arn).unwrap();
            assert_eq!(keys.base.as_str(), expected);
        }
    }
}
