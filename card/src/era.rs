//! Japanese eras, as far as the card uses them: 照合番号B and the surface AP's birth code write a birth
//! date as `YYMMDD` with the year of its era.
//!
//! | era | from |
//! |---|---|
//! | 明治 | 1868-01-25 |
//! | 大正 | 1912-07-30 |
//! | 昭和 | 1926-12-25 |
//! | 平成 | 1989-01-08 |
//! | 令和 | 2019-05-01 |
//!
//! The day an era begins belongs to the new one. The code does not say which era it is. What cards
//! hold for residents whose month or day is unknown, or who were born on such a day, is not
//! published: this is the one place where it is assumed that they follow the calendar, with zeros
//! for what is unknown, and that a year with unknown month belongs to the era its first day was in.

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::attributes::BirthDate;

/// An era.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Era {
    /// 明治
    Meiji,
    /// 大正
    Taisho,
    /// 昭和
    Showa,
    /// 平成
    Heisei,
    /// 令和
    Reiwa,
}

/// Era, and the Gregorian date it began.
const BEGINNINGS: [(Era, (u16, u8, u8)); 5] = [
    (Era::Reiwa, (2019, 5, 1)),
    (Era::Heisei, (1989, 1, 8)),
    (Era::Showa, (1926, 12, 25)),
    (Era::Taisho, (1912, 7, 30)),
    (Era::Meiji, (1868, 1, 25)),
];

/// The era of a date and the year in it (1 is the year it began in); nothing before 明治.
#[must_use]
pub fn era_year(date: &BirthDate) -> Option<(Era, u16)> {
    let day = (date.year(), date.month(), date.day());
    BEGINNINGS
        .iter()
        .find(|(_, beginning)| day >= *beginning)
        .map(|(era, (first, ..))| (*era, date.year() - first + 1))
}

/// A birth date as `YYMMDD` with its era's year, six ASCII digits; wiped on drop.
#[derive(PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct BirthCode([u8; 6]);

impl BirthCode {
    /// Of a birth date; nothing before 明治.
    #[must_use]
    pub fn of(date: &BirthDate) -> Option<Self> {
        let (_, year) = era_year(date)?;
        let [_, _, _, _, m1, m2, d1, d2] = date.to_digits();
        let digit = |value: u16| u8::try_from(value % 10).ok().map(|digit| b'0' + digit);
        Some(Self([digit(year / 10)?, digit(year)?, m1, m2, d1, d2]))
    }

    /// The six digits.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 6] {
        &self.0
    }
}

/// 照合番号B: birth code, year of expiry, security code as printed on the card. 14 ASCII digits; wiped
/// on drop.
#[derive(PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct CodeB([u8; 14]);

impl CodeB {
    /// Of its three parts; nothing if a part is not ASCII digits.
    #[must_use]
    pub fn new(birth: &BirthCode, expiry_year: &[u8; 4], security_code: &[u8; 4]) -> Option<Self> {
        let mut code = Self([0; 14]);
        code.0[..6].copy_from_slice(birth.expose());
        code.0[6..10].copy_from_slice(expiry_year);
        code.0[10..].copy_from_slice(security_code);
        code.0.iter().all(u8::is_ascii_digit).then_some(code)
    }

    /// The 14 digits.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 14] {
        &self.0
    }
}

impl std::fmt::Debug for BirthCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BirthCode(..)")
    }
}

impl std::fmt::Debug for CodeB {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeB(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(digits: &str) -> Option<String> {
        let date = BirthDate::try_from(digits.as_bytes()).unwrap();
        BirthCode::of(&date).map(|code| String::from_utf8(code.expose().to_vec()).unwrap())
    }

    #[test]
    fn the_first_and_last_day_of_each_era() {
        for (date, expected) in [
            ("18680124", None),
            ("18680125", Some("010125")),
            ("19120729", Some("450729")),
            ("19120730", Some("010730")),
            ("19261224", Some("151224")),
            ("19261225", Some("011225")),
            ("19890107", Some("640107")),
            ("19890108", Some("010108")),
            ("20190430", Some("310430")),
            ("20190501", Some("010501")),
            ("19800217", Some("550217")),
            ("20260101", Some("080101")),
        ] {
            assert_eq!(code(date).as_deref(), expected, "{date}");
        }
    }

    #[test]
    fn unknown_months_and_days_are_zeros() {
        assert_eq!(code("19500000").as_deref(), Some("250000"));
        assert_eq!(code("19500700").as_deref(), Some("250700"));
        assert_eq!(code("19890000").as_deref(), Some("640000"));
    }

    #[test]
    fn code_b_is_fourteen_digits() {
        let birth = BirthCode::of(&BirthDate::new(1980, 2, 17).unwrap()).unwrap();
        let code = CodeB::new(&birth, b"2031", b"0457").unwrap();
        assert_eq!(code.expose(), b"55021720310457");
        assert!(CodeB::new(&birth, b"2031", b"045x").is_none());
        assert_eq!(format!("{birth:?} {code:?}"), "BirthCode(..) CodeB(..)");
    }
}
