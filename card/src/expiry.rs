//! Until when a card is valid, and which day it is in Japan.
//!
//! The common AP and the card manager write the date as `YYYYMMDD` in the Gregorian calendar. The card
//! is valid through that day, in Japan's time. Nobody signs the date: it spares a resident the way
//! through an application that ends in a refusal, and proves nothing.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::attributes::BirthDate;

/// A day of the calendar, the same everywhere: today, not a date about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

/// Not eight digits, or no day of the calendar. Says nothing about the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no day of the calendar")]
pub struct DayError;

impl Day {
    /// The day of these numbers.
    ///
    /// # Errors
    /// [`DayError`] if the calendar has no such day, or the year has not four digits.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, DayError> {
        // The calendar is the birth dates'; a day that is unknown is no day here.
        let date = BirthDate::new(year, month, day).map_err(|_| DayError)?;
        if !date.is_complete() {
            return Err(DayError);
        }
        Ok(Self { year, month, day })
    }

    /// The day it is in Japan (UTC+9, all year) at this time. Before 1970, which only a clock that was
    /// never set shows, it is the first of that year.
    ///
    /// # Panics
    /// Never before the year 60,000.
    #[must_use]
    pub fn in_japan(time: SystemTime) -> Self {
        const JAPAN: u64 = 9 * 60 * 60;
        let seconds = time
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs() + JAPAN);
        let (mut days, mut year) = (seconds / 86_400, 1970u16);
        let leap = |year: u16| {
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
        };
        while days >= 365 + u64::from(leap(year)) {
            days -= 365 + u64::from(leap(year));
            year += 1;
        }
        let february = 28 + u64::from(leap(year));
        let mut month = 1;
        for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
            if days < length {
                break;
            }
            days -= length;
            month += 1;
        }
        let day = u8::try_from(days + 1).expect("no month has more than 31 days");
        Self { year, month, day }
    }
}

/// The last day a card is valid: wiped on drop, never printed.
#[derive(PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct ExpiryDate {
    year: u16,
    month: u8,
    day: u8,
}

impl ExpiryDate {
    /// With this day as the last.
    #[must_use]
    pub const fn new(last: Day) -> Self {
        let Day { year, month, day } = last;
        Self { year, month, day }
    }

    /// The last day the card is valid.
    #[must_use]
    pub const fn last_day(&self) -> Day {
        let Self { year, month, day } = *self;
        Day { year, month, day }
    }

    /// Whether the card is valid no more on this day. On its last day it still is.
    #[must_use]
    pub fn has_passed(&self, today: Day) -> bool {
        self.last_day() < today
    }

    /// Eight ASCII digits, as on the card.
    #[must_use]
    pub fn to_digits(&self) -> [u8; 8] {
        BirthDate::new(self.year, self.month, self.day)
            .expect("it is a day of the calendar")
            .to_digits()
    }
}

impl TryFrom<&[u8]> for ExpiryDate {
    type Error = DayError;

    /// Reads `YYYYMMDD`.
    fn try_from(digits: &[u8]) -> Result<Self, DayError> {
        let date = BirthDate::try_from(digits).map_err(|_| DayError)?;
        Day::new(date.year(), date.month(), date.day()).map(Self::new)
    }
}

impl fmt::Debug for ExpiryDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExpiryDate(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn day(year: u16, month: u8, day: u8) -> Day {
        Day::new(year, month, day).unwrap()
    }

    #[test]
    fn a_card_is_valid_through_its_last_day() {
        let expiry = ExpiryDate::try_from(&b"20310217"[..]).unwrap();
        assert!(!expiry.has_passed(day(2026, 12, 31)));
        assert!(!expiry.has_passed(day(2031, 2, 17)));
        assert!(expiry.has_passed(day(2031, 2, 18)));
        assert!(expiry.has_passed(day(2032, 1, 1)));
        assert_eq!(expiry.to_digits(), *b"20310217");
        assert_eq!(format!("{expiry:?}"), "ExpiryDate(..)");
    }

    #[test]
    fn only_days_of_the_calendar_are_days() {
        for wrong in [
            "20310229",
            "20310200",
            "20310017",
            "00000000",
            "99999999",
            "2031021",
            "203102170",
            "2031021x",
            "        ",
        ] {
            assert!(ExpiryDate::try_from(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(ExpiryDate::try_from(&b"20320229"[..]).is_ok());
    }

    #[test]
    fn the_day_in_japan_begins_nine_hours_before_greenwich_s() {
        let at = |seconds| Day::in_japan(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), day(1970, 1, 1));
        assert_eq!(at(15 * 3600 - 1), day(1970, 1, 1));
        assert_eq!(at(15 * 3600), day(1970, 1, 2));
        // 2000-02-29 and 2026-12-31, the last second of each in Japan, and the one after.
        assert_eq!(at(951_836_399), day(2000, 2, 29));
        assert_eq!(at(951_836_400), day(2000, 3, 1));
        assert_eq!(at(1_798_729_199), day(2026, 12, 31));
        assert_eq!(at(1_798_729_200), day(2027, 1, 1));
        let never_set = UNIX_EPOCH - Duration::from_secs(86_400);
        assert_eq!(Day::in_japan(never_set), day(1970, 1, 1));
    }
}
