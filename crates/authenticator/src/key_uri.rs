//! The key of an authenticator app, for its camera and for a person's fingers.

use qrcode::{Color, QrCode};
use url::form_urlencoded;

/// `otpauth://totp/…`, as Google Authenticator's Key URI Format says. The app shows the issuer
/// beside the name; the secret is in base32.
pub fn key_uri(issuer: &str, secret: &str, name: &str) -> String {
    let encoded = |text: &str| -> String {
        form_urlencoded::byte_serialize(text.as_bytes())
            .collect::<String>()
            .replace('+', "%20")
    };
    let issuer = encoded(issuer);
    format!(
        "otpauth://totp/{issuer}:{}?secret={secret}&issuer={issuer}",
        encoded(name)
    )
}

/// In groups of four characters.
pub fn grouped(secret: &str) -> String {
    let mut grouped = String::new();
    for (index, character) in secret.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            grouped.push(' ');
        }
        grouped.push(character);
    }
    grouped
}

/// A QR code as an SVG has it.
pub struct QrPath {
    /// The dark modules, for `d` of a `path`; one module is one unit.
    pub path: String,
    /// Of the whole square, with the margin of four that readers want.
    pub width: usize,
}

/// Nothing for a text that is too long.
pub fn qr_path(text: &str) -> Option<QrPath> {
    let code = QrCode::new(text).ok()?;
    let width = code.width();
    let path: String = code
        .into_colors()
        .into_iter()
        .enumerate()
        .filter(|(_, color)| *color == Color::Dark)
        .map(|(index, _)| format!("M{} {}h1v1h-1z", index % width + 4, index / width + 4))
        .collect();
    Some(QrPath {
        path,
        width: width + 8,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_grouped_and_its_uri_encoded() {
        assert_eq!(grouped("ABCDEFGHIJ"), "ABCD EFGH IJ");
        assert_eq!(
            key_uri("Cogward local pool", "ABCD", "a&b+c@example.com"),
            "otpauth://totp/Cogward%20local%20pool:a%26b%2Bc%40example.com?secret=ABCD\
             &issuer=Cogward%20local%20pool"
        );
    }

    #[test]
    fn a_code_has_its_three_corners_and_a_margin() {
        let code = qr_path("otpauth://totp/x?secret=ABCD").unwrap();
        let QrPath { path, width } = code;
        assert!((29..=185).contains(&width), "{width}");
        let dark = |x: usize, y: usize| path.contains(&format!("M{x} {y}h1v1h-1z"));
        let far = width - 11;
        for (x, y) in [(4, 4), (far, 4), (4, far)] {
            assert_eq!(
                [dark(x, y), dark(x + 1, y + 1), dark(x + 2, y + 2)],
                [true, false, true]
            );
        }
        assert!(!dark(3, 3) && !dark(width - 4, 4));
        assert!(qr_path(&"x".repeat(5000)).is_none());
    }
}
