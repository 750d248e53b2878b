//! Tokens, told from random text that begins as they do.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// Whether a JWT stands anywhere in the text, signed or encrypted: a header (RFC 7515 §4, RFC 7516
/// §4) and a dot. The first letters of one are in random text now and then.
pub fn holds_a_token(text: &str) -> bool {
    let beginnings = text.match_indices("eyJ");
    beginnings
        .into_iter()
        .any(|(at, _)| begins_one(&text[at..]))
}

fn begins_one(text: &str) -> bool {
    let (header, _) = text.split_once('.').unwrap_or_default();
    let header = URL_SAFE_NO_PAD.decode(header);
    header.is_ok_and(|header| serde_json::from_slice::<Map<String, Value>>(&header).is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Signer;

    #[test]
    fn a_token_is_found_wherever_it_stands() {
        let token = Signer::new("key").sign(&json!({ "sub": "somebody" }));
        assert!(holds_a_token(&token));
        assert!(holds_a_token(&format!("of.eyJ dataeyJ{token}\"")));
        assert!(holds_a_token("cookie=eyJjdHkiOiJKV1QifQ.x"));
    }

    #[test]
    fn random_text_is_none() {
        for text in [
            "",
            "eyJ",
            "eyJ.",
            "state=7eyJpGq&nonce=a.b",
            "aeyJhbGci.eyJ é",
        ] {
            assert!(!holds_a_token(text), "{text}");
        }
    }
}
