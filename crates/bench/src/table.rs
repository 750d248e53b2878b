//! What is printed.

use std::io::Write as _;

/// A line on standard output; nobody is left to tell when that is closed.
pub(crate) fn say(line: &str) {
    let _closed = writeln!(std::io::stdout(), "{line}");
}

/// The head of a Markdown table, the first column to the left.
pub(crate) fn head(columns: &[&str]) {
    say(&format!("\n| {} |", columns.join(" | ")));
    say(&format!(
        "|---|{}",
        "---:|".repeat(columns.len().saturating_sub(1))
    ));
}

/// The same, every column to the left.
pub(crate) fn head_of_words(columns: &[&str]) {
    say(&format!("\n| {} |", columns.join(" | ")));
    say(&format!("|{}", "---|".repeat(columns.len())));
}

pub(crate) fn row(cells: &[String]) {
    say(&format!("| {} |", cells.join(" | ")));
}

/// The middle one, and the whole range.
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
        Self {
            median: at(values.len() / 2),
            min: at(0),
            max: at(values.len().saturating_sub(1)),
        }
    }
}
