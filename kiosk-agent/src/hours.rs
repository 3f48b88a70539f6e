//! The center's hours on this machine's clock: told before somebody has entered a PIN. The center has the last word.

use std::time::{SystemTime, UNIX_EPOCH};

use issuance_api::terminal::Hours;
use time::{Date, Duration, OffsetDateTime};

/// Minutes that Japan is ahead of Greenwich, all year.
const JAPAN: u64 = 9 * 60;

/// Whether applications are taken at this moment. Hours that cannot be read are the center's to judge.
#[must_use]
pub fn are_open(hours: &Hours, now: SystemTime) -> bool {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let minute = (since.as_secs() / 60 + JAPAN) % (24 * 60);
    hours
        .minutes()
        .is_none_or(|open| (u64::from(open.start)..u64::from(open.end)).contains(&minute))
}

/// The day it is in Japan at this moment.
#[must_use]
pub fn today(now: SystemTime) -> Date {
    (OffsetDateTime::from(now) + Duration::minutes(9 * 60)).date()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// So many minutes after midnight in Japan.
    fn at(minute: u64) -> SystemTime {
        let days = 20_000 * 24 * 60;
        UNIX_EPOCH + Duration::from_secs((days + minute - JAPAN) * 60)
    }

    #[test]
    fn a_day_begins_nine_hours_before_greenwich_s() {
        let midnight = at(0);
        assert_ne!(today(midnight), today(midnight - Duration::from_secs(1)));
        assert_eq!(today(midnight), today(at(24 * 60 - 1)));
    }

    #[test]
    fn the_first_minute_is_open_and_the_last_is_closed() {
        let open_at = |open: &str, close: &str, minute| {
            let (open, close) = (open.to_owned(), close.to_owned());
            are_open(&Hours { open, close }, at(minute))
        };
        let usual = |minute| open_at("06:30", "23:00", minute);
        assert!(!usual(0) && !usual(6 * 60 + 29));
        assert!(usual(6 * 60 + 30) && usual(22 * 60 + 59));
        assert!(!usual(23 * 60));
        for minute in [0, 9 * 60, 24 * 60 - 1] {
            assert!(open_at("00:00", "24:00", minute));
            assert!(open_at("always", "23:00", minute));
        }
    }
}
