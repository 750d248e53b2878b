//! Where a browser goes after sign-in: a path on the frontend, nothing else.

use url::Url;

/// Longer ones are refused, never cut (a cut one is another address).
const MAX_LENGTH: usize = 2048;
/// How often a value may have been percent-encoded on its way here.
const MAX_ENCODINGS: usize = 4;

/// A path, with query and fragment, that resolves to the frontend's own origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnPath(String);

/// The value leads elsewhere, or could be read so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("return_to must be a path on the frontend, such as /dashboard")]
pub struct ReturnPathError;

impl ReturnPath {
    /// Reads `raw` as a browser at `frontend` would (WHATWG URL), and keeps
    /// what the parser made of it, so that what was checked is what is sent.
    ///
    /// # Errors
    /// Anything but a path on the frontend, also when it becomes one that
    /// leads away after it was percent-decoded once more.
    pub fn parse(frontend: &Url, raw: &str) -> Result<Self, ReturnPathError> {
        if raw.len() > MAX_LENGTH {
            return Err(ReturnPathError);
        }
        let mut form = raw.to_owned();
        for _ in 0..MAX_ENCODINGS {
            stays_on(frontend, &form)?;
            let decoded = decode(&form);
            if decoded == form {
                let url = frontend.join(raw).map_err(|_| ReturnPathError)?;
                return Ok(Self(url[url::Position::BeforePath..].to_owned()));
            }
            form = decoded;
        }
        Err(ReturnPathError)
    }

    /// Takes one back that was made by [`ReturnPath::parse`] and kept sealed.
    pub(crate) fn from_sealed(path: String) -> Self {
        Self(path)
    }

    /// The path, as it goes behind the frontend's origin.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn stays_on(frontend: &Url, form: &str) -> Result<(), ReturnPathError> {
    let path = form.split(['?', '#']).next().unwrap_or_default();
    let rooted = path.starts_with('/') && !path.contains("//");
    let plain = !form.chars().any(|c| c.is_control() || c == '\\');
    let url = frontend.join(form).map_err(|_| ReturnPathError)?;
    let home = url.origin() == frontend.origin() && url.username().is_empty();
    if rooted && plain && home {
        Ok(())
    } else {
        Err(ReturnPathError)
    }
}

fn decode(form: &str) -> String {
    percent_encoding::percent_decode_str(form)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frontend() -> Url {
        Url::parse("https://app.example.com").unwrap()
    }

    #[test]
    fn a_path_with_query_and_fragment_is_kept() {
        for path in ["/", "/dashboard", "/a/b?x=1&y=%20z#top", "/%C3%A9t%C3%A9"] {
            assert_eq!(
                ReturnPath::parse(&frontend(), path).unwrap().as_str(),
                path,
                "{path}"
            );
        }
    }

    #[test]
    fn what_is_sent_is_what_the_parser_made_of_it() {
        let path = ReturnPath::parse(&frontend(), "/a/../b").unwrap();
        assert_eq!(path.as_str(), "/b");
    }

    #[test]
    fn anything_that_may_lead_away_is_refused() {
        for raw in [
            "",
            "dashboard",
            "//evil.example",
            "/\\evil.example",
            "/%5cevil.example",
            "/%2fevil.example",
            "/%252fevil.example",
            "/%25252fevil.example",
            "/a/..//evil.example",
            "https://app.example.com/dashboard",
            "https://app.example.com.evil.example/",
            "javascript:alert(1)",
            "/\tevil.example",
            "/%09/evil.example",
            "/%0d%0aSet-Cookie:a=b",
            "http://[",
            "http://:80",
        ] {
            assert_eq!(
                ReturnPath::parse(&frontend(), raw),
                Err(ReturnPathError),
                "{raw}"
            );
        }
        let long = format!("/{}", "a".repeat(MAX_LENGTH));
        assert_eq!(ReturnPath::parse(&frontend(), &long), Err(ReturnPathError));
    }
}
