//! Why a token is not good, told so that a person can do something about it.

use cogward_jwt::{UnverifiedToken, VerifyError};
use serde_json::{Map, Value};

use super::inspect::advice;
use super::notes::notes;
use super::show::{shown_claim, shown_value};
use crate::args::{TokenUse, Verify};
use crate::failure::Failure;
use crate::moment::{relative, utc};

/// So many key names tell enough.
const KIDS: usize = 8;

/// A token that is not good, and what was wanted.
pub(super) struct Refusal<'r> {
    pub(super) args: &'r Verify,
    pub(super) token_use: Option<TokenUse>,
    pub(super) token: &'r str,
    pub(super) issuer: &'r str,
    pub(super) clients: &'r [String],
    /// The names of the keys there are.
    pub(super) kids: &'r [String],
    pub(super) now: i64,
}

impl Refusal<'_> {
    /// One line with what the token says against what is wanted, and a hint.
    pub(super) fn of(&self, error: &VerifyError) -> Failure {
        let token = match UnverifiedToken::read(self.token) {
            Ok(token) => token,
            Err(unreadable) => {
                let failure = Failure::new(format!("{error}: {unreadable}"));
                return failure.hint(advice(unreadable));
            }
        };
        let failure = match self.detail(error, &token) {
            Some(detail) => Failure::new(format!("{error}: {detail}")),
            None => Failure::new(error.to_string()),
        };
        failure.hint(match hint(error) {
            Some(hint) => hint.to_owned(),
            None if matches!(error, VerifyError::UnknownKey) => self.keys(&token.unverified_claims),
            None => {
                let mut notes = notes(&token, self.token.len(), self.now);
                notes.push("`cogward token inspect` shows what it says".to_owned());
                notes.join("; ")
            }
        })
    }

    /// What the token says against what is wanted.
    fn detail(&self, error: &VerifyError, token: &UnverifiedToken) -> Option<String> {
        let claims = &token.unverified_claims;
        let says = |name: &str, wanted: String| {
            let said = shown_claim(claims, name);
            format!("{name} is {said}, wanted {wanted}")
        };
        Some(match error {
            VerifyError::UnknownKey => {
                format!("kid {}", shown_claim(&token.unverified_header, "kid"))
            }
            VerifyError::Issuer => says("iss", quoted(self.issuer)),
            VerifyError::Audience => {
                let access = claims.get("token_use").is_some_and(|kind| kind == "access");
                let name = if access { "client_id" } else { "aud" };
                says(name, listed(self.clients, " or "))
            }
            VerifyError::TokenUse => says("token_use", self.wanted_use().to_owned()),
            VerifyError::Claim { name } => format!("it is {}", shown_claim(claims, name)),
            VerifyError::Group => says("cognito:groups", listed(&self.args.group, " and ")),
            VerifyError::Scope => says("scope", listed(&self.args.scope, " and ")),
            VerifyError::Expired => self.time(claims, "exp")?,
            VerifyError::NotYetValid => ["nbf", "iat"]
                .iter()
                .filter(|name| claims.get(**name).and_then(Value::as_i64) > Some(self.now))
                .find_map(|name| self.time(claims, name))?,
            _ => return None,
        })
    }

    fn wanted_use(&self) -> &'static str {
        match self.token_use {
            Some(TokenUse::Id) => "\"id\"",
            Some(TokenUse::Access) => "\"access\"",
            None => "\"id\" or \"access\"",
        }
    }

    fn time(&self, claims: &Map<String, Value>, name: &str) -> Option<String> {
        let at = claims.get(name)?.as_i64()?;
        Some(format!(
            "{name} is {}, {}",
            utc(at)?,
            relative(at, self.now)
        ))
    }

    /// An unknown key is another pool's more often than a new one.
    fn keys(&self, claims: &Map<String, Value>) -> String {
        let (shown, others) = self.kids.split_at(self.kids.len().min(KIDS));
        let mut hint = format!("the key set has {}", listed(shown, ", "));
        if !others.is_empty() {
            hint += &format!(" and {} more", others.len());
        }
        if claims.get("iss").is_none_or(|issuer| issuer != self.issuer) {
            let said = shown_claim(claims, "iss");
            hint += &format!("; iss is {said}, wanted {}", quoted(self.issuer));
        }
        hint
    }
}

/// What a person can do; none where that depends on the token.
fn hint(error: &VerifyError) -> Option<&'static str> {
    Some(match error {
        VerifyError::Signature => {
            "it was changed, or signed by somebody else; was it copied in full?"
        }
        VerifyError::Issuer => "it is from another user pool, or the issuer is spelt another way",
        VerifyError::Audience => "--client names whose tokens count; it can be repeated",
        VerifyError::TokenUse => "--use says which kind is wanted; --scope wants an access token",
        VerifyError::Expired => {
            "sign in again or refresh; --leeway where clocks differ, --at for another time"
        }
        VerifyError::NotYetValid => "is this machine's clock right? --leeway where clocks differ",
        VerifyError::Group => "groups are those of the time when the token was made: refresh it",
        VerifyError::Scope => "scopes are asked for at sign-in, of those the app client may have",
        _ => return None,
    })
}

fn listed(texts: &[String], between: &str) -> String {
    let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
    texts.join(between)
}

fn quoted(text: &str) -> String {
    shown_value(&text.into())
}
