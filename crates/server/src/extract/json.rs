//! A JSON body, strictly: declared as such, bounded, in time, and nothing behind it.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use crate::App;
use crate::error::{Code, Error};

/// A `T` is a struct: the names of its members may be told.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Error> {
        if !is_json(request.headers()) {
            return Err(Code::UnsupportedMediaType.into());
        }
        // Nothing is unpacked here, so nothing small becomes large.
        let encoding = request.headers().get(CONTENT_ENCODING);
        if encoding.is_some_and(|encoding| encoding != "identity") {
            return Err(Code::Compressed.into());
        }
        let body = Limited::new(request.into_body(), app.site.body_limit).collect();
        let bytes = match tokio::time::timeout(app.site.body_timeout, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                return Err(Code::PayloadTooLarge.into());
            }
            Ok(Err(_)) => return Err(Code::BodyEnded.into()),
            Err(_) => return Err(Code::RequestTimeout.into()),
        };
        let read = read(&bytes).map(Self);
        read.map_err(|wrong| Code::Body.saying(wrong))
    }
}

/// Reads an object; the error names the member that is wrong and what it should be.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    // Keeping track of where one reads takes as long as reading: only what is wrong pays for it.
    serde_json::from_slice(bytes).map_err(|_| fault::<T>(bytes))
}

fn fault<T: DeserializeOwned>(bytes: &[u8]) -> String {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut json) {
        Err(error) => wrong(error.path(), error.inner()),
        // Something stands behind the object.
        Ok(_) => NO_JSON.to_owned(),
    }
}

const NO_JSON: &str = "the body is not JSON";
const NO_OBJECT: &str = "the body is not the JSON object expected here";

/// In words that stand in the program. What was sent may be a password or a token: of serde's
/// message only what comes from our own types is used.
fn wrong(path: &Path, error: &serde_json::Error) -> String {
    if error.classify() != Category::Data {
        return NO_JSON.to_owned();
    }
    let text = error.to_string();
    let mut segments = path.iter();
    let Some(Segment::Map { key }) = segments.next() else {
        return match quoted(&text) {
            Some(("missing field ", name)) => format!("{name} is missing"),
            Some(("duplicate field ", name)) => format!("{name} is there twice"),
            _ => NO_OBJECT.to_owned(),
        };
    };
    let (named, inner) = (is_name(key), segments.next());
    if inner.is_none() && text.starts_with("unknown field ") {
        let member = if named { key } else { "a member" };
        return format!("{member} is not known here");
    }
    match (named, inner, expected(&text)) {
        (true, None, Some(expected)) => format!("{key} must be {expected}"),
        (true, ..) => format!("{key} is not as expected here"),
        (false, ..) => NO_OBJECT.to_owned(),
    }
}

/// A message that begins with a name of ours, as `missing field `email``.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (before, rest) = text.split_once('`')?;
    let (name, _) = rest.split_once('`')?;
    is_name(name).then_some((before, name))
}

/// Of "invalid type: …, expected a string at line 1 column 9" what was expected. It comes last,
/// so that nothing that was sent is taken for it.
fn expected(text: &str) -> Option<&str> {
    let (_, expected) = text.rsplit_once(", expected ")?;
    let (expected, _) = expected.rsplit_once(" at line ")?;
    let known = ["a ", "one of `", "`"];
    known
        .iter()
        .any(|start| expected.starts_with(start))
        .then_some(expected)
}

/// A member of one of our types, or what could be one.
fn is_name(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_lowercase() || c == b'_')
}

/// Exactly one `application/json`, with parameters or without.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let Ok(value) = value.to_str() else {
        return false;
    };
    let (essence, parameters) = value.split_once(';').unwrap_or((value, ""));
    essence.trim().eq_ignore_ascii_case("application/json") && !parameters.contains([',', '/'])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use http::HeaderValue;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Sent {
        #[serde(rename = "email")]
        _email: String,
        #[serde(rename = "accept_terms")]
        _accept_terms: bool,
        #[serde(rename = "purpose")]
        _purpose: Option<Purpose>,
        #[serde(default, rename = "attributes")]
        _attributes: BTreeMap<String, String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Purpose {
        PasswordReset,
        Other,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        #[serde(rename = "password")]
        _password: Option<String>,
        #[serde(rename = "inner")]
        _inner: Option<Box<Strict>>,
    }

    #[test]
    fn a_member_that_nobody_knows_is_named_if_it_could_be_a_name() {
        for (body, told) in [
            (r#"{"passwort":"hunter2"}"#, "passwort is not known here"),
            (
                r#"{"password":"hunter2","passwort":[7]}"#,
                "passwort is not known here",
            ),
            (r#"{"hunter2":"password"}"#, "a member is not known here"),
            (r#"{"Hunter":1}"#, "a member is not known here"),
            (r#"{"":1}"#, "a member is not known here"),
            (r#"{"inner":{"hunter":1}}"#, "inner is not as expected here"),
            (r#"{"password":7}"#, "password must be a string"),
            (
                r#"{"password":["unknown field `hunter2`"]}"#,
                "password must be a string",
            ),
        ] {
            let found = read::<Strict>(body.as_bytes()).unwrap_err();
            assert_eq!(found, told, "{body}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_body_is_named_and_nothing_of_it_told() {
        for (body, told) in [
            (r#"{"accept_terms":true}"#, "email is missing"),
            (r#"{"email":"hunter2"}"#, "accept_terms is missing"),
            (
                r#"{"email":7,"accept_terms":true}"#,
                "email must be a string",
            ),
            (
                r#"{"email":null,"accept_terms":true}"#,
                "email must be a string",
            ),
            (
                r#"{"email":"hunter2","accept_terms":"hunter2"}"#,
                "accept_terms must be a boolean",
            ),
            (
                r#"{"email":"x","accept_terms":"hunter2, expected hunter2 at line 1"}"#,
                "accept_terms must be a boolean",
            ),
            (
                r#"{"email":"a","email":"hunter2","accept_terms":true}"#,
                "email is there twice",
            ),
            (
                r#"{"email":"a","accept_terms":true,"purpose":"`hunter2`, expected `hunter2`"}"#,
                "purpose must be `password_reset` or `other`",
            ),
            (
                r#"{"email":"a","accept_terms":true,"attributes":{"hunter2":7}}"#,
                "attributes is not as expected here",
            ),
            (
                r#"{"email":"a","accept_terms":true,"attributes":"hunter2"}"#,
                "attributes must be a map",
            ),
            (r#"["hunter2"]"#, NO_OBJECT),
            (r#""hunter2""#, NO_OBJECT),
            (r#"{"hunter2"#, NO_JSON),
            (r#"{"email":"hunter2}"#, NO_JSON),
            ("hunter2", NO_JSON),
            ("", NO_JSON),
            (r#"{"email":"a","accept_terms":true} hunter2"#, NO_JSON),
        ] {
            let found = read::<Sent>(body.as_bytes()).unwrap_err();
            assert_eq!(found, told, "{body}");
        }
    }

    #[test]
    fn only_json_is_json() {
        let judge = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_str(value).unwrap());
            is_json(&headers)
        };
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
        ] {
            assert!(judge(good), "{good}");
        }
        for bad in [
            "text/plain",
            "TEXT/PLAIN",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain;application/json",
            "application/json, text/plain",
            "application/json; text/plain",
            "application/jsonx",
            "",
        ] {
            assert!(!judge(bad), "{bad}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
