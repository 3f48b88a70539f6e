//! The PIN of the text AP: four ASCII digits, three tries (EF 0011).

use std::fmt;

use zeroize::Zeroize;

/// Four ASCII digits, wiped on drop, never printed. It exists only well-formed, so malformed input
/// can never cost a try.
///
/// It cannot be cloned: one entry, one VERIFY. It lies in one place on the heap: what is moved, through channels and futures
/// too, is copied and stays where it was, and so a move copies the pointer alone.
pub struct Pin(Box<[u8; 4]>);

/// The input is not exactly four ASCII digits. Says nothing about the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not four digits")]
pub struct PinError;

/// How a VERIFY ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinOutcome {
    /// Right; the tries are whole again.
    Verified,
    /// Wrong; so many tries are left. 0: that was the last, it is blocked now.
    Wrong {
        /// Tries left.
        remaining: u8,
    },
    /// Blocked before; nothing was compared.
    Blocked,
}

impl Pin {
    /// The four ASCII digits.
    #[must_use]
    pub fn expose(&self) -> &[u8; 4] {
        &self.0
    }
}

impl TryFrom<&[u8]> for Pin {
    type Error = PinError;

    fn try_from(input: &[u8]) -> Result<Self, PinError> {
        if input.len() != 4 {
            return Err(PinError);
        }
        // Taken into the type first, so that refused input is wiped as well; digit by digit to where it stays.
        let mut pin = Self(Box::new([0; 4]));
        pin.0.copy_from_slice(input);
        if pin.0.iter().all(u8::is_ascii_digit) {
            Ok(pin)
        } else {
            Err(PinError)
        }
    }
}

impl TryFrom<&str> for Pin {
    type Error = PinError;

    fn try_from(input: &str) -> Result<Self, PinError> {
        input.as_bytes().try_into()
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::Pin;

    #[test]
    fn four_ascii_digits_and_nothing_else() {
        assert_eq!(Pin::try_from("0129").unwrap().expose(), b"0129");
        for wrong in [
            "",
            "123",
            "12345",
            "12a4",
            " 123",
            "１２３４",
            "123\n",
            "-123",
        ] {
            assert!(Pin::try_from(wrong).is_err());
        }
    }

    #[test]
    fn moving_it_copies_no_digit() {
        let pin = Pin::try_from("0129").unwrap();
        let place = pin.expose().as_ptr();
        let moved = Box::new(pin);
        assert_eq!(moved.expose().as_ptr(), place);
    }

    #[test]
    fn it_is_never_printed() {
        assert_eq!(format!("{:?}", Pin::try_from("1234").unwrap()), "Pin(..)");
    }
}
