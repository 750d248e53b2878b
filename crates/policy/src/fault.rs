use std::fmt;

/// Where in a file something stands, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
}

#[cfg(feature = "cedar")]
impl Place {
    /// Of the byte at `offset`.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or(before);
        Self {
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        }
    }
}

/// Something wrong with a schema or a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, as it was named.
    pub file: String,
    /// Where in it, if that is known.
    pub place: Option<Place>,
    /// What is wrong, in one line.
    pub message: String,
    /// What may help.
    pub hint: Option<String>,
}

impl Fault {
    pub(crate) fn new(file: impl Into<String>, message: impl fmt::Display) -> Self {
        Self {
            file: file.into(),
            place: None,
            message: one_line(&message.to_string()),
            hint: None,
        }
    }

    pub(crate) fn hint(self, hint: impl fmt::Display) -> Self {
        Self {
            hint: Some(one_line(&hint.to_string())),
            ..self
        }
    }
}

/// `policies/editors.cedar:4:5: unrecognized action …; did you mean …?`
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(Place { line, column }) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// Why a set of policies is not taken into use: never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(Fault::to_string).collect::<Vec<_>>().join("; "))]
pub struct Faults(pub Vec<Fault>);

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

/// What comes from files goes into logs and terminals.
fn one_line(text: &str) -> String {
    let seen = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(seen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "cedar")]
    #[test]
    fn a_place_is_counted_in_lines_and_characters() {
        let at = |offset| {
            let place = Place::of("ab\nçd\n", offset);
            (place.line, place.column)
        };
        assert_eq!([at(0), at(2), at(3)], [(1, 1), (1, 3), (2, 1)]);
        assert_eq!([at(5), at(7), at(99)], [(2, 2), (3, 1), (3, 1)]);
    }

    #[test]
    fn a_fault_is_one_line_whatever_it_tells_of() {
        let fault = Fault::new("a.cedar", "no\n\x1b[31mgood").hint("try\nthis");
        assert_eq!(fault.to_string(), "a.cedar: no  [31mgood; try this");
    }
}
