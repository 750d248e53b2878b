/// Whether a text is of one of the model's patterns. They are few and simple, so each is told
/// here; one that is not known matches nothing, and a test names it.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    match pattern {
        r"[\w+]+" => some(text, |c| word(c) || c == '+'),
        r"[\w+-]+" => some(text, |c| word(c) || matches!(c, '+' | '-')),
        r"[\w+=/]+" => some(text, |c| word(c) || matches!(c, '+' | '=' | '/')),
        r"[A-Za-z0-9-_=.]+" => some(text, |c| word(c) || matches!(c, '-' | '=' | '.')),
        r"[0-9]+" => some(text, |c| c.is_ascii_digit()),
        r"[\S]+" => some(text, |c| !c.is_whitespace()),
        r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+" => some(text, visible),
        r"[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r ]+" => some(text, |c| {
            visible(c) || matches!(c, '\t' | '\n' | '\r' | ' ')
        }),
        r"[\w-]+_[0-9a-zA-Z]+" => split(text, |c| c.is_ascii_alphanumeric()),
        r"[\w-]+_[0-9a-f-]+" => split(text, |c| matches!(c, '0'..='9' | 'a'..='f' | '-')),
        r"^(tkn|sso)[a-z0-9]{25}$" => {
            text.len() == 28
                && (text.starts_with("tkn") || text.starts_with("sso"))
                && text.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9'))
        }
        _ if pattern.starts_with("arn:") => arn(text),
        _ => false,
    }
}

fn some(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(allowed)
}

/// `\w`, as Java and the SDKs read it.
fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Letters, marks, symbols, numbers and punctuation: all that is neither space nor control.
fn visible(c: char) -> bool {
    !c.is_whitespace() && !c.is_control()
}

/// `[\w-]+_` and then at least one character that is allowed.
fn split(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    text.rsplit_once('_')
        .is_some_and(|(region, rest)| some(region, |c| word(c) || c == '-') && some(rest, allowed))
}

/// `arn:partition:service:region:account:resource`, with up to two parts more.
fn arn(text: &str) -> bool {
    let parts: Vec<_> = text.split(':').collect();
    let plain = |part: &&str| part.chars().all(|c| word(c) || "+=/,.@-".contains(c));
    match parts.as_slice() {
        ["arn", partition, service, region, account, resource @ ..] => {
            (1..=3).contains(&resource.len())
                && some(account, |c| c.is_ascii_digit())
                && [partition, service]
                    .into_iter()
                    .chain(resource)
                    .all(|part| !part.is_empty() && plain(part))
                && plain(region)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn every_pattern_of_the_model_is_known() {
        let model = include_str!("cognito-idp.json");
        let model: serde_json::Value = serde_json::from_str(model).unwrap();
        let mut patterns = Vec::new();
        collect(&model, &mut patterns);
        patterns.sort_unstable();
        patterns.dedup();
        assert!(patterns.len() > 5);
        for pattern in patterns {
            let samples = [
                "a",
                "1",
                "us-east-1_abc1",
                "tkn0123456789abcdefghijklmno",
                "arn:aws:iam::123456789012:role/x",
            ];
            assert!(
                samples.iter().any(|sample| matches(&pattern, sample)),
                "{pattern}"
            );
            assert!(!matches(&pattern, " \u{1}"), "{pattern}");
        }
    }

    #[test]
    fn ids_are_read_as_their_patterns_say() {
        assert!(matches(r"[\w-]+_[0-9a-f-]+", "us-east-1_0a1b-22"));
        assert!(!matches(r"[\w-]+_[0-9a-f-]+", "us-east-1_xyz"));
        assert!(!matches(r"[\w-]+_[0-9a-zA-Z]+", "us-east-1"));
        assert!(!matches(r"^(tkn|sso)[a-z0-9]{25}$", "tkn"));
        assert!(!matches(r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", "a b"));
        assert!(matches(r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", "grüße@例え.jp"));
    }

    fn collect(value: &serde_json::Value, patterns: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(members) => {
                for (name, value) in members {
                    match value {
                        serde_json::Value::String(text) if name == "pattern" => {
                            patterns.push(text.clone());
                        }
                        _ => collect(value, patterns),
                    }
                }
            }
            serde_json::Value::Array(items) => {
                for item in items {
                    collect(item, patterns);
                }
            }
            _ => {}
        }
    }
}
