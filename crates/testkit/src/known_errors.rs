//! Whether an error that a server answered is one of the documented ones, word for word.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::Answer;

/// A line of the page's tables.
struct Known {
    status: u16,
    code: String,
    /// `error` in the API, `error` in the Token Handler family, message; each `None` where it is
    /// not always the same, or not of that family.
    api: Option<String>,
    label: Option<String>,
    explained: bool,
    message: Option<String>,
    header: String,
    bearer: bool,
}

/// What each body has, and in which order.
const API: [&str; 4] = ["error", "message", "detail", "request_id"];

/// The code that the documentation has for an answer of 4xx or 5xx.
///
/// # Errors
/// The documentation has no such answer; in words.
pub fn known_error(answer: &Answer) -> Result<&'static str, String> {
    let problem = |what| Err(format!("{what}: {} {}", answer.url, answer.body));
    let status = answer.status.as_u16();
    if [400, 414, 431].contains(&status) && answer.body.is_empty() {
        // Not read as far as a request.
        return Ok("");
    }
    if answer.header("x-request-id").len() != 24 {
        return problem("an error without a name");
    }
    if answer.body.is_empty() {
        // HEAD has none, and a browser that fetches a sign-in ahead gets none.
        return Ok("");
    }
    let body = answer.json();
    let Some(body) = body.as_object() else {
        return problem("an error that is no object");
    };
    if body.contains_key("reason") && (is_no(body, "authorized") || is_no(body, "allowed")) {
        return Ok("");
    }
    // Of an application's own, which keep their status.
    let any = |known: &Known| known.code == "not_understood" && answer.status.is_client_error();
    let fits = |known: &&Known| (known.status == status || any(known)) && known.fits(answer, body);
    let Some(known) = table().iter().find(fits) else {
        return problem("an error that docs/reference/errors.md does not have");
    };
    let again = answer.header("retry-after").parse::<u32>();
    if again.is_ok_and(|seconds| seconds > 0) != known.header.contains("Retry-After") {
        return problem("Retry-After");
    }
    Ok(&known.code)
}

impl Known {
    fn fits(&self, answer: &Answer, body: &Map<String, Value>) -> bool {
        let challenges = answer.headers.get_all("www-authenticate").iter();
        let challenges: Vec<_> = challenges.map(|it| it.to_str().unwrap()).collect();
        let expected = self.header.strip_prefix("WWW-Authenticate: ");
        let expected = expected.or(self.header.starts_with("Bearer").then_some(&self.header));
        let challenged = match (expected, &*challenges) {
            (None, []) => true,
            (Some(expected), [said]) => {
                said == &expected || self.code == "bearer_scope" && said.starts_with(expected)
            }
            _ => false,
        };
        challenged && self.has_words(answer, body)
    }

    fn has_words(&self, answer: &Answer, body: &Map<String, Value>) -> bool {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let is = |name: &str, expected: &Option<String>| match (text(name), expected) {
            (Some(said), Some(expected)) => said == expected,
            (Some(said), None) => !said.is_empty(),
            (None, _) => false,
        };
        let names: Vec<&str> = body.keys().map(String::as_str).collect();
        let id = answer.header("x-request-id");
        // What applications say of their own, and where a session would do as well.
        let own = self.bearer
            && ["bearer_missing", "bearer_group", "bearer_scope"].contains(&&*self.code);
        match &*names {
            ["detail"] => {
                own || is(
                    "detail",
                    if self.bearer {
                        &self.message
                    } else {
                        &self.label
                    },
                )
            }
            ["authorized", "error"] | ["error", "authorized"] => {
                is("error", &self.label) && is_no(body, "authorized")
            }
            _ if API.iter().all(|name| names.contains(name)) => {
                let message = if own { &None } else { &self.message };
                let kind = text("error");
                let same = text("message") == text("detail") && text("request_id") == Some(id);
                let named = match self.bearer {
                    true => kind.is_some(),
                    false => self.api.is_some() && is("error", &self.api),
                };
                names.len() == API.len() && same && named && is("message", message)
            }
            _ => {
                let label = if self.bearer {
                    &self.message
                } else {
                    &self.label
                };
                let with_id = answer.status.is_server_error();
                let expected = 1 + usize::from(self.explained) + usize::from(with_id);
                (own || is("error", label))
                    && names.len() == expected
                    && (!self.explained || is("message", &self.message))
                    && (!with_id || text("request_id") == Some(id))
            }
        }
    }
}

fn is_no(body: &Map<String, Value>, name: &str) -> bool {
    body.get(name) == Some(&Value::Bool(false))
}

fn table() -> &'static [Known] {
    static TABLE: OnceLock<Vec<Known>> = OnceLock::new();
    TABLE.get_or_init(|| cogward_server::errors().lines().filter_map(known).collect())
}

fn known(line: &str) -> Option<Known> {
    let cells = line.strip_prefix("| ")?.strip_suffix(" |")?;
    let cells: Vec<&str> = cells.split(" | ").map(str::trim).collect();
    let status = cells.first()?.parse().ok()?;
    let plain = |cell: &str| {
        let text = cell.strip_prefix('`')?.split_once('`')?.0;
        Some(text.to_owned())
    };
    let header = |cell: &str| cell.replace('`', "");
    match &*cells {
        [_, code, api, label, message, head, _] => Some(Known {
            status,
            code: plain(code)?,
            api: plain(api),
            label: match *label {
                "*the message*" | "*the message* + `message`" => plain(message),
                label => plain(label),
            },
            explained: label.ends_with("+ `message`"),
            message: plain(message),
            header: header(head),
            bearer: false,
        }),
        [_, code, detail, head, _] => Some(Known {
            status,
            code: plain(code)?,
            api: None,
            label: None,
            explained: false,
            message: plain(detail),
            header: header(head),
            bearer: true,
        }),
        _ => panic!("a line of another table: {line}"),
    }
}
