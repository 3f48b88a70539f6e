use std::fmt;

use zeroize::Zeroize;

/// The PIN for authentication (利用者証明用暗証番号): four ASCII digits, three tries (EF 0018). Wiped on
/// drop, never printed, and it cannot be cloned: one entry, one VERIFY.
pub struct AuthenticationPin([u8; 4]);

/// The password for signatures (署名用パスワード): 6 to 16 of `A`–`Z` and `0`–`9`, five tries (EF 001B).
/// Wiped on drop, never printed, and it cannot be cloned: one entry, one VERIFY.
///
/// The card knows capital letters alone, so small ones are taken for capitals, as everywhere where
/// residents type it in.
pub struct SignaturePassword {
    characters: [u8; Self::LONGEST],
    length: usize,
}

/// The input is not of the form this secret has. Says nothing about the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Not exactly four ASCII digits.
    #[error("not four digits")]
    Pin,
    /// Not 6 to 16 ASCII letters and digits.
    #[error("not 6 to 16 letters and digits")]
    Password,
}

impl AuthenticationPin {
    /// The four ASCII digits.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 4] {
        &self.0
    }
}

impl SignaturePassword {
    /// Fewest characters.
    pub const SHORTEST: usize = 6;
    /// Most characters.
    pub const LONGEST: usize = 16;

    /// The characters.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.characters[..self.length]
    }
}

impl TryFrom<&str> for AuthenticationPin {
    type Error = SecretError;

    fn try_from(input: &str) -> Result<Self, SecretError> {
        // Taken into the type first, so that refused input is wiped as well.
        let pin = Self(input.as_bytes().try_into().map_err(|_| SecretError::Pin)?);
        if pin.0.iter().all(u8::is_ascii_digit) {
            Ok(pin)
        } else {
            Err(SecretError::Pin)
        }
    }
}

impl TryFrom<&str> for SignaturePassword {
    type Error = SecretError;

    fn try_from(input: &str) -> Result<Self, SecretError> {
        let length = input.len();
        if !(Self::SHORTEST..=Self::LONGEST).contains(&length) {
            return Err(SecretError::Password);
        }
        let mut password = Self {
            characters: [0; Self::LONGEST],
            length,
        };
        password.characters[..length].copy_from_slice(input.as_bytes());
        password.characters.make_ascii_uppercase();
        if password.expose().iter().all(u8::is_ascii_alphanumeric) {
            Ok(password)
        } else {
            Err(SecretError::Password)
        }
    }
}

impl fmt::Debug for AuthenticationPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthenticationPin(..)")
    }
}

impl fmt::Debug for SignaturePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignaturePassword(..)")
    }
}

impl Drop for AuthenticationPin {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Drop for SignaturePassword {
    fn drop(&mut self) {
        self.characters.zeroize();
        self.length.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_four_digits() {
        assert_eq!(
            AuthenticationPin::try_from("0129").unwrap().expose(),
            b"0129"
        );
        for wrong in ["", "123", "12345", "12a4", "１２３４", "123\n"] {
            let error = AuthenticationPin::try_from(wrong).unwrap_err();
            assert_eq!(error, SecretError::Pin);
        }
    }

    #[test]
    fn a_password_is_six_to_sixteen_capitals_and_digits() {
        for (input, expected) in [
            ("ABC123", &b"ABC123"[..]),
            ("Abc123xyz", b"ABC123XYZ"),
            ("0123456789ABCDEF", b"0123456789ABCDEF"),
        ] {
            assert_eq!(
                SignaturePassword::try_from(input).unwrap().expose(),
                expected
            );
        }
        for wrong in [
            "",
            "ABC12",
            "0123456789ABCDEFG",
            "ABC 123",
            "ABC-123",
            "ＡＢＣ１２３",
            "ABC123\n",
        ] {
            let error = SignaturePassword::try_from(wrong).unwrap_err();
            assert_eq!(error, SecretError::Password);
        }
    }

    #[test]
    fn they_are_never_printed() {
        let pin = AuthenticationPin::try_from("1234").unwrap();
        let password = SignaturePassword::try_from("ABC123").unwrap();
        assert_eq!(
            format!("{pin:?} {password:?}"),
            "AuthenticationPin(..) SignaturePassword(..)"
        );
    }
}
