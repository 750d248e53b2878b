use super::AccountRefusal;

/// In characters.
const LONGEST: usize = 100;

/// A person's first or last name: one line, trimmed, with nothing a mail's header or a page
/// would take for more than text.
pub(super) fn checked<'a>(name: &'a str, field: &'static str) -> Result<&'a str, AccountRefusal> {
    let name = name.trim();
    let harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '<' | '>')
    };
    let sound = (1..=LONGEST).contains(&name.chars().count()) && name.chars().all(harmless);
    sound.then_some(name).ok_or(AccountRefusal::Name(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_line_of_text() {
        for good in ["Ada", " Ada ", "Jean-Luc O'Neill", "王", "Müller"] {
            assert_eq!(checked(good, "first_name").unwrap(), good.trim());
        }
        let long = "a".repeat(101);
        for bad in ["", "  ", "a\r\nBcc: b", "a\0", "<b>", "a\u{202e}b", &long] {
            assert!(checked(bad, "first_name").is_err(), "{bad:?}");
        }
    }
}
