//! The individual number (個人番号): twelve digits, the last one a check digit.
//!
//! Check digit, with `Pn` the n-th digit from the right of the first eleven:
//! ```text
//! r = Σ Pn · Qn mod 11   (n = 1..11; Qn = n+1 for n ≤ 6, n−5 for n ≥ 7)
//! check digit = 0 if r ≤ 1, else 11 − r
//! ```
//! (総務省令第85号, 2014, section 5.)

use std::fmt;

use zeroize::Zeroize;

/// An individual number with a right check digit: wiped on drop, never printed, and not copied:
///
/// ```compile_fail,E0599
/// # use card::number::IndividualNumber;
/// let number = IndividualNumber::from_eleven("12345678901").unwrap();
/// let copy = number.clone();
/// ```
#[derive(PartialEq, Eq)]
pub struct IndividualNumber([u8; 12]);

/// Why digits are no individual number. Says nothing about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not twelve ASCII digits.
    #[error("not twelve digits")]
    Form,
    /// The check digit is wrong.
    #[error("wrong check digit")]
    CheckDigit,
}

impl IndividualNumber {
    /// The twelve digits.
    ///
    /// # Panics
    /// Never: parsing admits ASCII digits only.
    #[must_use]
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).expect("parsing admits ASCII digits only")
    }

    /// Completes eleven digits with their check digit: how emulated cards get their numbers.
    ///
    /// # Errors
    /// [`NumberError::Form`] if they are not eleven ASCII digits.
    pub fn from_eleven(digits: &str) -> Result<Self, NumberError> {
        let eleven: &[u8; 11] = digits
            .as_bytes()
            .try_into()
            .map_err(|_| NumberError::Form)?;
        let mut number = Self([0; 12]);
        number.0[..11].copy_from_slice(eleven);
        number.0[11] = check_digit(eleven).ok_or(NumberError::Form)?;
        Ok(number)
    }
}

/// The check digit of eleven ASCII digits, as an ASCII digit; nothing if they are not digits.
fn check_digit(eleven: &[u8; 11]) -> Option<u8> {
    let weights = [2u32, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6];
    let mut sum = 0;
    for (digit, weight) in eleven.iter().rev().zip(weights) {
        sum += char::from(*digit).to_digit(10)? * weight;
    }
    let check = match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    char::from_digit(check, 10).and_then(|digit| u8::try_from(digit).ok())
}

impl TryFrom<&[u8]> for IndividualNumber {
    type Error = NumberError;

    fn try_from(digits: &[u8]) -> Result<Self, NumberError> {
        // Taken into the type first, so that refused input is wiped as well.
        let number = Self(digits.try_into().map_err(|_| NumberError::Form)?);
        let [eleven @ .., last] = &number.0;
        let check = check_digit(eleven).ok_or(NumberError::Form)?;
        if !last.is_ascii_digit() {
            Err(NumberError::Form)
        } else if *last != check {
            Err(NumberError::CheckDigit)
        } else {
            Ok(number)
        }
    }
}

impl TryFrom<&str> for IndividualNumber {
    type Error = NumberError;

    fn try_from(digits: &str) -> Result<Self, NumberError> {
        digits.as_bytes().try_into()
    }
}

impl fmt::Debug for IndividualNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndividualNumber(..)")
    }
}

impl Drop for IndividualNumber {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_test_card_s_number_is_one() {
        let number = IndividualNumber::try_from("537686677188").unwrap();
        assert_eq!(number.expose(), "537686677188");
        assert_eq!(format!("{number:?}"), "IndividualNumber(..)");
    }

    #[test]
    fn form_comes_before_check_digit() {
        for wrong in [
            "",
            "53768667718",
            "5376866771880",
            "53768667718x",
            "x37686677188",
        ] {
            assert_eq!(
                IndividualNumber::try_from(wrong).unwrap_err(),
                NumberError::Form
            );
        }
    }

    #[test]
    fn remainders_of_zero_and_one_give_zero() {
        // Σ = 0 → r = 0; the eighth digit from the right has weight 3: 3 · 4 = 12 → r = 1.
        for eleven in ["00000000000", "00040000000"] {
            let number = IndividualNumber::from_eleven(eleven).unwrap();
            assert!(number.expose().ends_with('0'));
        }
    }

    proptest! {
        #[test]
        fn exactly_one_check_digit_is_right(eleven in "[0-9]{11}") {
            let right = (0..10)
                .filter(|check| IndividualNumber::try_from(&*format!("{eleven}{check}")).is_ok())
                .count();
            prop_assert_eq!(right, 1);
        }

        #[test]
        fn completed_numbers_parse(eleven in "[0-9]{11}") {
            let number = IndividualNumber::from_eleven(&eleven).unwrap();
            prop_assert!(IndividualNumber::try_from(number.expose()).is_ok());
        }
    }
}
