//! Opening hours, local time of Japan.

use issuance_api::terminal::Hours;
use serde::Deserialize;
use time::{OffsetDateTime, Time};

use crate::clock::japan;

/// From `open` until before `close`, minutes since midnight; `24:00` closes at the day's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Hours")]
pub struct OpeningHours {
    open: u16,
    close: u16,
}

/// Not `HH:MM` twice, the first before the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("opening hours are HH:MM, open before close")]
pub struct HoursError;

impl OpeningHours {
    /// Whether applications are taken at this moment.
    #[must_use]
    pub fn contains(self, at: OffsetDateTime) -> bool {
        (self.open..self.close).contains(&minute(japan(at).time()))
    }
}

fn minute(time: Time) -> u16 {
    u16::from(time.hour()) * 60 + u16::from(time.minute())
}

impl TryFrom<Hours> for OpeningHours {
    type Error = HoursError;

    fn try_from(hours: Hours) -> Result<Self, HoursError> {
        match hours.minutes() {
            Some(minutes) if !minutes.is_empty() => Ok(Self {
                open: minutes.start,
                close: minutes.end,
            }),
            _ => Err(HoursError),
        }
    }
}

impl From<OpeningHours> for Hours {
    fn from(OpeningHours { open, close }: OpeningHours) -> Self {
        let text = |minute| format!("{:02}:{:02}", minute / 60, minute % 60);
        Self {
            open: text(open),
            close: text(close),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn hours(open: &str, close: &str) -> Result<OpeningHours, HoursError> {
        Hours {
            open: open.to_owned(),
            close: close.to_owned(),
        }
        .try_into()
    }

    #[test]
    fn the_first_minute_is_open_and_the_last_is_closed() {
        let hours = hours("06:30", "23:00").unwrap();
        // 06:30 in Japan is 21:30 the day before in UTC.
        assert!(!hours.contains(datetime!(2024-01-09 21:29:59 UTC)));
        assert!(hours.contains(datetime!(2024-01-09 21:30:00 UTC)));
        assert!(hours.contains(datetime!(2024-01-10 13:59:59 UTC)));
        assert!(!hours.contains(datetime!(2024-01-10 14:00:00 UTC)));
    }

    #[test]
    fn a_whole_day_has_no_gap() {
        let hours = hours("00:00", "24:00").unwrap();
        assert!(hours.contains(datetime!(2024-01-10 15:00:00 UTC)));
        assert!(hours.contains(datetime!(2024-01-10 14:59:59 UTC)));
        assert_eq!(Hours::from(hours).close, "24:00");
    }

    #[test]
    fn hours_have_one_form() {
        for (open, close) in [
            ("23:00", "06:30"),
            ("06:30", "06:30"),
            ("6:30", "23:00"),
            ("06:30", "24:01"),
        ] {
            assert_eq!(hours(open, close), Err(HoursError), "{open}-{close}");
        }
    }
}
