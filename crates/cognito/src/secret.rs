//! Strings that do not print.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

macro_rules! secret {
    ($(#[$doc:meta])+ $name:ident) => {
        $(#[$doc])+
        #[derive(Clone, Zeroize, ZeroizeOnDrop)]
        pub struct $name(String);

        impl $name {
            /// The secret itself: not for logs, errors or URLs.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret! {
    /// An app client's secret.
    ClientSecret
}
secret! {
    /// An authorization code (RFC 6749 §4.1.2): good once, for five minutes.
    Code
}
secret! {
    /// An access, ID or refresh token as Cognito gave it; nothing is verified.
    TokenText
}
secret! {
    /// A code verifier (RFC 7636 §4.1).
    PkceVerifier
}
secret! {
    /// The key of an authenticator app, in base32.
    TotpSecret
}
