//! 共通カードAP (common AP): its names, and the record that says until when the card is valid.
//!
//! Everybody may read it, and nobody signs it. Phones do not have it.

use crate::expiry::ExpiryDate;
use crate::file::{Ef, FileError};
use crate::private::Private;
use crate::tlv::{Writer, only};

/// Application id.
pub const AID: [u8; 10] = [0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x01, 0x00];

/// EF 0001: a file of records; record 1 is a [`CardRecord`].
pub const CARD_RECORD: Ef = Ef::new(0x0001);
/// The number of the [`CardRecord`] in [`CARD_RECORD`], as READ RECORD carries it in P1.
pub const RECORD: u8 = 0x01;

/// Record 1 of EF 0001, 30 bytes: `01 1C <28 ASCII digits>`.
///
/// The digits: serial number 15, code of the issuing municipality 5, expiry `YYYYMMDD`.
#[derive(Debug, PartialEq, Eq)]
pub struct CardRecord {
    serial: Private<[u8; 15]>,
    municipality: [u8; 5],
    expiry: ExpiryDate,
}

impl CardRecord {
    /// Length of the record in bytes.
    pub const LENGTH: usize = 2 + 28;
    const TAG: u16 = 0x01;

    /// Of its three parts.
    ///
    /// # Errors
    /// [`FileError::Digits`] if serial number or municipality are not ASCII digits.
    pub fn new(
        serial: [u8; 15],
        municipality: [u8; 5],
        expiry: ExpiryDate,
    ) -> Result<Self, FileError> {
        // Taken into the type first, so that refused input is wiped as well.
        let record = Self {
            serial: Private::new(serial),
            municipality,
            expiry,
        };
        let mut digits = record.serial.expose().iter().chain(&municipality);
        if digits.all(u8::is_ascii_digit) {
            Ok(record)
        } else {
            Err(FileError::Digits)
        }
    }

    /// Reads record 1.
    ///
    /// # Errors
    /// [`FileError`] if it is not laid out as above.
    pub fn decode(bytes: &[u8]) -> Result<Self, FileError> {
        let digits: &[u8; 28] = only(bytes, Self::TAG)?
            .try_into()
            .map_err(|_| FileError::Length)?;
        let (serial, rest) = digits.split_first_chunk().expect("28 is more than 15");
        let (municipality, expiry) = rest.split_first_chunk().expect("13 is more than 5");
        let expiry = ExpiryDate::try_from(expiry).map_err(|_| FileError::ExpiryDate)?;
        Self::new(*serial, *municipality, expiry)
    }

    /// The record as the card holds it.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LENGTH] {
        let digits = [
            &self.serial.expose()[..],
            &self.municipality,
            &self.expiry.to_digits(),
        ];
        let record = Writer::new().tlv(Self::TAG, &Private::new(digits.concat()).expose()[..]);
        record
            .into_bytes()
            .try_into()
            .expect("15 + 5 + 8 digits are 28 bytes")
    }

    /// The card's serial number: 15 ASCII digits. It tells one card from all others.
    #[must_use]
    pub const fn serial(&self) -> &Private<[u8; 15]> {
        &self.serial
    }

    /// Code of the municipality that issued the card: 5 ASCII digits.
    #[must_use]
    pub const fn municipality(&self) -> &[u8; 5] {
        &self.municipality
    }

    /// The last day the card is valid.
    #[must_use]
    pub const fn expiry(&self) -> &ExpiryDate {
        &self.expiry
    }

    /// The last day the card is valid, and nothing else of it any more.
    #[must_use]
    pub fn into_expiry(self) -> ExpiryDate {
        self.expiry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &[u8; 28] = b"0123456789012341322120310217";

    fn laid_out(digits: &[u8]) -> Vec<u8> {
        let length = u8::try_from(digits.len()).unwrap();
        [&[0x01, length][..], digits].concat()
    }

    #[test]
    fn it_is_read_and_written_as_it_stands() {
        let record = CardRecord::decode(&laid_out(DIGITS)).unwrap();
        assert_eq!(record.serial().expose(), b"012345678901234");
        assert_eq!(record.municipality(), b"13221");
        assert_eq!(record.expiry().to_digits(), *b"20310217");
        assert_eq!(record.encode()[..], laid_out(DIGITS));
        let printed = format!("{record:?}");
        assert!(!printed.contains("0123") && !printed.contains("2031"));
    }

    #[test]
    fn what_is_laid_out_otherwise_is_refused() {
        let with = |at: usize, byte: u8| {
            let mut digits = *DIGITS;
            digits[at] = byte;
            CardRecord::decode(&laid_out(&digits)).unwrap_err()
        };
        assert_eq!(with(14, b'x'), FileError::Digits);
        assert_eq!(with(15, 0), FileError::Digits);
        assert_eq!(with(24, b'9'), FileError::ExpiryDate);
        let short = CardRecord::decode(&laid_out(&DIGITS[..27]));
        assert_eq!(short, Err(FileError::Length));
        let record = laid_out(DIGITS);
        for length in 0..record.len() {
            assert!(CardRecord::decode(&record[..length]).is_err());
        }
        assert!(CardRecord::decode(&[&record[..], &[0xFF]].concat()).is_err());
    }
}
