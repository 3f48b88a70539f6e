//! A passport's machine-readable zone (ICAO Doc 9303, part 4: TD3), parsed once: check digits decide, nobody types it.
//!
//! ```text
//! line 1   P, kind, issuing state (3), name (39): primary identifier << secondary identifiers
//! line 2   number (9) c, nationality (3), birth date YYMMDD c, sex, last day YYMMDD c, personal number (14) c, c
//! c        Σ value × (7, 3, 1, 7, …) mod 10; 0-9 as they are, A-Z from 10 to 35, < as 0 (part 3, section 4.9)
//! ```

use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::{Date as Day, Month};
use zeroize::Zeroizing;

use crate::{Array, Date, Personal, ProblemCode, Transcript};

/// Characters of a line.
pub const LINE: usize = 44;

/// Both lines as read by machine, as they travel.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassportMrz {
    /// Upper line.
    pub line1: Personal,
    /// Lower line.
    pub line2: Personal,
}

impl PassportMrz {
    /// What a resident's session key signs in place of the lines (`inquiry_message`): SHA-256 over both, with their lengths.
    #[must_use]
    pub fn digest(&self) -> Array<32> {
        let bytes = Transcript::new("shomei mrz v1")
            .field(self.line1.expose().as_bytes())
            .field(self.line2.expose().as_bytes())
            .into_bytes();
        Array::new(Sha256::digest(&*Zeroizing::new(bytes)).into())
    }
}

/// Two lines of text, with or without a line's end after the lower. What stands in them, [`Passport`] judges.
impl FromStr for PassportMrz {
    type Err = MrzError;

    fn from_str(text: &str) -> Result<Self, MrzError> {
        let mut lines = text.lines().map(|line| Personal::new(line.to_owned()));
        match (lines.next(), lines.next(), lines.next()) {
            (Some(line1), Some(line2), None) => Ok(Self { line1, line2 }),
            _ => Err(MrzError::Form),
        }
    }
}

/// 旅券関係情報: what of a passport stands in a certificate, and in the register of issues.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassportData {
    /// Name as in the machine-readable zone: primary identifier, two spaces, secondary identifiers.
    pub romanised_name: Personal,
    /// Nationality: one to three letters (Doc 9303, part 3, section 5).
    pub nationality: Personal,
    /// Passport number.
    pub number: Personal,
}

impl PassportData {
    /// SHA-256 of all of it, each part with its length.
    #[must_use]
    pub fn digest(&self) -> Array<32> {
        let bytes = Transcript::new("shomei passport v1")
            .field(self.romanised_name.expose().as_bytes())
            .field(self.nationality.expose().as_bytes())
            .field(self.number.expose().as_bytes())
            .into_bytes();
        Array::new(Sha256::digest(&*Zeroizing::new(bytes)).into())
    }

    /// Primary identifier, and the secondary ones.
    pub fn names(&self) -> (&str, impl Iterator<Item = &str>) {
        let name = self.romanised_name.expose();
        let (primary, secondary) = name.split_once("  ").unwrap_or((name, ""));
        (
            primary,
            secondary.split(' ').filter(|name| !name.is_empty()),
        )
    }

    /// Whether it is the same passport: nobody has two of one state under one number.
    #[must_use]
    pub fn is_same_passport(&self, other: &Self) -> bool {
        self.number == other.number && self.nationality == other.nationality
    }
}

/// A passport whose check digits hold.
#[derive(Debug, PartialEq, Eq)]
pub struct Passport {
    data: Arc<PassportData>,
    /// None where day or month are left open.
    birth: Option<TwoDigitDate>,
    last_day: TwoDigitDate,
}

/// Why lines are no passport's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MrzError {
    /// Not two lines of 44 of the zone's characters, or a field without what belongs there.
    #[error("not the two lines of a passport")]
    Form,
    /// A travel document, but no passport.
    #[error("another document than a passport")]
    OtherDocument,
    /// A check digit does not fit: something was misread.
    #[error("a check digit does not fit")]
    CheckDigit,
}

impl From<MrzError> for ProblemCode {
    fn from(error: MrzError) -> Self {
        match error {
            MrzError::Form | MrzError::CheckDigit => Self::PassportUnreadable,
            MrzError::OtherDocument => Self::PassportOtherDocument,
        }
    }
}

#[derive(PartialEq, Eq)]
struct TwoDigitDate {
    year: u8,
    month: Month,
    day: u8,
}

// A birth date is personal.
impl std::fmt::Debug for TwoDigitDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TwoDigitDate(..)")
    }
}

impl TryFrom<&PassportMrz> for Passport {
    type Error = MrzError;

    fn try_from(mrz: &PassportMrz) -> Result<Self, MrzError> {
        let (upper, lower) = (line(&mrz.line1)?, line(&mrz.line2)?);
        // Of this size are visas too (MRV-A): their first letter is V.
        if upper[0] != b'P' {
            return Err(MrzError::OtherDocument);
        }
        let fields = [(0..9, 9), (13..19, 19), (21..27, 27), (28..42, 42)];
        for (field, check) in fields {
            let field = &lower[field];
            // An empty personal number has 0 or a filler for its check digit.
            let is_filled = check == 42 && lower[28..=check].iter().all(|byte| *byte == b'<');
            holds(field.iter(), if is_filled { b'0' } else { lower[check] })?;
        }
        let composite = lower[0..10].iter().chain(&lower[13..20]);
        holds(composite.chain(&lower[21..43]), lower[43])?;
        Ok(Self {
            data: Arc::new(PassportData {
                romanised_name: name(&upper[5..44])?,
                nationality: filled(&lower[10..13], u8::is_ascii_uppercase)?,
                number: filled(&lower[0..9], u8::is_ascii_alphanumeric)?,
            }),
            birth: birth_date(&lower[13..19])?,
            last_day: two_digit_date(&lower[21..27])?,
        })
    }
}

impl Passport {
    /// What of it is certified and kept.
    #[must_use]
    pub const fn data(&self) -> &Arc<PassportData> {
        &self.data
    }

    /// What of it is certified and kept, and nothing else of it any more.
    #[must_use]
    pub fn into_data(self) -> Arc<PassportData> {
        self.data
    }

    /// Whether its holder was born on this day: of the year two digits are known. Not, where the passport leaves the day open.
    #[must_use]
    pub fn holder_was_born_on(&self, date: Date) -> bool {
        let date = date.get();
        self.birth.as_ref().is_some_and(|birth| {
            (i32::from(birth.year), birth.month, birth.day)
                == (date.year().rem_euclid(100), date.month(), date.day())
        })
    }

    /// Whether its last day lies before this one. Of a year two digits are known: the one nearest is meant, since no passport
    /// lasts fifty years.
    #[must_use]
    pub fn has_expired(&self, today: Day) -> bool {
        let TwoDigitDate { year, month, day } = self.last_day;
        let century = today.year() - today.year().rem_euclid(100);
        let years = [century - 100, century, century + 100].map(|first| first + i32::from(year));
        let nearest = years
            .into_iter()
            .min_by_key(|year| (year - today.year()).abs());
        let nearest = nearest.expect("there are three");
        (nearest, u8::from(month), day) < (today.year(), u8::from(today.month()), today.day())
    }
}

fn line(text: &Personal) -> Result<&[u8; LINE], MrzError> {
    let allowed = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase() || *byte == b'<';
    let line: &[u8; LINE] = text
        .expose()
        .as_bytes()
        .try_into()
        .map_err(|_| MrzError::Form)?;
    if line.iter().all(allowed) {
        Ok(line)
    } else {
        Err(MrzError::Form)
    }
}

fn holds<'a>(field: impl Iterator<Item = &'a u8>, check: u8) -> Result<(), MrzError> {
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        _ => 0,
    };
    let weighted = field.zip([7, 3, 1].into_iter().cycle());
    let sum: u32 = weighted.map(|(byte, weight)| value(*byte) * weight).sum();
    if check.is_ascii_digit() && sum % 10 == value(check) {
        Ok(())
    } else {
        Err(MrzError::CheckDigit)
    }
}

/// `YAMADA<<HANAKO<MIKA<<<<` as `YAMADA  HANAKO MIKA`.
fn name(field: &[u8]) -> Result<Personal, MrzError> {
    if field.iter().any(u8::is_ascii_digit) {
        return Err(MrzError::Form);
    }
    let end = field.iter().rposition(|byte| *byte != b'<');
    let field = &field[..=end.ok_or(MrzError::Form)?];
    if field.starts_with(b"<") || field.windows(3).any(|three| three == b"<<<") {
        return Err(MrzError::Form);
    }
    // Two identifiers at most: one pair of fillers.
    if field.windows(2).filter(|two| *two == b"<<").count() > 1 {
        return Err(MrzError::Form);
    }
    let shown = |byte: &u8| {
        if *byte == b'<' {
            ' '
        } else {
            char::from(*byte)
        }
    };
    Ok(Personal::new(field.iter().map(shown).collect()))
}

/// A field without the fillers at its end.
fn filled(field: &[u8], allowed: fn(&u8) -> bool) -> Result<Personal, MrzError> {
    let end = field.iter().position(|byte| *byte == b'<');
    let (field, rest) = field.split_at(end.unwrap_or(field.len()));
    if field.is_empty() || !field.iter().all(allowed) || rest.iter().any(|byte| *byte != b'<') {
        return Err(MrzError::Form);
    }
    let text = field.iter().map(|byte| char::from(*byte));
    Ok(Personal::new(text.collect()))
}

/// What is not known of a birth date is filled up (Doc 9303, part 3, section 4.7).
fn birth_date(field: &[u8]) -> Result<Option<TwoDigitDate>, MrzError> {
    let known = field.iter().position(|byte| *byte == b'<');
    let (known, open) = field.split_at(known.unwrap_or(field.len()));
    match known.len() {
        0 | 2 | 4
            if known.iter().all(u8::is_ascii_digit) && open.iter().all(|byte| *byte == b'<') =>
        {
            Ok(None)
        }
        _ => two_digit_date(field).map(Some),
    }
}

fn two_digit_date(field: &[u8]) -> Result<TwoDigitDate, MrzError> {
    let pair = |at: usize| match field[at..at + 2] {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Ok((tens - b'0') * 10 + (ones - b'0')),
        _ => Err(MrzError::Form),
    };
    let (year, day) = (pair(0)?, pair(4)?);
    let month = Month::try_from(pair(2)?).map_err(|_| MrzError::Form)?;
    // 2000 was a leap year, as 1900 was not: 29 February is allowed where either century has it.
    if (1..=month.length(2000 + i32::from(year))).contains(&day) {
        Ok(TwoDigitDate { year, month, day })
    } else {
        Err(MrzError::Form)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    /// The specimen of Doc 9303, part 4, appendix A.
    const SPECIMEN: [&str; 2] = [
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
    ];

    fn mrz(lines: [&str; 2]) -> PassportMrz {
        let [line1, line2] = lines.map(|line| Personal::new(line.to_owned()));
        PassportMrz { line1, line2 }
    }

    fn read(lines: [&str; 2]) -> Result<Passport, MrzError> {
        Passport::try_from(&mrz(lines))
    }

    #[test]
    fn the_specimen_of_the_standard_reads() {
        let passport = read(SPECIMEN).unwrap();
        let data = passport.data();
        assert_eq!(data.romanised_name.expose(), "ERIKSSON  ANNA MARIA");
        assert_eq!(data.nationality.expose(), "UTO");
        assert_eq!(data.number.expose(), "L898902C3");
        let (primary, secondary) = data.names();
        assert_eq!(primary, "ERIKSSON");
        assert_eq!(secondary.collect::<Vec<_>>(), ["ANNA", "MARIA"]);
        assert!(passport.holder_was_born_on("1974-08-12".parse().unwrap()));
        assert!(!passport.holder_was_born_on("1974-08-13".parse().unwrap()));
        assert!(!passport.has_expired(date!(2012 - 04 - 15)), "its last day");
        assert!(passport.has_expired(date!(2012 - 04 - 16)));
        assert!(passport.has_expired(date!(2026 - 11 - 24)));
        // 2012, not 2112.
        assert!(!passport.has_expired(date!(1999 - 01 - 01)));
    }

    /// Each character of the lower line is under a check digit but sex and nationality.
    #[test]
    fn every_misread_character_that_a_check_digit_covers_is_noticed() {
        for at in (0..LINE).filter(|at| !(10..13).contains(at) && *at != 20) {
            for other in [b'0', b'1', b'8', b'B', b'O', b'<'] {
                let mut lower = SPECIMEN[1].as_bytes().to_vec();
                let value = |byte: u8| match byte {
                    b'A'..=b'Z' => (byte - b'A' + 10) % 10,
                    b'<' => 0,
                    digit => digit - b'0',
                };
                // Ten apart is the same to a check digit; ICAO chose it so.
                if value(lower[at]) == value(other) {
                    continue;
                }
                lower[at] = other;
                let lower = String::from_utf8(lower).unwrap();
                assert!(
                    read([SPECIMEN[0], &lower]).is_err(),
                    "{at} {}",
                    char::from(other)
                );
            }
        }
    }

    #[test]
    fn what_is_no_passport_is_told_apart() {
        let with = |at: usize, by: &str| {
            let mut lines = SPECIMEN.map(str::to_owned);
            lines[0].replace_range(at..at + by.len(), by);
            read([&lines[0], &lines[1]]).map(drop)
        };
        assert_eq!(with(0, "P"), Ok(()));
        assert_eq!(with(0, "PD"), Ok(()), "a diplomat's");
        for other in ["V", "I", "A", "C"] {
            assert_eq!(with(0, other), Err(MrzError::OtherDocument));
        }
        assert_eq!(with(5, "1"), Err(MrzError::Form));
        assert_eq!(with(5, "<"), Err(MrzError::Form));
        assert_eq!(with(5, "e"), Err(MrzError::Form));
        let [upper, lower] = SPECIMEN;
        for wrong in [
            [&upper[1..], lower],
            [upper, &lower[..43]],
            ["", ""],
            [lower, upper],
        ] {
            assert!(read(wrong).is_err());
        }
        assert_eq!(read(["é", lower]), Err(MrzError::Form));
    }

    #[test]
    fn names_without_a_second_part_and_empty_personal_numbers_are_passports() {
        let upper = "P<JPNAOBA<<SAKURA<<<<<<<<<<<<<<<<<<<<<<<<<<<";
        for check in ["<", "0"] {
            // The composite digit is the same: a filler counts nothing.
            let lower = format!("TK12345671JPN8504124F3303311<<<<<<<<<<<<<<{check}");
            let digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
            let right = digits
                .iter()
                .filter(|digit| read([upper, &format!("{lower}{digit}")]).is_ok());
            assert_eq!(right.count(), 1, "{check}");
        }
        // Of one that is there a filler is no check digit, though what stands in it counts nothing.
        let lower = "TK12345671JPN8504124F3303311<<<<<<<K<<<<<<<";
        for digit in "0123456789".chars() {
            let read = read([upper, &format!("{lower}{digit}")]);
            assert_eq!(read.err(), Some(MrzError::CheckDigit));
        }
        let one = SPECIMEN[0].replace("<<ANNA<MARIA", "<<<<<<<<<<<<");
        let passport = read([&one, SPECIMEN[1]]).unwrap();
        assert_eq!(passport.data().romanised_name.expose(), "ERIKSSON");
        assert_eq!(passport.data().names().1.count(), 0);
    }

    #[test]
    fn a_birth_date_that_is_left_open_is_nobodys_on_a_card() {
        // The check digits of either field with these dates, by hand.
        let born = |date: &str| {
            let digit = |field: &str| {
                let digits = "0123456789".chars();
                let mut right = digits.filter(|digit| {
                    let field = field.as_bytes().iter();
                    holds(field, u8::try_from(*digit).unwrap()).is_ok()
                });
                right.next().unwrap()
            };
            let date = format!("{date}{}", digit(date));
            let lower = format!("L898902C36UTO{date}F1204159ZE184226B<<<<<1");
            let checked = [&lower[..10], &lower[13..20], &lower[21..43]].concat();
            read([SPECIMEN[0], &format!("{lower}{}", digit(&checked))])
        };
        for open in ["7408<<", "74<<<<", "<<<<<<"] {
            let passport = born(open).unwrap();
            assert!(!passport.holder_was_born_on("1974-08-12".parse().unwrap()));
        }
        assert_eq!(born("740812"), read(SPECIMEN));
        for wrong in ["740<<<", "74<<12", "7408<2", "741312", "<<0812"] {
            assert_eq!(born(wrong), Err(MrzError::Form), "{wrong}");
        }
    }

    #[test]
    fn a_zone_in_text_is_two_lines() {
        let [upper, lower] = SPECIMEN;
        for right in [
            format!("{upper}\n{lower}"),
            format!("{upper}\n{lower}\n"),
            format!("{upper}\r\n{lower}\r\n"),
        ] {
            assert_eq!(right.parse(), Ok(mrz(SPECIMEN)));
        }
        for wrong in ["", upper, &format!("{upper}\n{lower}\n\n{lower}")] {
            assert_eq!(wrong.parse::<PassportMrz>(), Err(MrzError::Form));
        }
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let passport = read(SPECIMEN).unwrap();
        let shown = format!("{passport:?}{:?}", mrz(SPECIMEN));
        for part in ["ERIKSSON", "L898902C3", "74", "UTO"] {
            assert!(!shown.contains(part), "{shown}");
        }
    }
}
