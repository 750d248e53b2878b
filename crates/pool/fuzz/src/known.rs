//! What the answers so far have given, by names that bodies may use.

use serde_json::Value;

/// The members that are remembered: the newest of each.
const MEMBERS: [&str; 7] = [
    "Session",
    "AccessToken",
    "RefreshToken",
    "SecretCode",
    "SECRET_BLOCK",
    "DeviceKey",
    "NextToken",
];

#[derive(Default)]
pub(super) struct Known(Vec<(&'static str, String)>);

impl Known {
    pub(super) fn code(&mut self, code: Option<String>) {
        if let Some(code) = code {
            self.set("Code", code);
        }
    }

    /// Remembers an answer's members and gives the access tokens in it.
    pub(super) fn learn(&mut self, answer: &Value) -> Vec<String> {
        let mut tokens = Vec::new();
        self.walk(answer, &mut tokens);
        tokens
    }

    fn walk(&mut self, value: &Value, tokens: &mut Vec<String>) {
        let members = value.as_object().into_iter().flatten();
        for (name, value) in members {
            if let (Some(member), Some(text)) = (
                MEMBERS.iter().find(|member| *member == name),
                value.as_str(),
            ) {
                self.set(member, text.to_owned());
                if *member == "AccessToken" {
                    tokens.push(text.to_owned());
                }
            }
            self.walk(value, tokens);
        }
    }

    fn set(&mut self, name: &'static str, value: String) {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value));
    }

    /// The body with `$Session` and the like replaced.
    pub(super) fn fill(&self, body: &[u8]) -> Vec<u8> {
        let mut filled = Vec::with_capacity(body.len());
        let mut rest = body;
        while let Some((first, after)) = rest.split_first() {
            let known = self
                .0
                .iter()
                .find(|(name, _)| *first == b'$' && after.starts_with(name.as_bytes()));
            rest = match known {
                Some((name, value)) => {
                    filled.extend_from_slice(value.as_bytes());
                    &after[name.len()..]
                }
                None => {
                    filled.push(*first);
                    after
                }
            };
        }
        filled
    }
}
