//! 証明書ID: unguessable, check-digited, safe to read out.
//!
//! ```text
//! id     = 19 symbols (95 bits) ‖ check symbol, written as five groups of four
//! symbol = Crockford base 32: 0-9 A-Z without I, L, O, U
//! check  = Σ αⁱ⁺¹·sᵢ over GF(2⁵), α a root of x⁵ + x² + 1
//! ```
//! The nineteen weights differ and none is 1 or 0, so each single wrong symbol and each swap of any two symbols is
//! noticed.

use std::fmt;

use serde::{Deserialize, Serialize};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SYMBOLS: usize = 19;

/// A certificate's id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CertificateId([u8; SYMBOLS + 1]);

/// Why a text is no certificate id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateIdError {
    /// Not twenty symbols.
    #[error("a certificate id has twenty symbols")]
    Length,
    /// A symbol outside the alphabet.
    #[error("a symbol that certificate ids do not use")]
    Symbol,
    /// The check symbol does not fit.
    #[error("the check symbol does not fit")]
    Check,
}

impl CertificateId {
    /// The id made of the first 95 bits of a MAC.
    #[must_use]
    pub fn from_mac(mac: &[u8; 32]) -> Self {
        let mut values = [0; SYMBOLS + 1];
        for (position, value) in values[..SYMBOLS].iter_mut().enumerate() {
            let bit = position * 5;
            let pair = u16::from_be_bytes([mac[bit / 8], mac[bit / 8 + 1]]);
            let [_, low] = (pair >> (11 - bit % 8)).to_be_bytes();
            *value = low & 31;
        }
        values[SYMBOLS] = check(&values);
        Self(values)
    }
}

/// Multiplication by α in GF(2⁵).
const fn times_alpha(value: u8) -> u8 {
    let doubled = value << 1;
    if doubled & 32 == 0 {
        doubled
    } else {
        doubled ^ 0b10_0101
    }
}

fn check(values: &[u8; SYMBOLS + 1]) -> u8 {
    // Horner's rule, from the last symbol to the first.
    values[..SYMBOLS]
        .iter()
        .rev()
        .fold(0, |sum, value| times_alpha(sum ^ value))
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, value) in self.0.iter().enumerate() {
            if position > 0 && position % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(ALPHABET[usize::from(*value)]))?;
        }
        Ok(())
    }
}

impl fmt::Debug for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateId(..)")
    }
}

impl std::str::FromStr for CertificateId {
    type Err = CertificateIdError;

    /// Hyphens and spaces are skipped, small letters taken as capitals, and I, L, O read as people mean them.
    fn from_str(text: &str) -> Result<Self, CertificateIdError> {
        let mut values = [0; SYMBOLS + 1];
        let mut length = 0;
        for symbol in text.chars().filter(|c| !matches!(c, '-' | ' ')) {
            let symbol = match symbol.to_ascii_uppercase() {
                'I' | 'L' => '1',
                'O' => '0',
                other => other,
            };
            let value = (0u8..32)
                .find(|value| char::from(ALPHABET[usize::from(*value)]) == symbol)
                .ok_or(CertificateIdError::Symbol)?;
            *values.get_mut(length).ok_or(CertificateIdError::Length)? = value;
            length += 1;
        }
        if length != values.len() {
            return Err(CertificateIdError::Length);
        }
        if values[SYMBOLS] != check(&values) {
            return Err(CertificateIdError::Check);
        }
        Ok(Self(values))
    }
}

impl TryFrom<String> for CertificateId {
    type Error = CertificateIdError;
    fn try_from(text: String) -> Result<Self, CertificateIdError> {
        text.parse()
    }
}

impl From<CertificateId> for String {
    fn from(id: CertificateId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> CertificateId {
        let mut mac = [0; 32];
        for (index, byte) in mac.iter_mut().enumerate() {
            *byte = u8::try_from(index)
                .unwrap()
                .wrapping_mul(73)
                .wrapping_add(41);
        }
        CertificateId::from_mac(&mac)
    }

    #[test]
    fn it_reads_back_as_people_write_it() {
        let text = sample().to_string();
        assert_eq!(text.len(), 24);
        assert!(text.parse() == Ok(sample()));
        assert!(text.to_lowercase().replace('-', " ").parse() == Ok(sample()));
    }

    #[test]
    fn every_wrong_symbol_and_every_swap_is_noticed() {
        let right: Vec<char> = sample().to_string().chars().filter(|c| *c != '-').collect();
        for position in 0..right.len() {
            for symbol in ALPHABET.iter().map(|byte| char::from(*byte)) {
                let mut wrong = right.clone();
                wrong[position] = symbol;
                if wrong != right {
                    let text: String = wrong.iter().collect();
                    assert!(text.parse::<CertificateId>() == Err(CertificateIdError::Check));
                }
            }
            for other in 0..position {
                let mut wrong = right.clone();
                wrong.swap(position, other);
                if wrong != right {
                    let text: String = wrong.iter().collect();
                    assert!(text.parse::<CertificateId>() == Err(CertificateIdError::Check));
                }
            }
        }
    }

    #[test]
    fn all_95_bits_count() {
        let base = [0u8; 32];
        for bit in 0..95 {
            let mut mac = base;
            mac[bit / 8] ^= 0x80 >> (bit % 8);
            assert!(
                CertificateId::from_mac(&mac) != CertificateId::from_mac(&base),
                "bit {bit}"
            );
        }
    }
}
