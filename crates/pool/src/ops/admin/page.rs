//! Lists that come in pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::error::{ApiError, Result};
use crate::ops::input::Input;

const LARGEST: i64 = 60;

/// Which part of a list is asked for.
pub(super) struct Page {
    /// The place of the last item there was.
    pub(super) after: Option<String>,
    /// How many items to read: one more than the page holds, to know whether there are more.
    pub(super) fetch: i64,
    list: String,
    token: &'static str,
}

impl Page {
    /// The page that the input asks for, by `Limit` or `MaxResults` and the member `token`. A
    /// token is good for the list it came with: `list` is the operation and what narrows it.
    ///
    /// # Errors
    /// `InvalidParameterException` for another's.
    pub(super) fn of(input: &Input<'_>, list: &str, token: &'static str) -> Result<Self> {
        let size = input.number("Limit").or(input.number("MaxResults"));
        let size = size.filter(|size| *size > 0).unwrap_or(LARGEST);
        let after = match input.get(token) {
            None => None,
            Some(given) => Some(place(given, list).ok_or_else(|| {
                ApiError::invalid_parameter(format!("{token} is not of this list"))
            })?),
        };
        Ok(Self {
            after,
            fetch: size.min(LARGEST) + 1,
            list: list.to_owned(),
            token,
        })
    }

    /// The answer with the items in `member`, and a token when there are more.
    pub(super) fn answer<T>(
        &self,
        member: &str,
        mut found: Vec<T>,
        place: impl Fn(&T) -> String,
        show: impl Fn(&T) -> Value,
    ) -> Value {
        let size = usize::try_from(self.fetch - 1).unwrap_or_default();
        let more = found.len() > size;
        found.truncate(size);
        let mut answer = Map::new();
        if let Some(last) = found.last().filter(|_| more) {
            let token = format!("{}\n{}", self.list, place(last));
            answer.insert(self.token.to_owned(), URL_SAFE_NO_PAD.encode(token).into());
        }
        answer.insert(member.to_owned(), found.iter().map(show).collect());
        answer.into()
    }
}

fn place(token: &str, list: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let place = text.strip_prefix(list)?.strip_prefix('\n')?;
    Some(place.to_owned())
}
