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
