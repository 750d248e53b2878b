//! Faults as compilers tell them: the place, the line, and what may help.

use std::fmt::Write as _;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use cogward_policy::{Excerpt, Fault};

use crate::failure::Failure;
use crate::printable::printable;

/// Says all of them and how many there are; the failure says no more.
pub(super) fn faults(faults: &[Fault]) -> Failure {
    let red = AnsiColor::Red.on_default().bold();
    for fault in faults {
        say(&shown(fault, "", red));
    }
    let many = counted(faults.len(), "fault", "faults");
    say(&format!("{red}{many}{red:#}\n"));
    Failure::said()
}

pub(super) fn warnings(warnings: &[Fault]) {
    let yellow = AnsiColor::Yellow.on_default().bold();
    for warning in warnings {
        say(&shown(warning, "warning: ", yellow));
    }
}

/// `1 policy`, `2 policies`
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn say(text: &str) {
    // A closed terminal is no reason to fail differently.
    let _unseen = write!(anstream::stderr(), "{text}");
}

fn shown(fault: &Fault, kind: &str, colour: Style) -> String {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let mut text = format!("{bold}{}", printable(&fault.file));
    // Writing into a string does not fail.
    if let Some(place) = &fault.place {
        let _written = write!(text, ":{}:{}", place.line, place.column);
    }
    let message = printable(&fault.message);
    let _written = writeln!(text, ":{bold:#} {colour}{kind}{colour:#}{message}");
    if let Some(place) = &fault.place {
        let Excerpt {
            before,
            marked,
            after,
        } = &place.excerpt;
        let (before, marked) = (printable(before), printable(marked));
        let line = place.line.to_string();
        let (gutter, indent) = (" ".repeat(line.len()), " ".repeat(before.chars().count()));
        let carets = "^".repeat(marked.chars().count().max(1));
        let _written = writeln!(
            text,
            "{dim}  {line} |{dim:#} {before}{marked}{}\n{dim}  {gutter} |{dim:#} {indent}{colour}{carets}{colour:#}",
            printable(after)
        );
    }
    if let Some(hint) = &fault.hint {
        let cyan = AnsiColor::Cyan.on_default();
        let _written = writeln!(text, "{cyan}help:{cyan:#} {}", printable(hint));
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use cogward_policy::Place;

    use super::*;

    fn plain(fault: &Fault) -> String {
        let shown = shown(fault, "", Style::new());
        anstream::adapter::strip_str(&shown).to_string()
    }

    #[test]
    fn the_mark_stands_below_what_is_meant_whatever_is_in_the_line() {
        let line = "\tü\u{202e}\u{1b} wrong;";
        let at = line.find("wrong").unwrap();
        let place = Place::of(line, at..at + 5);
        let shown = plain(&Fault::new("a.cedar", "no").at(place));
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines[0], "a.cedar:1:6: no");
        assert_eq!(lines[1], "  1 |  ü\\u202e\\u001b wrong;");
        assert_eq!(
            lines[1].find("wrong").unwrap() - 1,
            lines[2].find('^').unwrap()
        );
        assert!(lines[2].ends_with(" ^^^^^"), "{shown}");
    }

    #[test]
    fn what_is_nowhere_in_particular_has_no_line() {
        let shown = plain(&Fault::new("folder", "no\nfile").hint("try"));
        assert_eq!(shown, "folder: no file\nhelp: try\n\n");
    }
}
