//! The four attributes of a holder (基本4情報): name, address, birth date, sex.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::private::Private;

/// What EF 0002 of the text AP says about the holder. Names and addresses have any length and any
/// characters Unicode has (外字 as the municipality wrote them, variation selectors included).
#[derive(PartialEq, Eq)]
pub struct Attributes {
    name: Private<String>,
    address: Private<String>,
    birth: BirthDate,
    sex: Sex,
}

impl Attributes {
    /// Takes the four over.
    #[must_use]
    pub const fn new(name: String, address: String, birth: BirthDate, sex: Sex) -> Self {
        Self {
            name: Private::new(name),
            address: Private::new(address),
            birth,
            sex,
        }
    }

    /// Name (氏名): family and given name with U+3000 between, or as a foreign resident's is written.
    #[must_use]
    pub const fn name(&self) -> &Private<String> {
        &self.name
    }

    /// Address (住所).
    #[must_use]
    pub const fn address(&self) -> &Private<String> {
        &self.address
    }

    /// Birth date (生年月日).
    #[must_use]
    pub const fn birth(&self) -> &BirthDate {
        &self.birth
    }

    /// Sex (性別).
    #[must_use]
    pub const fn sex(&self) -> Sex {
        self.sex
    }

    /// The same once more: a copy that somebody asked for.
    #[must_use]
    pub fn again(&self) -> Self {
        Self::new(
            self.name.expose().clone(),
            self.address.expose().clone(),
            self.birth.again(),
            self.sex,
        )
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attributes(..)")
    }
}

/// A birth date as the card states it, `YYYYMMDD` in the Gregorian calendar: wiped on drop, never
/// printed.
///
/// Some residents' birth month or day is unknown. How the card writes that is not published; it is
/// taken to be zeros, and this type is the one place where that is assumed.
#[derive(PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct BirthDate {
    year: u16,
    month: u8,
    day: u8,
}

/// Not eight digits, or no day of the calendar. Says nothing about the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no birth date")]
pub struct BirthDateError;

impl BirthDate {
    /// A date of these numbers; 0 for an unknown month or day.
    ///
    /// # Errors
    /// [`BirthDateError`] if the calendar has no such day, or the year has not four digits.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, BirthDateError> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            0 | 1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return Err(BirthDateError),
        };
        if !(1000..=9999).contains(&year) || day > days {
            return Err(BirthDateError);
        }
        Ok(Self { year, month, day })
    }

    /// The same day once more: a copy that somebody asked for.
    #[must_use]
    pub const fn again(&self) -> Self {
        let Self { year, month, day } = *self;
        Self { year, month, day }
    }

    /// Year of the Gregorian calendar, four digits.
    #[must_use]
    pub const fn year(&self) -> u16 {
        self.year
    }

    /// Month, 1 to 12; 0 if unknown.
    #[must_use]
    pub const fn month(&self) -> u8 {
        self.month
    }

    /// Day of the month, 1 to 31; 0 if unknown.
    #[must_use]
    pub const fn day(&self) -> u8 {
        self.day
    }

    /// Whether month and day are known.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.month != 0 && self.day != 0
    }

    /// Eight ASCII digits, as on the card.
    #[must_use]
    pub fn to_digits(&self) -> [u8; 8] {
        let Self { year, month, day } = *self;
        let digit =
            |value: u16| b'0' + u8::try_from(value % 10).expect("a remainder of ten is a digit");
        let (month, day) = (u16::from(month), u16::from(day));
        [
            digit(year / 1000),
            digit(year / 100),
            digit(year / 10),
            digit(year),
            digit(month / 10),
            digit(month),
            digit(day / 10),
            digit(day),
        ]
    }
}

impl TryFrom<&[u8]> for BirthDate {
    type Error = BirthDateError;

    /// Reads `YYYYMMDD`.
    fn try_from(digits: &[u8]) -> Result<Self, BirthDateError> {
        let [year @ .., m1, m2, d1, d2] =
            <&[u8; 8]>::try_from(digits).map_err(|_| BirthDateError)?;
        let narrow = |value: u16| u8::try_from(value).map_err(|_| BirthDateError);
        Self::new(
            decimal(year)?,
            narrow(decimal(&[*m1, *m2])?)?,
            narrow(decimal(&[*d1, *d2])?)?,
        )
    }
}

fn decimal(digits: &[u8]) -> Result<u16, BirthDateError> {
    digits.iter().try_fold(0u16, |value, digit| {
        let digit = digit
            .is_ascii_digit()
            .then(|| u16::from(digit - b'0'))
            .ok_or(BirthDateError)?;
        Ok(value * 10 + digit)
    })
}

impl fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BirthDate(..)")
    }
}

/// Sex as the card codes it, in one ASCII digit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// `1`
    Male,
    /// `2`
    Female,
    /// `9`
    NotApplicable,
    /// Any other byte.
    Unknown(u8),
}

impl From<u8> for Sex {
    fn from(code: u8) -> Self {
        match code {
            b'1' => Self::Male,
            b'2' => Self::Female,
            b'9' => Self::NotApplicable,
            other => Self::Unknown(other),
        }
    }
}

impl From<Sex> for u8 {
    fn from(sex: Sex) -> Self {
        match sex {
            Sex::Male => b'1',
            Sex::Female => b'2',
            Sex::NotApplicable => b'9',
            Sex::Unknown(other) => other,
        }
    }
}

impl fmt::Debug for Sex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sex(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn birth_dates_are_days_of_the_calendar() {
        for right in [
            "19800217", "20000229", "20240229", "19991231", "19500000", "19500700", "19500015",
        ] {
            let date = BirthDate::try_from(right.as_bytes()).unwrap();
            assert_eq!(date.to_digits(), right.as_bytes());
        }
        for wrong in [
            "19000229",
            "20230229",
            "19801301",
            "19800431",
            "1980021",
            "198002170",
            "1980021x",
            "00000217",
            "１９８０",
        ] {
            assert!(BirthDate::try_from(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(!BirthDate::new(1950, 7, 0).unwrap().is_complete());
        assert!(BirthDate::new(1950, 7, 1).unwrap().is_complete());
    }

    #[test]
    fn every_sex_code_gives_itself_back() {
        for code in 0..=u8::MAX {
            assert_eq!(u8::from(Sex::from(code)), code);
        }
        assert!(Sex::from(b'2') == Sex::Female);
    }

    #[test]
    fn nothing_is_printed() {
        let attributes = Attributes::new(
            "黒桐　幹也".into(),
            "東京都".into(),
            BirthDate::new(1980, 2, 17).unwrap(),
            Sex::Male,
        );
        let (name, birth, sex) = (attributes.name(), attributes.birth(), attributes.sex());
        assert_eq!(
            format!("{attributes:?} {name:?} {birth:?} {sex:?}"),
            "Attributes(..) Private(..) BirthDate(..) Sex(..)"
        );
    }
}
