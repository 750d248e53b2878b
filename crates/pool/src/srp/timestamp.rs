use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// How far a client's clock may be off, in seconds. Cognito does not tell its own bound.
const LEEWAY: i64 = 5 * 60;

/// `EEE MMM d HH:mm:ss UTC yyyy`, in English: `Mon Feb 3 08:05:09 UTC 2025`.
const FORMAT: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short] [month repr:short] [day padding:none] [hour]:[minute]:[second] UTC [year]"
);

/// Whether `text` is the one way to write a time near `now` (seconds since the epoch).
pub(super) fn is_current(text: &str, now: i64) -> bool {
    let Ok(time) = PrimitiveDateTime::parse(text, FORMAT) else {
        return false;
    };
    // Parsing forgives a padded day and a wrong weekday, as Cognito does not.
    let seconds = time.assume_utc().unix_timestamp();
    written(seconds).as_deref() == Some(text) && seconds.abs_diff(now) <= LEEWAY.unsigned_abs()
}

fn written(seconds: i64) -> Option<String> {
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    time.format(FORMAT).ok()
}

/// The time as a client writes it.
#[cfg(test)]
pub(super) fn of(seconds: i64) -> String {
    written(seconds).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2025-02-03 08:05:09, a Monday.
    const NOW: i64 = 1_738_569_909;

    #[test]
    fn the_one_way_to_write_a_time_is_taken() {
        assert!(is_current("Mon Feb 3 08:05:09 UTC 2025", NOW));
        assert_eq!(of(NOW), "Mon Feb 3 08:05:09 UTC 2025");
        for wrong in [
            "Mon Feb 03 08:05:09 UTC 2025",
            "Mon Feb  3 08:05:09 UTC 2025",
            "Tue Feb 3 08:05:09 UTC 2025",
            "Monday Feb 3 08:05:09 UTC 2025",
            "mon feb 3 08:05:09 UTC 2025",
            "Mon February 3 08:05:09 UTC 2025",
            "Mon Feb 3 8:05:09 UTC 2025",
            "Mon Feb 3 08:05:09 GMT 2025",
            "Mon Feb 3 08:05:09 UTC +2025",
            "Mon Feb 3 08:05:09 UTC 25",
            "Mon Feb 3 08:05:09 UTC 2025 ",
            " Mon Feb 3 08:05:09 UTC 2025",
            "Mon Feb 3 08:05:60 UTC 2025",
            "Mo. Feb 3 08:05:09 UTC 2025",
            "Mon Feb 30 08:05:09 UTC 2025",
            "2025-02-03T08:05:09Z",
            "",
        ] {
            assert!(!is_current(wrong, NOW), "{wrong:?}");
        }
    }

    #[test]
    fn a_clock_may_be_off_by_five_minutes() {
        for (off, taken) in [(300, true), (-300, true), (301, false), (-301, false)] {
            assert_eq!(is_current(&of(NOW + off), NOW), taken, "{off}");
        }
        assert!(!is_current(&of(NOW), i64::MIN));
        assert!(!is_current(&of(NOW), i64::MAX));
    }
}
