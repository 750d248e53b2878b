//! Times for people.

use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

const UTC: StaticFormatDescription =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");

/// Claims and header parameters that are seconds since the Unix epoch.
pub(crate) const TIMES: [&str; 5] = ["exp", "iat", "nbf", "auth_time", "updated_at"];

/// `2026-11-21 08:26:40 UTC`; none before the year 1970 and after 9999.
pub(crate) fn utc(at: i64) -> Option<String> {
    let at = u64::try_from(at).ok()?;
    let time = OffsetDateTime::from_unix_timestamp(i64::try_from(at).ok()?).ok()?;
    time.format(UTC).ok()
}

/// `3 minutes ago`, `in 3 minutes`; what is now is over.
pub(crate) fn relative(at: i64, now: i64) -> String {
    let seconds = at.abs_diff(now);
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    match at <= now {
        true => format!("{count} {unit}{plural} ago"),
        false => format!("in {count} {unit}{plural}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_or_nothing() {
        assert_eq!(utc(0).unwrap(), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(253_402_300_799).unwrap(), "9999-12-31 23:59:59 UTC");
        for outside in [i64::MIN, -1, 253_402_300_800, 1_763_713_600_000, i64::MAX] {
            assert_eq!(utc(outside), None, "{outside}");
        }
    }

    #[test]
    fn distances_are_in_the_unit_that_fits() {
        for (seconds, expected) in [
            (0, "0 seconds ago"),
            (-1, "1 second ago"),
            (119, "in 119 seconds"),
            (120, "in 2 minutes"),
            (-3600, "60 minutes ago"),
            (7200, "in 2 hours"),
            (-172_800, "2 days ago"),
        ] {
            assert_eq!(relative(1000 + seconds, 1000), expected);
        }
        assert!(relative(i64::MAX, i64::MIN).ends_with("days"));
    }
}
