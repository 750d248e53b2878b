use std::fmt;
use std::ops::Range;

/// So many characters of a line are shown before, within and after what is meant.
const SHOWN: usize = 80;

/// Where in a file something stands, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
    /// What the line says.
    pub excerpt: Excerpt,
}

/// A line of a file, or of a long one the part in question; together these are what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// What stands before it.
    pub before: String,
    /// What is meant: empty at the end of a line.
    pub marked: String,
    /// What stands after it.
    pub after: String,
}

impl Place {
    /// Of these bytes of a text, as far as they are of one line.
    pub fn of(text: &str, bytes: Range<usize>) -> Self {
        let (above, rest) = text.split_at_checked(bytes.start).unwrap_or((text, ""));
        let before = above.rsplit('\n').next().unwrap_or(above);
        let rest = rest.lines().next().unwrap_or_default();
        let (marked, after) = rest.split_at_checked(bytes.len()).unwrap_or((rest, ""));
        Self {
            line: above.matches('\n').count() + 1,
            column: before.chars().count() + 1,
            excerpt: Excerpt {
                before: end_of(before),
                marked: start_of(marked),
                after: start_of(after),
            },
        }
    }
}

fn start_of(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
        None => text.to_owned(),
    }
}

fn end_of(text: &str) -> String {
    match text.char_indices().rev().nth(SHOWN - 1) {
        Some((start, _)) if start > 0 => format!("…{}", text.get(start..).unwrap_or_default()),
        _ => text.to_owned(),
    }
}

/// Something wrong with a schema or a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, as it was named.
    pub file: String,
    /// Where in it, if that is known.
    pub place: Option<Box<Place>>,
    /// What is wrong, in one line.
    pub message: String,
    /// What may help.
    pub hint: Option<String>,
}

impl Fault {
    /// Of a whole file, or of what is told in a file's place.
    #[must_use]
    pub fn new(file: impl Into<String>, message: impl fmt::Display) -> Self {
        Self {
            file: file.into(),
            place: None,
            message: one_line(&message.to_string()),
            hint: None,
        }
    }

    /// At this place.
    #[must_use]
    pub fn at(self, place: Place) -> Self {
        Self {
            place: Some(Box::new(place)),
            ..self
        }
    }

    /// With what may help.
    #[must_use]
    pub fn hint(self, hint: impl fmt::Display) -> Self {
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
        if let Some(Place { line, column, .. }) = self.place.as_deref() {
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

    #[test]
    fn a_place_is_counted_in_lines_and_characters() {
        let at = |offset| {
            let place = Place::of("ab\nçd\n", offset..offset);
            (place.line, place.column)
        };
        assert_eq!([at(0), at(2), at(3)], [(1, 1), (1, 3), (2, 1)]);
        assert_eq!([at(5), at(7), at(99)], [(2, 2), (3, 1), (3, 1)]);
    }

    #[test]
    fn a_place_shows_its_line_and_of_a_long_one_the_part_around_it() {
        let shown = |text: &str, bytes| {
            let Excerpt {
                before,
                marked,
                after,
            } = Place::of(text, bytes).excerpt;
            [before, marked, after]
        };
        assert_eq!(shown("a\r\nbcd\r\n", 4..5), ["b", "c", "d"]);
        assert_eq!(shown("a\nbcd\ne", 3..8), ["b", "cd", ""]);
        assert_eq!(shown("ab\n", 2..3), ["ab", "", ""]);
        let long = "ç".repeat(1000);
        for part in shown(&long, 500..900) {
            assert_eq!(part.chars().count(), SHOWN + 1, "{part}");
        }
    }

    #[test]
    fn a_fault_is_one_line_whatever_it_tells_of() {
        let fault = Fault::new("a.cedar", "no\n\x1b[31mgood").hint("try\nthis");
        assert_eq!(fault.to_string(), "a.cedar: no  [31mgood; try this");
    }
}
