//! The header `x-amzn-oidc-data` of an Application Load Balancer.
//!
//! A load balancer whose listener rule has an `authenticate-cognito` or `authenticate-oidc`
//! action signs people in by itself. To every request that it then passes on it adds the person's
//! claims in a header `x-amzn-oidc-data`: a JWT of its own making, signed with ES256, that names
//! load balancer, app client and issuer in its *header*. [`AlbVerifier`] tells whether such a value
//! is what your load balancer made, and still good.
//!
//! ```no_run
//! # #[cfg(feature = "http")]
//! # async fn example(header_value: &str) -> Result<(), Box<dyn std::error::Error>> {
//! use cogward_jwt::alb::AlbVerifier;
//!
//! let verifier = AlbVerifier::new(
//!     "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/my-alb/50dc6c495c0c9188",
//!     "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI",
//!     "the-app-client-id",
//! )?;
//! let person = verifier.verify(header_value).await?;
//! println!("{} {:?}", person.sub, person.email);
//! # Ok(()) }
//! ```
//!
//! # What must be configured
//!
//! - The **ARN of the load balancer**, in full. All load balancers of a region, of all AWS
//!   accounts, share one set of signing keys: anybody can have a load balancer of their own sign
//!   any claims, under your issuer's and your client's name. Only the `signer`, which AWS fills in,
//!   tells theirs from yours. Not looking at it is the flaw known as *ALBeast*; here there is no
//!   way to leave it out.
//! - The **issuer** and the **app client** of the listener rule's action, byte by byte.
//! - The **network**: targets must take requests from the load balancer alone (let their security
//!   group name the load balancer's). The value is a bearer's: whoever else gets hold of one and
//!   reaches the target can use it until `exp`, some two minutes after it was made.
//!
//! The two headers beside it, `x-amzn-oidc-identity` and `x-amzn-oidc-accesstoken`, are not signed
//! by the load balancer: take `sub` from the claims verified here. Refuse a request with several
//! lines `x-amzn-oidc-data`.
//!
//! # Keys
//!
//! Public keys come from the region's key server, whose address is made of the configured ARN and
//! never of anything in a token; see [`AlbKeys`] for what is kept and what a flood can cost.
//!
//! See [Authenticate users using an Application Load Balancer][aws].
//!
//! [aws]: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html

mod arn;
mod claims;
mod error;
mod fetch;
#[cfg(feature = "http")]
mod http_keys;
mod key;
mod keys;
mod token;
mod verify;

pub use claims::VerifiedAlb;
pub use error::{AlbConfigError, AlbError};
pub use fetch::{AlbFetchError, FetchAlbKey, KeyFuture};
#[cfg(feature = "http")]
pub use http_keys::HttpAlbKeys;
pub use key::{AlbKey, AlbKeyError, AlbKid};
pub use keys::AlbKeys;
pub use verify::AlbVerifier;
