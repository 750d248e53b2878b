//! Bearer tokens in HTTP (RFC 6750): out of a request, and back as a refusal.

mod reason;

use std::borrow::Cow;
use std::error::Error as _;

use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::claims::Claims;
use crate::error::VerifyError;
use crate::verify::{Verified, Verifier};

pub use reason::Reason;

/// Seconds after which to come again when signing keys could not be had.
const RETRY_SECONDS: u32 = 2;

/// The claims of the token that a request comes with: what the extractors for axum and the
/// layer for tower do, for a framework that has neither.
///
/// ```
/// use cogward_jwt::bearer::{self, Refusal};
/// use cogward_jwt::{AccessClaims, Verifier};
///
/// type Request = http::Request<String>;
///
/// async fn answer(request: Request, verifier: &Verifier<AccessClaims>) -> http::Response<String> {
///     match bearer::verify(verifier, request.headers()).await {
///         Ok(claims) => http::Response::new(format!("Hello, {}!", claims.sub)),
///         Err(refusal) => refusal.into_http(),
///     }
/// }
/// ```
///
/// # Errors
/// As [`credentials`], 401 without a token, and otherwise as [`Refusal::of`].
pub async fn verify<C: Claims>(
    verifier: &Verifier<C>,
    headers: &HeaderMap,
) -> Result<Verified<C>, Refusal> {
    let token = credentials(headers)?.ok_or_else(Refusal::no_token)?;
    verifier.verify(token).await.map_err(|error| {
        tracing::debug!(%error, cause = error.source(), "bearer token refused");
        let refusal = Refusal::of(&error);
        match error {
            VerifyError::Scope => refusal.with_scopes(verifier.wanted_scopes()),
            _ => refusal,
        }
    })
}

/// Where a token may be missing, one that is not accepted counts as missing. Not when
/// nothing is known about it: a fault at the issuer signs nobody out.
pub(crate) fn optional<T>(outcome: Result<T, Refusal>) -> Result<Option<T>, Refusal> {
    match outcome {
        Ok(claims) => Ok(Some(claims)),
        Err(refusal) if refusal.status() == StatusCode::SERVICE_UNAVAILABLE => Err(refusal),
        Err(_) => Ok(None),
    }
}

/// The token in `Authorization: Bearer <token>`; `None` without such a header. Nothing
/// else is looked at: no query, no body, no cookie.
///
/// # Errors
/// 400 `invalid_request` for more than one `Authorization` header, and for one of this
/// scheme without exactly one token.
pub fn credentials(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Reason::Repeated.into());
    }
    let value = value.as_bytes();
    let end = value.iter().position(|byte| b" \t".contains(byte));
    let (scheme, token) = value.split_at(end.unwrap_or(value.len()));
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Ok(None);
    }
    let spaces = token.iter().take_while(|byte| **byte == b' ').count();
    let token = token.get(spaces..).filter(|token| is_token68(token));
    match token.and_then(|token| std::str::from_utf8(token).ok()) {
        Some(token) => Ok(Some(token)),
        None => Err(Reason::Malformed.into()),
    }
}

/// RFC 9110 §11.2, which RFC 6750 §2.1 calls `b64token`.
fn is_token68(token: &[u8]) -> bool {
    let padding = token.iter().rev().take_while(|byte| **byte == b'=').count();
    let body = token.get(..token.len() - padding).unwrap_or_default();
    // Without a way out of the loop, so that many bytes are looked at in one step.
    let stray = body.iter().fold(false, |stray, &byte| {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        let digit_or_mark = byte.wrapping_sub(b'-') <= b'9' - b'-';
        stray | !(letter | digit_or_mark | (byte == b'+') | (byte == b'_') | (byte == b'~'))
    });
    !body.is_empty() && !stray
}

/// Why a request is not let through, as HTTP says it: status, challenge
/// (RFC 6750 §3) and a JSON body `{"detail": …}`. It never quotes the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Refusal {
    reason: Reason,
    detail: Cow<'static, str>,
    scope: Option<String>,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            detail: reason.detail().into(),
            scope: None,
        }
    }
}

impl Refusal {
    /// 401: no token came.
    pub fn no_token() -> Self {
        Reason::NoToken.into()
    }

    /// What a verifier's error means over HTTP: 401, 403 for a good token that may not do
    /// this, 503 when nothing is known for want of keys.
    pub fn of(error: &VerifyError) -> Self {
        Self::from(match error {
            VerifyError::KeysUnavailable { .. } => Reason::KeysUnavailable,
            VerifyError::Group => Reason::Group,
            VerifyError::Scope => Reason::Scope,
            VerifyError::UnknownKey => Reason::UnknownKey,
            VerifyError::Expired => Reason::Expired,
            VerifyError::Revoked => Reason::Revoked,
            _ => Reason::Invalid,
        })
    }

    /// Why, for programs.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Another sentence for people.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            detail: detail.into(),
            ..self
        }
    }

    /// The scopes that would do, for the challenge; only those that RFC 6749 §3.3 allows.
    #[must_use]
    pub fn with_scopes<'s>(self, scopes: impl IntoIterator<Item = &'s str>) -> Self {
        let allowed = |scope: &&str| {
            let mut bytes = scope.bytes();
            !scope.is_empty() && bytes.all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        };
        let scopes: Vec<&str> = scopes.into_iter().filter(allowed).collect();
        Self {
            scope: (!scopes.is_empty()).then(|| scopes.join(" ")),
            ..self
        }
    }

    /// 400, 401, 403 or 503.
    pub fn status(&self) -> StatusCode {
        self.reason.status()
    }

    /// A sentence for people.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// `{"detail": …}`.
    pub fn body(&self) -> String {
        serde_json::json!({ "detail": self.detail }).to_string()
    }

    /// Adds `WWW-Authenticate`, or `Retry-After` where the token is not at fault.
    pub fn add_headers(&self, headers: &mut HeaderMap) {
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY_SECONDS.into());
        } else if let Ok(challenge) = HeaderValue::try_from(self.challenge()) {
            headers.append(WWW_AUTHENTICATE, challenge);
        }
    }

    /// The whole answer.
    pub fn into_http<B: From<String>>(self) -> Response<B> {
        let mut response = Response::new(B::from(self.body()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.add_headers(headers);
        response
    }

    fn challenge(&self) -> String {
        let (error, description) = self.reason.challenge().unzip();
        // RFC 6750 §3 wants a parameter; there is nothing to say of a token that did not come.
        let realm = error.is_none().then_some("api");
        let named = [
            ("realm", realm),
            ("error", error),
            ("error_description", description),
            ("scope", self.scope.as_deref()),
        ];
        let parameters: Vec<String> = named
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}=\"{}\"", value?)))
            .collect();
        format!("Bearer {}", parameters.join(", "))
            .trim_end()
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<Option<String>, u16> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(
                AUTHORIZATION,
                HeaderValue::from_bytes(line.as_bytes()).unwrap(),
            );
        }
        let token = credentials(&headers).map(|token| token.map(str::to_owned));
        token.map_err(|refusal| refusal.status().as_u16())
    }

    #[test]
    fn one_bearer_token_is_read_and_nothing_else() {
        for line in ["Bearer a.b-c_d", "bearer a.b-c_d", "BEARER   a.b-c_d"] {
            assert_eq!(read(&[line]), Ok(Some("a.b-c_d".to_owned())), "{line}");
        }
        for lines in [
            &[][..],
            &["Basic YTpi"],
            &["Digest x=y"],
            &["Bearerx a"],
            &["Token a.b"],
        ] {
            assert_eq!(read(lines), Ok(None), "{lines:?}");
        }
        for lines in [
            &["Bearer"][..],
            &["Bearer "],
            &["Bearer a b"],
            &["Bearer a, b"],
            &["Bearer a,Bearer b"],
            &["Bearer \"a\""],
            &["Bearer a", "Bearer a"],
            &["Basic YTpi", "Bearer a"],
            &["Bearer \u{e9}"],
            &["Bearer ="],
            &["Bearer a=b"],
            &["Bearer\ta"],
        ] {
            assert_eq!(read(lines), Err(400), "{lines:?}");
        }
    }

    #[test]
    fn a_token_is_made_of_the_letters_of_the_standard() {
        for byte in 0..=255_u8 {
            let allowed = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
            assert_eq!(is_token68(&[byte]), allowed, "{byte}");
            assert_eq!(
                is_token68(&[b'a', byte, b'=']),
                allowed || byte == b'=',
                "{byte}"
            );
        }
        assert!(!is_token68(b"") && !is_token68(b"=") && is_token68(b"a=="));
    }

    #[test]
    fn a_refusal_says_what_the_standard_says() {
        let challenge = |refusal: &Refusal| {
            let mut headers = HeaderMap::new();
            refusal.add_headers(&mut headers);
            let value = headers.get(WWW_AUTHENTICATE);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        let none = Refusal::no_token();
        assert_eq!(
            (none.status().as_u16(), challenge(&none).as_deref()),
            (401, Some(r#"Bearer realm="api""#))
        );
        let expired = Refusal::of(&VerifyError::Expired);
        assert_eq!(expired.body(), r#"{"detail":"Invalid or expired token"}"#);
        let said = r#"Bearer error="invalid_token", error_description="the token has expired""#;
        assert_eq!(challenge(&expired).as_deref(), Some(said));
        assert_eq!(
            Refusal::of(&VerifyError::UnknownKey).detail(),
            "Invalid token key"
        );
        let scope = Refusal::of(&VerifyError::Scope).with_scopes(["a/read", "b\"", "c"]);
        let said = challenge(&scope).unwrap();
        assert!(
            scope.status() == 403 && said.ends_with(r#", scope="a/read c""#),
            "{said}"
        );
        let source = crate::FetchError::Status(500);
        let keys = Refusal::of(&VerifyError::KeysUnavailable { source });
        assert_eq!((keys.status().as_u16(), challenge(&keys)), (503, None));
    }
}
