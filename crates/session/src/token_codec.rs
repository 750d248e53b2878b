//! Tokens as bytes. A JWT or JWE in compact form is kept as its decoded parts, a quarter
//! smaller, when encoding them again gives the same text; any other token as it is.
//!
//! Per token: number of parts (0: one part, kept as text), then each part with its length as
//! LEB128. The refresh token, when there is one, follows the access and the ID token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::record::{Token, TokenSet};

/// More than any JWS (3) or JWE (5) has.
const MAX_PARTS: usize = 8;
const TEXT: u8 = 0;

/// An upper bound of what [`encode`] appends; it never makes `out` grow beyond.
pub(crate) fn max_len(tokens: &TokenSet) -> usize {
    all(tokens)
        .map(|token| token.expose().len() + 1 + MAX_PARTS * LEN_BYTES)
        .sum()
}

pub(crate) fn encode(tokens: &TokenSet, out: &mut Vec<u8>) {
    for token in all(tokens) {
        let start = out.len();
        if encode_parts(token.expose(), out).is_none() {
            out.truncate(start);
            out.push(TEXT);
            put_part(token.expose().as_bytes(), out);
        }
    }
}

pub(crate) fn decode(mut bytes: &[u8]) -> Option<TokenSet> {
    let input = &mut bytes;
    let tokens = TokenSet {
        access_token: take_token(input)?,
        id_token: take_token(input)?,
        refresh_token: if input.is_empty() {
            None
        } else {
            Some(take_token(input)?)
        },
    };
    input.is_empty().then_some(tokens)
}

fn all(tokens: &TokenSet) -> impl Iterator<Item = &Token> {
    [&tokens.access_token, &tokens.id_token]
        .into_iter()
        .chain(&tokens.refresh_token)
}

/// `None` when the text is not canonical: base64url refuses padding and loose bits itself.
fn encode_parts(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let count = text.split('.').count();
    if count > MAX_PARTS {
        return None;
    }
    out.push(u8::try_from(count).ok()?);
    for part in text.split('.') {
        let len = part.len() / 4 * 3 + [0, 0, 1, 2].get(part.len() % 4)?;
        put_len(len, out);
        let start = out.len();
        out.resize(start + len, 0);
        let written = URL_SAFE_NO_PAD
            .decode_slice(part, out.get_mut(start..)?)
            .ok()?;
        if written != len {
            return None;
        }
    }
    Some(())
}

fn take_token(input: &mut &[u8]) -> Option<Token> {
    let (&count, rest) = input.split_first()?;
    *input = rest;
    if count == TEXT {
        return Some(Token::from(
            str::from_utf8(take_part(input)?).ok()?.to_owned(),
        ));
    }
    if usize::from(count) > MAX_PARTS {
        return None;
    }
    // Sized up front: growing would leave pieces of the token behind in freed memory.
    let mut text = Zeroizing::new(String::with_capacity(
        input.len() / 3 * 4 + 4 + MAX_PARTS * 3,
    ));
    for number in 0..count {
        if number > 0 {
            text.push('.');
        }
        URL_SAFE_NO_PAD.encode_string(take_part(input)?, &mut text);
    }
    Some(Token::from(text.as_str().to_owned()))
}

fn put_part(part: &[u8], out: &mut Vec<u8>) {
    put_len(part.len(), out);
    out.extend_from_slice(part);
}

fn take_part<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = take_len(input)?;
    let (part, rest) = input.split_at_checked(len)?;
    *input = rest;
    Some(part)
}

/// Lengths take four bytes at most: 256 MiB, far beyond what a request may carry.
const LEN_BYTES: usize = 4;

fn put_len(mut len: usize, out: &mut Vec<u8>) {
    loop {
        let [low, ..] = len.to_le_bytes();
        len >>= 7;
        if len == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

fn take_len(input: &mut &[u8]) -> Option<usize> {
    let mut len = 0;
    for shift in 0..LEN_BYTES {
        let (&byte, rest) = input.split_first()?;
        *input = rest;
        len |= usize::from(byte & 0x7f) << (7 * shift);
        if byte & 0x80 == 0 {
            return Some(len);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_jwt_takes_three_quarters_of_its_text() {
        let jwt = format!(
            "{}.{}.{}",
            "A".repeat(120),
            "A".repeat(800),
            "A".repeat(344)
        );
        let plain = encoded(&set(&jwt, &jwt, Some(&jwt)));
        assert_eq!(plain.len(), 3 * (1 + 1 + 90 + 2 + 600 + 2 + 258));
    }

    #[test]
    fn every_kind_of_text_comes_back() {
        for text in [
            "",
            ".",
            "..",
            "a",
            "ab",
            "eyJh.eyJi.c2ln",
            "eyJh..aXY.Y3Q.dGFn",
            "eyJh.eyJi.c2ln=",
            "eyJh.eyJi.c2lo+",
            "eyJh.eyJi.c2l",
            "AB.AA.AQ",
            "not a token",
            "\u{e9}\0\r\n",
            &".".repeat(MAX_PARTS - 1),
            &".".repeat(MAX_PARTS),
            &"A".repeat(70_000),
        ] {
            for refresh in [None, Some(text), Some("other")] {
                round_trip(&set(text, "x.y.z", refresh));
                round_trip(&set("AAAA.AAAA.AAAA", text, refresh));
            }
        }
    }

    #[test]
    fn every_cut_is_refused() {
        let plain = encoded(&set("eyJh.eyJi.c2ln", "text, really", Some("eyJh..aXY")));
        let whole_without_refresh = encoded(&set("eyJh.eyJi.c2ln", "text, really", None)).len();
        for end in (0..plain.len()).filter(|end| *end != whole_without_refresh) {
            assert!(decode(&plain[..end]).is_none(), "{end}");
        }
        assert!(decode(&[&*plain, &[0]].concat()).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_are_refused(bytes: Vec<u8>) {
            if let Some(tokens) = decode(&bytes) {
                round_trip(&tokens);
            }
        }

        #[test]
        fn any_text_comes_back(access in ".*", id in "[A-Za-z0-9_=.-]*", refresh: Option<String>) {
            round_trip(&set(&access, &id, refresh.as_deref()));
        }

        #[test]
        fn any_jwt_comes_back(parts in prop::collection::vec(any::<Vec<u8>>(), 1..10)) {
            let parts: Vec<_> = parts.iter().map(|part| URL_SAFE_NO_PAD.encode(part)).collect();
            round_trip(&set(&parts.join("."), "", Some(&parts.concat())));
        }
    }

    fn round_trip(tokens: &TokenSet) {
        let texts = |tokens: &TokenSet| -> Vec<String> {
            all(tokens).map(|token| token.expose().to_owned()).collect()
        };
        assert_eq!(texts(&decode(&encoded(tokens)).unwrap()), texts(tokens));
    }

    fn encoded(tokens: &TokenSet) -> Vec<u8> {
        let mut plain = Vec::with_capacity(max_len(tokens));
        let space = plain.capacity();
        encode(tokens, &mut plain);
        assert_eq!(plain.capacity(), space, "grew and left a copy behind");
        plain
    }

    fn set(access: &str, id: &str, refresh: Option<&str>) -> TokenSet {
        let token = |text: &str| Token::from(text.to_owned());
        TokenSet {
            access_token: token(access),
            id_token: token(id),
            refresh_token: refresh.map(token),
        }
    }
}
