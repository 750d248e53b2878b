//! Sessions as a table that a terminal can show.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use super::Session;
use crate::moment::{relative, utc};
use crate::printable::printable;

const HEAD: [&str; 5] = ["Handle", "Since", "Last used", "Address", "Browser"];
/// What the last column keeps on a narrow terminal.
const LEAST: usize = 12;

/// Columns of the terminal; as many as there are when nobody looks.
pub(super) fn width() -> usize {
    let terminal = std::io::stdout().is_terminal();
    let size = terminal.then(terminal_size::terminal_size).flatten();
    match (terminal, size) {
        (false, _) => usize::MAX,
        (true, None) => 80,
        (true, Some((width, _))) => width.0.into(),
    }
}

/// A line for each, and a heading; what a stranger sent is escaped, and cut to `width`.
pub(super) fn table(sessions: &[Session], now: i64, width: usize) -> String {
    let rows: Vec<[String; 5]> = sessions.iter().map(|session| row(session, now)).collect();
    let widths: [usize; 5] = std::array::from_fn(|column| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let longest = cells.map(|cell| cell.chars().count()).max();
        let head = HEAD.get(column).map(|head| head.len());
        longest.max(head).unwrap_or_default()
    });
    let dim = anstyle::Style::new().dimmed();
    let mut lines = format!("{dim}{}{dim:#}\n", line(HEAD, widths, width));
    for row in &rows {
        let cells = row.each_ref().map(String::as_str);
        // Writing into a string does not fail.
        let _written = writeln!(lines, "{}", line(cells, widths, width));
    }
    lines
}

fn row(session: &Session, now: i64) -> [String; 5] {
    let or_dash = |text: &Option<String>| match text.as_deref().map(printable) {
        Some(text) if !text.trim().is_empty() => text,
        _ => "-".to_owned(),
    };
    let since = utc(session.created_at).unwrap_or_default();
    [
        session.handle.to_string(),
        // Without the seconds.
        since.get(..16).unwrap_or_default().to_owned(),
        relative(session.last_seen_at, now),
        or_dash(&session.address),
        or_dash(&session.user_agent),
    ]
}

fn line(cells: [&str; 5], widths: [usize; 5], width: usize) -> String {
    let [handle, since, used, address, browser] = cells;
    let [a, b, c, d, _] = widths;
    let before = format!("  {handle:<a$}  {since:<b$}  {used:<c$}  {address:<d$}  ");
    let room = width.saturating_sub(before.chars().count()).max(LEAST);
    let browser = match browser.chars().count() > room {
        true => browser.chars().take(room - 1).chain(['…']).collect(),
        false => browser.to_owned(),
    };
    before + &browser
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

    fn session(address: &str, user_agent: Option<&str>) -> Session {
        Session {
            handle: "k3vq7mzd".parse().unwrap(),
            created_at: 1_790_000_000,
            last_seen_at: 1_790_003_600,
            user_agent: user_agent.map(str::to_owned),
            address: Some(address.to_owned()),
        }
    }

    fn lines(sessions: &[Session], width: usize) -> Vec<String> {
        let table = table(sessions, 1_790_003_900, width);
        let plain = anstream::adapter::strip_str(&table).to_string();
        plain.lines().map(str::to_owned).collect()
    }

    #[test]
    fn columns_stand_below_each_other_within_the_width() {
        let sessions = [session("192.0.2.7", Some(FIREFOX)), session("::1", None)];
        let lines = lines(&sessions, 80);
        assert_eq!(
            lines[0],
            "  Handle    Since             Last used      Address    Browser"
        );
        assert_eq!(
            lines[1],
            "  k3vq7mzd  2026-09-21 14:13  5 minutes ago  192.0.2.7  Mozilla/5.0 (X11; Linux…"
        );
        assert_eq!(lines[1].chars().count(), 80);
        assert!(lines[2].ends_with("::1        -"), "{}", lines[2]);
    }

    #[test]
    fn nobody_looking_gets_all_of_it() {
        let sessions = [session("192.0.2.7", Some(FIREFOX))];
        assert!(lines(&sessions, usize::MAX)[1].ends_with(FIREFOX));
    }

    #[test]
    fn a_hostile_browser_reaches_no_terminal() {
        let hostile = "\u{1b}]0;owned\u{7}\r\nk3vq7mzd  \u{202e}";
        let table = table(&[session("192.0.2.7", Some(hostile))], 0, usize::MAX);
        let plain = anstream::adapter::strip_str(&table).to_string();
        assert_eq!(plain.lines().count(), 2);
        assert!(plain.contains("\\u001b]0;owned\\u0007"), "{plain}");
        assert!(!plain.chars().any(|char| char.is_control() && char != '\n'));
    }
}
