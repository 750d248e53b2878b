//! A user's passkeys, by his access token. Cognito is the relying party: what it asks the browser
//! and what the browser answers are passed on as they are.

use aws_smithy_types::{Document, Number};
use serde_json::Value;

use super::{AccountError, Accounts, Refusal};

/// Cognito lets a user have twenty.
const AT_ONCE: i32 = 20;

/// A passkey as a list shows it.
pub struct Passkey {
    /// Names it: base64url.
    pub id: String,
    /// For people.
    pub name: String,
    /// `platform` or `cross-platform`, where the authenticator told.
    pub attachment: Option<String>,
    /// Seconds since the Unix epoch.
    pub created_at: i64,
}

impl Accounts {
    /// `StartWebAuthnRegistration`: a `PublicKeyCredentialCreationOptionsJSON` for the browser.
    ///
    /// # Errors
    /// [`Refusal::NotOffered`], a token that is over, or any other.
    pub async fn start_passkey(&self, access_token: &str) -> Result<Value, AccountError> {
        let call = self.api.start_web_authn_registration();
        let started = call.access_token(access_token).send().await?;
        Ok(value(started.credential_creation_options))
    }

    /// `CompleteWebAuthnRegistration` with the browser's `RegistrationResponseJSON`.
    ///
    /// # Errors
    /// [`Refusal::PasskeyLate`], [`Refusal::PasskeyRefused`], or any other.
    pub async fn complete_passkey(
        &self,
        access_token: &str,
        credential: &Value,
    ) -> Result<(), AccountError> {
        let call = self.api.complete_web_authn_registration();
        call.access_token(access_token)
            .credential(document(credential))
            .send()
            .await?;
        Ok(())
    }

    /// `ListWebAuthnCredentials`.
    ///
    /// # Errors
    /// A token that is over, or any other.
    pub async fn passkeys(&self, access_token: &str) -> Result<Vec<Passkey>, AccountError> {
        let call = self.api.list_web_authn_credentials().max_results(AT_ONCE);
        let listed = call.access_token(access_token).send().await?;
        let passkeys = listed.credentials.into_iter().map(|passkey| Passkey {
            id: passkey.credential_id,
            name: passkey.friendly_credential_name,
            attachment: passkey.authenticator_attachment,
            created_at: passkey.created_at.secs(),
        });
        Ok(passkeys.collect())
    }

    /// `DeleteWebAuthnCredential`.
    ///
    /// # Errors
    /// [`Refusal::NoSuchPasskey`], or any other.
    pub async fn delete_passkey(&self, access_token: &str, id: &str) -> Result<(), AccountError> {
        let call = self.api.delete_web_authn_credential();
        let deleted = call.access_token(access_token).credential_id(id).send();
        match deleted.await.map_err(AccountError::from) {
            // The one resource that is named here.
            Err(AccountError::Misconfigured { error }) if error == "ResourceNotFoundException" => {
                Err(AccountError::Refused(Refusal::NoSuchPasskey))
            }
            deleted => deleted.map(drop),
        }
    }
}

fn value(document: Document) -> Value {
    match document {
        Document::Object(members) => {
            let member = |(name, member)| (name, value(member));
            Value::Object(members.into_iter().map(member).collect())
        }
        Document::Array(items) => Value::Array(items.into_iter().map(value).collect()),
        Document::Number(Number::PosInt(number)) => number.into(),
        Document::Number(Number::NegInt(number)) => number.into(),
        Document::Number(Number::Float(number)) => number.into(),
        Document::String(text) => Value::String(text),
        Document::Bool(flag) => Value::Bool(flag),
        Document::Null => Value::Null,
    }
}

fn document(value: &Value) -> Document {
    match value {
        Value::Object(members) => {
            let member = |(name, member): (&String, _)| (name.clone(), document(member));
            Document::Object(members.iter().map(member).collect())
        }
        Value::Array(items) => Document::Array(items.iter().map(document).collect()),
        Value::Number(number) => Document::Number(match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Number::PosInt(number),
            (None, Some(number)) => Number::NegInt(number),
            (None, None) => Number::Float(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Document::String(text.clone()),
        Value::Bool(flag) => Document::Bool(*flag),
        Value::Null => Document::Null,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_passes_through_as_it_is() {
        let all = json!({ "a": [1, -2, 0.5, true, null, "ü"], "b": {}, "c": u64::MAX });
        assert_eq!(value(document(&all)), all);
    }
}
