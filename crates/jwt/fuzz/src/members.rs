//! The members of a JSON object, found by hand: not by the reader that is under test. It takes
//! more than JSON for JSON, for what it is given was accepted as JSON before.

pub(crate) struct Members<'j>(Vec<(String, &'j [u8])>);

impl<'j> Members<'j> {
    /// None for anything but an object whose names are distinct.
    pub(crate) fn read(json: &'j [u8]) -> Option<Self> {
        let mut rest = json.trim_ascii().strip_prefix(b"{")?.strip_suffix(b"}")?;
        let mut members: Vec<(String, &[u8])> = Vec::new();
        while !rest.trim_ascii().is_empty() {
            let (member, after) = rest.split_at(end_of(rest, b','));
            let (name, value) = member.split_at(end_of(member, b':'));
            let name = text(name)?;
            if members.iter().any(|(known, _)| *known == name) {
                return None;
            }
            members.push((name, value.strip_prefix(b":")?.trim_ascii()));
            rest = after.strip_prefix(b",").unwrap_or_default();
        }
        Some(Self(members))
    }

    fn value(&self, name: &str) -> Option<&'j [u8]> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| *value)
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        text(self.value(name)?)
    }

    /// Digits and nothing else.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        let digits = self.value(name)?;
        let only = digits.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(digits)
            .ok()?
            .parse()
            .ok()
            .filter(|_| only)
    }

    /// An array of strings.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let mut rest = self.value(name)?.strip_prefix(b"[")?.strip_suffix(b"]")?;
        let mut texts = Vec::new();
        while !rest.trim_ascii().is_empty() {
            let (element, after) = rest.split_at(end_of(rest, b','));
            texts.push(text(element)?);
            rest = after.strip_prefix(b",").unwrap_or_default();
        }
        Some(texts)
    }

    pub(crate) fn sole_text(&self, name: &str) -> Option<String> {
        <[String; 1]>::try_from(self.texts(name)?)
            .ok()
            .map(|[sole]| sole)
    }
}

/// Where this separator stands first, outside strings, arrays and objects; or the end.
fn end_of(json: &[u8], separator: u8) -> usize {
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    for (at, byte) in json.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            _ if depth == 0 && *byte == separator => return at,
            _ => {}
        }
    }
    json.len()
}

/// A string without its quotes and escapes (RFC 8259 §7).
fn text(json: &[u8]) -> Option<String> {
    let inner = std::str::from_utf8(json.trim_ascii()).ok()?;
    let mut rest = inner.strip_prefix('"')?.strip_suffix('"')?;
    let mut units = Vec::new();
    while let Some(at) = rest.find('\\') {
        units.extend(rest[..at].encode_utf16());
        let (unit, length) = match rest.as_bytes().get(at + 1)? {
            b'u' => (u16::from_str_radix(rest.get(at + 2..at + 6)?, 16).ok()?, 6),
            b'b' => (0x08, 2),
            b'f' => (0x0c, 2),
            b'n' => (0x0a, 2),
            b'r' => (0x0d, 2),
            b't' => (0x09, 2),
            other => (u16::from(*other), 2),
        };
        units.push(unit);
        rest = &rest[at + length..];
    }
    units.extend(rest.encode_utf16());
    String::from_utf16(&units).ok()
}
